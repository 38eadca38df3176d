import type { Cycle } from '../verdict/verdict.ts';

/** Upper bounds of the histogram's buckets, seconds: from an RPC on a fast machine to a hook with a long timeout. */
export const durationBoundsS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** Counters of one step. */
export interface StepTally {
  readonly outcomes: Record<'passed' | 'skipped' | 'failed', number>;
  /** The count of each bucket alone. The last is for durations above all bounds. */
  readonly buckets: number[];
  sumS: number;
}

/** Where a probe can ask. */
export type ProbeEndpoint = '/probe' | '/readyz';

/** Counters since the daemon's start, from which /metrics is made. */
export interface Tally {
  readonly steps: Map<string, StepTally>;
  readonly probes: Record<ProbeEndpoint, { ready: number; notReady: number }>;
}

/** Every possible series begins at 0, so that its first increase is visible. */
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

/** Counts the steps of a cycle that has ended. A result older than the cycle was counted before. */
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

/** Counts an answered probe. */
export function countProbe(tally: Tally, endpoint: ProbeEndpoint, code: number): void {
  tally.probes[endpoint][code === 0 ? 'ready' : 'notReady']++;
}
