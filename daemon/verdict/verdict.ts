import { codeOf, type Reason } from '../../shared/exit-codes.ts';
import { type VerdictFinding, wordsOf } from '../../shared/findings/findings.ts';
import type { Answer } from '../../shared/reply.ts';
import { restForATenth, type StepResult } from '../steps/step.ts';

/** What a cycle, or the lack of one, says of the container's readiness. */
export interface Verdict extends Answer {
  readonly reason: Reason;
  /** What is wrong, as data; undefined when it is ready. */
  readonly finding?: VerdictFinding | undefined;
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

/** Since when its oldest result is known: that is how old its verdict is. A check's `period` may let a result of an earlier cycle stand. */
export function oldestAt({ startedAtMs, steps }: Cycle): number {
  return Math.min(startedAtMs, ...steps.map((report) => report.startedAtMs));
}

/** How long a cycle of these steps can take, milliseconds. */
export interface CycleBounds {
  /** When nothing has to be done twice. */
  readonly usualMs: number;
  /** Longer than that it can only take when it has waited for something that has no bound, a file system perhaps. */
  readonly worstMs: number;
}

/** A cycle as it is kept: how long its verdict counts follows from how long the next may take. */
export interface Published extends Cycle {
  readonly staleLimitMs: number;
  /** When the next cycle should begin at the latest. */
  readonly nextAtMs: number;
}

/** The cycle that runs now. */
export interface RunningCycle {
  readonly startedAtMs: number;
  /** The last time that the daemon is known to have had the processor. */
  readonly aliveAtMs: number;
}

/** On top of what the bounds add up to: for a busy machine. */
const staleMarginMs = 3000;

/** So often a running cycle shows that the daemon is not stopped or starved. */
export const alivePeriodMs = 1000;

/** No rest that a slow step earns is longer than this. */
export const maxEarnedRestMs = 30_000;

/** What a first cycle that has not ended yet means. */
const pending: Verdict = verdictOn('ResultPending', { kind: 'first-cycle-runs' });

/**
 * The verdict to show now: the published one, unless there is none, it is too old, or the next cycle is held up.
 *
 * @param published - the newest cycle, its verdict as old as its start
 * @param running - the cycle that has begun since, if one has
 * @param nowMs - of the monotonic clock
 */
export function verdictAt(published: Published | undefined, running: RunningCycle | undefined, nowMs: number): Verdict {
  if (published === undefined) return pending;
  // Written so that a number that is none (NaN) is stale too.
  if (nowMs >= published.startedAtMs && nowMs <= staleAt(published, running)) return published.verdict;
  const { code, reason } = published.verdict;
  return verdictOn('ResultStale', { kind: 'verdict-expired', was: `${code} ${reason}` });
}

function verdictOn(reason: 'ResultPending' | 'ResultStale', finding: VerdictFinding): Verdict {
  return { code: codeOf(reason), reason, message: wordsOf(finding).message, finding };
}

/**
 * The last moment at which a verdict counts: it grows too old, or the next cycle is overdue, began so late, or was frozen in
 * its midst, since the daemon was stopped or starved and nobody knows what has changed meanwhile.
 */
export function staleAt({ startedAtMs, staleLimitMs, nextAtMs }: Published, running: RunningCycle | undefined): number {
  const overdueAtMs = nextAtMs + staleMarginMs;
  const isLate = running === undefined || running.startedAtMs > overdueAtMs;
  return Math.min(startedAtMs + staleLimitMs, isLate ? overdueAtMs : frozenAt(running));
}

/** When a running cycle should have shown again that the daemon gets to run, with a margin. */
export function frozenAt({ aliveAtMs }: RunningCycle): number {
  return aliveAtMs + alivePeriodMs + staleMarginMs;
}

export interface RestRules {
  readonly periodReadyMs: number;
  readonly periodNotReadyMs: number;
  /** By step's name: how many times its last duration a step rests, if at all. */
  readonly restFactors: ReadonlyMap<string, number | undefined>;
}

/** How long to rest after a cycle, milliseconds. */
export function restAfter(cycle: Cycle, rules: RestRules): number {
  return Math.max(cycle.verdict.code === 0 ? rules.periodReadyMs : rules.periodNotReadyMs, earnedRest(cycle, rules));
}

/** How long of that a slow step must rest, so that it takes its share of the time only. */
export function earnedRest({ steps }: Cycle, { restFactors }: RestRules): number {
  const earned = steps.map(({ name, durationMs }) => durationMs * (restFactors.get(name) ?? 0));
  return Math.min(maxEarnedRestMs, Math.max(...earned));
}

/** The least rest between a cycle and one that somebody asked for, milliseconds: callers cannot make the hook run more often than its share. */
export function restBeforeDemand(cycle: Cycle): number {
  return Math.min(maxEarnedRestMs, (cycle.endedAtMs - cycle.startedAtMs) * restForATenth);
}

/**
 * How old a verdict may be: its own cycle, the rest after it, a next cycle in which nothing has to be done twice, and a margin.
 * What a cycle found that took longer than it can does not count at all.
 *
 * @param cycle - whose verdict it is
 * @param restMs - that follows it
 */
export function staleLimit(cycle: Cycle, restMs: number, { usualMs, worstMs }: CycleBounds): number {
  const tookMs = cycle.endedAtMs - cycle.startedAtMs;
  return tookMs > worstMs + staleMarginMs ? 0 : tookMs + usualStaleLimit(restMs, usualMs);
}

/** The same for a cycle that took no time. */
export function usualStaleLimit(restMs: number, usualMs: number): number {
  return restMs + usualMs + staleMarginMs;
}

/** Whether people would call it another verdict: what is told differs, not when it was found. */
export function isSameVerdict(one: Verdict | undefined, other: Verdict | undefined): boolean {
  return one?.code === other?.code && one?.reason === other?.reason && one?.message === other?.message;
}
