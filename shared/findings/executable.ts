import { constants } from 'node:os';
import { formatDuration } from '../duration.ts';
import { restartDaemon, shellWord, thenStart, type Words } from './words.ts';

/** The hook, or the command of an exec check. */
interface Executable {
  readonly path: string;
  readonly isHook: boolean;
  /** The program of supervisord that could not be started because of this file. */
  readonly program?: string;
}

/** Why a file cannot be executed. */
export type FileTrouble =
  /** Its mode lets nobody execute it: perhaps nobody meant it to be executed. */
  | { readonly trouble: 'no-x' }
  /** Its mode lets somebody execute it, but not this root, who lacks a capability. */
  | { readonly trouble: 'no-x-for-root' }
  | { readonly trouble: 'not-regular'; readonly is: string }
  | { readonly trouble: 'dangling-link' }
  | { readonly trouble: 'no-directory'; readonly directory: string }
  | { readonly trouble: 'not-seen'; readonly why: string };

/** Who other than root could have written a file, and at which place on the way to it. */
export type Danger =
  | { readonly place: string; readonly owner: number }
  | { readonly place: string; readonly writers: 'everybody' | 'group'; readonly group: number };

/** Why the kernel would not run a file. `interpreter` is set if the interpreter of its #! line has the trouble. */
export interface LoadTrouble {
  readonly trouble: keyof typeof loadTroubles;
  readonly interpreter?: string;
  /** The system's name of an error, or Node's name of this machine. */
  readonly code?: string;
}

/** Words for an executable that was to be run. */
export const executableWords = {
  'hook-not-there': ({ path }: { path: string }): Words => ({
    message: `hook ${path} is not there, though READINESSD_HOOK names it: put it there, or set READINESSD_HOOK=none`,
    fix: ['put it there, or correct READINESSD_HOOK; READINESSD_HOOK=none, if there is to be no hook'],
  }),
  'hook-gone': ({ path }: { path: string }): Words => ({
    message: `hook ${path} was there and is gone: put it back, or "${restartDaemon}" if there is to be none`,
    fix: ['put it back; or, if there is to be no hook:', restartDaemon],
  }),
  'command-not-there': ({ path }: { path: string }): Words => ({
    message: `${path} is not there`,
    fix: ['install it, or correct command: of the check'],
  }),
  'not-executable': (facts: Executable & FileTrouble): Words => ({
    message: `${named(facts)} ${sayFileTrouble(facts)}${facts.isHook && facts.trouble === 'no-x' ? ', or remove it if there is to be no hook' : ''}`,
    ...fileHelp(facts),
    fix: [...fileHelp(facts).fix, ...thenStart(facts)],
  }),
  unsafe: (facts: Executable & Danger): Words => ({
    message: `${named(facts)} was not run, since it would run as root and ${sayDanger(facts)}; fix that, or set READINESSD_HOOK_SAFETY_CHECK=off`,
    fix: [
      'owner' in facts ? `chown -h root:root ${shellWord(facts.place)}` : `chmod go-w ${shellWord(facts.place)}`,
      'it lies on a volume whose owner cannot be changed: copy it into the image; you trust whoever can write it: READINESSD_HOOK_SAFETY_CHECK=off',
    ],
  }),
  'not-loadable': (facts: Executable & LoadTrouble): Words => ({
    message: `${named(facts)} cannot be started: ${sayLoadTrouble(facts)}`,
    fix: [fixLoadTrouble(facts), ...thenStart(facts)],
  }),
  'not-started': ({ errno, ...file }: Executable & { errno: string }): Words => ({
    message: `${named(file)} cannot be started: ${spawnErrors[errno] ?? `the system says ${errno}`}`,
    fix: [fixSpawnError(errno, file.path)],
  }),
  'removed-meanwhile': (file: Executable): Words => ({
    message: `${named(file)} was removed while it ran, so its result does not count`,
    fix: ['it is being replaced: wait; else put it back'],
  }),
  'changed-meanwhile': (file: Executable): Words => ({
    message: `${named(file)} changes while it runs, so its result does not count`,
    fix: ['it is being copied: wait; it writes to itself: have it keep its state elsewhere'],
  }),
  'runs-already': ({ isHook }: { isHook: boolean }): Words => ({
    message: `${isHook ? 'the hook' : 'a command'} that an earlier readinessd started may still run, and none is started beside it`,
    cause: 'An earlier daemon was killed, and left a process that cannot be told from others to be ended.',
    fix: ['see what runs: ps -ef --forest; end it; or start the container again'],
  }),
  'timed-out': ({ timeoutMs, isAlive, ...file }: Executable & { timeoutMs: number; isAlive: boolean }): Words => ({
    message: `${short(file)} ran longer than its timeout of ${formatDuration(timeoutMs)} and ${isAlive ? 'could not be killed' : 'was killed'}`,
    cause: isAlive
      ? 'It sleeps in the kernel, on a file system or device that does not answer.'
      : 'What it asks does not answer, and it waits without a limit of its own; or this node is too slow for it.',
    fix: [
      'give each of its commands a limit: curl --max-time 2, timeout --foreground 2 COMMAND',
      `it needs the time: ${file.isHook ? 'set READINESSD_HOOK_TIMEOUT higher' : "raise the check's timeout"}`,
    ],
  }),
  killed: ({ signal, ...file }: Executable & { signal: string }): Words => ({
    message: `${short(file)} was killed by ${signal}`,
    ...(signal === 'SIGKILL' ? { cause: 'Nearly always the kernel, since the container ran out of memory; else somebody.' } : {}),
    fix: [
      ...(signal === 'SIGKILL' ? ['memory: oom_kill in /sys/fs/cgroup/memory.events is not 0; give the container more'] : []),
      byHand(file.path),
    ],
  }),
  exited: ({ code, ...file }: Executable & { code: number }): Words => ({
    message: `${short(file)} exited with code ${code}`,
    ...causeOf(noteOfCode(code)),
    fix: ['read what it printed: "readinessctl status" shows its end', byHand(file.path), 'when it is fixed: readinessctl check'],
  }),
  'reserved-code': ({ code, path }: { code: number; path: string }): Words => ({
    message: `hook exited with code ${code}, which is readinessd's own: use 1, 3-99 or 126-255`,
    cause:
      code === 2
        ? 'Many programs exit with 2: grep if a file is missing, a shell at a syntax error.'
        : 'The codes 2 and 100 to 125 are those that readinessd itself uses. 124 and 125 often come from timeout(1).',
    fix: [byHand(path), 'have it map its results to codes that are free, for example: grep -q up /run/state || exit 20'],
  }),
};

