import { formatDuration, sayDuration } from '../duration.ts';
import {
  loadConfiguration,
  type Reload,
  readOutput,
  restartDaemon,
  sayReload,
  shellWord,
  startAgain,
  thenStart,
  type Words,
} from './words.ts';

const copyTree = 'copy the whole of dist/rootfs/ onto / again, with its modes';
const asShipped = '"readinessd --print-supervisor-conf" shows the entry as shipped';
const nodeInstead = 'each probe starts Node instead, which takes 65 ms and more';

interface Program {
  readonly program: string;
}

interface At {
  readonly path: string;
}

/** A file, and the program of supervisord that could not be started because of it, if there is one. */
interface RunFile extends At {
  readonly program?: string;
}

/** What supervisord reads, and how to make it read one more entry. */
interface Reads {
  /** Its configuration. */
  readonly file: string;
  /** The patterns of its [include]. */
  readonly include: readonly string[];
  /** A new file that supervisord would read; where there is no such place, the configuration itself. */
  readonly target: { readonly path: string; readonly isNew: boolean; readonly newDirectory?: string };
  readonly reload: Reload;
}

/** What `readinessctl doctor` can find about the set-up, besides what the daemon itself reports. */
export const setUpWords = {
  /** Something that is good. */
  fine: ({ what }: { what: string }): Words => ({ message: what, fix: [] }),
  /** From a daemon of another version. */
  'other-version': ({ message }: { message: string }): Words => ({
    message,
    fix: [`readinessd is of another version than readinessctl, which knows no more: ${restartDaemon}`],
  }),
  'not-looked-at': ({ what, why }: { what: string; why: string }): Words => ({
    message: `${what} could not be looked at: ${why}`,
    fix: ['run readinessctl as root; if that does not help, it is a bug in readinessctl: report it'],
  }),

  // The daemon, as supervisord runs it.
  'daemon-not-configured': ({ reads }: { reads?: Reads }): Words => ({
    message: `supervisord has no program that runs readinessd${reads === undefined ? '' : `: it reads ${sayRead(reads)}`}`,
    fix:
      reads === undefined
        ? [
            'readinessd --print-supervisor-conf -o /etc/supervisor/conf.d/readinessd.conf',
            'see that [include] of supervisord.conf names that folder',
            loadConfiguration,
          ]
        : haveRead(reads, 'readinessd --print-supervisor-conf', (path) => `readinessd --print-supervisor-conf -o ${path}`),
  }),
  'daemon-entry-not-read': ({ entry, reads }: { entry: string; reads: Reads }): Words => ({
    message: `supervisord does not read the entry of readinessd, ${entry}: it reads ${sayRead(reads)}`,
    fix: haveRead(reads, `cat ${shellWord(entry)}`, (path) => `ln -s ${shellWord(entry)} ${path}`),
  }),
  'daemon-not-loaded': ({ program, reload }: Program & { reload?: Reload }): Words => ({
    message: `program "${program}", which runs readinessd, is configured but not loaded`,
    fix: [reload === undefined ? loadConfiguration : sayReload(reload)],
  }),
  'daemon-not-in-file': ({ program }: Program): Words => ({
    message: `program "${program}" runs, but is no longer in the configuration: the next "${loadConfiguration}" removes it`,
    fix: ['put its section back'],
  }),
  'daemon-not-supervised': (): Words => ({
    message: 'the daemon that answers is no program of this supervisord, so nobody starts it again when it ends',
    fix: [`give it a section: ${asShipped}`],
  }),
  'daemon-not-running': ({ program, state, spawnerr, end = '' }: Program & { state: string; spawnerr: string; end?: string }): Words => ({
    message: [`program "${program}", which runs readinessd, is ${state}`, spawnerr, end].filter((part) => part !== '').join('; '),
    ...(state === 'STOPPED' ? { cause: 'Somebody stopped it, or its section has autostart=false.' } : {}),
    fix:
      state === 'STOPPED' || state === 'EXITED'
        ? [startAgain(program)]
        : ['fix what supervisord or its output says; look at command= and user= of its section', startAgain(program)],
  }),
  'daemon-starting': ({ program }: Program): Words => ({
    message: `program "${program}", which runs readinessd, has just been started, and does not answer yet`,
    fix: ['wait some seconds: readinessctl wait --timeout 30s'],
  }),
  'daemon-refuses': ({ program, line }: Program & { line: string }): Words => ({
    message: `readinessd does not start with what it is given: ${line}`,
    fix: [
      `fix that: in command= or environment= of the section of ${program}, in the container's environment, or in the file that is named`,
      loadAndStart(program),
    ],
  }),
  'daemon-user': ({ program, user, uid }: Program & { user: string; uid: number }): Words => ({
    message: `the section of ${program} has user=${user}, and supervisord, which runs as user ${uid}, cannot change to it`,
    fix: ['remove user= from the section', loadConfiguration],
  }),
  'daemon-twice': ({ others }: { others: readonly string[] }): Words => ({
    message: `a second program runs readinessd: ${others.join(', ')}`,
    cause: 'Two daemons take the socket from each other.',
    fix: ['remove one of the sections, or numprocs= from its section', loadConfiguration],
  }),
  'daemon-may-be-given-up': ({ program, retries }: Program & { retries: number }): Words => ({
    message: `program "${program}" has startretries=${retries}, after which supervisord gives up on it`,
    fix: ['startretries=1000000000 in its section', loadConfiguration],
  }),
  'daemon-not-autostarted': ({ program }: Program): Words => ({
    message: `program "${program}" has autostart=false: nothing starts it with the container`,
    fix: ['autostart=true in its section', loadConfiguration],
  }),
  'daemon-other-version': ({ daemon, own }: { daemon: string; own: string }): Words => ({
    message: `readinessd is ${daemon}, and readinessctl ${own}: the image was changed under a running daemon`,
    fix: [restartDaemon],
  }),
  'listen-taken': ({ address, by = '' }: { address: string; by?: string }): Words => ({
    message: `READINESSD_LISTEN=${address}: another process has that port${by === '' ? '' : ` (${by})`}, so readinessd cannot start`,
    fix: ['set READINESSD_LISTEN to a free port, or end that process', loadAndStart('readinessd')],
  }),
  'listen-no-address': ({ address }: { address: string }): Words => ({
    message: `READINESSD_LISTEN=${address}: no interface has that address, so readinessd cannot start`,
    fix: ['set READINESSD_LISTEN to an address of this container (0.0.0.0 is all of them)', loadAndStart('readinessd')],
  }),
  'listen-refused': ({ address, code }: { address: string; code: string }): Words => ({
    message: `READINESSD_LISTEN=${address}: the system does not let readinessd listen there (${code})`,
    fix: ['set READINESSD_LISTEN to another address or port; ports below 1024 need root', loadAndStart('readinessd')],
  }),
  'listener-silent': ({ address, why }: { address: string; why: string }): Words => ({
    message: `READINESSD_LISTEN=${address}: ${why}`,
    fix: ["see the daemon's log: the log of the container"],
  }),

  // The socket.
  'socket-elsewhere': ({ served, asked }: { served: string; asked: string }): Words => ({
    message: `the daemon serves ${served}, but the kubelet's probes ask at ${asked}`,
    cause: "The path is set where only supervisord's children see it: environment=, or --socket in command=.",
    fix: [
      `set READINESSD_SOCKET=${served} in the container's environment (env: in the pod, ENV in the image), and remove it from supervisord's configuration`,
    ],
  }),
  'socket-told-here': ({ here, asked }: { here: string; asked: string }): Words => ({
    message: `readinessctl asks at ${here}, as it was told here, but the kubelet's probes ask at ${asked}`,
    fix: ["run readinessctl without --socket and READINESSD_SOCKET, or set READINESSD_SOCKET in the container's environment"],
  }),
  'socket-missing': ({ path }: At): Words => ({
    message: `there is no socket ${path}: no daemon has made one there`,
    fix: [`when the daemon runs: ${restartDaemon}`],
  }),
  'socket-no-directory': ({ path }: At): Words => ({
    message: `there is no directory ${path} for the socket`,
    fix: [`mkdir ${shellWord(path)}, or set READINESSD_SOCKET to another path`],
  }),
  'socket-no-socket': ({ path }: At): Words => ({
    message: `${path} is there, but is no socket`,
    fix: [`rm -r ${shellWord(path)}`, restartDaemon],
  }),
  'socket-unheard': ({ path }: At): Words => ({
    message: `${path} is there, but nobody listens: a daemon that was killed has left it`,
    fix: [`when the daemon runs: ${restartDaemon}`],
  }),
  'socket-forbidden': ({ path, user, owner, mode }: At & { user: number; owner: number; mode: string }): Words => ({
    message: `${path} may not be opened by user ${user}: it belongs to user ${owner}, mode ${mode}`,
    fix: ['run the probe as that user or root, or set READINESSD_SOCKET_MODE=0660 and give both a common group'],
  }),
  'socket-of-another': ({ path, by = '' }: At & { by?: string }): Words => ({
    message: `something else than readinessd answers at ${path}${by === '' ? '' : ` (${by})`}`,
    fix: ["stop that program, or set READINESSD_SOCKET to another path, in the container's environment"],
  }),
  'socket-unusable': ({ path, why }: At & { why: string }): Words => ({
    message: `cannot look at ${path}: ${why}`,
    fix: ['repair that path'],
  }),
  'socket-for-everybody': ({ path, mode, owner }: At & { mode: string; owner: number }): Words => ({
    message: `${path}, mode ${mode}, of user ${owner}: every user may ask, and ask for checks`,
    fix: ['READINESSD_SOCKET_MODE=0660 or less, unless that is wanted'],
  }),
  'daemon-stopped': ({ pid, path }: At & { pid: number }): Words => ({
    message: `the daemon does not answer at ${path}: process ${pid} is stopped (state T)`,
    fix: [`kill -CONT ${pid}`],
  }),
  'daemon-silent': ({ path }: At): Words => ({
    message: `the daemon does not answer in time at ${path}`,
    cause: 'The node is overloaded, the container is throttled (a low CPU limit), or the daemon is frozen.',
    fix: ['see nr_throttled in /sys/fs/cgroup/cpu.stat, and /proc/loadavg', `it stays so: ${restartDaemon}`],
  }),

  // supervisord.
  'supervisord-no-server': ({ file, path, instead = '' }: { file: string; path: string; instead?: string }): Words => ({
    message: `${file} has no [unix_http_server], so nobody can ask supervisord at ${path}`,
    fix: [
      `add [unix_http_server] with file=${path} to ${file}, and start the container again`,
      ...(instead === '' ? [] : [`or set READINESSD_SUPERVISOR_URL=${instead}, its [inet_http_server]`]),
    ],
  }),
  'supervisord-elsewhere': ({ url, asked }: { url: string; asked: string }): Words => ({
    message: `supervisord is at ${url}, and the daemon asks at ${asked}`,
    fix: [`set READINESSD_SUPERVISOR_URL=${url} for the daemon, or remove that setting`, loadConfiguration],
  }),
  'supervisord-stopped': ({ pid }: { pid: number }): Words => ({
    message: `supervisord, process ${pid}, is stopped (state T), and answers nothing`,
    fix: [`kill -CONT ${pid}`],
  }),
  'supervisord-gone': ({ path }: At): Words => ({
    message: `no supervisord runs here, and ${path} is what it left`,
    fix: ['start supervisord: it should be the first process of the container'],
  }),
  'supervisord-forbidden': ({ path, user }: At & { user: number }): Words => ({
    message: `user ${user} may not open ${path}, supervisord's socket`,
    fix: ['run as root, or widen chmod= and chown= of [unix_http_server]'],
  }),
  'supervisord-state': ({ state }: { state: string }): Words => ({
    message: `supervisord is in state ${state}`,
    fix: ['wait until its programs have ended'],
  }),

  // supervisord's events.
  'events-not-taken': ({ section }: { section: string }): Words => ({
    message: `[${section}] lacks --events in its command, so no event is taken: changes are seen at the next cycle instead`,
    fix: ['command=/usr/bin/readinessd --events in it', loadConfiguration],
  }),
  'events-not-sent': ({ section }: { section: string }): Words => ({
    message: `the daemon has --events, but [${section}] gets none, since it is no [eventlistener:]: changes are seen at the next cycle instead`,
    fix: [`make it [eventlistener:readinessd] (${asShipped}), or leave --events out`, loadConfiguration],
  }),
  'events-incomplete': ({ section, missing, wanted }: { section: string; missing: readonly string[]; wanted: string }): Words => ({
    message: `[${section}] does not ask for ${missing.join(', ')}: what they tell of is seen late`,
    fix: [`events=${wanted} in it`, loadConfiguration],
  }),
  'events-stopped': (): Words => ({
    message: "supervisord's events have stopped: changes are seen at the next cycle instead",
    fix: [restartDaemon],
  }),
  'events-missing': (): Words => ({
    message: "supervisord has told of no program's start since the daemon runs, or of nothing since an event was lost",
    cause: 'Its section has numprocs= or process_name=, or lacks some of events=.',
    fix: [`${asShipped}`, loadConfiguration],
  }),

  // start.sh, by supervisord's answers, files and log.
  'start-quick-success': ({ program, startsecs, section }: Program & { startsecs: number; section: string }): Words => ({
    message: `start.sh (program "${program}") exits with code 0 sooner than startsecs=${startsecs}, which supervisord takes for a failed start`,
    fix: [`startsecs=0 in ${section}`, loadConfiguration],
  }),
  'start-quick-end': ({ program, how }: Program & { how: string }): Words => ({
    message: `start.sh (program "${program}") ends at once: ${how}`,
    ...codeCause(how),
    fix: [readOutput(program), `fix what it says, then: ${startAgain(program)}`],
  }),
  'start-killed-by': ({ program, how }: Program & { how: string }): Words => ({
    message: `start.sh (program "${program}") was ${how}`,
    ...(how.includes('SIGKILL') ? { cause: 'Nearly always the kernel, since the container ran out of memory; else somebody.' } : {}),
    fix: [
      ...(how.includes('SIGKILL') ? ['memory: oom_kill in /sys/fs/cgroup/memory.events is not 0; give the container more'] : []),
      startAgain(program),
    ],
  }),
  'start-restarts-now': ({ program, section, how }: Program & { section: string; how: string }): Words => ({
    message: `start.sh (program "${program}") is run again and again: ${how}, and supervisord starts it again`,
    ...codeCause(how),
    fix: how.endsWith(' 0')
      ? [`autorestart=false in ${section}`, loadConfiguration]
      : [readOutput(program), `fix what it says; autorestart=false in ${section} keeps its failure visible`, loadConfiguration],
  }),
  'start-not-updated': ({ program, section }: Program & { section: string }): Words => ({
    message: `start.sh (program "${program}") is run again and again: ${section} has autorestart=false, which supervisord has not loaded`,
    fix: [loadConfiguration],
  }),
  'start-not-spawned': ({ program, why }: Program & { why: string }): Words => ({
    message: `supervisord cannot run start.sh (program "${program}"): ${why}`,
    fix: ['correct directory=, user= or command= of its section, or the file that is named', loadConfiguration, startAgain(program)],
  }),
  'start-will-restart': ({ program, section }: Program & { section: string }): Words => ({
    message: `${section} has autorestart=true: whenever start.sh (program "${program}") has ended, supervisord runs it again, and it is never ready`,
    fix: [`autorestart=false in ${section}`, loadConfiguration],
  }),
  'start-ran-before': ({ program, how }: Program & { how: string }): Words => ({
    message: `start.sh (program "${program}") runs again; its last run ended with ${how}`,
    fix: [`wait; when it fails again: ${readOutput(program)}`],
  }),
  'start-names-missing': ({ program, path }: Program & At): Words => ({
    message: `command= of start.sh (program "${program}") names ${path}, which does not exist`,
    fix: [`put it there, or correct command= in its section; then: ${loadConfiguration}`, startAgain(program)],
  }),
  'start-user': ({ program, user, uid }: Program & { user: string; uid: number }): Words => ({
    message: `the section of start.sh (program "${program}") has user=${user}, and supervisord, which runs as user ${uid}, cannot change to it`,
    fix: ['remove user= from the section', loadConfiguration],
  }),
  'start-no-program': ({ path }: At): Words => ({
    message: `there is a ${path}, but no program of supervisord runs it, so nothing waits for it`,
    fix: ['give it a section [program:start] with startsecs=0 and autorestart=false, if it should be waited for', loadConfiguration],
  }),

  // Files that are run.
  'cr-in-first-line': ({ program, path }: RunFile): Words => ({
    message: `the #! line of ${path} ends in CR LF (Windows), which goes to its interpreter as an argument`,
    fix: [`sed -i 's/\\r$//' ${shellWord(path)}`, ...thenStart({ program })],
  }),
  'cr-in-lines': ({ program, path }: RunFile): Words => ({
    message: `lines of ${path} end in CR LF (Windows); shells take the CR for a part of the last word`,
    fix: [`sed -i 's/\\r$//' ${shellWord(path)}`, ...thenStart({ program })],
  }),
  'env-finds-nothing': ({ program, path, name, searched }: RunFile & { name: string; searched: string }): Words => ({
    message: `${path} asks env for ${name}, which is not in PATH=${searched}: it exits with code 127`,
    fix: [`install ${name} in this image, or name another interpreter in the first line of ${path}`, ...thenStart({ program })],
  }),
  noexec: ({ program, path }: RunFile): Words => ({
    message: `${path} cannot be started: permission denied though it is executable: its file system is mounted noexec`,
    fix: ['move it to a file system that is mounted exec', ...thenStart({ program })],
  }),
  'hook-near-timeout': ({ tookMs, timeoutMs }: { tookMs: number; timeoutMs: number }): Words => ({
    message: `the hook took ${sayDuration(tookMs)} of its ${formatDuration(timeoutMs)}: on a busier node it will be killed (122)`,
    fix: ['make it quicker, or set READINESSD_HOOK_TIMEOUT higher'],
  }),
  'hook-short-timeout': ({ timeoutMs }: { timeoutMs: number }): Words => ({
    message: `the hook's timeout is only ${formatDuration(timeoutMs)}`,
    fix: ['READINESSD_HOOK_TIMEOUT=10s is the default'],
  }),
  'nothing-checked': (): Words => ({
    message: 'nothing is checked: there is no start.sh program, no hook, and no declared check',
    fix: ['READINESSD_PROGRAMS=autostart in the environment of readinessd has it check that every program runs; or put a hook there'],
  }),

  // The probe client.
  'probe-missing': ({ path }: At): Words => ({
    message: `there is no ${path}: the kubelet cannot start it, and keeps the readiness that it knew last`,
    fix: [copyTree],
  }),
  'probe-not-executable': ({ path }: At): Words => ({
    message: `${path} is not executable: the kubelet cannot start it, and keeps the readiness that it knew last`,
    fix: [`chmod 0755 ${shellWord(path)}`],
  }),
  'probe-incomplete': ({ path, names }: At & { names: readonly string[] }): Words => ({
    message: `${path} lacks ${names.join(', ')}`,
    fix: [copyTree],
  }),
  'probe-not-native': ({ path }: At): Words => ({
    message: `there is no native client ${path}: ${nodeInstead}`,
    fix: ['run script/cross-compilers and npm run build, which says what is missing, and copy the tree again'],
  }),
  'probe-native-mode': ({ path }: At): Words => ({
    message: `${path} is not executable: ${nodeInstead}`,
    fix: [`chmod 0755 ${shellWord(path)}`],
  }),
  'probe-native-foreign': ({ path, machine, why }: At & { machine: string; why: string }): Words => ({
    message: `the native client ${path} does not run here (${machine}): ${why}; ${nodeInstead}`,
    fix: ['run script/cross-compilers and npm run build, and copy the tree again'],
  }),
  'probe-no-fallback': ({ path }: At): Words => ({
    message: `${path} is cut short or not executable: there is no client to fall back to`,
    fix: [copyTree],
  }),
  'probe-no-client': ({ path }: At): Words => ({ message: `${path} finds no client that it can run (107)`, fix: [copyTree] }),
  'probe-setting': ({ path }: At): Words => ({
    message: `${path} is called with a setting that it cannot use (106)`,
    fix: [`run ${shellWord(path)}: it says which`],
  }),
  'probe-cannot-start': ({ path, why }: At & { why: string }): Words => ({ message: `${path} cannot be started: ${why}`, fix: [copyTree] }),
  'probe-slow': ({ medianMs, longestMs, allowedMs }: { medianMs: number; longestMs: number; allowedMs: number }): Words => ({
    message: `a probe takes ${sayDuration(medianMs)} here, ${sayDuration(longestMs)} at most; the kubelet allows ${sayDuration(allowedMs)} unless timeoutSeconds says otherwise`,
    fix: ['timeoutSeconds: 3 in the readinessProbe; see why this node is slow'],
  }),

  // What the daemon needs from the system.
  'directory-read-only': ({ path }: At): Words => ({
    message: `${path} is on a read-only file system, where no socket can be made`,
    fix: [`mount an emptyDir (medium: Memory) at ${path}, or set READINESSD_SOCKET to a path that can be written`],
  }),
  'directory-not-mine': ({ path, user }: At & { user: number }): Words => ({
    message: `${path} may not be written by user ${user}`,
    fix: ['run readinessctl doctor as the user of the daemon'],
  }),
  'directory-full': ({ path }: At): Words => ({
    message: `${path} is full`,
    fix: [`remove what fills it (du -x ${shellWord(path)}, df -i ${shellWord(path)})`],
  }),
  'memory-low': ({ megabytes }: { megabytes: number }): Words => ({
    message: `the container may use ${megabytes} MB of memory, with which node hardly starts`,
    fix: ['a limit of 128 MB or more'],
  }),
  'clock-wrong': ({ now }: { now: string }): Words => ({
    message: `the clock says ${now}: times in the log and the history are wrong (verdicts are not, they count on another clock)`,
    fix: ['set the clock (NTP)'],
  }),
};

