import type { RunningStatus, StartProgramStatus, Status } from './api.ts';
import { sayDuration } from './duration.ts';
import { oneLine } from './reply.ts';

/** The most items that are named in a list. */
const mostNamed = 3;

const hourMs = 3_600_000;

/** Without events, a state seen longer ago than this may have changed. */
const oldMs = 5000;

/** The running steps, for people: `hook for 3.0 s of at most 11 s`. */
export function runningText(running: readonly RunningStatus[]): string {
  const texts = running.map(({ name, forMs, boundMs }) => `${oneLine(name)} for ${sayDuration(forMs)}${boundText(forMs, boundMs)}`);
  return named(texts).join(', ');
}

/** One line for each start program that has not ended: its state, and for how long. */
export function startLines({ startPrograms = [], events }: Status): string[] {
  const areOld = events?.state !== 'flowing';
  return named(startPrograms.filter(({ state }) => state !== 'EXITED').map((program) => startLine(program, areOld)));
}

/** How much has happened lately, in a line. */
export function hourLines({ lastHour }: Status): string[] {
  if (lastHour === undefined) return [];
  const { overMs, cycles, changes } = lastHour;
  const time = overMs >= hourMs ? 'in the last hour' : 'since its start';
  return [`${time} ${count(cycles, 'cycle')}, ${count(changes, 'change')} of the verdict`];
}

/** @param mayBeOld - no event would report a change */
function startLine({ program, state, forMs, seenAgoMs }: StartProgramStatus, mayBeOld: boolean): string {
  const since = forMs === undefined ? `is ${state}` : `has been ${state} for ${sayDuration(forMs)}`;
  return `start.sh (program "${oneLine(program)}") ${since}${mayBeOld && seenAgoMs > oldMs ? `, as seen ${sayDuration(seenAgoMs)} ago` : ''}`;
}

function boundText(forMs: number, boundMs: number): string {
  if (boundMs === 0) return '';
  return forMs <= boundMs ? ` of at most ${sayDuration(boundMs)}` : `, longer than the usual ${sayDuration(boundMs)}`;
}

function named(texts: readonly string[]): string[] {
  const more = texts.length - mostNamed;
  return more > 0 ? [...texts.slice(0, mostNamed), `and ${more} more`] : [...texts];
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
