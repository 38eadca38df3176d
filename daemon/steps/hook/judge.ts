import { formatDuration } from '../../../shared/duration.ts';
import { reasonOfHookCode } from '../../../shared/exit-codes.ts';
import type { ExecutableEnd } from '../../process/executable.ts';
import { failed, type StepResult } from '../step.ts';

/**
 * Whether a hook that is not there is missed: READINESSD_HOOK names it, or it was there after the last run of start.sh, which might
 * have switched its feature off.
 *
 * @param isRequired - READINESSD_HOOK names it
 * @param startRun - what tells the last good run of start.sh from others
 * @returns a function that is told at each look, and gives the verdict on one that is missed
 */
export function hookPresence(path: string, isRequired: boolean, startRun: () => string): (isAbsent: boolean) => StepResult | undefined {
  /** The run after which it was last seen. */
  let seenAfter: string | undefined;
  return (isAbsent) => {
    if (!isAbsent) seenAfter = startRun();
    else if (isRequired) {
      return failed(
        'HookNotExecutable',
        `hook ${path} is not there, though READINESSD_HOOK names it: put it there, or set READINESSD_HOOK=none`,
      );
    } else if (seenAfter === startRun()) {
      const help = 'put it back, or "supervisorctl restart readinessd" if there is to be none';
      return failed('HookNotExecutable', `hook ${path} was there and is gone: ${help}`);
    }
    return undefined;
  };
}

/** The verdict on how it ended that the hook was to be run. */
export function judgeHook(end: ExecutableEnd, { path, timeoutMs }: { readonly path: string; readonly timeoutMs: number }): StepResult {
  switch (end.kind) {
    case 'absent':
      return { outcome: 'skipped', message: `there is no hook ${path}` };
    case 'not executable':
      return failed('HookNotExecutable', `hook ${path} ${end.why}${end.byMode ? ', or remove it if there is to be no hook' : ''}`);
    case 'unsafe':
      return failed(
        'HookUnsafe',
        `hook ${path} was not run, since it would run as root and ${end.why}; mend that, or set READINESSD_HOOK_SAFETY_CHECK=off`,
      );
    case 'not started':
      return failed('HookSpawnFailed', `hook ${path} cannot be started: ${end.why}`);
    case 'removed':
      return failed('HookSpawnFailed', `hook ${path} was removed while it ran, so its result does not count`);
    case 'changes':
      return failed('HookSpawnFailed', `hook ${path} changes while it runs, so its result does not count`);
    case 'beside leftover':
      return failed('HookTimeout', 'the hook that an earlier readinessd started may still run, and none is started beside it');
    case 'timed out': {
      const fate = end.isAlive ? 'could not be killed' : 'was killed';
      return failed('HookTimeout', `hook ran longer than its timeout of ${formatDuration(timeoutMs)} and ${fate}`, end.output);
    }
    case 'killed':
      return failed('HookKilled', `hook was killed by ${end.signal}`, end.output);
    case 'exited':
      return judgeExit(end.code, end.output);
  }
}

function judgeExit(code: number, output: string): StepResult {
  if (code === 0) return { outcome: 'passed', message: 'hook exited with code 0', detail: output };
  const reason = reasonOfHookCode(code);
  if (reason === 'HookReservedCode') {
    return failed(reason, `hook exited with code ${code}, which is readinessd's own: use 1, 3-99 or 126-255`, output);
  }
  return { outcome: 'failed', code, reason, message: `hook exited with code ${code}`, detail: output };
}
