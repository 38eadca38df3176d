import { formatDuration } from '../../../shared/duration.ts';
import { reasonOfHookCode } from '../../../shared/exit-codes.ts';
import { failed, type StepResult } from '../step.ts';
import type { Inspection } from './inspect.ts';
import type { HookEnd } from './run.ts';

/** Runs of a hook that was replaced while it ran; one that changes at every run is no hook to believe. */
export const maxRuns = 2;

/** What the hook's file alone says, before anything is run; undefined when nothing speaks against running it. */
export function judgeFile(found: Inspection, path: string): StepResult | undefined {
  switch (found.kind) {
    case 'absent':
      return { outcome: 'skipped', message: `there is no hook ${path}` };
    case 'not executable':
      return failed('HookNotExecutable', `hook ${path} ${found.why}`);
    case 'unsafe':
      return failed(
        'HookUnsafe',
        `hook ${path} was not run, since it would run as root and ${found.why}; mend that, or set READINESSD_HOOK_SAFETY_CHECK=off`,
      );
    case 'refused':
      return notStarted(path, found.why);
    case 'ready':
      return undefined;
  }
}

/** A hook that READINESSD_HOOK names and that is not there. */
export function missing(path: string): StepResult {
  return failed(
    'HookNotExecutable',
    `hook ${path} is not there, though READINESSD_HOOK names it: put it there, or set READINESSD_HOOK=none`,
  );
}

/** A hook that was there after the last run of start.sh, which might have switched its feature off. */
export function gone(path: string): StepResult {
  return failed(
    'HookNotExecutable',
    `hook ${path} was there and is gone: put it back, or "supervisorctl restart readinessd" if there is to be none`,
  );
}

/** A daemon before this one was killed while its hook ran, and that cannot be ended since it cannot be told from others. */
export function besideLeftover(): StepResult {
  return failed('HookTimeout', 'the hook that an earlier readinessd started may still run, and none is started beside it');
}

/** The verdict on how a run of the hook ended. */
export function judgeHook(end: HookEnd, { path, timeoutMs }: { readonly path: string; readonly timeoutMs: number }): StepResult {
  if (end.kind === 'not started') return notStarted(path, end.why);
  if (end.kind === 'timed out') return timedOut(timeoutMs, end.survives !== undefined, end.output);
  if (end.kind === 'killed') return failed('HookKilled', `hook was killed by ${end.signal}`, end.output);
  if (end.code === 0) return { outcome: 'passed', message: 'hook exited with code 0', detail: end.output };
  const reason = reasonOfHookCode(end.code);
  if (reason === 'HookReservedCode') {
    return failed(reason, `hook exited with code ${end.code}, which is readinessd's own: use 1, 3-99 or 126-255`, end.output);
  }
  return { outcome: 'failed', code: end.code, reason, message: `hook exited with code ${end.code}`, detail: end.output };
}

/** A hook that the kernel, or the look at its file, does not let start. */
export function notStarted(path: string, why: string): StepResult {
  return failed('HookSpawnFailed', `hook ${path} cannot be started: ${why}`);
}

/** @param isAlive - SIGKILL did not end it */
export function timedOut(timeoutMs: number, isAlive: boolean, output?: string): StepResult {
  const fate = isAlive ? 'could not be killed' : 'was killed';
  return failed('HookTimeout', `hook ran longer than its timeout of ${formatDuration(timeoutMs)} and ${fate}`, output);
}

/**
 * Whether what a run found counts: not when another file is in the hook's place after it.
 *
 * @param result - of the run
 * @param run - the first is 1
 * @param before - fingerprint of the hook's file before the run
 * @param after - the same after it
 * @returns undefined when it is to be run once more
 */
export function judgeRun(result: StepResult, path: string, run: number, before: string, after: string): StepResult | undefined {
  if (before === after) return result;
  // It may be on its way back, in a copy that is not there yet.
  if (after === '') return failed('HookSpawnFailed', `hook ${path} was removed while it ran, so its result does not count`);
  if (run < maxRuns) return undefined;
  return failed('HookSpawnFailed', `hook ${path} changes while it runs, so its result does not count`);
}
