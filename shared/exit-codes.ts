/**
 * Every exit code of the probe, declared once. Daemon, clients, docs and tests read this table. A
 * released code is never renumbered, because upgrade controllers act on the number.
 */
interface ExitCodeRow {
  /** First and last code of the row, both included. */
  readonly codes: readonly [first: number, last: number];
  /** CamelCase, as in Kubernetes conditions. */
  readonly reason: string;
  readonly saidBy: 'daemon' | 'client';
  readonly when: string;
}

export const exitCodeTable = [
  row(0, 'Ready', 'daemon', 'every step passed or had nothing to check (the line says so if nothing at all is checked)'),
  row(1, 'HookCrashed', 'daemon', 'the hook exited with 1, as Python does on an uncaught exception'),
  row(
    2,
    'StartNotFinished',
    'daemon',
    'start.sh has not finished: not started yet, still running, configured but not loaded yet, or named in READINESSD_START_PROGRAMS and not there',
  ),
  range(3, 99, 'HookFailed', 'daemon', "the hook's own code; or, with reason CheckFailed, the exit-code of a declared check"),
  row(100, 'DaemonUnreachable', 'client', 'no socket, nobody listening, no permission, or closed without a byte'),
  row(101, 'DaemonTimeout', 'client', 'no complete reply before the timeout'),
  row(102, 'DaemonBadReply', 'client', 'the reply is not from readinessd, or is incomplete'),
  row(103, 'ResultStale', 'daemon', 'the last verdict has expired, or the next cycle is overdue'),
  row(104, 'ResultPending', 'daemon', 'the daemon has started, and its first cycle has not ended'),
  row(105, 'InternalError', 'daemon', 'a bug in readinessd; the log has its stack'),
  row(106, 'ClientUsage', 'client', 'an unknown argument, or a setting that cannot be used'),
  row(107, 'ClientBroken', 'client', 'no client could be run, or its answer could not be written in time'),
  row(110, 'SupervisorUnreachable', 'daemon', 'no socket, refused, or no answer in time'),
  row(
    111,
    'SupervisorBadReply',
    'daemon',
    'an XML-RPC fault, HTTP 401, or a reply that cannot be read; also while supervisord is stopping',
  ),
  row(112, 'StartFailed', 'daemon', 'start.sh exited with a code other than 0, or a signal killed it'),
  row(113, 'StartFatal', 'daemon', 'supervisord has given up on start.sh (FATAL)'),
  row(114, 'StartUnknown', 'daemon', 'supervisord does not know the state of start.sh, or what a running program runs'),
  row(115, 'StartStopped', 'daemon', 'somebody stopped start.sh after it had run (STOPPED)'),
  row(
    116,
    'ProgramNotRunning',
    'daemon',
    'a program that READINESSD_PROGRAMS or a check names is not RUNNING, keeps being restarted, or is not there',
  ),
  row(117, 'CheckFailed', 'daemon', 'a declared http, tcp or exec check failed, and declares no exit-code of its own'),
  row(
    120,
    'HookNotExecutable',
    'daemon',
    'the hook is not an executable regular file, cannot be examined, or is missing where it must exist',
  ),
  row(121, 'HookUnsafe', 'daemon', 'the daemon is root, and others than root can write the hook'),
  row(122, 'HookTimeout', 'daemon', 'the hook ran longer than its timeout, and was killed with its process group'),
  row(
    123,
    'HookSpawnFailed',
    'daemon',
    'the hook could not be started: empty, no #! line, another architecture, bad interpreter, noexec mount, no memory; or it changes while it runs',
  ),
  row(124, 'HookKilled', 'daemon', 'a signal killed the hook; the message names it'),
  row(125, 'HookReservedCode', 'daemon', "the hook exited 2 or 100-125, which are readinessd's own; the message says which"),
  range(126, 255, 'HookFailed', 'daemon', "the hook's own code (shells use 126, 127 and 128+n themselves)"),
] as const satisfies readonly ExitCodeRow[];

export type Reason = (typeof exitCodeTable)[number]['reason'];

/** A row's codes for people: `17`, `3-99`. */
export function spellCodes([first, last]: ExitCodeRow['codes']): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/**
 * The code of a reason that has only one.
 *
 * @param reason - any reason except HookFailed, whose code is the hook's own
 */
export function codeOf(reason: Exclude<Reason, 'HookFailed'>): number {
  const found = exitCodeTable.find((candidate) => candidate.reason === reason);
  if (found === undefined) throw new Error(`no exit code for reason ${reason}`);
  return found.codes[0];
}

/**
 * The reason for a hook's own exit code.
 *
 * @param code - the hook's exit code, 1 to 255
 */
export function reasonOfHookCode(code: number): 'HookCrashed' | 'HookFailed' | 'HookReservedCode' {
  const found = exitCodeTable.find(({ codes: [first, last] }) => code >= first && code <= last);
  return found?.reason === 'HookCrashed' || found?.reason === 'HookFailed' ? found.reason : 'HookReservedCode';
}

function row<R extends string, B extends ExitCodeRow['saidBy']>(code: number, reason: R, saidBy: B, when: string) {
  return range(code, code, reason, saidBy, when);
}

function range<R extends string, B extends ExitCodeRow['saidBy']>(first: number, last: number, reason: R, saidBy: B, when: string) {
  return { codes: [first, last], reason, saidBy, when } as const;
}
