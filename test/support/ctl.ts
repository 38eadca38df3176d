import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { collect, end, type Finished, run } from './run.ts';
import { type Context, cleanUp, tree, until } from './scratch.ts';

const readinessctl = join(tree, 'usr/bin/readinessctl');

/** Runs the built readinessctl against a socket, off a terminal. */
export function ctl(
  socket: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  by: readonly string[] = [],
): Promise<Finished> {
  const [program = '', ...words] = [...by, readinessctl, ...args];
  return run(program, words, { env: { PATH: process.env['PATH'], READINESSD_SOCKET: socket, ...env } });
}

/**
 * The same, but repeats it when a probe of `readinessctl wait` got no answer in its whole half second, which
 * a busy machine may not keep. A probe that was cut short reports less time, and counts.
 */
export async function answered(socket: string, args: readonly string[]): Promise<Finished> {
  return until('the probe is answered in its time', async () => {
    const finished = await ctl(socket, args);
    return finished.code === 101 && finished.stderr.includes(' within 500 ms') ? undefined : finished;
  });
}

export interface Terminal {
  readonly child: ChildProcess;
  /** All that was written to the screen, with a visible ␛ for ESC. */
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  /** Presses keys. */
  type(keys: string): void;
}

interface TerminalOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly size?: string;
}

/** The same on a terminal of its own (from util-linux' script) of this size. */
export function onTerminal(t: Context, socket: string, command: string, options?: TerminalOptions): Terminal {
  return terminalOf(t, socket, `exec ${readinessctl} ${command}`, options);
}

/** A shell with job control on such a terminal. readinessctl is in its PATH. */
export function shellOnTerminal(
  t: Context,
  socket: string,
  { env, shell = 'bash --norc --noprofile --noediting -i', ...options }: TerminalOptions & { readonly shell?: string } = {},
): Terminal {
  const own = { PATH: `${join(tree, 'usr/bin')}:${process.env['PATH']}`, PS1: '% ', ...env };
  return terminalOf(t, socket, `exec ${shell}`, { ...options, env: own });
}

function terminalOf(t: Context, socket: string, command: string, { env = {}, size = 'rows 30 cols 120' }: TerminalOptions = {}): Terminal {
  const child = spawn('script', ['-qefc', `stty ${size}; ${command}`, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', READINESSD_SOCKET: socket, ...env },
  });
  cleanUp(t, () => end(child));
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => resolve(code));
  });
  const output = collect(child, 'stdout');
  return { child, output: () => output().replaceAll('\u001B', '␛'), ended, type: (keys) => child.stdin?.write(keys) };
}
