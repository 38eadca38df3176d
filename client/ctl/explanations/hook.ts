import type { Reason } from '../../../shared/exit-codes.ts';
import type { Explanation } from './explanation.ts';

/** Explains the reasons of the hook. */
export const hookExplanations = {
  HookCrashed: {
    about: 'hook',
    meaning:
      'the hook (/usr/bin/readiness_probe_hook) exited with code 1. That may be its own code for "not ready", or it crashed: Python exits with 1 on an uncaught exception, a shell with `set -e` on many a failed command.',
    causes: [
      'an error in the hook itself: the end of its output says so (a traceback, "No such file")',
      'what it asks (a database, a socket) is not there yet, and it does not expect that',
    ],
    actions: [
      'read the output of the hook: "readinessctl status" shows its end',
      'run it by hand as the daemon does, in / and without a terminal: cd / && /usr/bin/readiness_probe_hook </dev/null; echo $?',
      'if 1 is its own code for "not ready", have it use a code from 3-99 and print a line that says why',
    ],
  },
  HookFailed: {
    about: 'hook',
    meaning:
      "the hook (/usr/bin/readiness_probe_hook) says that the feature is not ready, with a code of its own. The hook's output should say why; its owner knows what the code means.",
    causes: [
      'the feature is really not ready',
      'the hook could not find out: shells exit with 126 if a command cannot be run, and with 127 if it is not there',
    ],
    actions: [
      'read the output of the hook: "readinessctl status" shows its end',
      'run it by hand as the daemon does: cd / && /usr/bin/readiness_probe_hook </dev/null; echo $?',
      "ask the feature's owner what the code stands for",
      'when it is fixed: "readinessctl check" looks again at once',
    ],
  },
  HookNotExecutable: {
    about: 'hook',
    meaning:
      'the hook is not an executable file, or is missing though it should be there. What is there could hide a hook, so the container is not ready.',
    causes: [
      'the x bit is missing: COPY without --chmod, a checkout from Windows, a ConfigMap without defaultMode: 0755',
      'it is a directory: the file of a volume that was mounted there does not exist',
      'it is a symbolic link that leads nowhere, or its directory is not there',
      'it was there and is gone; or READINESSD_HOOK names it, and it is not there',
    ],
    actions: [
      'ls -l /usr/bin/readiness_probe_hook',
      'chmod 0755 it; in a ConfigMap volume set defaultMode: 0755; correct the link',
      'there should be no hook: remove what is there, then supervisorctl restart readinessd; or READINESSD_HOOK=none',
    ],
  },
  HookUnsafe: {
    about: 'hook',
    meaning:
      'the daemon is root, and would run the hook as root, but others than root could have written it. So the daemon did not run it.',
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
      'it needs more time than that on this node',
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
    meaning: 'the hook could not be started. It is never given to a shell instead, because a shell takes an empty file for success.',
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
      'many programs exit with 2: grep if a file is not there, a shell at a syntax error, argparse at a wrong argument',
      "100-125: the hook's owner chose one of them; 124 and 125 come from timeout(1)",
    ],
    actions: [
      'run it by hand and read what it says',
      'have it map its results to codes that are free: 1, 3-99, 126-255; for example: grep -q up /run/state || exit 20',
    ],
  },
} satisfies Partial<Readonly<Record<Reason, Explanation>>>;
