import type { Reason } from '../../../shared/exit-codes.ts';
import type { Explanation } from './explanation.ts';

/** Explains the reasons that concern the daemon and the probe themselves. */
export const daemonExplanations = {
  DaemonUnreachable: {
    about: 'daemon',
    meaning:
      'the probe could not connect to readinessd: there is no socket, nobody listens on it, or the probe may not open it. Nothing is known of the services themselves.',
    causes: [
      'readinessd does not run: supervisord has no section for it, or gave up on it (FATAL), or somebody stopped it',
      'it has just been killed (out of memory, perhaps), and supervisord is about to start it again',
      "it listens at another path: READINESSD_SOCKET is set in supervisord's environment=, which a kubelet's exec does not see",
      'the probe runs as a user who may not open the socket (mode 0600)',
    ],
    actions: [
      'readinessctl doctor finds out which',
      'supervisorctl status readinessd; FATAL or STOPPED: supervisorctl start readinessd; its stderr (the log of the container) says why it ended',
      'no such program: copy supervisor.conf.example to /etc/supervisor/conf.d/readinessd.conf, then supervisorctl update',
      "another path: set READINESSD_SOCKET in the container's environment (env: in the pod, ENV in the image), not in supervisord's",
      'another user: READINESSD_SOCKET_MODE=0660 and a common group, or run the probe as the same user',
    ],
  },
  DaemonTimeout: {
    about: 'daemon',
    meaning:
      'readinessd accepted the connection, or its backlog is full, but it did not answer in time (500 ms for a probe). It answers from memory, so it got no processor time, or is frozen.',
    causes: [
      'the node is overloaded, or the container is throttled (a low CPU limit)',
      'the daemon is stopped (SIGSTOP, a frozen cgroup)',
      'the node swaps, or the container is at its memory limit',
    ],
    actions: [
      'see its state: ps -o pid,stat,etime,cmd -C node (T is stopped: kill -CONT PID)',
      'see the load: cat /proc/loadavg /sys/fs/cgroup/cpu.stat (nr_throttled)',
      'it does not come back: supervisorctl restart readinessd',
      "a slow node: READINESSD_PROBE_TIMEOUT_MS in the container's environment, and timeoutSeconds of the readinessProbe above that",
    ],
  },
  DaemonBadReply: {
    about: 'daemon',
    meaning: 'something answered at the socket, but not as readinessd does, or only a part of an answer came.',
    causes: [
      'another program listens at that path',
      'READINESSD_SOCKET names the socket of something else (supervisord, say)',
      'the daemon ended in the middle of its answer',
      'probe and daemon are of different versions',
    ],
    actions: [
      'see who listens: ss -xlp, or readinessctl doctor',
      'see what it says: curl --unix-socket /run/readinessd.sock http://localhost/probe',
      'correct READINESSD_SOCKET, both in the container and for the daemon',
    ],
  },
  ResultStale: {
    about: 'daemon',
    meaning:
      'the last verdict has expired, or the next cycle is overdue. So the verdict does not count, even if it was ready. The message says what it was.',
    causes: [
      'a check hangs where it cannot be ended: in the kernel, on a file system that does not answer (NFS, FUSE)',
      'the daemon was frozen, or got no processor time',
      'READINESSD_STALE_LIMIT is lower than the time that checks need',
    ],
    actions: [
      'look for processes in state D: ps -eo pid,stat,wchan:20,cmd | grep " D"',
      'see whether cycles still end: readinessctl status --watch',
      'READINESSD_STALE_LIMIT is set: remove it, and the daemon computes a limit that fits',
      'it stays so: supervisorctl restart readinessd',
    ],
  },
  ResultPending: {
    about: 'daemon',
    meaning: 'the daemon runs, and its first cycle has not ended. That takes less than a second, unless the hook or a check is slow.',
    causes: [
      'it has just been started',
      'its first run of the hook takes long (up to READINESSD_HOOK_TIMEOUT, 10 s by default)',
      'supervisord does not answer (2 s for each call)',
    ],
    actions: [
      'wait some seconds: readinessctl wait --timeout 30s',
      'it keeps coming back: the daemon is restarted again and again; supervisorctl status readinessd and the log of the container say why',
    ],
  },
  InternalError: {
    about: 'daemon',
    meaning: 'a check failed in a way that nobody foresaw: a bug in readinessd. Its log has the stack.',
    causes: ['a bug in readinessd'],
    actions: [
      'find "step threw" in the log of the daemon (the log of the container), and report it',
      'supervisorctl restart readinessd may help meanwhile',
    ],
  },
  ClientUsage: {
    about: 'probe',
    meaning: 'the probe, or readinessctl, was called with an argument or a setting that it cannot use. Nothing was asked.',
    causes: [
      'a wrong argument in the command: of the readinessProbe',
      'READINESSD_SOCKET is not an absolute path, or is longer than 96 bytes',
      'READINESSD_PROBE_TIMEOUT_MS is not a number of milliseconds from 1 to 60000',
    ],
    actions: [
      'the message names the argument or setting; readiness_probe.sh --help says what there is',
      'kubectl get pod POD -o yaml shows the command and the environment that it is called with',
    ],
  },
  ClientBroken: {
    about: 'probe',
    meaning: 'the probe found no client that it could run, or could not write its answer.',
    causes: [
      'only a part of the tree was copied into the image: usr/lib/readinessd is missing, or its files are cut short or not executable',
      'the native client is of another architecture than the container, and there is no node in PATH to run the TypeScript client',
      'stdout is closed or its disk is full',
    ],
    actions: [
      'readinessctl doctor says which client is wrong',
      'copy the whole of dist/rootfs/ onto / again, built for this architecture, with its modes',
    ],
  },
} satisfies Partial<Readonly<Record<Reason, Explanation>>>;
