import { type ExecutableEnd, judgeRun } from './end.ts';
import { fingerprint, fingerprintOf, inspectProgram } from './inspect.ts';
import { settleLeftover } from './leftover.ts';
import { Heads, whyNotLoadable } from './loadable.ts';
import { endingBoundMs, runProgram } from './run.ts';

export { type ExecutableEnd, maxRuns } from './end.ts';

export interface ExecutableOptions {
  readonly path: string;
  readonly args: readonly string[];
  /** For one run. Then the executable is killed, with its whole process group. */
  readonly timeoutMs: number;
  /** Its whole environment: it inherits nothing. */
  readonly environment: NodeJS.ProcessEnv;
  /** Check that only root can have written the file. */
  readonly checkSafety: boolean;
  /** Called whenever the file has been looked for. */
  readonly onLook?: (isThere: boolean) => void;
}

/** The longest that one run can take, milliseconds. There may be `maxRuns` of them. */
export function runBoundMs(timeoutMs: number): number {
  return timeoutMs + endingBoundMs;
}

/**
 * An executable that is run repeatedly, but never twice at the same time.
 *
 * @returns a function that runs it. When its signal is aborted, it ends the run, and the result has
 * no meaning. It notes the running process group at the given path, for the next daemon. Only one
 * executable may use a note at a time.
 */
export function createExecutable(options: ExecutableOptions): (signal: AbortSignal, notePath: string) => Promise<ExecutableEnd> {
  const { path, onLook } = options;
  /** A run that SIGKILL did not end. While it lives, no other is started. */
  let survivor: Promise<unknown> | undefined;

  /**
   * The files read at the last look. The next look opens them beside its other questions to the
   * system, which wakes fewer threads.
   */
  let likely: readonly string[] = [];

  /** Checks the file and its interpreter before a run. */
  async function look(): Promise<{ readonly refusal?: ExecutableEnd; readonly before: string }> {
    const heads = new Heads(likely);
    likely = [];
    try {
      const { found, fingerprint: before } = await inspectProgram(path, options.checkSafety);
      onLook?.(found.kind !== 'absent');
      if (found.kind !== 'ready') return { refusal: found, before };
      // Read this state of the file. If the file changes later, its fingerprint after the run
      // differs.
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
    // Not earlier than the first run: until then, another daemon may have had the socket.
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
