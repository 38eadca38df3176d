/**
 * Signals a process group; with 0 it is only looked whether that could be done.
 *
 * @returns 'gone' when nobody is left, 'forbidden' when it holds only processes that changed their user, and may not be signalled
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
