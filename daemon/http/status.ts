import type { Status } from '../../shared/api.ts';
import type { Reading } from '../verdict-cache.ts';

/** What the daemon adds to a reading of the cache. */
export interface StatusContext {
  readonly nextCycleInMs: number;
  readonly settings: Record<string, string>;
  readonly version: string;
}

/** The status as of a reading of the cache. */
export function describeStatus({ verdict, newest, ageMs, unchangedForMs, cycles }: Reading, context: StatusContext): Status {
  return {
    ready: verdict.code === 0,
    code: verdict.code,
    reason: verdict.reason,
    message: verdict.message,
    ...(verdict.detail === undefined ? {} : { detail: verdict.detail }),
    ...(newest === undefined
      ? {}
      : { ageMs: Math.round(ageMs ?? 0), staleLimitMs: Math.round(newest.staleLimitMs), unchangedForMs: Math.round(unchangedForMs ?? 0) }),
    nextCycleInMs: Math.round(context.nextCycleInMs),
    cycles,
    steps: (newest?.steps ?? []).map(({ name, result: { outcome, message, detail }, durationMs }) => ({
      name,
      outcome,
      message,
      ...(detail === undefined ? {} : { detail }),
      durationMs: Math.round(durationMs),
    })),
    settings: context.settings,
    version: context.version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
  };
}
