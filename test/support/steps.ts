import type { RunStep, Stage, Step, StepResult } from '../../daemon/steps/step.ts';

export const passed: StepResult = { outcome: 'passed', message: 'good' };

/** A step that gives its results one after the other, the last for ever, and notes each run. */
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
