import { createExecutable, type ExecutableOptions } from '../../process/executable.ts';
import type { RunStep, StepResult } from '../step.ts';
import { hookPresence, judgeHook } from './judge.ts';

export interface HookOptions extends Omit<ExecutableOptions, 'args' | 'onLook'> {
  /** Where the running hook is noted, for a daemon that comes after a SIGKILL. */
  readonly notePath: string;
  /** Somebody has said that there is a hook, at this path: one that is not there is missing. */
  readonly isRequired: boolean;
  /** What tells the last good run of start.sh from others: a hook that was there after it should stay until the next. */
  readonly startRun: () => string;
}

/** The hook step: does the feature owner's executable, if there is one, exit with code 0? */
export function createHookStep({ notePath, isRequired, startRun, ...options }: HookOptions): RunStep {
  const presence = hookPresence(options.path, isRequired, startRun);
  /** The verdict of the last look on a hook that is missed. */
  let missed: StepResult | undefined;
  const onLook = (isThere: boolean) => {
    missed = presence(!isThere);
  };
  const run = createExecutable({ ...options, args: [], onLook });
  return async (signal) => {
    const end = await run(signal, notePath);
    return end.kind === 'absent' && missed !== undefined ? missed : judgeHook(end, options);
  };
}
