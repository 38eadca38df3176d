import { constants } from 'node:os';
import type { Reason } from '../../shared/exit-codes.ts';

/** What an operator needs to know of a reason, who has never heard of it. */
export interface Explanation {
  /** What it is about, where in the chain to look. */
  readonly about: 'all' | 'start' | 'hook' | 'supervisord' | 'daemon' | 'probe';
  readonly meaning: string;
  readonly causes: readonly string[];
  readonly actions: readonly string[];
}

const explanations: Readonly<Record<Reason, Explanation>> = {
  Ready: {
    about: 'all',
    meaning: 'the container is ready: every start.sh program has exited with code 0, and the hook, if there is one, has too.',
    causes: [],
    actions: [],
  },
  HookCrashed: {
    about: 'hook',
    meaning:
      'the hook (/usr/bin/readiness_probe_hook) exited with code 1. That may be its own word for "not ready", or it crashed: Python exits with 1 on an uncaught exception, a shell with `set -e` on many a failed command.',
    causes: [
      'an error in the hook itself: the end of its output says so (a traceback, "No such file")',
      'what it asks (a database, a socket) is not there yet, and it does not expect that',
    ],
    actions: [
      'read the output of the hook: "readinessctl status" shows its end',
      'run it by hand as the daemon does, in / and without a terminal: cd / && /usr/bin/readiness_probe_hook </dev/null; echo $?',
      'if 1 is its own word for "not ready", have it use a code from 3-99 and print a line that says why',
    ],
  },
  StartNotFinished: {
    about: 'start',
    meaning: 'start.sh, which does the real initialisation, has not finished yet. While a container starts this is as it should be.',
    causes: [
      'it is still running; how long it takes is its own business',
      'it waits for something that does not come (a database, another container, a lock)',
      'nobody has started it: autostart=false in its section, and what should start it has not',
      'BACKOFF: it ended sooner than startsecs (1 s by default), so supervisord takes even a success for a failed start: it needs startsecs=0',
      'it exits with code 0 again and again: autorestart=true in its section',
      'a "supervisorctl reread" brought it into the configuration, and no "update" loaded it',
    ],
    actions: [
      'see its state: supervisorctl status (and "readinessctl doctor", which knows the traps)',
      'see what it does: supervisorctl tail start, or the log of the container; ps -ef --forest shows what it waits for',
      'never started: supervisorctl start start; not loaded: supervisorctl update',
      'in its section: startsecs=0, autorestart=false; then supervisorctl update',
    ],
  },
  HookFailed: {
    about: 'hook',
    meaning:
      "the hook (/usr/bin/readiness_probe_hook) says that the feature is not ready, by a code of its own. What the code means, its owner knows; the hook's output should say.",
    causes: [
      'the feature is really not ready',
      'the hook could not find out: 126 and 127 are what shells say of a command that cannot be run, or is not there',
    ],
    actions: [
      'read the output of the hook: "readinessctl status" shows its end',
      'run it by hand as the daemon does: cd / && /usr/bin/readiness_probe_hook </dev/null; echo $?',
      "ask the feature's owner what the code stands for",
      'when it is mended: "readinessctl check" looks again at once',
    ],
  },
  DaemonUnreachable: {
    about: 'daemon',
    meaning:
      'the probe could not connect to readinessd: there is no socket, nobody listens on it, or it may not be opened. Nothing is known of the services themselves.',
    causes: [
      'readinessd does not run: supervisord has no [program:readinessd], or gave up on it (FATAL), or somebody stopped it',
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
      'put READINESSD_SOCKET right, in the container and for the daemon alike',
    ],
  },
  ResultStale: {
    about: 'daemon',
    meaning: 'the newest verdict is older than it may be, so it is not believed, even if it was ready. The message says what it was.',
    causes: [
      'a check hangs where it cannot be ended: in the kernel, on a file system that does not answer (NFS, FUSE)',
      'the daemon was frozen, or got no processor time',
      'READINESSD_STALE_LIMIT is lower than the time that checks need',
    ],
    actions: [
      'look for processes in state D: ps -eo pid,stat,wchan:20,cmd | grep " D"',
      'see whether cycles still end: readinessctl status --watch',
      'READINESSD_STALE_LIMIT is set: leave it out, and the daemon works out a limit that fits',
      'it stays so: supervisorctl restart readinessd',
    ],
  },
  ResultPending: {
    about: 'daemon',
    meaning:
      'the daemon runs, and its first look at supervisord and the hook has not ended. That takes less than a second, unless the hook is slow.',
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
      'READINESSD_SOCKET is no absolute path, or longer than 96 bytes',
      'READINESSD_PROBE_TIMEOUT_MS is no number of milliseconds from 1 to 60000',
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
      'the tree was copied into the image only in part: usr/lib/readinessd is missing, or its files are cut short or not executable',
      'the native client is of another architecture than the container, and there is no node in PATH for the other one',
      'stdout is closed or its disk is full',
    ],
    actions: [
      'readinessctl doctor says which client is wrong',
      'copy the whole of dist/rootfs/ onto / again, built for this architecture, with its modes',
    ],
  },
  SupervisorUnreachable: {
    about: 'supervisord',
    meaning:
      'supervisord could not be asked: its socket is not there, it refuses, or it does not answer in time. So it is not known whether start.sh is good.',
    causes: [
      'supervisord has no [unix_http_server] section, or its file= is another path than the daemon was told',
      'supervisord is frozen, or busy for seconds (many programs, a slow event listener)',
      'READINESSD_SUPERVISOR_URL is wrong (it wins over what supervisord tells its programs)',
      'readinessd runs as a user who may not open the socket (its chmod= and chown=)',
      'supervisord is down, or there is none: READINESSD_START_STEP=off is for containers without',
    ],
    actions: [
      'ask it yourself: supervisorctl -s unix:///var/run/supervisor.sock status',
      'compare: grep -A3 unix_http_server /etc/supervisor/supervisord.conf, and "readinessctl status --json" (settings.supervisor)',
      'frozen: ps -o stat,wchan,cmd -C supervisord; it is often PID 1, and then only a restart of the container helps',
    ],
  },
  SupervisorBadReply: {
    about: 'supervisord',
    meaning: 'supervisord answered, but not with what was asked for.',
    causes: [
      'it is shutting down or reloading (SHUTDOWN_STATE): over when its programs have ended',
      'HTTP 401: its socket asks for username= and password=, which readinessd was not given',
      'UNKNOWN_METHOD, or HTTP 404: [rpcinterface:supervisor] is missing in its configuration',
      'the URL leads to something else than supervisord',
    ],
    actions: [
      'reload or shutdown: wait until it is over',
      '401: READINESSD_SUPERVISOR_USER and READINESSD_SUPERVISOR_PASSWORD in environment= of [program:readinessd]',
      'missing interface: add [rpcinterface:supervisor] with supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface, and start the container again',
    ],
  },
  StartFailed: {
    about: 'start',
    meaning:
      'start.sh ended badly: with a non-zero code, or by a signal. The container is not initialised, and will not be until start.sh is run again with success.',
    causes: ['an error in start.sh, or something that it needs was not there', 'it was killed: by somebody, or by the kernel for memory'],
    actions: [
      'read what it printed last: supervisorctl tail start, supervisorctl tail start stderr, or the log of the container',
      'killed by a signal: dmesg | grep -i "killed process", and the memory limit of the container',
      'mend the cause, then run it again: supervisorctl start start',
      'readinessctl wait then tells when it is ready',
    ],
  },
  StartFatal: {
    about: 'start',
    meaning:
      'supervisord gave up on start.sh (FATAL): it could not be started, or ended sooner than startsecs, several times. supervisord does not tell its exit code.',
    causes: [
      'it does its work at once and exits with code 0, but its section lacks startsecs=0: with the default of 1 s that counts as a failed start',
      'it fails at once',
      'its command does not exist, or is not executable ("can\'t find command")',
    ],
    actions: [
      'in [program:start]: startsecs=0 and autorestart=false; then supervisorctl update',
      'run it by hand to see its exit code, if it may be run twice',
      'mend the cause, then run it again: supervisorctl start start',
    ],
  },
  StartUnknown: {
    about: 'start',
    meaning:
      'it cannot be told whether start.sh has succeeded: supervisord has it in an unknown state, or does not say what a live program runs.',
    causes: [
      'a "supervisorctl reread" took a program out of the configuration that still runs, and no "update" followed',
      "supervisor older than 4.0, which does not tell programs' commands",
      'an internal error of supervisord (state UNKNOWN)',
    ],
    actions: [
      'bring configuration and processes together: supervisorctl update',
      'call the program "start", so that its command need not be known',
      'read the log of supervisord: supervisorctl maintail',
    ],
  },
  StartStopped: {
    about: 'start',
    meaning: 'start.sh had been started, and somebody stopped it before it ended.',
    causes: ['somebody ran "supervisorctl stop start" or "stop all"', 'another program stops it over RPC'],
    actions: ['run it again: supervisorctl start start', 'find who stopped it: supervisorctl maintail -50000 | grep start'],
  },
  HookNotExecutable: {
    about: 'hook',
    meaning: 'there is something at the path of the hook, but no executable file. It could hide a hook, so the container is not ready.',
    causes: [
      'the x bit is missing: COPY without --chmod, a checkout from Windows, a ConfigMap without defaultMode: 0755',
      'it is a directory: a volume was mounted there whose file does not exist',
      'it is a symbolic link that leads nowhere',
    ],
    actions: [
      'ls -l /usr/bin/readiness_probe_hook',
      'chmod 0755 it; in a ConfigMap volume set defaultMode: 0755; put the link right',
      'there should be no hook: remove what is there',
    ],
  },
  HookUnsafe: {
    about: 'hook',
    meaning: 'the daemon is root, and would run the hook as root, but others than root could have written it. So it was not run.',
    causes: [
      'the hook, a directory on the way to it or a link belongs to another user (COPY --chown, a volume)',
      'one of them can be written by everybody, or by a group other than root (umask 000, chmod 777)',
    ],
    actions: [
      'the message names the file or directory: chown root:root it, chmod go-w it',
      'the hook lies on a volume whose owner cannot be changed: copy it to /usr/bin in the image',
      'you trust whoever can write it: READINESSD_HOOK_SAFETY_CHECK=off',
    ],
  },
  HookTimeout: {
    about: 'hook',
    meaning: 'the hook ran longer than its timeout (READINESSD_HOOK_TIMEOUT, 10 s by default) and was killed, with its process group.',
    causes: [
      'what it asks does not answer, and it waits without a limit of its own (curl without --max-time, nc, a lock)',
      'it needs longer than that on this node',
      'it starts a shell or an editor that reads a terminal',
    ],
    actions: [
      'see where it hangs: the end of its output ("readinessctl status"), or sh -x /usr/bin/readiness_probe_hook',
      'give each of its commands a limit: curl --max-time 2, timeout --foreground 2 COMMAND',
      'it needs the time: READINESSD_HOOK_TIMEOUT=30s for the daemon; a slow hook is run less often',
    ],
  },
  HookSpawnFailed: {
    about: 'hook',
    meaning: 'the hook could not be started. Nothing runs it through a shell instead, for that would take an empty file for success.',
    causes: [
      'it has no #! line, or is empty',
      'the interpreter of its #! line does not exist in this image (bash in Alpine, python in slim images)',
      'its lines end in CR LF (Windows): the kernel looks for "/bin/sh\\r"',
      'it is a binary of another architecture, or cut short',
      'its file system is mounted noexec',
      'no process could be made: limit of processes or of memory; or it is being replaced just now',
    ],
    actions: [
      'the message says which',
      'head -1 /usr/bin/readiness_probe_hook | od -c | head shows the #! line with its line ending',
      "CR LF: sed -i 's/\\r$//' /usr/bin/readiness_probe_hook",
      'install the interpreter, or use #!/bin/sh',
      'noexec: mount | grep noexec; move the hook',
    ],
  },
  HookKilled: {
    about: 'hook',
    meaning: 'the hook died of a signal; the message names it.',
    causes: [
      'SIGKILL: the kernel, for memory; or somebody',
      'SIGSEGV, SIGABRT, SIGBUS: it crashed',
      'SIGTERM, SIGPIPE: what it runs ended it',
    ],
    actions: [
      'memory: dmesg | grep -i "killed process"; cat /sys/fs/cgroup/memory.events (oom_kill)',
      'run it by hand: cd / && /usr/bin/readiness_probe_hook </dev/null; echo $? (128 + the number of the signal)',
    ],
  },
  HookReservedCode: {
    about: 'hook',
    meaning: "the hook exited with 2 or 100-125. Those codes are readinessd's own, so whoever acts on the number would be misled.",
    causes: [
      '2 is what many programs say of wrong usage: grep of a file that is not there, a shell of a syntax error, argparse of an argument',
      "100-125: the hook's owner chose one of them; 124 and 125 come from timeout(1)",
    ],
    actions: [
      'run it by hand and read what it says',
      'have it map its results to codes that are free: 1, 3-99, 126-255; as: grep -q up /run/state || exit 20',
    ],
  },
};

/** The explanation of a reason; of one that a newer daemon has, only so much. */
export function explanationOf(reason: string): Explanation {
  return (
    explanations[reason as Reason] ?? {
      about: 'all',
      meaning: 'a reason that this readinessctl does not know: the daemon is of another version.',
      causes: [],
      actions: ['use the readinessctl of the same version'],
    }
  );
}

/** What some of a hook's codes mean by convention. */
export const hookCodeNotes: readonly { readonly codes: readonly [number, number]; readonly note: (code: number) => string }[] = [
  {
    codes: [126, 126],
    note: () =>
      '126 is what a shell says when a command in the hook is there but cannot be run: not executable, or its interpreter is missing.',
  },
  {
    codes: [127, 127],
    note: () =>
      "127 is what a shell (and env) says when a command is not found: it is not installed in this image, or not in the daemon's PATH, or the script has CR LF line endings.",
  },
  {
    codes: [129, 192],
    note: (code) => {
      const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
      const why = name === 'SIGKILL' ? ': the kernel did it for memory, perhaps' : '';
      return `${code} is what a shell says when a command in the hook died of signal ${code - 128}${name === undefined ? '' : ` (${name})`}${why}.`;
    },
  },
];
