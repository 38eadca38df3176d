import { type Reason, reasonOfHookCode } from '../../../shared/exit-codes.ts';
import { type ExecutableEnd, findingOf, outputOf } from '../../process/end.ts';
import { failed, failedWith, type StepResult } from '../step.ts';

/**
 * Whether an absent hook is missing: READINESSD_HOOK names it, or it was there after the last run
 * of start.sh. (A later run of start.sh may have switched the feature off.)
 *
 * @param isRequired - READINESSD_HOOK names it
 * @param startRun - identifies the last good run of start.sh
 * @returns a function to call at each look, which returns the failure for a missing hook
 */
export function hookPresence(path: string, isRequired: boolean, startRun: () => string): (isAbsent: boolean) => StepResult | undefined {
  /** The run of start.sh after which the hook was last seen. */
  let seenAfter: string | undefined;
  return (isAbsent) => {
    if (!isAbsent) seenAfter = startRun();
    else if (isRequired) return failed('HookNotExecutable', { kind: 'hook-not-there', path });
    else if (seenAfter === startRun()) return failed('HookNotExecutable', { kind: 'hook-gone', path });
    return undefined;
  };
}

/** The verdict on the hook from the outcome of its run. */
export function judgeHook(end: ExecutableEnd, { path, timeoutMs }: { readonly path: string; readonly timeoutMs: number }): StepResult {
  if (end.kind === 'absent') return { outcome: 'skipped', message: `there is no hook ${path}` };
  const detail = outputOf(end);
  const finding = findingOf(end, { path, isHook: true, timeoutMs });
  if (finding === undefined) return { outcome: 'passed', message: 'hook exited with code 0', detail };
  if (end.kind !== 'exited') return failed(reasons[end.kind], finding, detail);
  const reason = reasonOfHookCode(end.code);
  if (reason === 'HookReservedCode') return failed(reason, { kind: 'reserved-code', path, code: end.code }, detail);
  return failedWith(end.code, reason, finding, { detail });
}

const reasons = {
  'not executable': 'HookNotExecutable',
  unsafe: 'HookUnsafe',
  'not loadable': 'HookSpawnFailed',
  'not started': 'HookSpawnFailed',
  removed: 'HookSpawnFailed',
  changes: 'HookSpawnFailed',
  'beside leftover': 'HookTimeout',
  'timed out': 'HookTimeout',
  killed: 'HookKilled',
} as const satisfies Readonly<Record<Exclude<ExecutableEnd['kind'], 'absent' | 'exited'>, Reason>>;
