import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { readSettings } from '../../daemon/settings/settings.ts';
import { kinds } from '../../daemon/steps/checks/kinds.ts';
import { loadChecks } from '../../daemon/steps/checks/load.ts';
import { readChecks } from '../../daemon/steps/checks/read.ts';
import { withVariables } from '../../daemon/steps/checks/variables.ts';

/** One check named "a". Its lines are indented by four. */
const one = (text: string) => `checks:\n  a:\n    ${text.replaceAll('\n', '\n    ')}\n`;
const tcp = 'tcp: { port: 25 }';

const numbered = (count: number, make: (n: number) => string) => Array.from({ length: count }, (_none, n) => make(n)).join('');

function directoryOf(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rd-checks-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

/** Reads files in their order. Returns the checks, or the error line without the directory. */
async function read(t: TestContext, files: Readonly<Record<string, string | Buffer>>, environment: NodeJS.ProcessEnv = {}) {
  const directory = directoryOf(t, files);
  const paths = Object.keys(files).map((name) => join(directory, name));
  const found = await readChecks(paths, { kinds, reserved: ['start', 'hook'], environment, checkSafety: false });
  return 'checks' in found ? found.checks : found.problem.replaceAll(`${directory}/`, '');
}

suite('files of checks', () => {
  test('contain every kind, in their order', async (t) => {
    const text = `
checks:
  services:
    programs: [postfix, "gitlab:*"]
  fetchmail:
    when: \${ENABLE_FETCHMAIL:-0}
    programs: [fetchmail]
  config: { programs: [swssconfig], state: exited, exit-code: 3 }
  api:
    http: { url: "http://127.0.0.1:\${PORT:-8080}/healthz?key=secret", headers: { Host: app, X-Key: secret } }
    timeout: 2s
  app: { http: { url: http://app.example/, unix-socket: /run/app.sock } }
  smtp: { tcp: { host: "::1", port: "25" }, period: 1m }
  redis: { tcp: { unix-socket: /run/redis.sock } }
  bgp: { exec: { command: /usr/local/bin/check-bgp --all "a b" }, timeout: 5s, exit-code: 42 }
`;
    const checks = await read(t, { 'a.yaml': text, 'b.yaml': '# nothing\n', 'c.yaml': '' }, { PORT: '99' });
    assert.ok(typeof checks !== 'string', String(checks));
    assert.deepEqual(
      checks.map(({ name, body, isOn, timeoutMs, periodMs, exitCode }) => [name, body.display, isOn, timeoutMs, periodMs, exitCode]),
      [
        ['services', 'programs postfix gitlab:*: running, and settled', true, 0, 0, undefined],
        ['fetchmail', 'programs fetchmail: running, and settled', false, 0, 0, undefined],
        ['config', 'programs swssconfig: exited', true, 0, 0, 3],
        ['api', 'http http://127.0.0.1:99/healthz', true, 2000, 0, undefined],
        ['app', 'http http://app.example/ over /run/app.sock', true, 3000, 0, undefined],
        ['smtp', 'tcp [::1]:25', true, 3000, 60_000, undefined],
        ['redis', 'tcp /run/redis.sock', true, 3000, 0, undefined],
        ['bgp', 'exec /usr/local/bin/check-bgp --all a b', true, 5000, 0, 42],
      ],
    );
    assert.doesNotMatch(JSON.stringify(checks), /secret/);
  });

  for (const [text, line] of [
    ['check: {}', /^a.yaml:1:1: cannot use the key "check": the keys here are checks$/],
    ['checks:', /^a.yaml:1:8: must be keys with values$/],
    ['checks: [a]', /^a.yaml:1:9: must be keys with values$/],
    ['- a', /^a.yaml:1:1: must be keys with values$/],
    [one('when: on'), /^a.yaml:3:5: check "a" needs one of programs, http, tcp, exec$/],
    [one(`${tcp}\nexec: { command: /x }`), /^a.yaml:4:5: cannot use exec beside tcp: a check is of one kind$/],
    [one(`${tcp}\ntimout: 2s`), /^a.yaml:4:5: cannot use the key "timout": the keys here are when, exit-code, timeout, period, tcp$/],
    [one('tcp: { prot: 25 }'), /^a.yaml:3:12: cannot use the key "prot": the keys here are host, port, unix-socket$/],
    [one(`${tcp}\ntimeout: 2`), /^a.yaml:4:14: cannot use "2": must be a duration with a unit/],
    [one(`${tcp}\ntimeout: 2h`), /^a.yaml:4:14: cannot use "2h": must be a duration/],
    [one(`${tcp}\nperiod: 2h`), /^a.yaml:4:13: cannot use "2h": must be a duration/],
    [one(`${tcp}\nexit-code: 2`), /^a.yaml:4:16: cannot use "2": must be a number from 3 to 99/],
    [one(`${tcp}\nexit-code: 100`), /^a.yaml:4:16: cannot use "100"/],
    [one(`${tcp}\nwhen: maybe`), /^a.yaml:4:11: cannot use "maybe": must be 1, true, yes or on; or 0/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written
    [one(`${tcp}\nwhen: ${'${NOT_SET}'}`), /^a.yaml:4:11: the variable NOT_SET is not set: set it for readinessd, or give a default/],
    [one(`${tcp}\nlevel: ready`), /^a.yaml:4:5: cannot use the key "level": there is one level/],
    [one(`${tcp}\nthreshold: 3`), /^a.yaml:4:5: cannot use the key "threshold": .*failureThreshold/],
    [one(`${tcp}\nstartup: enabled`), /^a.yaml:4:5: cannot use the key "startup": use when/],
    [one(`${tcp}\nuser: app`), /^a.yaml:4:5: cannot use the key "user": .*setpriv/],
    [one(`${tcp}\n<<: { period: 1m }`), /^a.yaml:4:5: cannot use the key "<<"/],
    [one('programs: web'), /^a.yaml:3:15: must be a list, as \[ONE, TWO\]$/],
    [one('programs: []'), /^a.yaml:3:15: needs programs/],
    [one('programs: [-a]'), /^a.yaml:3:15: must be programs as NAME/],
    [one('programs: [a b]'), /^a.yaml:3:16: cannot use "a b": must be one program/],
    [one('programs: [a]\nstate: stopped'), /^a.yaml:4:12: cannot use "stopped": must be one of running, exited, running-or-exited$/],
    [one('programs: [a]\ntimeout: 1s'), /^a.yaml:4:5: cannot use the key "timeout": programs waits for nothing/],
    [one('programs: [a]\nperiod: 1m'), /^a.yaml:4:5: cannot use the key "period": programs waits for nothing/],
    [one('http: {}'), /^a.yaml:3:11: needs a url/],
    [one('http: { url: "https://127.0.0.1/" }'), /^a.yaml:3:18: cannot use .*: https is not spoken here: ask the plain port, or use exec/],
    [one('http: { url: "http://app:80/" }'), /^a.yaml:3:18: cannot use .*: must be an IP address or localhost/],
    [one('http: { url: "http://me:pw@127.0.0.1/" }'), /^a.yaml:3:18: .*must not hold a user and password/],
    [one('http: { url: "ftp://127.0.0.1/" }'), /^a.yaml:3:18: cannot use this value \(not shown\): must be http:/],
    [one('http: { url: "http://127.0.0.1/", headers: { "X Y": 1 } }'), /^a.yaml:3:50: cannot use the header "X Y"/],
    [one('http: { url: "http://127.0.0.1/", headers: { Connection: close } }'), /^a.yaml:3:50: cannot use the header Connection/],
    [
      one('http: { url: "http://127.0.0.1/", headers: { K: "sec\\nret" } }'),
      /^a.yaml:3:53: cannot use this value \(not shown\): must be one line/,
    ],
    [one('tcp: { host: localhost }'), /^a.yaml:3:10: needs a port, or a unix-socket$/],
    [one('tcp: { host: example.org, port: 1 }'), /^a.yaml:3:18: cannot use "example.org": must be an IP address or localhost/],
    [one('tcp: { port: 70000 }'), /^a.yaml:3:18: cannot use "70000": must be a port/],
    [one('tcp: { port: 1, unix-socket: /x }'), /^a.yaml:3:10: cannot use unix-socket beside host and port/],
    [one('tcp: { unix-socket: x }'), /^a.yaml:3:25: cannot use "x": must be the absolute path/],
    [one('exec: { command: check-bgp }'), /^a.yaml:3:22: cannot use "check-bgp": must begin with the absolute path/],
    [one('exec: { command: "/x \'a" }'), /^a.yaml:3:22: .*a quotation does not end$/],
    [one('exec: { command: "" }'), /^a.yaml:3:22: cannot use ""/],
    [one('exec: { command: /x, user: app }'), /^a.yaml:3:26: cannot use the key "user": .*setpriv/],
    [one('exec: { command: /x, environment: {} }'), /^a.yaml:3:26: cannot use the key "environment": .*env NAME=VALUE/],
    [`${one(tcp)}  a: { ${tcp} }\n`, /^a.yaml:4:3: cannot read this as YAML: the same name stands here twice$/],
    [`checks: { start: { ${tcp} } }`, /^a.yaml:1:11: cannot use the name "start": a step of readinessd is called so$/],
    [`checks: { "a b": { ${tcp} } }`, /^a.yaml:1:11: cannot use the name "a b"/],
    ['checks: { a: !x { tcp: { port: 1 } } }', /^a.yaml:1:14: cannot read this as YAML: Unresolved tag: !x$/],
    ['checks:\n\ta: 1', /^a.yaml:2:1: cannot read this as YAML: /],
    ['checks: {', /^a.yaml:\d+:\d+: cannot read this as YAML: /],
    [`${one(tcp)}---\n${one(tcp)}`, /^a.yaml:4:1: cannot read this as YAML: a file holds one document/],
    [`x: ${'['.repeat(60_000)}`, /^a.yaml:\d+:\d+: /],
    ['#'.repeat(70_000), /^a.yaml:1:1: cannot read it: it is larger than 64 KiB$/],
    [Buffer.from([0xff, 0xfe, 0x41]), /^a.yaml:1:1: cannot read it: it is not UTF-8$/],
  ] as const) {
    test(`are refused: ${JSON.stringify(String(text).slice(0, 60))}`, async (t) => {
      const problem = await read(t, { 'a.yaml': text });
      assert.match(String(problem), line);
      assert.doesNotMatch(String(problem), /\n/);
    });
  }

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: so variables are written
  const header = (text: string) => `http: { url: "http://127.0.0.1/", headers: ${text} }`;
  const command = (text: string) => `exec: { command: ${JSON.stringify(text)} }`;
  for (const [title, text, line] of [
    ['a port below the first', one('tcp: { port: 0 }'), '3:18: cannot use "0": must be a port, from 1 to 65535'],
    ['a port in another base', one('tcp: { port: 0x19 }'), '3:18: cannot use "0x19": must be a port, from 1 to 65535'],
    ['a port with a part', one('tcp: { port: 25.0 }'), '3:18: cannot use "25.0": must be a port, from 1 to 65535'],
    ['a port that is none of a number', one('tcp: { port: [25] }'), '3:18: must be a text'],
    ['a port that is left out', one('tcp: { port: }'), '3:18: must be a text'],
    ['no port in a url', one('http: { url: "http://127.0.0.1:0/" }'), /^3:18: .* must have a port from 1 to 65535$/],
    ['a port in a url above the last', one('http: { url: "http://127.0.0.1:65536/" }'), /^3:18: .* must be http:/],
    ['a zero timeout', one(`${tcp}\ntimeout: 0s`), /^4:14: cannot use "0s": must be a duration .* from 100ms to 1m$/],
    ['a negative timeout', one(`${tcp}\ntimeout: -1s`), /^4:14: cannot use "-1s": must be a duration/],
    ['a timeout over its bound', one(`${tcp}\ntimeout: 61s`), /^4:14: cannot use "61s": must be a duration .* from 100ms to 1m$/],
    ['a period over its bound', one(`${tcp}\nperiod: 61m`), /^4:13: cannot use "61m": must be a duration .* from 100ms to 60m$/],
    ['a code that is no number', one(`${tcp}\nexit-code: x`), /^4:16: cannot use "x": must be a number from 3 to 99/],
    ['a code with a sign', one(`${tcp}\nexit-code: -3`), /^4:16: cannot use "-3"/],
    ['a code of 0', one(`${tcp}\nexit-code: 0`), /^4:16: cannot use "0"/],
    ['when of nothing', one(`${tcp}\nwhen:`), '4:10: must be a text'],
    ['when as a list', one(`${tcp}\nwhen: [1]`), '4:11: must be a text'],
    ['a check of nothing', 'checks:\n  a:\n', '2:5: must be keys with values'],
    ['a kind of nothing', one('tcp:'), '3:9: must be keys with values'],
    ['a list as a key', 'checks: { ? [a] : 1 }', '1:9: each key must be a name'],
    ['no key', 'checks: { : 1 }', '1:9: each key must be a name'],
    ['a long name', `checks: { ${'a'.repeat(61)}: { ${tcp} } }`, /^1:11: cannot use the name "a{61}": use letters/],
    ['a path as a name', `checks: { ../x: { ${tcp} } }`, /^1:11: cannot use the name "..\/x"/],
    ['a variable in a name', 'checks: { "${X}": {} }', /^1:11: cannot use the name "\$\{X\}"/],
    ['one name as number and as text', `checks: { 1: { ${tcp} }, "1": { ${tcp} } }`, 'a.yaml:1:11 has it'],
    ['a prototype as a kind', one('__proto__: {}'), '3:5: check "a" needs one of programs, http, tcp, exec'],
    ['a prototype as a key', one(`${tcp}\nconstructor: 1`), /^4:5: cannot use the key "constructor": the keys here are/],
    ['a header twice', one(header('{ X-A: 1, x-a: 2 }')), /^3:58: cannot use the header x-a: it stands here twice/],
    ['headers as a list', one(header('[a]')), '3:48: must be keys with values'],
    ['a header of a list', one(header('{ A: [secret] }')), '3:53: must be a text'],
    [
      'a header in another alphabet',
      one(header('{ A: "secret\\u0416" }')),
      /^3:53: cannot use this value \(not shown\): must be one line of Latin-1/,
    ],
    ['a header with a wrong variable', one(header('{ A: "${TOKEN secret}" }')), /^3:53: what begins with "\$\{" must be/],
    ['a header with a default of another kind', one(header('{ A: "${TOKEN:+secret}" }')), /^3:53: what begins with/],
    ['a header with a variable without end', one(header('{ A: "${secret" }')), /^3:53: what begins with/],
    [
      'a secret in a url',
      one('http: { url: "http://app/?secret" }'),
      /^3:18: cannot use this value \(not shown\): must be an IP address or localhost/,
    ],
    ['two hosts', one('tcp: { host: "127.0.0.1,::1", port: 1 }'), /^3:18: cannot use "127.0.0.1,::1": must be an IP address or localhost/],
    [
      'a long path of a socket',
      one(`tcp: { unix-socket: /${'x'.repeat(107)} }`),
      /^3:25: cannot use .*: must be the absolute path of a Unix socket, of at most 107 bytes$/,
    ],
    ['a NUL in the path of a socket', one('tcp: { unix-socket: "/a\\0b" }'), /^3:25: cannot use .*: must be the absolute path/],
    ['a command with a NUL', one(command('/x a\0b')), /^3:22: cannot use .*: must not hold a NUL character$/],
    ['a command of blanks', one(command('  ')), /^3:22: cannot use " +": must begin with the absolute path/],
    ['a command by a relative path', one(command('./x')), /^3:22: cannot use ".\/x": must begin with the absolute path/],
    ['a command as a list', one('exec: { command: [/x, y] }'), '3:22: must be a text'],
    ['a shell before a command', one(command('FOO=1 /x')), /^3:22: cannot use "FOO=1 \/x": must begin with/],
    ['a long command, and why', one(command(`${'x'.repeat(5000)}`)), /^3:22: cannot use "x{97}\.\.\.": must begin with the absolute path/],
    ['text behind the document', `${one(tcp)}...\nx`, /^5:1: cannot read this as YAML: /],
    ['an alias of nothing', 'checks: { a: *nobody }', /^1:14: no anchor before this is called "nobody"$/],
    ['an alias before its anchor', 'checks: { a: *x, b: &x {} }', '1:14: no anchor before this is called "x"'],
    [
      'a merge in YAML 1.1',
      `%YAML 1.1\n---\n${one(`${tcp}\n<<: { period: 1m }`)}`,
      '6:5: cannot use the key "<<": no keys are merged in; write them out',
    ],
    ['a set of YAML 1.1', '%YAML 1.1\n---\nchecks: !!set { a, b }', /^3:\d+: must be keys with values$/],
    ['a binary of YAML 1.1', `%YAML 1.1\n---\n${one('tcp: { unix-socket: !!binary L3g= }')}`, /^5:\d+: cannot use /],
    ['another YAML', '%YAML 9.9\n---\nchecks: {}', /^1:\d+: cannot read this as YAML: /],
    ['NUL characters', 'checks:\0 {}', /^1:1: |^1:\d+: cannot read this as YAML/],
    ['only NULs', '\0\0\0', /^1:\d+: /],
    [
      'Pebble',
      one('http: { url: "http://127.0.0.1/" }\noverride: replace'),
      /^4:5: cannot use the key "override": no check replaces another/,
    ],
    ['Pebble at the top', 'services: {}', '1:1: cannot use the key "services": the keys here are checks'],
    ['Kubernetes', one('httpGet: { path: /, port: 1 }'), '3:5: check "a" needs one of programs, http, tcp, exec'],
    ['a text', 'checks', '1:1: must be keys with values'],
  ] as const) {
    test(`are refused: ${title}`, async (t) => {
      const problem = String(await read(t, { 'a.yaml': text }));
      if (typeof line !== 'string') assert.match(problem.replace(/^a\.yaml:/, ''), line);
      else if (line.endsWith('has it')) assert.match(problem, new RegExp(`^a\\.yaml:1:\\d+: cannot use the name "1": ${line}$`));
      else assert.equal(problem, `a.yaml:${line}`);
      assert.match(problem, /^[^\p{Cc}]*$/u);
      assert.doesNotMatch(problem, /secret/);
    });
  }

  for (const [title, text, display] of [
    ['a port as a text', one('tcp: { port: "25" }'), 'tcp localhost:25'],
    ['a port from a variable', one('tcp: { port: "${PORT}" }'), 'tcp localhost:99'],
    ['a port from a default', one('tcp:\n  port: ${NOT_SET:-26}'), 'tcp localhost:26'],
    ['a dollar', one(command('/x $$HOME $5 $')), 'exec /x $HOME $5 $'],
    ['quotes and blanks', one(command(`/x 'a b' "c" d\\ e ''`)), 'exec /x a b c d e '],
    ['lines that are folded', one('exec:\n  command: >\n    /x\n    y\n'), 'exec /x y'],
    ['an IPv6 address', one('http: { url: "http://[::1]:80/" }'), 'http http://[::1]/'],
    ['a host name beside a Unix socket', one('http: { url: "http://app/", unix-socket: /run/x }'), 'http http://app/ over /run/x'],
    ['lines that end as in DOS', one(tcp).replaceAll('\n', '\r\n'), 'tcp localhost:25'],
    ['a UTF-8 byte order mark', `\uFEFF${one(tcp)}`, 'tcp localhost:25'],
    ['JSON', '{"checks": {"a": {"tcp": {"host": "127.0.0.1", "port": 25}}}}', 'tcp 127.0.0.1:25'],
    ['a tag of its own type', one('tcp: !!map { port: !!int 25 }'), 'tcp localhost:25'],
    ['the number 1 as a name', 'checks: { 1: { tcp: { port: 25 } } }', 'tcp localhost:25'],
    ['a prototype as a name', 'checks: { __proto__: { tcp: { port: 25 } } }', 'tcp localhost:25'],
  ] as const) {
    test(`are accepted: ${title}`, async (t) => {
      const checks = await read(t, { 'a.yaml': text }, { PORT: '99' });
      assert.ok(typeof checks !== 'string', String(checks));
      assert.deepEqual(
        checks.map(({ body }) => body.display),
        [display],
      );
    });
  }

  for (const [word, isOn] of [
    ['1', true],
    ['true', true],
    ['"yes"', true],
    ['On', true],
    [' on ', true],
    ['0', false],
    ['FALSE', false],
    ['no', false],
    ['off', false],
    ['""', false],
    ['${NOT_SET:-}', false],
    ['${NOT_SET:-yes}', true],
  ] as const) {
    test(`may say ${word} for ${isOn ? 'on' : 'off'}`, async (t) => {
      const checks = await read(t, { 'a.yaml': one(`${tcp}\nwhen: ${word}`) });
      assert.ok(typeof checks !== 'string', String(checks));
      assert.equal(checks[0]?.isOn, isOn);
    });
  }
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: so variables are written

  for (const [title, text] of [
    ['nothing', ''],
    ['blanks', ' \n\n  \n'],
    ['a comment', '# checks:\n#   a: {}\n'],
    ['no checks', 'checks: {}\n'],
    ['an empty map', '{}'],
  ] as const) {
    test(`of ${title} have no checks`, async (t) => assert.deepEqual(await read(t, { 'a.yaml': text }), []));
  }

  for (const [title, text] of [
    ['lists in lists', '['.repeat(60_000)],
    ['maps in maps', '{a: '.repeat(16_000)],
    ['items of items', '- '.repeat(32_000)],
    ['keys of keys', '? '.repeat(32_000)],
    ['lists that end', `checks: { a: ${'['.repeat(30_000)}${']'.repeat(30_000)} }`],
  ] as const) {
    test(`may not be nested too deeply: ${title}`, async (t) => {
      assert.match(String(await read(t, { 'a.yaml': text })), /^a\.yaml:\d+:\d+: cannot read this as YAML: it is nested too deeply$/);
    });
  }

  for (const [title, text] of [
    [
      'aliases that make a square of it',
      `checks:\n  z: &c { http: { url: "http://127.0.0.1/", headers: {${numbered(2500, (n) => `h${n}: a,`)} } } }\n${numbered(2500, (n) => `  c${n}: *c\n`)}`,
    ],
    [
      'an alias for each value',
      `checks:\n  a: { http: { url: &x "http://127.0.0.1/", headers: { ${numbered(5000, (n) => `h${n}: *x,`)} } }, z: *x }\n`,
    ],
    ['countless keys', `checks:\n${numbered(6000, (n) => `  k${n}: 1\n`)}`],
    ['countless errors', ','.repeat(20_000)],
  ] as const) {
    test(`cannot make the reader run for ever: ${title}`, { timeout: 60_000 }, async (t) => {
      assert.match(String(await read(t, { 'a.yaml': text })), /^a\.yaml:\d+:\d+: [^\n]+$/);
    });
  }

  test('are read in the order of their names, and the first problem in that order is reported', async (t) => {
    const bad = 'checks: { x: {} }';
    assert.match(String(await read(t, { 'a.yaml': one(tcp), 'b.yaml': bad, 'c.yaml': '- z' })), /^b\.yaml:1:14: check "x" needs one of/);
    const directory = directoryOf(t, {
      'b.yaml': `checks: { b: { ${tcp} } }`,
      'a.yaml': one(tcp),
      '10.yaml': `checks: { ten: { ${tcp} } }`,
      '9.yaml': '',
    });
    const request = readSettings([], { READINESSD_CHECKS_DIR: directory, READINESSD_HOOK_SAFETY_CHECK: 'off' });
    assert.ok('settings' in request);
    assert.deepEqual(
      (await loadChecks(request.settings, {})).map(({ name }) => name),
      ['ten', 'a', 'b'],
    );
  });

  test('may not have a check called programs beside READINESSD_PROGRAMS', async (t) => {
    const directory = directoryOf(t, { 'a.yaml': `checks: { programs: { ${tcp} } }` });
    const load = (more: NodeJS.ProcessEnv) => {
      const request = readSettings([], { READINESSD_CHECKS_DIR: directory, READINESSD_HOOK_SAFETY_CHECK: 'off', ...more });
      assert.ok('settings' in request);
      return loadChecks(request.settings, {});
    };
    assert.equal((await load({})).length, 1);
    await assert.rejects(
      load({ READINESSD_PROGRAMS: 'web' }),
      /a\.yaml:1:11: cannot use the name "programs": a step of readinessd is called so$/,
    );
  });

  test('are reported in one line, whatever a file is called', async (t) => {
    const problem = await read(t, { 'a\nb\u001b[2J.yaml': '- x' });
    assert.match(String(problem), /^a b \[2J\.yaml:1:1: must be keys with values$/);
    assert.match(String(await read(t, { [`${'x'.repeat(200)}.yaml`]: '- x' })), /^x{200}\.yaml:1:1: must be keys with values$/);
  });

  test('may not use a name twice, even in different files', async (t) => {
    const problem = await read(t, { 'a.yaml': one(tcp), 'b.yaml': `checks: { b: { ${tcp} }, a: { ${tcp} } }` });
    assert.equal(problem, 'b.yaml:1:37: cannot use the name "a": a.yaml:2:3 has it');
  });

  test('may use aliases, but no alias bomb', async (t) => {
    const shared = `checks:\n  a: { tcp: { port: &port 25 } }\n  b: { tcp: { port: *port } }\n`;
    const checks = await read(t, { 'a.yaml': shared });
    assert.ok(typeof checks !== 'string' && checks[1]?.body.display === 'tcp localhost:25');
    const lols = Array.from({ length: 9 }, (_none, index) => `  l${index + 1}: &l${index + 1} [${`*l${index},`.repeat(9)}]`);
    const bomb = `checks:\n  l0: &l0 [lol]\n${lols.join('\n')}\n`;
    assert.match(String(await read(t, { 'a.yaml': bomb })), /^a.yaml:2:11: must be keys with values$/);
    assert.match(String(await read(t, { 'a.yaml': 'checks: &a\n  a: *a\n' })), /^a.yaml:\d+:\d+: /);
  });

  test('are the files of a directory that end in .yaml, without dot files, as in a ConfigMap', async (t) => {
    const directory = directoryOf(t, { '.hidden.yaml': 'x', README: 'x', 'b.yaml.bak': 'x' });
    mkdirSync(join(directory, '..data'));
    writeFileSync(join(directory, '..data/b.yaml'), `checks: { b: { ${tcp} } }`);
    writeFileSync(join(directory, 'a.yaml'), one(tcp));
    symlinkSync('..data/b.yaml', join(directory, 'b.yaml'));
    const load = () => {
      const request = readSettings([], { READINESSD_CHECKS_DIR: directory, READINESSD_HOOK_SAFETY_CHECK: 'off' });
      assert.ok('settings' in request);
      return loadChecks(request.settings, {});
    };
    assert.deepEqual(
      (await load()).map(({ name }) => name),
      ['a', 'b'],
    );
    writeFileSync(join(directory, 'c.yml'), one(tcp));
    await assert.rejects(load(), /c\.yml:1:1: its name must end in \.yaml/);
    rmSync(join(directory, 'c.yml'));
    mkdirSync(join(directory, 'd.yaml'));
    await assert.rejects(load(), /d\.yaml:1:1: cannot read it: it is no regular file/);
    rmSync(directory, { recursive: true });
    await assert.rejects(load(), /cannot use READINESSD_CHECKS_DIR=.*: there is no such directory/);
  });
});

suite('variables in a text', () => {
  test('are replaced, with a default where they are unset or empty', () => {
    const environment = { A: 'x', EMPTY: '' };
    for (const [text, expected] of [
      ['a$b', 'a$b'],
      ['<$' + '{A}>', '<x>'],
      ['$' + '{A:-d}$' + '{EMPTY:-d}$' + '{NONE:-d e}$' + '{NONE:-}', 'xdd e'],
      ['<$' + '{EMPTY}>', '<>'],
      ['$$' + '{A} $$$' + '{A}', '$' + '{A} $x'],
    ] as const) {
      assert.equal(withVariables(text, environment), expected);
    }
    for (const bad of ['$' + '{A', '$' + '{}', '$' + '{a b}', '$' + '{A:+x}', '$' + '{NONE}']) {
      assert.throws(() => withVariables(bad, environment), /must be \$\{NAME\}|is not set/, bad);
    }
  });
});
