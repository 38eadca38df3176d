import { type ChildProcess, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { TestDaemon } from '../support/daemon.ts';
import { type Context, scratchDirectory, writeScript } from '../support/scratch.ts';
import { goodStart } from '../support/set-up.ts';
import { TestSupervisord } from '../support/supervisord.ts';

/** What the groups of measurements share. */
export interface Bench extends Context {
  /** A short form that shows that everything works. Its figures mean little. */
  readonly isQuick: boolean;
  readonly log: (text: string) => void;
  /** Waits while nothing else runs, and records how busy the machine was. */
  readonly idle: (ms: number) => Promise<void>;
}

/** A start.sh that has ended well, and other programs. */
export function programs(count: number, command = 'sleep 1000000'): string {
  const service = (index: number) => `[program:service${index}]\ncommand=${command}\nstartsecs=0\nautorestart=false\n`;
  return goodStart + Array.from({ length: count - 1 }, (_, index) => service(index)).join('');
}

export const startSupervisord = (bench: Bench, count = 20) => TestSupervisord.start(bench, programs(count));

/** A daemon with the usual periods. */
export function startDaemon(bench: Bench, settings: Record<string, string>, directory?: string): TestDaemon {
  const usual = { READINESSD_PERIOD_READY: '10s', READINESSD_PERIOD_NOT_READY: '1s' };
  return new TestDaemon(bench, { ...usual, ...settings }, directory);
}

/** The pid of a started process. */
export const pidOf = ({ child }: { readonly child: ChildProcess }): number => child.pid ?? Number.NaN;

export function trivialHook(bench: Bench): string {
  return writeScript(join(scratchDirectory(bench), 'hook'), 'exit 0');
}

/** Compiles one of the programs beside this file, statically, and with musl where available, like the native client. */
export function compile(bench: Bench, name: string): string {
  const output = join(scratchDirectory(bench), name);
  const build = (compiler: string) =>
    execFileSync(compiler, ['-O2', '-s', '-static', '-o', output, join(import.meta.dirname, `${name}.c`)]);
  try {
    build('musl-gcc');
  } catch {
    build('cc');
  }
  return output;
}
