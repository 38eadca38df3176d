import { codeOf, type Reason } from '../../shared/exit-codes.ts';
import { type VerdictFinding, wordsOf } from '../../shared/findings/findings.ts';
import type { Answer } from '../../shared/reply.ts';
import { restForATenth, type StepResult } from '../steps/step.ts';

/** What is known of the container's readiness, from a cycle or from the lack of one. */
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

/** A cycle that has ended. Times are milliseconds by the monotonic clock. */
export interface Cycle {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly verdict: Verdict;
  readonly steps: readonly StepReport[];
}

/**
 * When the oldest result of a cycle was found. This gives the age of the verdict, because a check's
 * `period` may keep a result of an earlier cycle.
 */
export function oldestAt({ startedAtMs, steps }: Cycle): number {
  return Math.min(startedAtMs, ...steps.map((report) => report.startedAtMs));
}

/** How long a cycle of these steps can take, milliseconds. */
export interface CycleBounds {
  /** If nothing has to be repeated. */
  readonly usualMs: number;
  /** The longest. A cycle that took longer has waited for something without a bound, perhaps a file system. */
  readonly worstMs: number;
}

/** A cycle in the cache. How long its verdict counts depends on how long the next cycle may take. */
export interface Published extends Cycle {
  readonly staleLimitMs: number;
  /** When the next cycle should begin at the latest. */
  readonly nextAtMs: number;
}

/** The cycle that runs now. */
export interface RunningCycle {
  readonly startedAtMs: number;
  /** The last time at which the daemon is known to have had the processor. */
  readonly aliveAtMs: number;
}

/** Added to the sum of the bounds, for a busy machine. */
const staleMarginMs = 3000;

/** How often a running cycle shows that the daemon is neither stopped nor starved. */
export const alivePeriodMs = 1000;

/** The longest that a slow step must wait. */
export const maxEarnedRestMs = 30_000;

/** The verdict while the first cycle runs. */
const pending: Verdict = verdictOn('ResultPending', { kind: 'first-cycle-runs' });

/**
 * The verdict to show now: the published one, unless there is none, it is too old, or the next
 * cycle is late.
 *
 * @param published - the newest cycle. Its verdict is as old as its start.
 * @param running - the cycle that has begun since, if any
 * @param nowMs - by the monotonic clock
 */
export function verdictAt(published: Published | undefined, running: RunningCycle | undefined, nowMs: number): Verdict {
  if (published === undefined) return pending;
  // Written so that NaN also makes it stale.
  if (nowMs >= published.startedAtMs && nowMs <= staleAt(published, running)) return published.verdict;
  const { code, reason } = published.verdict;
  return verdictOn('ResultStale', { kind: 'verdict-expired', was: `${code} ${reason}` });
}

function verdictOn(reason: 'ResultPending' | 'ResultStale', finding: VerdictFinding): Verdict {
  return { code: codeOf(reason), reason, message: wordsOf(finding).message, finding };
}

/**
 * The last moment at which a verdict counts. It is stale when it is too old; when the next cycle is
 * overdue or began too late; or when the next cycle was frozen while it ran. In the last cases the
 * daemon was stopped or starved, and nobody knows what has changed since.
 */
export function staleAt({ startedAtMs, staleLimitMs, nextAtMs }: Published, running: RunningCycle | undefined): number {
  const overdueAtMs = nextAtMs + staleMarginMs;
  const isLate = running === undefined || running.startedAtMs > overdueAtMs;
  return Math.min(startedAtMs + staleLimitMs, isLate ? overdueAtMs : frozenAt(running));
}

/** When a running cycle should have shown again that the daemon gets processor time, plus a margin. */
export function frozenAt({ aliveAtMs }: RunningCycle): number {
  return aliveAtMs + alivePeriodMs + staleMarginMs;
}

export interface RestRules {
  readonly periodReadyMs: number;
  readonly periodNotReadyMs: number;
  /** By step name: how many times its last duration a step must wait, if at all. */
  readonly restFactors: ReadonlyMap<string, number | undefined>;
}

/** How long to wait after a cycle, milliseconds. */
export function restAfter(cycle: Cycle, rules: RestRules): number {
  return Math.max(cycle.verdict.code === 0 ? rules.periodReadyMs : rules.periodNotReadyMs, earnedRest(cycle, rules));
}

/** How much of that a slow step must wait, so that it only uses its share of the time. */
export function earnedRest({ steps }: Cycle, { restFactors }: RestRules): number {
  const earned = steps.map(({ name, durationMs }) => durationMs * (restFactors.get(name) ?? 0));
  return Math.min(maxEarnedRestMs, Math.max(...earned));
}

/**
 * The shortest wait between a cycle and one that somebody asks for, milliseconds. Callers cannot
 * make the hook use more than its share of the time.
 */
export function restBeforeDemand(cycle: Cycle): number {
  return Math.min(maxEarnedRestMs, (cycle.endedAtMs - cycle.startedAtMs) * restForATenth);
}

/**
 * How old a verdict may become: its own cycle, the wait after it, a next cycle in which nothing has
 * to be repeated, and a margin. A cycle that took longer than its steps can take does not count at
 * all.
 *
 * @param cycle - the verdict's
 * @param restMs - the wait after it
 */
export function staleLimit(cycle: Cycle, restMs: number, { usualMs, worstMs }: CycleBounds): number {
  const tookMs = cycle.endedAtMs - cycle.startedAtMs;
  return tookMs > worstMs + staleMarginMs ? 0 : tookMs + usualStaleLimit(restMs, usualMs);
}

/** The same for a cycle that took no time. */
export function usualStaleLimit(restMs: number, usualMs: number): number {
  return restMs + usualMs + staleMarginMs;
}

/** Whether people would call it the same verdict: they are told the same, whenever it was found. */
export function isSameVerdict(one: Verdict | undefined, other: Verdict | undefined): boolean {
  return one?.code === other?.code && one?.reason === other?.reason && one?.message === other?.message;
}
