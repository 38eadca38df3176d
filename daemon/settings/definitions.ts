import { defaultSocketPath, socketVariable } from '../../shared/defaults.ts';
import { defaultSupervisorUrl, parseSupervisorUrl } from '../supervisor/address.ts';
import { parseProgramChoice, parseProgramNames } from '../supervisor/names.ts';
import { absolutePath, credential, duration, hookPath, listenAddress, oneOf, onOff, socketMode, socketPath } from './values.ts';

/** At this path the hook may be missing. At any other path it must exist, because somebody has asked for it. */
export const defaultHookPath = '/usr/bin/readiness_probe_hook';

/** This directory may be missing: then no checks are declared. */
export const defaultChecksDirectory = '/etc/readinessd/checks.d';

const second = 1000;
const minute = 60 * second;

/**
 * Every setting, once: its flag, its default as it would be written, how it is read, and what `--help` says.
 * The environment variable is the flag in capitals: `--hook-timeout` is READINESSD_HOOK_TIMEOUT.
 * A setting whose default is undefined is off, or computed, until it is set.
 */
export const definitions = {
  socketPath: setting('socket', defaultSocketPath, socketPath, 'PATH', 'the Unix socket that the probe asks'),
  socketMode: setting('socket-mode', '0600', socketMode, 'MODE', "the socket's mode"),
  listen: optional('listen', listenAddress, 'ADDRESS:PORT', 'also answer /readyz and /metrics over TCP, at this address only'),
  hookPath: setting('hook', defaultHookPath, hookPath, 'PATH|none', 'your hook; a hook at any other path than this must exist'),
  hookTimeoutMs: setting('hook-timeout', '10s', duration(100, 10 * minute), 'TIME', 'a hook that runs longer is killed'),
  hookSafetyCheck: setting('hook-safety-check', 'on', onOff, 'on|off', 'as root, refuse a hook that others can write'),
  periodReadyMs: setting('period-ready', '10s', duration(100, 10 * minute), 'TIME', 'wait between cycles while ready'),
  periodNotReadyMs: setting('period-not-ready', '1s', duration(100, 10 * minute), 'TIME', 'wait between cycles while not ready'),
  startStep: setting('start-step', 'on', onOff, 'on|off', 'check start.sh (off: a container without supervisord)'),
  startPrograms: optional(
    'start-programs',
    parseProgramNames,
    'NAMES',
    'the start.sh programs: NAME, GROUP:NAME, GROUP:*, or none [found by name and command]',
  ),
  programs: optional(
    'programs',
    parseProgramChoice,
    'NAMES',
    'programs that must be RUNNING: names as above, autostart, started; -NAME excludes one',
  ),
  settledAfterMs: setting(
    'settled-after',
    '10s',
    duration(100, 10 * minute),
    'TIME',
    'how long a restarted program must run before it counts as RUNNING',
  ),
  checksDirectory: setting('checks-dir', defaultChecksDirectory, absolutePath, 'PATH', 'directory of the files *.yaml that declare checks'),
  events: setting('events', 'off', onOff, '', "be supervisord's event listener, and see changes at once"),
  supervisor: setting('supervisor-url', defaultSupervisorUrl, parseSupervisorUrl, 'URL', "supervisord's URL (or as SUPERVISOR_SERVER_URL)"),
  supervisorUser: optional('supervisor-user', credential, 'NAME', 'user name for supervisord'),
  supervisorPassword: optional('supervisor-password', credential, 'TEXT', 'its password (better as a variable: ps shows flags)'),
  rpcTimeoutMs: setting('rpc-timeout', '2s', duration(100, minute), 'TIME', 'how long to wait for an answer of supervisord'),
  staleLimitMs: optional('stale-limit', duration(100, 60 * minute), 'TIME', 'how old a verdict may be [computed from the timeouts]'),
  logLevel: setting(
    'log-level',
    'info',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'LEVEL',
    'log this level and above',
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
