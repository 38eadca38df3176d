import { oneLine } from '../../shared/reply.ts';
import { isSameVerdict, type Published, type RunningCycle, staleAt, type Verdict, verdictAt } from './verdict.ts';

/** Enough for a night of trouble; with the longest messages they take 50 KB. */
const maxChanges = 100;

/** What was shown from a time on, milliseconds of the monotonic clock. */
interface Change {
  readonly sinceMs: number;
  readonly verdict: Verdict;
}

/** The last changes of what probes were shown, oldest first. Also that a verdict went stale is one, whether or not somebody asked. */
export interface History {
  readonly changes: readonly Change[];
  /** Of all changes, also those that are no longer kept; that it began is none. */
  readonly count: number;
}

/** Before the first cycle. */
export function emptyHistory(nowMs: number): History {
  return { changes: [{ sinceMs: nowMs, verdict: shown(verdictAt(undefined, undefined, nowMs)) }], count: 0 };
}

/**
 * The history after one more cycle.
 *
 * @param previous - the newest cycle before it
 * @param running - what was known of the one more while it ran
 */
export function withCycle(history: History, previous: Published | undefined, running: RunningCycle | undefined, cycle: Published): History {
  const before = upTo(history, previous, running, cycle.endedAtMs);
  return withVerdict(before, verdictAt(cycle, undefined, cycle.endedAtMs), cycle.endedAtMs);
}

/** The history as of now: the newest verdict may have gone stale since. */
export function upTo(history: History, newest: Published | undefined, running: RunningCycle | undefined, nowMs: number): History {
  if (newest === undefined) return history;
  const staleAtMs = Math.max(newest.endedAtMs, staleAt(newest, running));
  // One that still counts is the last of the history, and adds nothing.
  return withVerdict(history, verdictAt(newest, running, nowMs), staleAtMs);
}

function withVerdict(history: History, verdict: Verdict, sinceMs: number): History {
  const change = { sinceMs, verdict: shown(verdict) };
  if (isSameVerdict(history.changes.at(-1)?.verdict, change.verdict)) return history;
  return { changes: [...history.changes.slice(1 - maxChanges), change], count: history.count + 1 };
}

/** Without the hook's output, and in bounds. */
function shown({ code, reason, message }: Verdict): Verdict {
  return { code, reason, message: oneLine(message) };
}
