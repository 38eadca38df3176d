import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { definitions } from '../../daemon/settings/definitions.ts';
import { describeSettings } from '../../daemon/settings/describe.ts';
import { helpText } from '../../daemon/settings/help.ts';
import { readSettings, SettingsError } from '../../daemon/settings/settings.ts';
import { formatDuration } from '../../shared/duration.ts';

function settings(argv: string[], environment: NodeJS.ProcessEnv = {}) {
  const request = readSettings(argv, environment);
  assert.ok('settings' in request);
  return request.settings;
}

suite('settings', () => {
  test('have defaults, and are frozen', () => {
    const defaults = settings([]);
    assert.ok(Object.isFrozen(defaults));
    assert.deepEqual(
      { ...defaults, supervisor: defaults.supervisor.display },
      {
        socketPath: '/run/readinessd.sock',
        socketMode: 0o600,
        listen: undefined,
        hookPath: '/usr/bin/readiness_probe_hook',
        hookTimeoutMs: 10_000,
        hookSafetyCheck: true,
        periodReadyMs: 10_000,
        periodNotReadyMs: 1000,
        events: false,
        programs: undefined,
        settledAfterMs: 10_000,
        checksDirectory: '/etc/readinessd/checks.d',
        startPrograms: undefined,
        startStep: true,
        supervisor: 'unix:///var/run/supervisor.sock',
        supervisorUser: undefined,
        supervisorPassword: undefined,
        rpcTimeoutMs: 2000,
        staleLimitMs: undefined,
        logLevel: 'info',
      },
    );
  });

  test('come from flags before the environment', () => {
    const { hookTimeoutMs, periodReadyMs } = settings(['--hook-timeout', '500ms'], {
      READINESSD_HOOK_TIMEOUT: '3s',
      READINESSD_PERIOD_READY: '2m',
    });
    assert.equal(hookTimeoutMs, 500);
    assert.equal(periodReadyMs, 120_000);
  });

  test('use the address that supervisord itself tells, unless configured otherwise', () => {
    const environment = { SUPERVISOR_SERVER_URL: 'unix:///a.sock' };
    assert.equal(settings([], environment).supervisor.socketPath, '/a.sock');
    assert.equal(settings(['--supervisor-url=http://localhost:9001'], environment).supervisor.origin, 'http://localhost:9001');
    assert.equal(settings([], { SUPERVISOR_SERVER_URL: '' }).supervisor.socketPath, '/var/run/supervisor.sock');
  });

  test('read supervisord URLs with user and password', () => {
    for (const [url, expected] of [
      [
        'unix://joe:se:cret@/a/b.sock',
        { display: 'unix:///a/b.sock', origin: 'http://localhost', socketPath: '/a/b.sock', user: 'joe', password: 'se:cret' },
      ],
      ['http://joe:p%40ss@host:9001/', { display: 'http://host:9001', origin: 'http://host:9001', user: 'joe', password: 'p@ss' }],
      ['http://host:9001/RPC2', { display: 'http://host:9001', origin: 'http://host:9001' }],
    ] as const) {
      assert.deepEqual(settings([`--supervisor-url=${url}`]).supervisor, expected);
    }
  });

  test('read addresses to listen on, of both kinds', () => {
    assert.deepEqual(settings(['--listen=127.0.0.1:9464']).listen, { display: '127.0.0.1:9464', host: '127.0.0.1', port: 9464 });
    assert.deepEqual(settings(['--listen=[fd00::1]:80']).listen, { display: '[fd00::1]:80', host: 'fd00::1', port: 80 });
  });

  for (const [argv, environment, message] of [
    [['--hook-timeout', '10'], {}, /--hook-timeout="10": must be a duration with a unit/],
    [['--hook-timeout', '0s'], {}, /from 100ms to 10m/],
    [[], { READINESSD_PERIOD_READY: '1h' }, /READINESSD_PERIOD_READY="1h"/],
    [[], { READINESSD_PERIOD_READY: '' }, /READINESSD_PERIOD_READY="": must not be empty/],
    [[], { READINESSD_STALE_LIMIT: '-1s' }, /READINESSD_STALE_LIMIT/],
    [[], { READINESSD_RPC_TIMEOUT: '1.5s' }, /READINESSD_RPC_TIMEOUT/],
    [['--socket', 'run/x.sock'], {}, /--socket="run\/x.sock": must be the absolute path/],
    [['--socket', `/${'x'.repeat(100)}`], {}, /at most 96 bytes/],
    [['--socket-mode', '0200'], {}, /--socket-mode="0200": must be an octal mode/],
    [['--socket-mode', '0689'], {}, /--socket-mode/],
    [['--hook', 'hook'], {}, /--hook="hook"/],
    [['--hook-safety-check', 'yes'], {}, /must be on or off/],
    [['--start-step=0'], {}, /must be on or off/],
    [['--log-level', 'loud'], {}, /must be one of trace, debug/],
    [['--supervisor-url', 'ftp://x'], {}, /must be unix:\/\//],
    [['--supervisor-url', 'unix://relative'], {}, /must be unix:\/\//],
    [['--hook-timeout=5s'], { READINESSD_HOOK_TIMEOUT: 'bad' }, /READINESSD_HOOK_TIMEOUT="bad"/],
    [['--supervisor-url', 'http://u:pa/ss@h:1'], {}, /^(?!.*pa\/)(?!.*ss@)/],
    [['--supervisor-password', 'x'], {}, /needs READINESSD_SUPERVISOR_USER/],
    [[], { SUPERVISOR_SERVER_URL: 'nonsense' }, /SUPERVISOR_SERVER_URL="nonsense"/],
    [['--supervisor-url', 'https://joe:secret@host'], {}, /^(?!.*secret)/],
    [['--supervisor-url', 'https://joe:sec\nret@host'], {}, /^(?!.*sec)/],
    [['--supervisor-url', 'joe:secret@host:9001'], {}, /="\(not shown\)@host:9001": must be unix/],
    [['--supervisor-password=', 'secret'], {}, /^(?!.*secret)/],
    [['--', '--supervisor-password=secret'], {}, /^(?!.*secret)/],
    [['--a\nb=c'], {}, /--a b="c": no such setting/],
    [[], { 'READINESSD_A\nB': 'c' }, /READINESSD_A B="c": no such setting/],
    [['--supervisor-password', 'a\nb'], {}, /\(not shown\): must not hold control/],
    [['--listen', 'localhost:9464'], {}, /--listen="localhost:9464": must be an IP address and a port/],
    [['--listen', '127.0.0.1'], {}, /must be an IP address and a port/],
    [['--listen', '::1:9464'], {}, /must be an IP address and a port/],
    [['--listen', '[127.0.0.1]:9464'], {}, /must be an IP address and a port/],
    [['--listen', ':9464'], {}, /must be an IP address and a port/],
    [[], { READINESSD_LISTEN: '10.0.0.1:0' }, /READINESSD_LISTEN="10.0.0.1:0"/],
    [[], { READINESSD_LISTEN: '10.0.0.1:65536' }, /READINESSD_LISTEN/],
    [['--wait', '3s'], {}, /--wait="3s": no such setting|--wait: no such/],
    [['now'], {}, /"now": a setting is/],
    [['--hook'], {}, /--hook: it wants a value/],
    [['--hook', '--socket=/x'], {}, /--hook: it wants a value/],
    [['--foo=bar'], {}, /--foo="bar": no such setting/],
    [['--password=secret'], {}, /^(?!.*secret)/],
    [['-x'], {}, /-x: no such setting/],
    [['--help=yes'], {}, /--help="yes"/],
    [[], { READINESSD_HOOK_TIMOUT: '3s' }, /READINESSD_HOOK_TIMOUT="3s": no such setting/],
    [[], { READINESSD_SUPERVISOR_PASWORD: 'secret', READINESSD_PASS: 'secret' }, /^(?!.*secret)/],
  ] as const) {
    test(`refuse ${JSON.stringify(argv)} ${JSON.stringify(environment)}`, () => {
      assert.throws(
        () => readSettings(argv, environment),
        (error: Error) => error instanceof SettingsError && message.test(error.message) && !error.message.includes('\n'),
      );
    });
  }

  test("ignore the client's variables, and those that Kubernetes adds for a Service called readinessd", () => {
    settings([], {
      READINESSD_PROBE_TIMEOUT_MS: '100',
      READINESSD_SERVICE_HOST: '10.0.0.1',
      READINESSD_PORT_80_TCP_ADDR: '10.0.0.1',
      READINESSD_PORT: 'tcp://x',
      READINESSD_METRICS_SERVICE_PORT: '1',
    });
  });

  test('are all in the help, with variable and default', () => {
    const help = helpText();
    for (const { flag, variable, defaultText } of Object.values(definitions)) {
      assert.match(
        help,
        new RegExp(`--${flag} .*${variable}\\n.*${defaultText === undefined ? '' : `\\[${defaultText.replaceAll(/[.|/]/g, '\\$&')}\\]`}`),
      );
    }
    assert.ok(help.split('\n').every((line) => line.length <= 120));
  });

  test('are shown as one would write them, without credentials', () => {
    const shown = describeSettings(
      settings([
        '--supervisor-url',
        'http://joe:secret@host:1',
        '--supervisor-user',
        'joe',
        '--supervisor-password',
        'sesame',
        '--stale-limit',
        '90s',
      ]),
    );
    assert.equal(shown['supervisor'], 'http://host:1');
    assert.equal(shown['staleLimit'], '90s');
    assert.equal(shown['socketMode'], '0600');
    assert.doesNotMatch(JSON.stringify(shown), /secret|sesame|joe/);
  });

  test('show durations in the largest whole unit', () => {
    assert.deepEqual([100, 1000, 1500, 60_000, 90_000, 0].map(formatDuration), ['100ms', '1s', '1500ms', '1m', '90s', '0s']);
  });
});
