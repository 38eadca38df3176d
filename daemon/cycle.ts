import { codeOf } from '../shared/exit-codes.ts';
import { failed, type Step, type StepResult } from './steps/step.ts';
import type { Cycle, CycleBounds, StepReport, Verdict } from './verdict.ts';

/** What the bounds of the steps add up to. */
export function cycleBounds(steps: readonly Step[]): CycleBounds {
  const sum = (boundOf: (step: Step) => number) => steps.reduce((total, step) => total + boundOf(step), 0);
  return {
    usualMs: sum(({ boundMs }) => boundMs),
    worstMs: sum(({ boundMs, worstMs = boundMs, lookAgain }) => worstMs * (lookAgain === true ? 2 : 1)),
  };
}

/**
 * Runs the steps in order up to the first failure. Before it says ready, it looks again at what may have changed
 * while a later step ran: start.sh may have been run again during a long hook.
 *
 * @param steps - in their order
 * @param signal - aborted when the daemon stops
 * @param now - the monotonic clock, milliseconds
 * @param onBug - told of what a step threw
 * @param isDemanded - somebody waits for it
 */
export async function runCycle(
  steps: readonly Step[],
  signal: AbortSignal,
  now: () => number,
  onBug: (error: unknown, step: string) => void,
  isDemanded = false,
): Promise<Cycle> {
  const startedAtMs = now();
  const reports: StepReport[] = [];

  async function take(step: Step): Promise<StepReport> {
    const stepStartedAtMs = now();
    const result = await runSafely(step, signal, isDemanded, onBug);
    return { name: step.name, result, startedAtMs: stepStartedAtMs, durationMs: now() - stepStartedAtMs };
  }

  for (const step of steps) {
    reports.push(await take(step));
    if (reports.at(-1)?.result.outcome === 'failed') break;
  }
  // A step that was skipped has cost no time worth a second look.
  const lastPassed = reports.findLastIndex(({ result }) => result.outcome === 'passed');
  const isGood = reports.at(-1)?.result.outcome !== 'failed';
  for (const [index, step] of steps.entries()) {
    if (!isGood || index >= lastPassed || step.lookAgain !== true || step.isCurrent?.() === true) continue;
    const report = await take(step);
    if (report.result.outcome === 'failed') {
      // The later steps' reports stay: a slow hook has earned its rest all the same.
      reports[index] = report;
      break;
    }
  }
  return { startedAtMs, endedAtMs: now(), verdict: verdictOf(reports), steps: reports };
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
    return failed('InternalError', `unexpected error in step ${step.name}, a bug in readinessd: its log has the details`);
  }
}

/** The first failure in the order of the steps, or ready. */
export function verdictOf(reports: readonly StepReport[]): Verdict {
  for (const { result } of reports) {
    if (result.outcome === 'failed') return { code: result.code, reason: result.reason, message: result.message, detail: result.detail };
  }
  return { code: codeOf('Ready'), reason: 'Ready', message: reports.map(({ name, result }) => `${name} ${result.outcome}`).join(', ') };
}
