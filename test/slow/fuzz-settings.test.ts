import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { suite, test } from 'node:test';
import { definitions, type Settings } from '../../daemon/settings/definitions.ts';
import { describeSettings } from '../../daemon/settings/describe.ts';
import { readSettings, SettingsError } from '../../daemon/settings/settings.ts';
import type { ListenAddress } from '../../daemon/settings/values.ts';
import type { NamedPrograms, ProgramChoice } from '../../daemon/supervisor/names.ts';
import type { Random } from '../support/fuzz/random.ts';
import { runsOf } from '../support/fuzz/seeds.ts';

/** Each password contains this text, so that it is found wherever it is shown. */
const secret = 'hunter2';

const addresses = [
  `http://joe:${secret}@host:9001`,
  `http://joe:${secret}@host:9001/RPC2`,
  `unix://joe:${secret}@/run/s.sock`,
  `http://joe:a@${secret}@host:1`,
  `http://joe:a/${secret}@host`,
  `https://joe:${secret}@host`,
  `joe:${secret}@host:9001`,
];
const durations = ['100ms', '99ms', '500ms', '10s', '2m', '10m', '601s', '61m', '0s', '1.5s', '10', '-1s', '999999999m', '1e3s', '٣s'];
const paths = ['/run/r.sock', '/usr/bin/hook', '/', 'r.sock', `/${'x'.repeat(95)}`, `/${'x'.repeat(96)}`, `/${'é'.repeat(50)}`, '/a\nb'];
const words = [
  'on',
  'off',
  'ON',
  '0600',
  '0660',
  '777',
  '0200',
  '1600',
  '08',
  'info',
  'silent',
  'loud',
  '',
  ' ',
  '--',
  '-',
  '=',
  'joe',
  'é',
];
const urls = [
  ...addresses,
  'unix:///run/s.sock',
  'http://[::1]:9001/',
  'http://h/x',
  'http://h?x',
  'ftp://h',
  'unix://h/s',
  'http://h:99999',
];

/** Text that mutations insert. No letters, and nothing that would split a password. */
const fragments = [
  '\r\n',
  '\u2028',
  '\ud834',
  '\x1b[2J',
  '=',
  '--',
  '--help',
  'on',
  '10s',
  '/',
  '//',
  '@',
  ':',
  '%',
  '%00',
  '%zz',
  '0',
  'é',
  '=\n',
];

const listenAddresses = [
  '127.0.0.1:9464',
  '[::1]:9464',
  '0.0.0.0:1',
  '[::]:65535',
  '127.0.0.1',
  '::1:9464',
  '[::1]',
  'localhost:80',
  '1.2.3.4:0',
  '1.2.3.4:65536',
  ':80',
];

const between = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
const isSwitch = (value: unknown) => typeof value === 'boolean';
const isPath = (value: unknown) => typeof value === 'string' && /^\/(?:[^\0]*[^/\0])$/.test(value);
const isCredential = (value: unknown) => value === undefined || (typeof value === 'string' && /^\P{Cc}+$/u.test(value));

/** The bounds in the help and the README, written a second time. */
const bounds: Record<keyof Settings, (value: unknown) => boolean> = {
  socketPath: (value) => isPath(value) && Buffer.byteLength(String(value)) <= 96,
  socketMode: (value) => between(0o600, 0o777)(value) && (Number(value) & 0o600) === 0o600,
  listen: (value) =>
    value === undefined || (isIP((value as ListenAddress).host) !== 0 && between(1, 65_535)((value as ListenAddress).port)),
  hookPath: (value) => value === 'none' || isPath(value),
  hookTimeoutMs: between(100, 600_000),
  hookSafetyCheck: isSwitch,
  periodReadyMs: between(100, 600_000),
  periodNotReadyMs: between(100, 600_000),
  startStep: isSwitch,
  startPrograms: (value) =>
    value === undefined ||
    (value as NamedPrograms).patterns.every(({ group, name }) => !/[:*]/.test(group ?? '') && /^(?:\*|[^:*]+)$/.test(name)),
  programs: (value) => {
    const { patterns, classes, without } = (value as ProgramChoice | undefined) ?? { patterns: [], classes: [], without: [] };
    return (
      [...patterns, ...without].every(({ group, name }) => !/[:*]/.test(group ?? '') && /^(?:\*|[^:*]+)$/.test(name)) && classes.length <= 2
    );
  },
  settledAfterMs: between(100, 600_000),
  checksDirectory: isPath,
  events: isSwitch,
  supervisor: (value) => /^(?:unix:\/\/\/|http:\/\/).+$/s.test((value as Settings['supervisor']).display),
  supervisorUser: isCredential,
  supervisorPassword: isCredential,
  rpcTimeoutMs: between(100, 60_000),
  staleLimitMs: (value) => value === undefined || between(100, 3_600_000)(value),
  logLevel: (value) => ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].includes(String(value)),
};

