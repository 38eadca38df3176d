import { codeOf, type Reason } from '../shared/exit-codes.ts';
import type { Answer } from '../shared/reply.ts';
import { restForATenth, type StepResult } from './steps/step.ts';

/** What a cycle, or the lack of one, says of the container's readiness. */
export interface Verdict extends Answer {
  readonly reason: Reason;
}

export interface StepReport {
  readonly name: string;
  readonly result: StepResult;
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/** One cycle that has ended. Times are milliseconds of the monotonic clock. */
export interface Cycle {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly verdict: Verdict;
  readonly steps: readonly StepReport[];
}

/** A cycle as it is kept: how long its verdict counts follows from how long the next may take. */
export interface Published extends Cycle {
  readonly staleLimitMs: number;
}

/** On top of what the bounds add up to: for a busy machine. */
const staleMarginMs = 3000;

/** No rest that a slow step earns is longer than this. */
export const maxEarnedRestMs = 30_000;

/** What a first cycle that has not ended yet means. */
const pending: Verdict = { code: codeOf('ResultPending'), reason: 'ResultPending', message: 'the first cycle has not ended' };

/**
 * The verdict to show now: the published one, unless there is none or it is too old.
 *
 * @param published - the newest cycle, its verdict as old as its start
 * @param nowMs - of the monotonic clock
 */
export function verdictAt(published: Published | undefined, nowMs: number): Verdict {
  if (published === undefined) return pending;
  const ageMs = nowMs - published.startedAtMs;
  // Written so that a number that is none (NaN) is stale too.
  if (ageMs >= 0 && ageMs <= published.staleLimitMs) return published.verdict;
  const message = `the newest verdict is older than it may be; it was ${published.verdict.code} ${published.verdict.reason}`;
  return { code: codeOf('ResultStale'), reason: 'ResultStale', message };
}

export interface RestRules {
  readonly periodReadyMs: number;
  readonly periodNotReadyMs: number;
  /** By step's name: how many times its last duration a step rests, if at all. */
  readonly restFactors: ReadonlyMap<string, number | undefined>;
}

/** How long to rest after a cycle, milliseconds. */
export function restAfter(cycle: Cycle, rules: RestRules): number {
  const period = cycle.verdict.code === 0 ? rules.periodReadyMs : rules.periodNotReadyMs;
  const earned = cycle.steps.map(({ name, durationMs }) => durationMs * (rules.restFactors.get(name) ?? 0));
  return Math.max(period, Math.min(maxEarnedRestMs, Math.max(...earned)));
}

/** The least rest between a cycle and one that somebody asked for, milliseconds: callers cannot make the hook run more often than its share. */
export function restBeforeDemand(cycle: Cycle): number {
  return Math.min(maxEarnedRestMs, (cycle.endedAtMs - cycle.startedAtMs) * restForATenth);
}

/**
 * How old a verdict may be: its own cycle, the rest after it, a whole next cycle, and a margin. A cycle that took longer
 * than it can has waited for something that has no bound, a file system perhaps: what it found counts no more.
 *
 * @param cycle - whose verdict it is
 * @param restMs - that follows it
 * @param cycleBoundMs - the longest that a cycle can take
 */
export function staleLimit(cycle: Cycle, restMs: number, cycleBoundMs: number): number {
  const tookMs = cycle.endedAtMs - cycle.startedAtMs;
  return tookMs > cycleBoundMs + staleMarginMs ? 0 : tookMs + usualStaleLimit(restMs, cycleBoundMs);
}

/** The same for a cycle that took no time. */
export function usualStaleLimit(restMs: number, cycleBoundMs: number): number {
  return restMs + cycleBoundMs + staleMarginMs;
}

/** Whether people would call it another verdict: what is told differs, not when it was found. */
export function isSameVerdict(one: Verdict | undefined, other: Verdict | undefined): boolean {
  return one?.code === other?.code && one?.reason === other?.reason && one?.message === other?.message;
}
