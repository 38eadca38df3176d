import { formatDuration } from '../../../shared/duration.ts';
import { reasonOfHookCode } from '../../../shared/exit-codes.ts';
import { failed, type RunStep, type StepResult } from '../step.ts';
import { fingerprint, inspectHook } from './inspect.ts';
import { endLeftover } from './leftover.ts';
import { whyNotLoadable } from './loadable.ts';
import { endingBoundMs, type HookEnd, type RunOptions, runHook } from './run.ts';

/** Runs of a hook that was replaced while it ran; one that changes at every run is no hook to believe. */
export const maxRuns = 2;

export interface HookOptions extends RunOptions {
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
  let isFirstLook = true;

  async function runOnce(signal: AbortSignal): Promise<StepResult> {
    const found = await inspectHook(path, options.checkSafety);
    if (found.kind === 'absent') return { outcome: 'skipped', message: `there is no hook ${path}` };
    if (found.kind === 'not executable') return failed('HookNotExecutable', `hook ${path} ${found.why}`);
    if (found.kind === 'unsafe') {
      return failed(
        'HookUnsafe',
        `hook ${path} was not run, since it would run as root and ${found.why}; mend that, or set READINESSD_HOOK_SAFETY_CHECK=off`,
      );
    }
    const refusal = found.kind === 'refused' ? found.why : await whyNotLoadable(path);
    if (refusal !== undefined) return failed('HookSpawnFailed', `hook ${path} cannot be started: ${refusal}`);
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
    if (survivor !== undefined) return timedOut(options, true);
    for (let run = 1; ; run++) {
      const before = await fingerprint(path);
      const result = await runOnce(signal);
      const after = await fingerprint(path);
      if (before === after || signal.aborted || survivor !== undefined) return result;
      // It may be on its way back, in a copy that is not there yet.
      if (after === '') return failed('HookSpawnFailed', `hook ${path} was removed while it ran, so its result does not count`);
      if (run === maxRuns) return failed('HookSpawnFailed', `hook ${path} changes while it runs, so its result does not count`);
    }
  };
}

function judgeHook(end: HookEnd, options: HookOptions): StepResult {
  if (end.kind === 'not started') return failed('HookSpawnFailed', `hook ${options.path} cannot be started: ${end.why}`);
  if (end.kind === 'timed out') return timedOut(options, end.survives !== undefined, end.output);
  if (end.kind === 'killed') return failed('HookKilled', `hook was killed by ${end.signal}`, end.output);
  if (end.code === 0) return { outcome: 'passed', message: 'hook exited with code 0', detail: end.output };
  const reason = reasonOfHookCode(end.code);
  if (reason === 'HookReservedCode') {
    return failed(reason, `hook exited with code ${end.code}, which is readinessd's own: use 1, 3-99 or 126-255`, end.output);
  }
  return { outcome: 'failed', code: end.code, reason, message: `hook exited with code ${end.code}`, detail: end.output };
}

function timedOut({ timeoutMs }: HookOptions, isAlive: boolean, output?: string): StepResult {
  const fate = isAlive ? 'could not be killed' : 'was killed';
  return failed('HookTimeout', `hook ran longer than its timeout of ${formatDuration(timeoutMs)} and ${fate}`, output);
}
