import { createExecutable, type ExecutableOptions } from '../../process/executable.ts';
import type { RunStep, StepResult } from '../step.ts';
import { hookPresence, judgeHook } from './judge.ts';

export interface HookOptions extends Omit<ExecutableOptions, 'args' | 'onLook'> {
  /** Where the running hook is noted, for the daemon that follows if SIGKILL ends this one. */
  readonly notePath: string;
  /** READINESSD_HOOK names this path, so a hook must be there. */
  readonly isRequired: boolean;
  /** Identifies the last good run of start.sh. A hook seen after that run must stay until the next. */
  readonly startRun: () => string;
}

/** The hook step: does the feature owner's executable, if there is one, exit with code 0? */
export function createHookStep({ notePath, isRequired, startRun, ...options }: HookOptions): RunStep {
  const presence = hookPresence(options.path, isRequired, startRun);
  /** The last look's failure for a missing hook. */
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
