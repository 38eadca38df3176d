import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * A daemon that SIGKILL ends cannot end its hook. So the running hook's process group stands in a file, and the next
 * daemon, before it runs a hook itself, ends what is left of it. (A daemon that is killed in the instant between the
 * hook's start and the note leaves it all the same.)
 */

const maxNoteBytes = 100;

/** Notes a group as running. A note that cannot be written costs only this protection, so it is no error. */
export function noteGroup(path: string, pid: number): void {
  try {
    // Never through what somebody else has put there: a named pipe would be waited for.
    writeFileSync(path, `${pid} ${startTime(pid)} ${startTime(1)}\n`, { mode: 0o600, flag: 'wx' });
  } catch {}
}

export function forgetGroup(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

/** Ends the group in the note, if it is certain that it is the one that was noted. */
export function endLeftover(path: string): void {
  const note = readNote(path);
  forgetGroup(path);
  // Never 0 or 1, whatever the note says: kill(-1) reaches every process there is.
  const [, pid, leaderStart, initStart] = /^([2-9]|[1-9]\d+) (\d+) (\d+)\n$/.exec(note) ?? [];
  // After a restart of the container, with a /run that outlives it, the same number is somebody else's.
  if (pid === undefined || initStart !== startTime(1)) return;
  // No leader: the number is not given out again while others are in its group.
  if (![leaderStart, ''].includes(startTime(Number(pid)))) return;
  try {
    process.kill(-Number(pid), 'SIGKILL');
  } catch {}
}

/** The note's text; '' when there is none, or something else in its place. */
function readNote(path: string): string {
  try {
    const stats = lstatSync(path);
    return stats.isFile() && stats.size < maxNoteBytes ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}

/** When a process was started, in clock ticks since the machine was (proc(5), field 22); '' when there is none. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, a name in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
