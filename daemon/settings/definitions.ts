import { defaultSocketPath, socketVariable } from '../../shared/defaults.ts';
import { defaultSupervisorUrl, parseSupervisorUrl } from '../supervisor/address.ts';
import { parseProgramChoice, parseProgramNames } from '../supervisor/names.ts';
import { absolutePath, credential, duration, hookPath, listenAddress, oneOf, onOff, socketMode, socketPath } from './values.ts';

/** Here a hook may be missing: then there is none. At any other path somebody has said that there is one. */
export const defaultHookPath = '/usr/bin/readiness_probe_hook';

/** Here there may be none, and then no checks are declared. */
export const defaultChecksDirectory = '/etc/readinessd/checks.d';

const second = 1000;
const minute = 60 * second;

/**
 * Every setting, once: its flag, its default as it would be written, how it is read, and what `--help` says.
 * The environment variable is the flag in capitals: `--hook-timeout` is READINESSD_HOOK_TIMEOUT.
 * A setting whose default is undefined is off, or worked out, until it is given.
 */
export const definitions = {
  socketPath: setting('socket', defaultSocketPath, socketPath, 'PATH', 'socket to serve verdicts on'),
  socketMode: setting('socket-mode', '0600', socketMode, 'MODE', "the socket's mode"),
  listen: optional('listen', listenAddress, 'ADDRESS:PORT', 'serve also /readyz and /metrics over TCP, at this address only'),
  hookPath: setting('hook', defaultHookPath, hookPath, 'PATH|none', "the feature owner's hook; must exist at any other path"),
  hookTimeoutMs: setting('hook-timeout', '10s', duration(100, 10 * minute), 'TIME', 'a hook that runs longer is killed'),
  hookSafetyCheck: setting('hook-safety-check', 'on', onOff, 'on|off', 'as root, refuse a hook that others can write'),
  periodReadyMs: setting('period-ready', '10s', duration(100, 10 * minute), 'TIME', 'rest between cycles while ready'),
  periodNotReadyMs: setting('period-not-ready', '1s', duration(100, 10 * minute), 'TIME', 'rest between cycles while not ready'),
  startStep: setting('start-step', 'on', onOff, 'on|off', 'look at start.sh (off: a container without supervisord)'),
  startPrograms: optional(
    'start-programs',
    parseProgramNames,
    'NAMES',
    'NAME, GROUP:NAME or GROUP:*: the start.sh programs [guessed]; none',
  ),
  programs: optional(
    'programs',
    parseProgramChoice,
    'NAMES',
    'programs that must be RUNNING: names as above, autostart, started; -NAME leaves out',
  ),
  settledAfterMs: setting(
    'settled-after',
    '10s',
    duration(100, 10 * minute),
    'TIME',
    'a restarted program must have been up for this time',
  ),
  checksDirectory: setting('checks-dir', defaultChecksDirectory, absolutePath, 'PATH', 'checks are declared in its files *.yaml'),
  events: setting('events', 'off', onOff, '', "be told at once, as supervisord's event listener"),
  supervisor: setting('supervisor-url', defaultSupervisorUrl, parseSupervisorUrl, 'URL', "supervisord's URL (or as SUPERVISOR_SERVER_URL)"),
  supervisorUser: optional('supervisor-user', credential, 'NAME', 'user for supervisord'),
  supervisorPassword: optional('supervisor-password', credential, 'TEXT', 'its password (better as variable: ps shows flags)'),
  rpcTimeoutMs: setting('rpc-timeout', '2s', duration(100, minute), 'TIME', 'longest wait for an answer of supervisord'),
  staleLimitMs: optional('stale-limit', duration(100, 60 * minute), 'TIME', 'maximum age of a verdict [worked out from the bounds]'),
  logLevel: setting(
    'log-level',
    'info',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'LEVEL',
    'log lines of this level and above',
  ),
} as const;

type Definitions = typeof definitions;

/** The settings in force: read once, checked once, frozen. */
export type Settings = {
  readonly [Key in keyof Definitions]:
    | ReturnType<Definitions[Key]['read']>
    | (Definitions[Key]['defaultText'] extends string ? never : undefined);
};

/** Whether only root may have written what is run or believed: the hook, commands, files of checks. */
export function isSafetyChecked({ hookSafetyCheck }: Pick<Settings, 'hookSafetyCheck'>): boolean {
  return hookSafetyCheck && process.geteuid?.() === 0;
}

export interface Definition {
  readonly flag: string;
  readonly variable: string;
  readonly defaultText: string | undefined;
  readonly read: (text: string) => unknown;
  readonly placeholder: string;
  readonly help: string;
}

function setting<T>(flag: string, defaultText: string, read: (text: string) => T, placeholder: string, help: string) {
  return { flag, variable: variableOf(flag), defaultText, read, placeholder, help };
}

function optional<T>(flag: string, read: (text: string) => T, placeholder: string, help: string) {
  return { flag, variable: variableOf(flag), defaultText: undefined, read, placeholder, help };
}

function variableOf(flag: string): string {
  return flag === 'socket' ? socketVariable : `READINESSD_${flag.toUpperCase().replaceAll('-', '_')}`;
}