function sayRead({ file, include }: Reads): string {
  return include.length === 0 ? `${file}, which has no [include]` : `${file}, which includes ${include.join(' ')}`;
}

/**
 * How to put the entry where supervisord reads it.
 *
 * @param print - a command that prints the entry
 * @param put - makes a command that writes the entry to a path, which is already a shell word
 */
function haveRead({ target, reload }: Reads, print: string, put: (path: string) => string): string[] {
  const path = shellWord(target.path);
  // The last line of the file may lack its newline.
  const command = target.isNew ? put(path) : `(echo; ${print}) >>${path}`;
  const directory = target.newDirectory === undefined ? [] : [`mkdir -p ${shellWord(target.newDirectory)}`];
  return [...directory, command, sayReload(reload), "to keep it, have a RUN line of the image's Dockerfile do the same"];
}

/** After a change of a program's section: `supervisorctl restart` does not read it. */
function loadAndStart(program: string): string {
  return `${loadConfiguration}; then, when it was given up: ${startAgain(program)}`;
}

/** The usual cause of a code in supervisord's words (`exit status 127`). */
function codeCause(how: string): Pick<Words, 'cause'> {
  if (how.endsWith(' 127')) return { cause: 'By convention 127 says that a command, or the script itself, was not found.' };
  if (how.endsWith(' 126')) return { cause: 'By convention 126 says that a command, or the script itself, could not be executed.' };
  return {};
}
