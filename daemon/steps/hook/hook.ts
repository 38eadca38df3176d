import type { RunStep, StepResult } from '../step.ts';
import { fingerprint, inspectHook } from './inspect.ts';
import { besideLeftover, gone, judgeFile, judgeHook, judgeRun, missing, notStarted, timedOut } from './judge.ts';
import { endLeftover } from './leftover.ts';
import { whyNotLoadable } from './loadable.ts';
import { endingBoundMs, type RunOptions, runHook } from './run.ts';

export interface HookOptions extends RunOptions {
  /** Somebody has said that there is a hook, at this path: one that is not there is missing. */
  readonly isRequired: boolean;
  /** What tells the last good run of start.sh from others: a hook that was there after it should stay until the next. */
  readonly startRun: () => string;
  /** Ask that only root can have written the hook. */
  readonly checkSafety: boolean;
}

/** The longest that one run can take, milliseconds. */
export function runBoundMs(timeoutMs: number): number {
  return timeoutMs + endingBoundMs;
}

/** The hook step: does the feature owner's executable, if there is one, exit with code 0? */
export function createHookStep(options: HookOptions): RunStep {
  const { path } = options;
  /** A hook that SIGKILL did not end: while it lives, no second one is started beside it. */
  let survivor: Promise<unknown> | undefined;
  let isLeftoverEnded = false;
  /** The run of start.sh after which a hook was last seen. */
  let seenAfter: string | undefined;

  async function runOnce(signal: AbortSignal): Promise<StepResult> {
    const found = await inspectHook(path, options.checkSafety);
    if (found.kind !== 'absent') seenAfter = options.startRun();
    else if (options.isRequired) return missing(path);
    else if (seenAfter === options.startRun()) return gone(path);
    const settled = judgeFile(found, path);
    if (settled !== undefined) return settled;
    const refusal = await whyNotLoadable(path);
    if (refusal !== undefined) return notStarted(path, refusal);
    const end = await runHook(options, signal);
    if (end.kind === 'timed out' && end.survives !== undefined) {
      survivor = end.survives.then(() => {
        survivor = undefined;
      });
    }
    return judgeHook(end, options);
  }

  return async (signal) => {
    // Not before the first look: until then another daemon may have had the socket.
    isLeftoverEnded ||= endLeftover(options.notePath);
    if (!isLeftoverEnded) return besideLeftover();
    if (survivor !== undefined) return timedOut(options.timeoutMs, true);
    for (let run = 1; ; run++) {
      const before = await fingerprint(path);
      const result = await runOnce(signal);
      const after = await fingerprint(path);
      if (signal.aborted || survivor !== undefined) return result;
      const settled = judgeRun(result, path, run, before, after);
      if (settled !== undefined) return settled;
    }
  };
}
