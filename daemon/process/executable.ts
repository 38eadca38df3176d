import { type ExecutableEnd, judgeRun } from './end.ts';
import { fingerprint, fingerprintOf, inspectProgram } from './inspect.ts';
import { settleLeftover } from './leftover.ts';
import { Heads, whyNotLoadable } from './loadable.ts';
import { endingBoundMs, runProgram } from './run.ts';

export { type ExecutableEnd, maxRuns } from './end.ts';

export interface ExecutableOptions {
  readonly path: string;
  readonly args: readonly string[];
  /** Of one run. After that it is killed, with all its group. */
  readonly timeoutMs: number;
  /** All that it gets. */
  readonly environment: NodeJS.ProcessEnv;
  /** Ask that only root can have written the file. */
  readonly checkSafety: boolean;
  /** Told at each look whether the file is there. */
  readonly onLook?: (isThere: boolean) => void;
}

/** The longest that one run can take, milliseconds. There may be `maxRuns` of them. */
export function runBoundMs(timeoutMs: number): number {
  return timeoutMs + endingBoundMs;
}

/**
 * One executable, to be run again and again, never beside itself.
 *
 * @returns a function that runs it. When its signal is aborted the run is ended, and how it ended does not matter.
 *   Its note is where the running group stands for the next daemon; only one executable may use it at a time.
 */
export function createExecutable(options: ExecutableOptions): (signal: AbortSignal, notePath: string) => Promise<ExecutableEnd> {
  const { path, onLook } = options;
  /** A run that SIGKILL did not end: while it lives, no second one is started beside it. */
  let survivor: Promise<unknown> | undefined;

  /** The files that were read at the last look: at the next they are opened beside other questions, which wakes fewer threads. */
  let likely: readonly string[] = [];

  /** Looks at the file, and at its interpreter: what must be known before it is run. */
  async function look(): Promise<{ readonly refusal?: ExecutableEnd; readonly before: string }> {
    const heads = new Heads(likely);
    likely = [];
    try {
      const { found, fingerprint: before } = await inspectProgram(path, options.checkSafety);
      onLook?.(found.kind !== 'absent');
      if (found.kind !== 'ready') return { refusal: found, before };
      // What is read must be of this state of the file: what comes later is seen after the run.
      heads.start();
      const why = await whyNotLoadable(path, heads, (stats) => fingerprintOf(stats) === before);
      likely = heads.paths;
      return why === undefined ? { before } : { refusal: { kind: 'not loadable', why }, before };
    } finally {
      heads.close();
    }
  }

  async function runOnce(signal: AbortSignal, notePath: string): Promise<ExecutableEnd> {
    const end = await runProgram({ ...options, notePath }, signal);
    if (end.kind !== 'timed out') return end;
    survivor = end.survives?.then(() => {
      survivor = undefined;
    });
    return { kind: 'timed out', isAlive: survivor !== undefined, output: end.output };
  }

  return async (signal, notePath) => {
    // Not before the first look: until then another daemon may have had the socket.
    if (!settleLeftover(notePath)) return { kind: 'beside leftover' };
    if (survivor !== undefined) return { kind: 'timed out', isAlive: true };
    for (let run = 1; ; run++) {
      const { refusal, before } = await look();
      if (refusal !== undefined) return refusal;
      const end = await runOnce(signal, notePath);
      const after = await fingerprint(path);
      if (signal.aborted || survivor !== undefined) return end;
      const settled = judgeRun(end, run, before, after);
      if (settled !== undefined) return settled;
    }
  };
}
