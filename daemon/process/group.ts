/**
 * Signals a process group. Signal 0 only tests whether it could be signalled.
 *
 * @returns 'gone' if no process is left; 'forbidden' if all that are left changed their user, so
 * that they cannot be signalled
 */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): 'signalled' | 'forbidden' | 'gone' {
  try {
    process.kill(-pid, signal);
    return 'signalled';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'forbidden';
    throw error;
  }
}
