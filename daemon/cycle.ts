import { codeOf } from '../shared/exit-codes.ts';
import { failed, type Stage, type Step, type StepResult } from './steps/step.ts';
import type { Cycle, CycleBounds, StepReport, Verdict } from './verdict/verdict.ts';

/** How long a cycle can take. The steps of a stage run at the same time, the stages one after the other. */
export function cycleBounds(stages: readonly Stage[]): CycleBounds {
  const sum = (boundOf: (step: Step) => number) => stages.reduce((total, stage) => total + Math.max(0, ...stage.map(boundOf)), 0);
  return {
    usualMs: sum(({ boundMs }) => boundMs),
    worstMs: sum(({ boundMs, worstMs = boundMs, lookAgain }) => worstMs * (lookAgain === true ? 2 : 1)),
  };
}

/**
 * Runs one stage after the other, until a step fails. Before it says ready, it looks again at what
 * may have changed while other steps ran: start.sh may have been started again during a long hook.
 *
 * @param stages - in their order
 * @param signal - aborted when the daemon stops
 * @param now - the monotonic clock, milliseconds
 * @param onBug - called with what a step threw
 * @param isDemanded - somebody waits for this cycle
 */
export async function runCycle(
  stages: readonly Stage[],
  signal: AbortSignal,
  now: () => number,
  onBug: (error: unknown, step: string) => void,
  isDemanded = false,
): Promise<Cycle> {
  const startedAtMs = now();

  async function take(step: Step): Promise<StepReport> {
    const stepStartedAtMs = now();
    const result = await runSafely(step, signal, isDemanded, onBug);
    return { name: step.name, result, startedAtMs: asOf(result) ?? stepStartedAtMs, durationMs: result.tookMs ?? now() - stepStartedAtMs };
  }

  const taken: StepReport[][] = [];
  for (const stage of stages) {
    const reports = await Promise.all(stage.map(take));
    taken.push(reports);
    if (reports.some(hasFailed)) return cycleOf(taken.flat(), startedAtMs, now());
  }
  const hasTakenTime = (step: Step, { result }: StepReport) =>
    step.lookAgain !== true && result.outcome === 'passed' && asOf(result) === undefined;
  const last = stages.findLastIndex((stage, at) => stage.some((step, index) => hasTakenTime(step, taken[at]?.[index] as StepReport)));
  for (const [at, stage] of stages.slice(0, last + 1).entries()) {
    for (const [index, step] of stage.entries()) {
      if (step.lookAgain !== true || step.isCurrent?.() === true) continue;
      const report = await take(step);
      if (!hasFailed(report)) continue;
      // Keep the other reports: a slow hook must still wait as long as its duration demands.
      (taken[at] as StepReport[])[index] = report;
      return cycleOf(taken.flat(), startedAtMs, now());
    }
  }
  return cycleOf(taken.flat(), startedAtMs, now());
}

function asOf(result: StepResult): number | undefined {
  return result.outcome === 'failed' ? undefined : result.asOfMs;
}

export function hasFailed({ result }: StepReport): boolean {
  return result.outcome === 'failed';
}

/** A cycle with these results. */
export function cycleOf(steps: readonly StepReport[], startedAtMs: number, endedAtMs: number): Cycle {
  return { startedAtMs, endedAtMs, verdict: verdictOf(steps), steps };
}

async function runSafely(
  step: Step,
  signal: AbortSignal,
  isDemanded: boolean,
  onBug: (error: unknown, step: string) => void,
): Promise<StepResult> {
  try {
    return await step.run(signal, isDemanded);
  } catch (error) {
    if (!signal.aborted) onBug(error, step.name);
    return failed('InternalError', { kind: 'step-threw', step: step.name });
  }
}

/** Ready, or the first failure in the order of the steps and the number of further ones. */
function verdictOf(reports: readonly StepReport[]): Verdict {
  const [first, ...others] = reports.map(({ result }) => result).filter((result) => result.outcome === 'failed');
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `; ${others.length} more ${others.length === 1 ? 'check fails' : 'checks fail'}`;
    return { code: first.code, reason: first.reason, message: `${first.message}${more}`, finding: first.finding, detail: first.detail };
  }
  const outcomes = reports.map(({ name, result }) => `${name} ${result.outcome}`).join(', ');
  return { code: codeOf('Ready'), reason: 'Ready', message: isNothingChecked(reports) ? `nothing to check: ${outcomes}` : outcomes };
}

/** Whether every step of a ready cycle had nothing to check. */
export function isNothingChecked(reports: readonly StepReport[]): boolean {
  return reports.every(({ result }) => result.outcome === 'skipped');
}
