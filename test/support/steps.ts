import type { ProgramFinding } from '../../daemon/steps/programs/judge.ts';
import { otherPrograms } from '../../daemon/steps/programs/programs.ts';
import { failed, failedWith, type RunStep, type Stage, type Step, type StepResult } from '../../daemon/steps/step.ts';
import { codeOf } from '../../shared/exit-codes.ts';

export const passed: StepResult = { outcome: 'passed', message: 'good' };

/** The failure of a check whose command is not there. */
export const checkFailed = failed('CheckFailed', { kind: 'command-not-there', path: '/check' });

/** The failure of READINESSD_PROGRAMS. */
export function programFailed(finding: ProgramFinding, others = 0): StepResult {
  return failedWith(codeOf('ProgramNotRunning'), 'ProgramNotRunning', finding, { say: (message) => message + otherPrograms(others) });
}

/** The failure of a hook, with a code of its own. */
export function hookFailed(code: number): StepResult {
  return failedWith(code, 'HookFailed', { kind: 'exited', path: '/hook', isHook: true, code });
}

/** A step that returns its results one after the other, the last for ever, and notes each run. */
export function step(name: string, results: StepResult[], runs: string[] = [], more: Partial<Step> = {}): Step {
  const run: RunStep = async () => {
    runs.push(name);
    return (results.length > 1 ? results.shift() : results[0]) ?? passed;
  };
  return { name, run, boundMs: 1000, ...more };
}

/** Stages of one step each. */
export function inTurn(steps: readonly Step[]): Stage[] {
  return steps.map((one) => [one]);
}