/** Why a file cannot be executed, in words that follow its name. */
export function sayFileTrouble(facts: FileTrouble): string {
  switch (facts.trouble) {
    case 'no-x':
      return 'is not executable: "chmod 0755" makes it so';
    case 'no-x-for-root':
      return 'is not executable for this root, who lacks the capability CAP_DAC_OVERRIDE: "chmod 0755" makes it so';
    case 'not-regular':
      return `is a ${facts.is}, not a regular file`;
    case 'dangling-link':
      return 'is a dangling symbolic link';
    case 'no-directory':
      return `cannot be looked at: there is no directory ${facts.directory}`;
    case 'not-seen':
      return `cannot be looked at: ${facts.why}`;
  }
}

export function sayDanger(danger: Danger): string {
  if ('owner' in danger) return `${danger.place} belongs to user ${danger.owner}, not to root`;
  return `${danger.place} can be written by ${danger.writers === 'everybody' ? 'everybody' : `group ${danger.group}`}`;
}

/** What the kernel refuses to run. */
const loadTroubles = {
  empty: 'it is empty',
  nuls: 'it holds NUL bytes, as a file whose copying was cut off',
  blank: 'it holds only white space',
  neither: 'it is neither a script with a #! line nor a binary of this machine',
  'cut-short': 'it is a binary that was cut short',
  'other-machine': 'it is a binary of another machine',
  'no-program': 'it is an ELF file, but not a program',
  'machine-not-known': 'it is a binary, and readinessd does not know those of this machine: start it from a script',
  'no-interpreter': 'its #! line names no interpreter, or one too long',
  'nested-too-deep': 'the interpreters of its #! lines are nested too deeply',
  missing: 'it does not exist',
  unreadable: 'it cannot be read',
} as const;

export function sayLoadTrouble({ trouble, interpreter, code }: LoadTrouble): string {
  const said = `${loadTroubles[trouble]}${code === undefined ? '' : ` (${code})`}`;
  if (interpreter === undefined) return said;
  const help = hasCr(interpreter) && trouble === 'missing' ? ' (the #! line ends in CR, a Windows line ending)' : '';
  return `the interpreter of its #! line, ${JSON.stringify(interpreter)}, cannot run: ${said}${help}`;
}

