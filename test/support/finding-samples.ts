import fc from 'fast-check';
import type { VerdictFinding } from '../../shared/findings/findings.ts';

const program = 'x:web';
const path = '/opt/hook';
const hook = { path, isHook: true };
const command = { path, isHook: false };
const url = 'unix:///run/supervisor.sock';
const check = 'http http://localhost/healthz';
const timeoutMs = 1500;
const early = 'Exited too quickly (process log may have details)';

type OfKind<Kind> = Extract<VerdictFinding, { readonly kind: Kind }>;
/** The facts of a finding, without its kind, for each case of a union. */
type Facts<Finding> = Finding extends unknown ? Omit<Finding, 'kind'> : never;

/** Facts of each kind, including everything that its words distinguish. */
const facts: { readonly [Kind in VerdictFinding['kind']]: readonly Facts<OfKind<Kind>>[] } = {
  'start-failed': [3, 126, 127].map((code) => ({ program, code })),
  'start-killed': [{ program }],
  'start-fatal': [
    { program, spawnerr: '', isEarly: false },
    { program, spawnerr: early, isEarly: true },
  ],
  'start-backoff': [
    { program, spawnerr: 'unknown error', isEarly: false },
    { program, spawnerr: early, isEarly: true },
  ],
  'start-not-started': [{ program }],
  'start-stopped': [{ program }],
  'start-running': [
    { program, isByCommand: true, hasRun: false },
    { program, isByCommand: false, hasRun: true },
  ],
  'start-stopping': [{ program }],
  'start-restarts': [{ program }],
  'start-just-ended': [{ programs: [program] }, { programs: [program, 'other'] }],
  'start-state-unknown': [{ program, state: 7 }],
  'start-command-unknown': [{ program }],
  'start-not-loaded': [{ program }],
  'start-perhaps-not-loaded': [{ program }],
  'start-ambiguous': [{ program }],
  'start-missing': [{ name: 'x:*' }],
  'start-hook-rests': [{ found: 'start.sh exited with code 0' }],
  'programs-change': [{}],
  'supervisord-unreachable': [{ url, why: 'connection refused' }],
  'supervisord-silent': [{ url, timeoutMs }],
  'supervisord-password': [
    ...(['not-looked-for', 'no-configuration'] as const).map((lookup) => ({ url, lookup })),
    ...(['only-a-hash', 'none-there', 'unreadable', 'refused'] as const).map((lookup) => ({ url, lookup, place: '/etc/supervisord.conf' })),
  ],
  'supervisord-no-rpc': [{ url, status: 404 }],
  'supervisord-http-status': [500, 302].map((status) => ({ url, status })),
  'supervisord-stopping': [{}],
  'supervisord-fault': ['1', '10'].map((code) => ({ code, text: 'UNKNOWN_METHOD' })),
  'supervisord-unreadable': [{ why: 'it is not UTF-8' }],
  'supervisord-too-long': [{ bytes: 1000 }],
  'program-exited': [{ program, code: 3 }],
  'program-killed': [{ program }],
  'program-failed-start': [
    { program, state: 'FATAL', spawnerr: '' },
    { program, state: 'BACKOFF', spawnerr: early },
  ],
  'program-not-started': [{ program }],
  'program-stopped': [{ program }],
  'program-in-state': [{ program, state: 'STARTING' }],
  'program-restarts': [{ program }],
  'program-not-settled': [true, false].map((hasRun) => ({ program, hasRun })),
  'program-just-ended': [{ program }],
  'program-still-runs': [{ program }],
  'program-absent': [{ name: 'x:*' }],
  'program-class-empty': [{ word: 'autostart' }],
  'program-not-loaded': [{ program }],
  'program-ambiguous': [{ program }],
  'programs-hook-rests': [{ found: 'web: RUNNING' }],
  'hook-not-there': [{ path }],
  'hook-gone': [{ path }],
  'command-not-there': [{ path }],
  'not-executable': [hook, command].flatMap((file) => [
    { ...file, trouble: 'no-x' as const },
    { ...file, trouble: 'no-x-for-root' as const },
    { ...file, trouble: 'not-regular' as const, is: 'directory' },
    { ...file, trouble: 'not-regular' as const, is: 'socket' },
    { ...file, trouble: 'dangling-link' as const },
    { ...file, trouble: 'no-directory' as const, directory: '/opt' },
    { ...file, trouble: 'not-seen' as const, why: 'permission denied' },
  ]),
  unsafe: [hook, command].flatMap((file) => [
    { ...file, place: '/opt', owner: 7 },
    { ...file, place: '/opt', writers: 'everybody' as const, group: 0 },
    { ...file, place: '/opt', writers: 'group' as const, group: 7 },
  ]),
  'not-loadable': [hook, command].flatMap((file) => [
    ...(
      ['empty', 'nuls', 'blank', 'neither', 'cut-short', 'other-machine', 'no-program', 'no-interpreter', 'nested-too-deep'] as const
    ).map((trouble) => ({ ...file, trouble })),
    { ...file, trouble: 'machine-not-known' as const, code: 'mips' },
    { ...file, trouble: 'unreadable' as const, code: 'EACCES' },
    ...['/bin/nosh', '/bin/sh\r'].map((interpreter) => ({ ...file, trouble: 'missing' as const, interpreter })),
    { ...file, trouble: 'cut-short' as const, interpreter: '/bin/sh' },
  ]),
  'not-started': ['EACCES', 'ENOENT', 'ETXTBSY', 'EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'EIO'].map((errno) => ({ ...hook, errno })),
  'removed-meanwhile': [hook],
  'changed-meanwhile': [command],
  'runs-already': [true, false].map((isHook) => ({ isHook })),
  'timed-out': [true, false].map((isAlive) => ({ ...hook, timeoutMs, isAlive })),
  killed: ['SIGKILL', 'SIGSEGV'].map((signal) => ({ ...hook, signal })),
  exited: [1, 17, 126, 127, 139].map((code) => ({ ...command, code })),
  'reserved-code': [2, 124].map((code) => ({ path, code })),
  'endpoint-refused': [{ check }],
  'endpoint-silent': [{ check, timeoutMs }],
  'endpoint-no-socket': [{ check }],
  'endpoint-unusable': [{ check, why: 'it is no socket' }],
  'endpoint-status': [{ check, status: 503, url: 'http://localhost/healthz' }],
  'endpoint-redirects': [{ check, status: 302, location: '/login' }],
  'first-cycle-runs': [{}],
  'verdict-expired': [{ was: '17 HookFailed' }],
  'step-threw': [{ step: 'hook' }],
  stopping: [{}],
};

/** A finding of each kind, and of each case that its words distinguish. */
export const samples = Object.entries(facts).flatMap(([kind, all]) => all.map((one) => ({ kind, ...one }) as VerdictFinding));

/** Text with much that is special for a shell. */
export const shellText = fc
  .array(fc.oneof(fc.constantFrom(...'\'"`$\\ \n\r\t;&|<>(){}[]*?~#!=-'), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 12 })
  .map((parts) => parts.join('').replaceAll('\0', ''));
