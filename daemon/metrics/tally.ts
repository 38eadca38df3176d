import type { Cycle } from '../verdict/verdict.ts';

/** Upper bounds of the histogram's buckets, seconds: from an RPC on a fast machine to a hook with a long timeout. */
export const durationBoundsS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** What is counted of one step. */
export interface StepTally {
  readonly outcomes: Record<'passed' | 'skipped' | 'failed', number>;
  /** How many fell into each bucket alone; the last is for what is above all bounds. */
  readonly buckets: number[];
  sumS: number;
}

/** Where a probe can come in. */
export type ProbeEndpoint = '/probe' | '/readyz';

/** Counters since the daemon's start: a few numbers, of which /metrics is made. */
export interface Tally {
  readonly steps: Map<string, StepTally>;
  readonly probes: Record<ProbeEndpoint, { ready: number; notReady: number }>;
}

/** With every series that may come up from the start at 0, so that a first increase is seen as one. */
export function createTally(steps: readonly string[]): Tally {
  return {
    steps: new Map(
      steps.map((name) => [
        name,
        { outcomes: { passed: 0, skipped: 0, failed: 0 }, buckets: new Array<number>(durationBoundsS.length + 1).fill(0), sumS: 0 },
      ]),
    ),
    probes: { '/probe': { ready: 0, notReady: 0 }, '/readyz': { ready: 0, notReady: 0 } },
  };
}

/** Counts the steps of a cycle that has ended; a result that is older than the cycle has been counted already. */
export function countCycle(tally: Tally, cycle: Cycle): void {
  for (const { name, result, startedAtMs, durationMs } of cycle.steps) {
    const step = tally.steps.get(name);
    if (step === undefined || startedAtMs < cycle.startedAtMs) continue;
    const seconds = durationMs / 1000;
    const index = durationBoundsS.findIndex((bound) => seconds <= bound);
    const bucket = index === -1 ? durationBoundsS.length : index;
    step.buckets[bucket] = (step.buckets[bucket] ?? 0) + 1;
    step.outcomes[result.outcome]++;
    step.sumS += seconds;
  }
}

/** Counts a probe that has been answered. */
export function countProbe(tally: Tally, endpoint: ProbeEndpoint, code: number): void {
  tally.probes[endpoint][code === 0 ? 'ready' : 'notReady']++;
}
