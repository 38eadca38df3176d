import { setImmediate as nextTurn } from 'node:timers/promises';
import { signalGroup } from './group.ts';
import { forgetGroup, noteGroup } from './leftover.ts';
import { OutputTail } from './output-tail.ts';

/** How one run of a program ended. If SIGKILL did not end a process, `survives` settles once it is gone. */
export type RunEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly output: string }
  | { readonly kind: 'timed out'; readonly survives: Promise<unknown> | undefined; readonly output: string }
  /** The system's name for the error. */
  | { readonly kind: 'not started'; readonly errno: string };

/** From SIGTERM to SIGKILL. Less when the daemon itself must stop within a second. */
const termGraceMs = 500;
const stopGraceMs = 200;

/** From SIGKILL until giving up: a process that sleeps uninterruptibly in the kernel does not die. */
const killGraceMs = 500;

/**
 * What a program wrote before it exited is already in the pipe. Whoever still holds the pipe has
 * left the process group.
 */
const drainMs = 200;

/** How much longer than its timeout a run can take. */
export const endingBoundMs = termGraceMs + killGraceMs + drainMs;

export interface RunOptions {
  /** Of an executable that the kernel can run. */
  readonly path: string;
  readonly args: readonly string[];
  /** Then the group is killed. */
  readonly timeoutMs: number;
  /** The program's whole environment: it inherits nothing. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Where the running group is noted, for the daemon that follows if SIGKILL ends this one. Only
   * one program may use it at a time.
   */
  readonly notePath: string;
}

/**
 * Runs a program in its own process group, and leaves nothing of that group behind.
 *
 * @param signal - when aborted, the group is killed and the result has no meaning
 */
export async function runProgram({ path, args, timeoutMs, environment, notePath }: RunOptions, signal: AbortSignal): Promise<RunEnd> {
  // Loaded by the first run, so that it costs nothing without a hook.
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
  // The program does not outlive the daemon, however that ends. After SIGKILL the note takes care
  // of it.
  const onExit = () => killGroup('SIGKILL');
  process.once('exit', onExit);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    subprocess.once('exit', (code, name) => resolve({ code, signal: name }));
  });
  try {
    let end = await within(timeoutMs, exited, signal);
    const isTimedOut = end === undefined;
    if (isTimedOut) {
      killGroup('SIGTERM');
      end = await (signal.aborted ? within(stopGraceMs, exited) : within(termGraceMs, exited, signal));
    }
    // Also after exit code 0: nothing in the group survives a cycle.
    killGroup('SIGKILL');
    end ??= await within(killGraceMs, exited);
    await drained(subprocess);
    if (isTimedOut) return { kind: 'timed out', survives: end === undefined ? exited : undefined, output: output.text() };
    return describeEnd(end ?? { code: null, signal: null }, output.text());
  } finally {
    subprocess.stdout.destroy();
    subprocess.stderr.destroy();
    process.removeListener('exit', onExit);
    forgetGroup(notePath);
  }
}

/**
 * Waits until the pipes are empty. Usually they already are: then no timer is set, which would only
 * wake the daemon once more.
 */
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

/** @returns the promise's value, or undefined when the time is over or the signal is aborted first */
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
 * When descriptors run out (EMFILE, ENFILE), Node creates a process without pipes, and execa throws
 * because of that. The process then emits an error that nobody handles, and that would end the
 * daemon.
 *
 * @param thrown - by execa
 * @returns the emitted error, or what was thrown if there is none
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
