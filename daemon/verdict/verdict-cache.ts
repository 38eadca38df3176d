import { emptyHistory, type History, upTo, withCycle } from './history.ts';
import { frozenAt, isSameVerdict, oldestAt, type Published, type RunningCycle, type Verdict, verdictAt } from './verdict.ts';

/** What is known at one moment. Times are milliseconds by the monotonic clock. */
export interface Reading {
  readonly nowMs: number;
  /** The verdict now: pending before the first cycle, stale when the newest is too old. */
  readonly verdict: Verdict;
  readonly newest: Published | undefined;
  readonly ageMs: number | undefined;
  /** The age above which the verdict is stale. */
  readonly staleLimitMs: number | undefined;
  /** How long all cycles have found the same verdict. */
  readonly unchangedForMs: number | undefined;
  readonly cycles: number;
}

/** The mutable state behind every request: the newest cycle and the history. Only the loop writes it. */
export interface VerdictCache {
  /** A cycle begins. */
  begin(): void;
  /** The daemon gets processor time during a cycle. */
  alive(): void;
  /**
   * Stores the result of a cycle, or of a look beside it.
   *
   * @returns whether the verdict has changed
   */
  publish(cycle: Published): boolean;
  /** The running cycle has ended. */
  end(): void;
  read(): Reading;
  history(): History;
}

/** @param now - the monotonic clock, milliseconds: the wall clock may jump */
export function createVerdictCache(now: () => number): VerdictCache {
  let newest: Published | undefined;
  let running: RunningCycle | undefined;
  let changedAtMs = now();
  let cycles = 0;
  let history = emptyHistory(changedAtMs);
  return {
    begin() {
      running = { startedAtMs: now(), aliveAtMs: now() };
    },
    alive() {
      // A cycle that was frozen once stays frozen.
      if (running !== undefined && now() <= frozenAt(running)) running = { ...running, aliveAtMs: now() };
    },
    publish(cycle) {
      const isChange = !isSameVerdict(newest?.verdict, cycle.verdict);
      if (isChange) changedAtMs = cycle.endedAtMs;
      history = withCycle(history, newest, running, cycle);
      newest = cycle;
      cycles++;
      return isChange;
    },
    end() {
      running = undefined;
    },
    read() {
      const nowMs = now();
      const verdict = verdictAt(newest, running, nowMs);
      if (newest === undefined) {
        return { nowMs, verdict, newest, ageMs: undefined, staleLimitMs: undefined, unchangedForMs: undefined, cycles };
      }
      const oldestAtMs = oldestAt(newest);
      const staleLimitMs = newest.staleLimitMs + newest.startedAtMs - oldestAtMs;
      return { nowMs, verdict, newest, ageMs: nowMs - oldestAtMs, staleLimitMs, unchangedForMs: nowMs - changedAtMs, cycles };
    },
    history: () => upTo(history, newest, running, now()),
  };
}