export function fixLoadTrouble({ path, trouble, interpreter }: LoadTrouble & { readonly path: string }): string {
  if (interpreter !== undefined) {
    if (hasCr(interpreter)) return removeCarriageReturns(path);
    return trouble === 'missing'
      ? `install ${interpreter}, or use an interpreter that is there, as #!/bin/sh`
      : `repair ${interpreter}, or use another interpreter`;
  }
  if (trouble === 'neither' || trouble === 'no-interpreter') return 'begin it with a line #!/bin/sh';
  if (trouble === 'nested-too-deep') return 'name a program in its #! line that is no script itself, as #!/bin/sh';
  if (trouble === 'machine-not-known') return 'start it from a script that begins with #!/bin/sh';
  if (trouble === 'empty' || trouble === 'blank')
    return 'copy it into the image again, whole: it must begin with a line #!/bin/sh, or be a binary';
  if (trouble === 'unreadable') return `see why with ls -l ${shellWord(path)}: a script must be readable for whoever runs it`;
  return 'copy it into the image again, whole, and built for this machine';
}

export function removeCarriageReturns(path: string): string {
  return `sed -i 's/\\r$//' ${shellWord(path)}`;
}

function hasCr(interpreter: string): boolean {
  return interpreter.endsWith('\r');
}

function named({ path, isHook }: Executable): string {
  return isHook ? `hook ${path}` : path;
}

/** The hook's path is only in messages about the file itself. */
function short({ path, isHook }: Executable): string {
  return isHook ? 'hook' : path;
}

function fileHelp(facts: Executable & FileTrouble): Pick<Words, 'cause' | 'fix'> {
  const path = shellWord(facts.path);
  const remove = facts.isHook ? '; or remove it, if there is to be no hook' : '';
  switch (facts.trouble) {
    case 'no-x':
      return { cause: 'COPY without --chmod, or a ConfigMap volume without defaultMode: 0755.', fix: [`chmod 0755 ${path}${remove}`] };
    case 'no-x-for-root':
      return { fix: [`chmod 0755 ${path}`] };
    case 'not-regular':
      return {
        ...(facts.is === 'directory' ? { cause: 'The file of a volume that was mounted there does not exist.' } : {}),
        fix: [`put an executable file there${remove}`],
      };
    case 'dangling-link':
      return { fix: [`have the link lead to an executable file (ls -l ${path})${remove}`] };
    default:
      return { fix: [`see why with ls -l ${path}`] };
  }
}

const spawnErrors: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: it or its interpreter is not executable, or lies on a file system mounted noexec',
  ENOENT: 'its interpreter or dynamic loader does not exist',
  ETXTBSY: 'it is open for writing, so it is still being copied',
  EAGAIN: 'no process could be made: the limit of processes is reached',
  ENOMEM: 'there is not enough memory',
  EMFILE: 'the limit of open files is reached',
  ENFILE: "the system's limit of open files is reached",
};

function fixSpawnError(errno: string, path: string): string {
  switch (errno) {
    case 'EACCES':
      return 'see mount | grep noexec: move it to a file system that is mounted exec; else see its mode, and that of its interpreter';
    case 'ENOENT':
      return `see what it needs: ldd ${shellWord(path)}; install it`;
    case 'ETXTBSY':
      return 'wait until it has been copied';
    case 'EAGAIN':
      return 'raise the limit of processes (pids.max of the cgroup, ulimit -u)';
    case 'ENOMEM':
      return 'give the container more memory';
    case 'EMFILE':
      return 'raise the limit of open files (ulimit -n)';
    case 'ENFILE':
      return "raise the system's limit of open files (sysctl fs.file-max)";
    default:
      return `see what the system says: dmesg | tail; ls -l ${shellWord(path)}`;
  }
}

/** What an exit code means by convention; undefined where only its owner can know. */
export function noteOfCode(code: number): string | undefined {
  if (code === 1) return 'That may be its own code for "not ready". Python also exits with 1 on an uncaught exception.';
  if (code === 126) return 'Shells exit with 126 when a command is there but cannot be executed.';
  if (code === 127)
    return "Shells and env exit with 127 when a command is not found: it is not installed, not in the daemon's PATH, or the script has CR LF line endings.";
  const [name] = Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? [];
  if (name === undefined) return undefined;
  const why = name === 'SIGKILL' ? ', nearly always by the kernel, since memory ran out' : '';
  return `Shells exit with ${code} when a command died of signal ${code - 128} (${name}${why}).`;
}

function causeOf(cause: string | undefined): Pick<Words, 'cause'> {
  return cause === undefined ? {} : { cause };
}

/** The command that runs it as the daemon does: in /, without a terminal. */
function byHand(path: string): string {
  return `run it by hand, as the daemon does: cd / && ${shellWord(path)} </dev/null; echo $?`;
}
