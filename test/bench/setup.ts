import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ServedSocket } from '../support/daemon.ts';
import { end } from '../support/run.ts';
import { type Context, cleanUp, scratchDirectory, tree, writeScript } from '../support/scratch.ts';
import { TestSupervisord } from '../support/supervisord.ts';

/** What the groups of measurements share. */
export interface Bench extends Context {
  /** A form that shows that all works, and says little. */
  readonly isQuick: boolean;
  readonly log: (text: string) => void;
}

/** start.sh that has ended well, and others beside it. */
export function programs(count: number, command = 'sleep 1000000'): string {
  const others = Array.from(
    { length: count - 1 },
    (_, index) => `[program:service${index}]\ncommand=${command}\nstartsecs=0\nautorestart=false\n`,
  );
  return `[program:start]\ncommand=true\nstartsecs=0\nautorestart=false\n${others.join('')}`;
}

export const startSupervisord = (bench: Bench, count = 20) => TestSupervisord.start(bench, programs(count));

/** A daemon of the built tree with the usual periods, which nothing else may disturb. */
export function startDaemon(bench: Bench, env: Record<string, string>, directory = scratchDirectory(bench)) {
  const socket = join(directory, 'r.sock');
  const child = spawn(join(tree, 'usr/bin/readinessd'), [], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], READINESSD_SOCKET: socket, READINESSD_HOOK: join(directory, 'no-hook'), ...env },
  });
  cleanUp(bench, () => end(child));
  return Object.assign(new ServedSocket(socket), { child, pid: child.pid ?? 0 });
}

export function trivialHook(bench: Bench): string {
  return writeScript(join(scratchDirectory(bench), 'hook'), 'exit 0');
}

/** Compiles one of the programs beside this file, statically where it can be. */
export function compile(bench: Bench, name: string): string {
  const output = join(scratchDirectory(bench), name);
  execFileSync('cc', ['-O2', '-s', '-static', '-o', output, join(import.meta.dirname, `${name}.c`)]);
  return output;
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
