import { setImmediate as nextTurn } from 'node:timers/promises';
import { signalGroup } from './group.ts';
import { forgetGroup, noteGroup } from './leftover.ts';
import { OutputTail } from './output-tail.ts';

/** How one run of a program ended. `survives` settles once a process that SIGKILL did not end is gone after all. */
export type RunEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly output: string }
  | { readonly kind: 'timed out'; readonly survives: Promise<unknown> | undefined; readonly output: string }
  /** The system's name of the error. */
  | { readonly kind: 'not started'; readonly errno: string };

/** From SIGTERM to SIGKILL; less when the daemon itself has a second to stop. */
const termGraceMs = 500;
const stopGraceMs = 200;

/** From SIGKILL until it is given up: what sleeps uninterruptibly in the kernel does not die. */
const killGraceMs = 500;

/** What a program wrote before it exited is in the pipe; what still holds the pipe then has left its process group. */
const drainMs = 200;

/** What a run can take beyond its timeout. */
export const endingBoundMs = termGraceMs + killGraceMs + drainMs;

export interface RunOptions {
  /** Of an executable that the kernel can run. */
  readonly path: string;
  readonly args: readonly string[];
  /** After that the group is killed. */
  readonly timeoutMs: number;
  /** All that the program gets. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where the running group is noted, one at a time, for a daemon that comes after a SIGKILL. */
  readonly notePath: string;
}

/**
 * Runs a program in a process group of its own and leaves nothing of that group behind.
 *
 * @param signal - when aborted the group is killed; how the program ended then does not matter
 */
export async function runProgram({ path, args, timeoutMs, environment, notePath }: RunOptions, signal: AbortSignal): Promise<RunEnd> {
  // Loaded by the first run: who has no hook pays nothing for it.
  const { execa } = await import('execa');
  const start = () =>
    execa(path, args, {
      detached: true,
      stdin: 'ignore',
      // execa's own limit keeps the beginning of the output, and breaks the program.
      buffer: false,
      reject: false,
      extendEnv: false,
      env: environment,
    });
  let subprocess: ReturnType<typeof start>;
  try {
    subprocess = start();
  } catch (thrown) {
    return { kind: 'not started', errno: errnoOf(await spawnError(thrown as Error)) };
  }
  const output = new OutputTail();
  subprocess.stdout.on('data', (chunk: Buffer) => output.add(chunk));
  subprocess.stderr.on('data', (chunk: Buffer) => output.add(chunk));

  const { pid } = subprocess;
  if (pid === undefined) {
    const { code, cause } = await subprocess;
    return { kind: 'not started', errno: errnoOf((cause ?? { code }) as NodeJS.ErrnoException) };
  }
  noteGroup(notePath, pid);
  const killGroup = (name: 'SIGTERM' | 'SIGKILL') => signalGroup(pid, name);
  // However the daemon ends, but by SIGKILL, the program does not outlive it; for that there is the note.
  const onExit = () => killGroup('SIGKILL');
  process.once('exit', onExit);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    subprocess.once('exit', (code, name) => resolve({ code, signal: name }));
  });
  try {
    let end = await within(timeoutMs, exited, signal);
    const isOverdue = end === undefined;
    if (isOverdue) {
      killGroup('SIGTERM');
      end = await (signal.aborted ? within(stopGraceMs, exited) : within(termGraceMs, exited, signal));
    }
    // Also after a good end: nothing in the group survives a cycle.
    killGroup('SIGKILL');
    end ??= await within(killGraceMs, exited);
    await drained(subprocess);
    if (isOverdue) return { kind: 'timed out', survives: end === undefined ? exited : undefined, output: output.text() };
    return describeEnd(end ?? { code: null, signal: null }, output.text());
  } finally {
    subprocess.stdout.destroy();
    subprocess.stderr.destroy();
    process.removeListener('exit', onExit);
    forgetGroup(notePath);
  }
}

/** Mostly all has been read by now, and a timer would wake the daemon once more though nobody waits for it. */
async function drained(subprocess: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = subprocess.finally(() => {
    isOver = true;
  });
  for (let turns = 0; turns < 3 && !isOver; turns++) await nextTurn();
  if (!isOver) await within(drainMs, over);
}

function describeEnd(end: { code: number | null; signal: NodeJS.Signals | null }, output: string): RunEnd {
  if (end.code !== null) return { kind: 'exited', code: end.code, output };
  return { kind: 'killed', signal: end.signal ?? 'unknown', output };
}

/** @returns what the promise gives, or undefined when the time is over or the signal aborted before */
async function within<T>(ms: number, promise: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  let stop = () => {};
  const over = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    const onAbort = () => resolve(undefined);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    stop();
  }
}

/**
 * Where descriptors run out (EMFILE, ENFILE) Node makes a process without pipes, which execa throws at; and that process then
 * has an error which nobody handles, and which would end the daemon.
 *
 * @param thrown - by execa
 * @returns that error, or what was thrown when there is none
 */
function spawnError(thrown: Error): Promise<Error> {
  return new Promise((resolve) => {
    process.once('uncaughtException', resolve);
    setImmediate(() => {
      process.removeListener('uncaughtException', resolve);
      resolve(thrown);
    });
  });
}

function errnoOf({ code = 'an unknown error' }: NodeJS.ErrnoException): string {
  return code;
}
