import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { signalGroup } from './group.ts';

/**
 * A daemon killed by SIGKILL cannot end the program that it runs. So it notes the program's process
 * group in a file, and the next daemon ends what is left of that group before it runs a program
 * itself. (If the daemon is killed between the program's start and the note, the program is not
 * found.)
 */

const maxNoteBytes = 100;

/**
 * In a note: /proc did not say when a process started. It is not mounted, or hides other users'
 * processes (hidepid=2).
 */
const unknown = '-';

/** When this container's first process started. It does not change while the daemon lives. */
let ownInitStart: string | undefined;

/** Notes a running group. If the note cannot be written, only this protection is lost, so that is no error. */
export function noteGroup(path: string, pid: number): void {
  try {
    // Never write to what somebody else has put there: opening a named pipe would wait.
    ownInitStart ??= startTime(1);
    writeFileSync(path, `${pid} ${startTime(pid)} ${ownInitStart}\n`, { mode: 0o600, flag: 'wx' });
  } catch {}
}

export function forgetGroup(path: string): void {
  try {
    unlinkSync(path);
  } catch {}
}

/** Notes with nothing of an earlier daemon left in them: any group in them was started by this daemon. */
const settled = new Set<string>();

/**
 * Ends what an earlier daemon left running: once for each note, even if several programs share it.
 *
 * @param path - of the note
 * @returns false when it may still run: then no program may be started beside it
 */
export function settleLeftover(path: string): boolean {
  if (!settled.has(path) && endLeftover(path)) settled.add(path);
  return settled.has(path);
}

/**
 * Ends the group in the note, if it certainly is the one that was noted.
 *
 * @returns false when it may be that one, and lives
 */
function endLeftover(path: string): boolean {
  const group = leftGroup(readNote(path));
  const outcome = group === undefined ? 'gone' : signalGroup(group.pid, group.isCertain ? 'SIGKILL' : 0);
  const mayLive = outcome === 'forbidden' || (outcome === 'signalled' && group?.isCertain === false);
  if (!mayLive) forgetGroup(path);
  return !mayLive;
}

/** @returns undefined when no group is noted, or its number now belongs to another one */
function leftGroup(note: string): { readonly pid: number; readonly isCertain: boolean } | undefined {
  // Never accept 0 or 1, whatever the note says: kill(-1) reaches every process there is.
  const [, digits, leaderStart, initStart] = /^([2-9]|[1-9]\d+) (\d+|-) (\d+|-)\n$/.exec(note) ?? [];
  if (digits === undefined) return undefined;
  const pid = Number(digits);
  const [leaderNow, initNow] = [startTime(pid), startTime(1)];
  const isKnown = leaderStart !== unknown && leaderNow !== unknown;
  // /run can outlive the container. After a restart, the same number belongs to something else.
  if ((isKnown && leaderNow !== leaderStart) || (initNow !== unknown && initStart !== unknown && initNow !== initStart)) return undefined;
  // If the leader is gone but others of its group live, the kernel does not reuse the number.
  return { pid, isCertain: isKnown || (leaderStart !== unknown && initNow !== unknown && initNow === initStart) };
}

/**
 * The note's text; '' unless the note is this user's own. In a directory that others may write to,
 * they could otherwise have any process killed.
 */
function readNote(path: string): string {
  let file: number | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait.
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

/** When a process started, in clock ticks since boot (proc(5), field 22); '-' when /proc does not say. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses, which may contain anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? unknown;
  } catch {
    return unknown;
  }
}
