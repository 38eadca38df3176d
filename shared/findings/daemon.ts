import type { Words } from './words.ts';

/** Words for the daemon itself. */
export const daemonWords = {
  'first-cycle-runs': (): Words => ({
    message: 'the first cycle has not ended',
    cause: 'readinessd has just been started.',
    fix: [
      'wait some seconds: readinessctl wait --timeout 30s',
      'it stays so, or comes back: supervisorctl status readinessd, and the log of the container, say whether it is restarted',
    ],
  }),
  'verdict-expired': ({ was }: { was: string }): Words => ({
    message: `the last verdict has expired; it was ${was}`,
    cause: 'The next cycle hangs where it cannot be ended (a file system that does not answer), or the daemon got no processor time.',
    fix: [
      'see whether cycles still end: readinessctl status --watch',
      'see what hangs: ps -eo pid,stat,wchan:20,cmd | grep " D"',
      'see whether the container is throttled: nr_throttled in /sys/fs/cgroup/cpu.stat',
      'it stays so: supervisorctl restart readinessd',
    ],
  }),
  'step-threw': ({ step }: { step: string }): Words => ({
    message: `unexpected error in step ${step}, a bug in readinessd: its log has the details`,
    fix: ['find "step threw" in the log of the container, and report it', 'meanwhile: supervisorctl restart readinessd'],
  }),
  stopping: (): Words => ({ message: 'the daemon stops', fix: ['wait until it has been started again'] }),
};
