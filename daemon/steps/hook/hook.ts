import type { RunStep, StepResult } from '../step.ts';
import { fingerprint, inspectHook } from './inspect.ts';
import { judgeFile, judgeHook, judgeRun, maxRuns, notStarted, timedOut } from './judge.ts';
import { endLeftover } from './leftover.ts';
import { whyNotLoadable } from './loadable.ts';
import { endingBoundMs, type RunOptions, runHook } from './run.ts';

export interface HookOptions extends RunOptions {
  /** Ask that only root can have written the hook. */
  readonly checkSafety: boolean;
}

/** The longest that one look can take, milliseconds. */
export function hookBoundMs(timeoutMs: number): number {
  return maxRuns * (timeoutMs + endingBoundMs);
}

/** The hook step: does the feature owner's executable, if there is one, exit with code 0? */
export function createHookStep(options: HookOptions): RunStep {
  const { path } = options;
  /** A hook that SIGKILL did not end: while it lives, no second one is started beside it. */
  let survivor: Promise<unknown> | undefined;
  let isFirstLook = true;

  async function runOnce(signal: AbortSignal): Promise<StepResult> {
    const found = await inspectHook(path, options.checkSafety);
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
    if (isFirstLook) endLeftover(options.notePath);
    isFirstLook = false;
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
