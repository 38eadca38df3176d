import { isSameVerdict, type Published, type Verdict, verdictAt } from './verdict.ts';

/** What is known at one moment. Times are milliseconds of the monotonic clock. */
export interface Reading {
  /** As of now: pending before the first cycle, stale when the newest is too old. */
  readonly verdict: Verdict;
  readonly newest: Published | undefined;
  readonly ageMs: number | undefined;
  /** Since when the cycles have found the same. */
  readonly unchangedForMs: number | undefined;
  readonly cycles: number;
}

/** The one mutable cell: the newest cycle. One writer, the loop; every request reads. */
export interface VerdictCache {
  /** @returns whether the verdict is another than the one before */
  publish(cycle: Published): boolean;
  read(): Reading;
}

/** @param now - the monotonic clock, milliseconds: the wall clock may jump */
export function createVerdictCache(now: () => number): VerdictCache {
  let newest: Published | undefined;
  let changedAtMs = now();
  let cycles = 0;
  return {
    publish(cycle) {
      const isChange = !isSameVerdict(newest?.verdict, cycle.verdict);
      if (isChange) changedAtMs = cycle.endedAtMs;
      newest = cycle;
      cycles++;
      return isChange;
    },
    read() {
      const nowMs = now();
      const verdict = verdictAt(newest, nowMs);
      if (newest === undefined) return { verdict, newest, ageMs: undefined, unchangedForMs: undefined, cycles };
      return { verdict, newest, ageMs: nowMs - newest.startedAtMs, unchangedForMs: nowMs - changedAtMs, cycles };
    },
  };
}
