import type { Logger } from 'pino';
import type { Loop } from './loop.ts';
import type { Watcher } from './steps/step.ts';
import type { Listener } from './supervisor/event-feed.ts';

/** The log reports lost events at most once in this time. */
const breakLogPeriodMs = 60_000;

/** Passes on to the loop what events mean: a failure is published at once, a reason to look causes a look. */
export function createListener(loop: Loop, watchers: readonly Watcher[], log: Pick<Logger, 'debug' | 'warn'>, now: () => number): Listener {
  let mayLogAtMs = now();
  return {
    onEvent(event, mayBeOver) {
      log.debug(event, 'event');
      const all = watchers.map(({ step, hear }) => ({ step, heard: hear(event, mayBeOver) }));
      for (const { step, heard } of all) if (typeof heard !== 'string') loop.worsen(step, heard);
      if (all.some(({ heard }) => heard !== 'nothing')) loop.look();
    },
    onBreak(why) {
      const nowMs = now();
      if (nowMs >= mayLogAtMs) log.warn({ why }, "supervisord's events cannot be relied on: it is asked at each cycle until they flow");
      mayLogAtMs = nowMs + breakLogPeriodMs;
      for (const { forgetEvents } of watchers) forgetEvents?.();
      loop.look();
    },
  };
}
