import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { signalGroup } from './group.ts';

/**
 * A daemon that SIGKILL ends cannot end the program that it runs. So the running program's process group stands in a file,
 * and the next daemon, before it runs one itself, ends what is left of it. (A daemon that is killed in the instant between
 * the program's start and the note leaves it all the same.)
 */

const maxNoteBytes = 100;

/** In a note, for a start that /proc did not tell: it is not mounted, or hides the processes of others (hidepid=2). */
const unknown = '-';

/** When this container's first process was started: it does not change while the daemon lives. */
let ownInitStart: string | undefined;

/** Notes a group as running. A note that cannot be written costs only this protection, so it is no error. */
export function noteGroup(path: string, pid: number): void {
  try {
    // Never through what somebody else has put there: a named pipe would be waited for.
    ownInitStart ??= startTime(1);
    writeFileSync(path, `${pid} ${startTime(pid)} ${ownInitStart}\n`, { mode: 0o600, flag: 'wx' });
  } catch {}
}

export function forgetGroup(path: string): void {
  try {
    unlinkSync(path);
  } catch {}
}

/** Notes that hold nothing of an earlier daemon any more: from then on what stands in them is this daemon's own, and running. */
const settled = new Set<string>();

/**
 * Ends what an earlier daemon left running, once for each note, however many programs share it.
 *
 * @param path - of the note
 * @returns false when it may still run: then no program may be started beside it
 */
export function settleLeftover(path: string): boolean {
  if (!settled.has(path) && endLeftover(path)) settled.add(path);
  return settled.has(path);
}

/**
 * Ends the group in the note, if it is certain that it is the one that was noted.
 *
 * @returns false when it may be, and lives
 */
function endLeftover(path: string): boolean {
  const group = leftGroup(readNote(path));
  const outcome = group === undefined ? 'gone' : signalGroup(group.pid, group.isCertain ? 'SIGKILL' : 0);
  const mayLive = outcome === 'forbidden' || (outcome === 'signalled' && group?.isCertain === false);
  if (!mayLive) forgetGroup(path);
  return !mayLive;
}

/** @returns undefined when no group was noted, or its number is somebody else's now */
function leftGroup(note: string): { readonly pid: number; readonly isCertain: boolean } | undefined {
  // Never 0 or 1, whatever the note says: kill(-1) reaches every process there is.
  const [, digits, leaderStart, initStart] = /^([2-9]|[1-9]\d+) (\d+|-) (\d+|-)\n$/.exec(note) ?? [];
  if (digits === undefined) return undefined;
  const pid = Number(digits);
  const [leaderNow, initNow] = [startTime(pid), startTime(1)];
  const isKnown = leaderStart !== unknown && leaderNow !== unknown;
  // After a restart of the container, with a /run that outlives it, the same number is somebody else's.
  if ((isKnown && leaderNow !== leaderStart) || (initNow !== unknown && initStart !== unknown && initNow !== initStart)) return undefined;
  // Without its leader, the number is not given out again while others are in the group.
  return { pid, isCertain: isKnown || (leaderStart !== unknown && initNow !== unknown && initNow === initStart) };
}

/** The note's text; '' unless it is this user's own: in a directory that others may write, they could have anything killed. */
function readNote(path: string): string {
  let file: number | undefined;
  try {
    // Without O_NONBLOCK a named pipe would be waited for.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(file);
    const isOwn = stats.isFile() && stats.uid === process.geteuid?.() && stats.nlink === 1 && (stats.mode & 0o7777) === 0o600;
    return isOwn && stats.size < maxNoteBytes ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** When a process was started, in clock ticks since the machine was (proc(5), field 22); '-' when that is not told. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, a name in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? unknown;
  } catch {
    return unknown;
  }
}
