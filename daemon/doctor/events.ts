import { sayDuration } from '../../shared/duration.ts';
import type { Found } from '../../shared/report.ts';
import type { Facts } from './facts.ts';
import { fine, warning } from './found.ts';

/** Without one of these, some changes would not be reported. */
const wantedEvents = ['PROCESS_STATE', 'PROCESS_GROUP', 'SUPERVISOR_STATE_CHANGE', 'TICK_60'];

/** By then supervisord must have reported something, at least the daemon's own start. */
const firstEventMs = 75_000;

/** Whether supervisord's events reach the daemon. Everything works without them, but changes are seen later. */
export function checkEvents({ status, section }: Facts): Found[] {
  if (status === undefined) return [];
  const { state = 'off', lastAgoMs = 0 } = status.events ?? {};
  const name = section?.name ?? '';
  if (state === 'off') return name.startsWith('eventlistener:') ? [warning('events', { kind: 'events-not-taken', section: name })] : [];
  if (name.startsWith('program:')) return [warning('events', { kind: 'events-not-sent', section: name })];
  const asked = section?.options.get('events')?.split(/[\s,]+/) ?? wantedEvents;
  // PROCESS_STATE includes all events that begin with it, and EVENT includes all events.
  const missing = asked.includes('EVENT') ? [] : wantedEvents.filter((event) => !asked.includes(event));
  if (missing.length > 0) return [warning('events', { kind: 'events-incomplete', section: name, missing, wanted: wantedEvents.join(',') })];
  if (state === 'stopped') return [warning('events', { kind: 'events-stopped' })];
  if (state === 'waiting' && status.uptimeMs > firstEventMs) return [warning('events', { kind: 'events-missing' })];
  return [fine('events', state === 'waiting' ? 'none has come yet' : `supervisord tells what happens, last ${sayDuration(lastAgoMs)} ago`)];
}
