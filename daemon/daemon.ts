import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { formatDuration } from '../shared/duration.ts';
import { version } from '../shared/version.ts';
import { noteActivity } from './activity/activity.ts';
import { cycleBounds, isNothingChecked } from './cycle.ts';
import { createListener } from './event-listener.ts';
import { garbageCollector } from './garbage.ts';
import { type AppSources, createApp } from './http/app.ts';
import { listenOn } from './http/socket.ts';
import { describeHistory, describeStatus } from './http/status.ts';
import { Loop, StoppedError } from './loop.ts';
import { countCycle, countProbe, createTally } from './metrics/tally.ts';
import type { Settings } from './settings/definitions.ts';
import { describeSettings } from './settings/describe.ts';
import { SettingsError } from './settings/settings.ts';
import type { ListenAddress } from './settings/values.ts';
import type { Pipeline } from './steps/pipeline.ts';
import type { EventFeed, Listener } from './supervisor/event-feed.ts';
import { maxEarnedRestMs, type Published, usualStaleLimit, type Verdict } from './verdict/verdict.ts';
import { createVerdictCache } from './verdict/verdict-cache.ts';

/**
 * After this many cycles: is there enough garbage to be worth a collection? The collections then
 * cost 0.2 % of the time.
 */
const cyclesPerCollection = 30;

/**
 * The first collections remove what the start has left, including code that only the start has
 * called. V8 lets that grow old first, so several are needed.
 */
const firstCollectionsAt = [3, 4, 5];

export interface Daemon extends Listener {
  /** Ends the running cycle and its hook, closes the socket and removes its file. */
  stop(): Promise<void>;
}

/**
 * Connects cache, HTTP and loop, and starts them.
 *
 * @param settings - in force
 * @param pipeline - the steps of each cycle, and who gets events
 * @param onSocketLost - called when another process has taken the socket: the daemon should end
 * @param events - supervisord's, if the daemon gets them
 * @throws SettingsError when the stale limit is too high, SocketError when it cannot listen on the
 * socket or the TCP address. Then nothing runs.
 */
export async function startDaemon(
  settings: Settings,
  pipeline: Pipeline,
  log: Logger,
  onSocketLost: (error: Error) => void,
  events?: EventFeed,
): Promise<Daemon> {
  warnOfLowLimit(settings, checkPipeline(settings, pipeline), log);
  const now = () => performance.now();
  const cache = createVerdictCache(now);
  const activity = noteActivity(pipeline, cache, now);
  const { stages } = activity;
  const tally = createTally(stages.flat().map(({ name }) => name));
  const shownSettings = describeSettings(settings);
  const collectGarbage = garbageCollector();
  let loop: Loop | undefined;
  /** The last cycle that was logged as stale, so that it is logged only once. */
  let lastStale: Published | undefined;

  const sources: AppSources = {
    verdict: () => {
      const { verdict, newest } = cache.read();
      if (verdict.reason === 'ResultStale' && lastStale !== newest) {
        lastStale = newest;
        logVerdict(verdict, log);
      }
      return verdict;
    },
    status: () =>
      describeStatus(cache.read(), {
        nextCycleInMs: loop?.nextInMs() ?? 0,
        settings: shownSettings,
        version,
        events,
        activity: activity.read(),
      }),
    history: () => describeHistory(cache.history(), now(), Date.now()),
    metrics: async () => {
      const { metricsContentType, processFigures, renderMetrics } = await import('./metrics/render.ts');
      return [renderMetrics(cache.read(), tally, cache.history().count, processFigures(), events), metricsContentType];
    },
    check: async () => {
      try {
        await loop?.check();
        return loop !== undefined;
      } catch (error) {
        if (error instanceof StoppedError) return false;
        throw error;
      }
    },
    onProbe: (endpoint, { code }) => countProbe(tally, endpoint, code),
  };
  const tcp = settings.listen === undefined ? undefined : await serveTcp(settings.listen, sources);
  const app = createApp(sources, tcp === undefined ? 1 : 2);
  await app.ready();
  const socket = await listenOn(app.server, settings.socketPath, settings.socketMode);
  log.info({ version, pid: process.pid, settings: shownSettings }, 'started');

  const started = new Loop({
    ...settings,
    stages,
    now,
    onBegin() {
      events?.watch();
      activity.begin();
      cache.begin();
    },
    onAlive: cache.alive,
    onCycle(cycle) {
      countCycle(tally, cycle);
      if (cache.publish(cycle)) logVerdict(cycle.verdict, log, isNothingChecked(cycle.steps));
      socket.ensure().catch(onSocketLost);
      const { cycles } = cache.read();
      const isFirst = firstCollectionsAt.includes(cycles);
      if (isFirst || cycles % cyclesPerCollection === 0) collectGarbage(isFirst);
    },
    onEnd: cache.end,
    onBug: (error, step) => log.error({ err: error, step }, 'step threw'),
  });
  loop = started;

  return {
    ...createListener(started, pipeline.watchers, log, now),
    async stop() {
      try {
        socket.remove();
      } catch (error) {
        log.error({ err: error }, 'socket not removed');
      }
      await Promise.all([started.stop(), app.close(), tcp?.close()]);
    },
  };
}

/** Loaded only if READINESSD_LISTEN is set. */
async function serveTcp(address: ListenAddress, sources: AppSources): Promise<FastifyInstance> {
  const { createTcpApp, listenOnTcp } = await import('./http/tcp.ts');
  const app = createTcpApp(sources, 2);
  await app.ready();
  await listenOnTcp(app.server, address);
  return app;
}

/**
 * The stale limit may be set lower. A higher one is refused: a verdict would be shown for longer
 * than it can be trusted.
 *
 * @returns the stale limit that follows from the periods and timeouts, milliseconds
 * @throws SettingsError when the set one is higher
 */
export function checkPipeline({ staleLimitMs, periodReadyMs }: Settings, { stages }: Pick<Pipeline, 'stages'>): number {
  const usualMs = usualStaleLimit(Math.max(periodReadyMs, maxEarnedRestMs), cycleBounds(stages).usualMs);
  if (staleLimitMs !== undefined && staleLimitMs > usualMs) {
    const given = `READINESSD_STALE_LIMIT=${formatDuration(staleLimitMs)}`;
    throw new SettingsError(`cannot use ${given}: must be at most ${formatDuration(usualMs)}, which follows from the periods and timeouts`);
  }
  return usualMs;
}

/** @param usualMs - the limit that follows from the bounds */
function warnOfLowLimit({ staleLimitMs }: Settings, usualMs: number, log: Logger): void {
  if (staleLimitMs === undefined || staleLimitMs >= usualMs) return;
  log.warn({ staleLimitMs, usualMs }, 'stale limit is lower than the bounds need: a verdict may go stale while all is well');
}

/** @param isNothingChecked - it is ready, but every step had nothing to check */
function logVerdict({ code, reason, message }: Verdict, log: Logger, isNothingChecked = false): void {
  log[code === 0 && !isNothingChecked ? 'info' : 'warn']({ code, reason, message }, 'verdict changed');
}
