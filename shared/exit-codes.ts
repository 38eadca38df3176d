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
  row(0, 'Ready', 'daemon', 'every step passed or had nothing to check (when nothing at all is checked, the line says so)'),
  row(1, 'HookCrashed', 'daemon', 'the hook exited 1, which is also what Python does on an uncaught exception'),
  row(
    2,
    'StartNotFinished',
    'daemon',
    'start.sh has not finished: not started yet, still running, configured but not loaded yet, or named in READINESSD_START_PROGRAMS and not there',
  ),
  range(
    3,
    99,
    'HookFailed',
    'daemon',
    "the hook's own code, passed on as it is; or, with reason CheckFailed, the `exit-code` that a check declares",
  ),
  row(100, 'DaemonUnreachable', 'client', 'no socket, nobody listening, no permission, or closed without a byte'),
  row(101, 'DaemonTimeout', 'client', 'no whole reply within the deadline, whatever kept the client itself from reading it'),
  row(102, 'DaemonBadReply', 'client', 'a reply that is not from readinessd, or only a part of one'),
  row(103, 'ResultStale', 'daemon', 'the newest verdict is older than it may be, or the next cycle is overdue'),
  row(104, 'ResultPending', 'daemon', 'the daemon is up, its first cycle has not ended'),
  row(105, 'InternalError', 'daemon', 'a step threw something unforeseen: a bug, logged with its stack'),
  row(106, 'ClientUsage', 'client', 'unknown argument or unusable setting'),
  row(107, 'ClientBroken', 'client', 'no client could be run, or its answer could not be written in time'),
  row(110, 'SupervisorUnreachable', 'daemon', 'no socket, refused, or no answer in time'),
  row(
    111,
    'SupervisorBadReply',
    'daemon',
    'an XML-RPC fault, HTTP 401, or a reply that cannot be read; also from the moment that supervisord says it is stopping',
  ),
  row(112, 'StartFailed', 'daemon', 'start.sh exited with a non-zero code, or was killed by a signal'),
  row(113, 'StartFatal', 'daemon', 'FATAL: supervisord gave up on start.sh'),
  row(114, 'StartUnknown', 'daemon', 'supervisord does not know the state of start.sh, or what a live program runs'),
  row(115, 'StartStopped', 'daemon', 'start.sh is STOPPED after it had run: somebody stopped it'),
  row(
    116,
    'ProgramNotRunning',
    'daemon',
    'a program that READINESSD_PROGRAMS or a check names is not RUNNING, keeps being restarted, or is not there',
  ),
  row(117, 'CheckFailed', 'daemon', 'a declared http, tcp or exec check failed, and has no code of its own'),
  row(120, 'HookNotExecutable', 'daemon', 'the hook is there, but is not an executable regular file, or cannot be looked at'),
  row(121, 'HookUnsafe', 'daemon', 'the daemon is root and others than root could have written the hook'),
  row(122, 'HookTimeout', 'daemon', 'the hook ran longer than its timeout; its process group was killed'),
  row(
    123,
    'HookSpawnFailed',
    'daemon',
    'the hook could not be started: empty, no #! line, another architecture, bad interpreter, noexec mount, no memory; or it changes while it runs',
  ),
  row(124, 'HookKilled', 'daemon', 'the hook died of a signal; the message names it'),
  row(125, 'HookReservedCode', 'daemon', "the hook exited 2 or 100-125, which are readinessd's own; the message says which"),
  range(126, 255, 'HookFailed', 'daemon', "the hook's own code, as it is (shells use 126, 127 and 128+n themselves)"),
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