/** Values that suit a setting, by the end of its flag. */
function fitting(flag: string): readonly string[] {
  if (/(?:url)$/.test(flag)) return urls;
  if (/(?:socket|hook|dir)$/.test(flag)) return paths;
  if (flag === 'listen') return listenAddresses;
  return /(?:timeout|ready|limit|after)$/.test(flag) ? durations : words;
}

/** A value that may be valid for the setting, and sometimes one for another. */
function randomValue(random: Random, flag: string): string {
  if (flag === 'supervisor-password') return secret + random.pick(['', '', '\n', ' x', '@', '\x7f', secret]);
  const value = random.pick(random.oneIn(8) ? random.pick([durations, paths, words]) : fitting(flag));
  return random.oneIn(8) ? mutatedValue(random, value) : value;
}

/** A password must stay recognisable: it occurs once, in front of an @, and not in a path. */
function mutatedValue(random: Random, value: string): string {
  const mutated = random.mutate(value, fragments);
  const [before = '', ...after] = mutated.split(secret);
  const isTold = after.length === 0 || (after.length === 1 && after[0]?.includes('@') && !/^unix:\/\/.*\//s.test(before));
  return isTold ? mutated : value;
}

interface Given {
  readonly argv: readonly string[];
  readonly environment: Record<string, string>;
}

/** Names and values may be mutated, but a password stays under its own name. */
function randomGiven(random: Random): Given {
  const argv: string[] = [];
  const environment: Record<string, string> = {};
  for (let left = random.int(5); left > 0; left--) {
    const { flag, variable } = random.pick(Object.values(definitions));
    const value = randomValue(random, flag);
    const renamed = (name: string) => (!value.includes(secret) && random.oneIn(25) ? random.mutate(name, fragments) : name);
    if (random.oneIn(2)) environment[renamed(variable)] = value;
    else if (random.oneIn(30)) argv.push(`--${flag}=`, value);
    else argv.push(...(random.oneIn(2) ? [renamed(`--${flag}=${value}`)] : [renamed(`--${flag}`), value]));
  }
  if (random.oneIn(10)) environment['SUPERVISOR_SERVER_URL'] = mutatedValue(random, random.pick(urls));
  if (random.oneIn(20)) environment[`READINESSD_${random.pick(['PORT', 'SERVICE_HOST', 'X_PORT_1', 'PASSWD', 'SECRET\n'])}`] = secret;
  if (random.oneIn(20))
    argv.splice(random.int(argv.length + 1), 0, random.pick(['--help', '--version', '--', '-x', 'now', '-', '--help=x']));
  return { argv, environment };
}

/** Checks the outcome: settings within their bounds, a page to show, or an error that fits into one line of a log. */
function check({ argv, environment }: Given): 'settings' | 'shown' | 'refused' {
  try {
    const request = readSettings(argv, environment);
    if ('show' in request) return 'shown';
    const { settings } = request;
    assert.ok(Object.isFrozen(settings), 'the settings are not frozen');
    assert.deepEqual(Object.keys(settings), Object.keys(bounds));
    for (const [key, fits] of Object.entries(bounds)) {
      const value = settings[key as keyof Settings];
      assert.ok(fits(value), `${key} is ${JSON.stringify(value)}`);
    }
    assert.ok(settings.supervisorPassword === undefined || settings.supervisorUser !== undefined, 'a password without a user');
    assert.ok(!JSON.stringify(describeSettings(settings)).includes(secret), 'the description shows a password');
    return 'settings';
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    assert.match(error.message, /^[^\p{Cc}\u2028\u2029]+$/u, `it is not one clean line: ${JSON.stringify(error.message)}`);
    assert.ok(!error.message.includes(secret), `it shows a password: ${error.message}`);
    assert.ok(error.message.length < 1000, 'it is too long');
    return 'refused';
  }
}

suite('fuzz: the settings', () => {
  for (const { title, draws, isSample } of runsOf('settings')) {
    test(`are within their bounds or refused in one line without passwords (${title})`, (t) => {
      const counts = { settings: 0, shown: 0, refused: 0 };
      for (const { name, random } of draws()) {
        const given = randomGiven(random);
        try {
          counts[check(given)]++;
        } catch (error) {
          assert.fail(`${name}: ${(error as Error).message}\n${JSON.stringify(given)}`);
        }
      }
      if (isSample) return;
      t.diagnostic(JSON.stringify(counts));
      assert.ok(
        Object.values(counts).every((count) => count > 1000),
        'too few of a kind',
      );
    });
  }
});
