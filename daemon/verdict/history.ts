import { oneLine } from '../../shared/reply.ts';
import { isSameVerdict, type Published, type RunningCycle, staleAt, type Verdict, verdictAt } from './verdict.ts';

/** Enough for a night of trouble. With the longest messages they take 50 KB. */
const maxChanges = 100;

/** A verdict and the time from which on it was shown, milliseconds by the monotonic clock. */
interface Change {
  readonly sinceMs: number;
  readonly verdict: Verdict;
}

/**
 * The last changes of the verdict that probes were told, oldest first. A verdict that becomes stale
 * is a change, even if no probe asked.
 */
export interface History {
  readonly changes: readonly Change[];
  /** The number of all changes, including dropped ones. The first verdict is not a change. */
  readonly count: number;
}

/** The history before the first cycle. */
export function emptyHistory(nowMs: number): History {
  return { changes: [{ sinceMs: nowMs, verdict: shown(verdictAt(undefined, undefined, nowMs)) }], count: 0 };
}

/**
 * The history after another cycle.
 *
 * @param previous - the newest cycle before that one
 * @param running - what was known of that one while it ran
 */
export function withCycle(history: History, previous: Published | undefined, running: RunningCycle | undefined, cycle: Published): History {
  const before = upTo(history, previous, running, cycle.endedAtMs);
  return withVerdict(before, verdictAt(cycle, undefined, cycle.endedAtMs), cycle.endedAtMs);
}

/** The history up to now: the newest verdict may have become stale since. */
export function upTo(history: History, newest: Published | undefined, running: RunningCycle | undefined, nowMs: number): History {
  if (newest === undefined) return history;
  const staleAtMs = Math.max(newest.endedAtMs, staleAt(newest, running));
  // If the verdict is not stale, it is already the last of the history, and nothing is added.
  return withVerdict(history, verdictAt(newest, running, nowMs), staleAtMs);
}

function withVerdict(history: History, verdict: Verdict, sinceMs: number): History {
  const change = { sinceMs, verdict: shown(verdict) };
  if (isSameVerdict(history.changes.at(-1)?.verdict, change.verdict)) return history;
  return { changes: [...history.changes.slice(1 - maxChanges), change], count: history.count + 1 };
}

/** Without the hook's output, and cut to one short line. */
function shown({ code, reason, message }: Verdict): Verdict {
  return { code, reason, message: oneLine(message) };
}
