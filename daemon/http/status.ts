import type { EventsStatus, History, Status } from '../../shared/api.ts';
import type { Activity } from '../activity/activity.ts';
import type { History as KeptHistory } from '../verdict/history.ts';
import type { Reading } from '../verdict/verdict-cache.ts';

/** Figures about supervisord's events. */
export interface EventFigures {
  readonly state: Exclude<EventsStatus['state'], 'off'>;
  /** Since the daemon's start. */
  readonly count: number;
  /** Time since the last event; undefined before the first. */
  readonly silentForMs: number | undefined;
}

/** What /status has besides a reading of the cache. */
export interface StatusContext {
  readonly nextCycleInMs: number;
  readonly settings: Record<string, string>;
  readonly version: string;
  /** Undefined if the daemon gets no events. */
  readonly events: EventFigures | undefined;
  readonly activity: Activity;
}

/** /status for a reading of the cache. */
export function describeStatus(
  { nowMs, verdict, newest, ageMs, staleLimitMs, unchangedForMs, cycles }: Reading,
  context: StatusContext,
): Status {
  return {
    ready: verdict.code === 0,
    code: verdict.code,
    reason: verdict.reason,
    message: verdict.message,
    ...(verdict.finding === undefined ? {} : { finding: verdict.finding }),
    ...(verdict.detail === undefined ? {} : { detail: verdict.detail }),
    ...(newest === undefined
      ? {}
      : { ageMs: Math.round(ageMs ?? 0), staleLimitMs: Math.round(staleLimitMs ?? 0), unchangedForMs: Math.round(unchangedForMs ?? 0) }),
    nextCycleInMs: Math.round(context.nextCycleInMs),
    cycles,
    steps: (newest?.steps ?? []).map(({ name, result, startedAtMs, durationMs }) => ({
      name,
      outcome: result.outcome,
      message: result.message,
      ...(result.outcome === 'failed' ? { finding: result.finding } : {}),
      ...(result.detail === undefined ? {} : { detail: result.detail }),
      agoMs: Math.round(nowMs - startedAtMs - durationMs),
      durationMs: Math.round(durationMs),
    })),
    ...describeActivity(context.activity),
    events: describeEvents(context.events),
    settings: context.settings,
    version: context.version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
  };
}

function describeActivity({ running, startPrograms, lastHour: { overMs, cycles, changes } }: Activity) {
  return {
    running: running.map(({ name, forMs, boundMs }) => ({ name, forMs: Math.round(forMs), boundMs })),
    startPrograms: startPrograms.map(({ program, state, forMs, seenAgoMs }) => ({
      program,
      state,
      ...(forMs === undefined ? {} : { forMs: Math.round(forMs) }),
      seenAgoMs: Math.round(seenAgoMs),
    })),
    lastHour: { overMs: Math.round(overMs), cycles, changes },
  };
}

function describeEvents(events: EventFigures | undefined): EventsStatus {
  if (events === undefined) return { state: 'off', received: 0 };
  const { state, count, silentForMs } = events;
  return { state, received: count, ...(silentForMs === undefined ? {} : { lastAgoMs: Math.round(silentForMs) }) };
}

/**
 * The changes of the verdict, newest first.
 *
 * @param nowMs - by the monotonic clock
 * @param wallNowMs - by the wall clock at the same moment
 */
export function describeHistory({ changes, count }: KeptHistory, nowMs: number, wallNowMs: number): History {
  const described = changes.map(({ sinceMs, verdict: { code, reason, message } }, index) => ({
    at: new Date(wallNowMs - (nowMs - sinceMs)).toISOString(),
    agoMs: Math.round(nowMs - sinceMs),
    lastedMs: Math.round((changes[index + 1]?.sinceMs ?? nowMs) - sinceMs),
    code,
    reason,
    message,
  }));
  return { changes: described.reverse(), total: count };
}
