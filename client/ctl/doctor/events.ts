import { sayDuration } from '../../../shared/duration.ts';
import { NoAnswerError } from '../ask.ts';
import type { Facts } from './facts.ts';
import { type Finding, ok, warning } from './finding.ts';

/** Without them something would not be told. */
const wantedEvents = ['PROCESS_STATE', 'PROCESS_GROUP', 'SUPERVISOR_STATE_CHANGE', 'TICK_60'];

/** After so long supervisord would have told of something, the daemon's own start for one. */
const firstEventMs = 75_000;

const asShipped = 'as in supervisor.conf.example; then supervisorctl update';

/** Whether supervisord tells the daemon what happens. All works without that, but what changes is seen later. */
export function checkEvents({ daemon, daemonSection }: Facts): Finding[] {
  if (daemon instanceof NoAnswerError) return [];
  const { state = 'off', lastAgoMs = 0 } = daemon.events ?? {};
  const [name = '', options] = daemonSection ?? [];
  const isProgram = name.startsWith('program:');
  const late = 'it asks at each period instead';
  if (state === 'off') {
    if (!name.startsWith('eventlistener:')) return [];
    return [
      warning(
        'events',
        `[${name}] lacks --events in its command, so no event is taken: ${late}`,
        `command=/usr/bin/readinessd --events, ${asShipped}`,
      ),
    ];
  }
  if (isProgram) {
    const cure = `[eventlistener:readinessd], ${asShipped}; or leave --events out`;
    return [warning('events', `the daemon has --events, but [${name}] gets none, since it is no [eventlistener:]: ${late}`, cure)];
  }
  const missing =
    options === undefined ? [] : wantedEvents.filter((event) => !(options.get('events') ?? '').split(/[\s,]+/).includes(event));
  if (missing.length > 0) {
    return [
      warning(
        'events',
        `[${name}] does not ask for ${missing.join(', ')}: what they tell of is seen late`,
        `events=${wantedEvents.join(',')}, ${asShipped}`,
      ),
    ];
  }
  if (state === 'stopped') {
    return [
      warning(
        'events',
        `supervisord's events have stopped, the last came ${sayDuration(lastAgoMs)} ago: ${late}`,
        'supervisorctl restart readinessd',
      ),
    ];
  }
  if (state === 'waiting' && daemon.uptimeMs > firstEventMs) {
    const cure = `see whether its section is [eventlistener:readinessd], without numprocs= and process_name=, and with events=${wantedEvents.join(',')}, ${asShipped}`;
    return [
      warning(
        'events',
        `the daemon has --events, but was told of no program's start in ${sayDuration(daemon.uptimeMs)}, or of nothing since it missed something: ${late}`,
        cure,
      ),
    ];
  }
  return [ok('events', state === 'waiting' ? 'none has come yet' : `supervisord tells what happens, last ${sayDuration(lastAgoMs)} ago`)];
}
