import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { alone, ended, TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { freePort } from '../../support/port.ts';
import { end, run } from '../../support/run.ts';
import { cleanUp, replaceFile, replaceScript, scratchDirectory, tree, until, writeScript } from '../../support/scratch.ts';

/** A daemon with these checks and nothing else to look at. */
function daemonOf(t: TestContext, checks: string, settings: Record<string, string> = {}): TestDaemon {
  const directory = scratchDirectory(t);
  mkdirSync(join(directory, 'checks.d'));
  writeFileSync(join(directory, 'checks.d/a.yaml'), `checks:\n${checks}\n`);
  return new TestDaemon(t, { ...alone, READINESSD_CHECKS_DIR: join(directory, 'checks.d'), ...settings }, directory);
}

/** A simple server at a port of 127.0.0.1. */
async function serve(t: TestContext, answer: (socket: Socket) => void): Promise<number> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    answer(socket);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  cleanUp(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return port;
}

/** Answers each request with a text. */
const always = (text: string) => (socket: Socket) => socket.once('data', () => socket.end(text));

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

suite('http checks', () => {
  for (const [title, answer, line] of [
    ['200', always(ok), /^0 /],
    ['204', always('HTTP/1.1 204 No Content\r\n\r\n'), /^0 /],
    ['103 before it', always(`HTTP/1.1 103 Early Hints\r\n\r\n${ok}`), /^0 /],
    ['a body that ends with the connection', always('HTTP/1.1 200 OK\r\n\r\nok'), /^0 /],
    ['an endless body', (socket: Socket) => endless(socket, 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(1000)), /^0 /],
    ['404', always('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n'), /status 404\n$/],
    ['503', always('HTTP/1.1 503 No\r\ncontent-length: 9999\r\n\r\n'), /status 503\n$/],
    [
      'a redirection for ever',
      always('HTTP/1.1 302 Found\r\nlocation: /login?next=12345\r\ncontent-length: 0\r\n\r\n'),
      /status 302, a redirection to \/login\n$/,
    ],
    ['nothing', () => {}, /no answer within 300ms\n$/],
    ['a head without an end', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\n'), /no answer within 300ms\n$/],
    [
      'a body that does not come',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no'),
      /no answer within 300ms\n$/,
    ],
    ['a byte now and then', (socket: Socket) => drip(socket, ok), /no answer within 300ms\n$/],
    ['less than it said', always('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok'), /the connection was closed without a whole answer\n$/],
    ['its end at once', (socket: Socket) => socket.end(), /the connection was closed without a whole answer\n$/],
    [
      'headers without an end',
      (socket: Socket) => endless(socket, 'HTTP/1.1 200 OK\r\n', `x: ${'y'.repeat(1000)}\r\n`),
      /its headers are larger than 16 KiB\n$/,
    ],
    ['no HTTP', always('+PONG\r\n'), /it does not answer in HTTP\n$/],
  ] as const) {
    test(`tell what a server answers: ${title}`, async (t) => {
      const port = await serve(t, answer);
      // Only where nothing comes does the test depend on a timeout of 300ms.
      const timeout = /300ms/.test(String(line)) ? '300ms' : '30s';
      const daemon = daemonOf(t, `  api: { http: { url: "http://127.0.0.1:${port}/x" }, timeout: ${timeout} }`);
      const body = await daemon.expect(line);
      if (!body.startsWith('0 ')) assert.match(body, new RegExp(`^117 CheckFailed check "api": http http://127\\.0\\.0\\.1:${port}/x: `));
      const watch = watchVerdicts(daemon);
      await daemon.moreCycles(3);
      assert.equal((await watch.stop()).length, 1, 'the line is always the same');
    });
  }

  test('tell a refused connection from a slow one, and ask localhost at both of its addresses', async (t) => {
    const port = await freePort('::1');
    const daemon = daemonOf(t, `  api: { http: { url: "http://localhost:${port}/" } }`);
    await daemon.expect(/^117 .*: connection refused\n$/);
    const server = createServer(always(ok)).listen(port, '::1');
    cleanUp(t, () => server.close());
    await daemon.expect(/^0 /);
  });

  test('send the headers, and show their values nowhere', async (t) => {
    let asked = '';
    const port = await serve(t, (socket) =>
      socket.once('data', (chunk: Buffer) => {
        asked = chunk.toString();
        socket.end(ok);
      }),
    );
    const daemon = daemonOf(t, `  api: { http: { url: "http://127.0.0.1:${port}/a?b=hidden", headers: { Host: app, X-Key: hidden } } }`);
    await daemon.expect(/^0 /);
    assert.match(asked, /^GET \/a\?b=hidden HTTP\/1\.1\r\n/);
    assert.match(asked, /^host: app\r$/im);
    assert.match(asked, /^x-key: hidden\r$/im);
    const shown = await Promise.all(['/status', '/', '/metrics', '/history', '/probe'].map(async (path) => (await daemon.get(path)).body));
    assert.doesNotMatch(`${shown.join()}${daemon.log()}`, /hidden/);
  });

  test('ask nginx, over a port and a Unix socket', async (t) => {
    const directory = scratchDirectory(t);
    const port = await freePort();
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join('\n');
    const places = 'location = /ok { return 200; } location = /no { return 503; } location = /to { return 301 /ok; }';
    writeFileSync(
      join(directory, 'nginx.conf'),
      `daemon off; master_process off; user root; pid ${directory}/pid; error_log ${directory}/error.log;
events {}
http { access_log off; ${paths}
server { listen 127.0.0.1:${port}; listen unix:${directory}/n.sock; ${places} } }`,
    );
    const nginx = spawn('nginx', ['-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log')], { stdio: 'ignore' });
    cleanUp(t, () => end(nginx));
    const check = (name: string, path: string, more = '') => `  ${name}: { http: { url: "http://127.0.0.1:${port}/${path}"${more} } }`;
    const socket = `, unix-socket: ${directory}/n.sock`;
    const daemon = daemonOf(t, [check('a', 'ok'), check('b', 'ok', socket), check('c', 'no', socket), check('d', 'to')].join('\n'));
    await daemon.expect(/^117 CheckFailed check "c": http http:\/\/127\.0\.0\.1:\d+\/no over .*n\.sock: status 503; 1 more check fails\n$/);
    const { steps } = await daemon.status();
    assert.deepEqual(
      steps.slice(1).map(({ name, outcome }) => `${name} ${outcome}`),
      ['a passed', 'b passed', 'c failed', 'd failed'],
    );
    assert.match(steps.at(-1)?.message ?? '', /status 301, a redirection to http:\/\/127\.0\.0\.1(:\d+)?\/ok$/);
  });
});

suite('tcp checks', () => {
  test('connect to redis, at its port and its socket', async (t) => {
    const directory = scratchDirectory(t);
    const port = await freePort();
    const daemon = daemonOf(t, `  port: { tcp: { port: ${port} } }\n  redis: { tcp: { unix-socket: ${directory}/r.sock } }`);
    await daemon.expect(/^117 CheckFailed check "port": tcp localhost:\d+: connection refused; 1 more check fails\n$/);
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--unixsocket',
      join(directory, 'r.sock'),
      '--dir',
      directory,
      '--save',
      '',
    ];
    const redis = spawn('redis-server', args, { stdio: 'ignore' });
    cleanUp(t, () => end(redis));
    await daemon.expect(/^0 /);
    await end(redis);
    await daemon.expect(/^117 CheckFailed check "port": tcp localhost:\d+: connection refused; 1 more check fails\n$/);
  });

  test('tell a missing socket from a file that is no socket', async (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, 'file'), '');
    const daemon = daemonOf(t, `  a: { tcp: { unix-socket: ${directory}/none } }\n  b: { tcp: { unix-socket: ${directory}/file } }`);
    await daemon.expect(/^117 .*none: there is no such socket; 1 more check fails\n$/);
    assert.match((await daemon.status()).steps.at(-1)?.message ?? '', /file: (connection refused|it is no socket)$/);
  });
});

suite('a tcp check of a port in the range of connecting sockets', () => {
  test('does not take a connection to itself for a server', async (t) => {
    const directory = scratchDirectory(t);
    const script = writeScript(
      join(directory, 'in-namespace'),
      'ip link set lo up; echo "50000 50009" >/proc/sys/net/ipv4/ip_local_port_range; exec "$@"',
    );
    mkdirSync(join(directory, 'checks.d'));
    // As many connections in a cycle as there are ports: one of them meets itself.
    const checks = Array.from({ length: 10 }, (_none, index) => `  p${index}: { tcp: { host: 127.0.0.1, port: 5000${index} } }`).join('\n');
    writeFileSync(join(directory, 'checks.d/a.yaml'), `checks:\n${checks}\n`);
    const settings = { ...alone, READINESSD_CHECKS_DIR: join(directory, 'checks.d') };
    const daemon = new TestDaemon(t, settings, directory, { by: ['unshare', '-n', script] });
    await daemon.expect(/^117 CheckFailed check "p0": .*: connection refused; 9 more checks fail\n$/);
    for (let cycles = 0; cycles < 40; cycles++) {
      await daemon.moreCycles(1);
      assert.match(await daemon.body(), /^117 .* 9 more checks fail\n$/);
    }
  });
});

suite('exec checks', () => {
  test("pass on a command's message, with its own code or 117", async (t) => {
    const directory = scratchDirectory(t);
    const script = writeScript(join(directory, 'check'), 'echo "3 of 4, $*"; exit 7');
    const daemon = daemonOf(
      t,
      `  bgp: { exec: { command: "${script} --all 'a b'" }, exit-code: 42 }\n  b: { exec: { command: ${script} } }`,
    );
    assert.equal(
      await daemon.expect(/^42 /),
      `42 CheckFailed check "bgp": ${script} exited with code 7; 1 more check fails\n3 of 4, --all a b\n`,
    );
    assert.equal((await daemon.probe()).code, 42);
    replaceScript(script, 'exit 0');
    await daemon.expect(/^0 /);
    rmSync(script);
    await daemon.expect(/^42 CheckFailed check "bgp": .*\/check is not there; 1 more/);
  });

  for (const [title, make, line] of [
    [
      'that hangs',
      (path: string) => writeScript(path, 'sleep 1000 & sleep 1000'),
      /ran longer than its timeout of 300ms and was killed\n$/,
    ],
    ['without an x bit', (path: string) => writeScript(path, 'exit 0', 0o644), /is not executable: "chmod 0755" makes it so\n$/],
    ['that is empty', (path: string) => writeFileSync(path, '', { mode: 0o755 }), /cannot be started: it is empty\n$/],
    ['that dies', (path: string) => writeScript(path, 'kill -9 $$'), /was killed by SIGKILL\n$/],
    [
      'that others can write',
      (path: string) => writeScript(path, 'exit 0', 0o777),
      /was not run, since it would run as root and .* can be written by everybody/,
    ],
  ] as const) {
    test(`are as careful as the hook with a command ${title}`, async (t) => {
      const path = join(scratchDirectory(t), 'check');
      make(path);
      const daemon = daemonOf(t, `  a: { exec: { command: ${path} }, timeout: ${/300ms/.test(String(line)) ? '300ms' : '20s'} }`);
      await daemon.expect(line);
    });
  }

  test('run two at a time, and leave nothing behind', async (t) => {
    const directory = scratchDirectory(t);
    const script = writeScript(
      join(directory, 'check'),
      `mkdir "${directory}/run.$$"; set -- "${directory}"/run.*; echo $# >>"${directory}/counts"; sleep 0.2; rmdir "${directory}/run.$$"`,
    );
    const checks = Array.from({ length: 6 }, (_none, index) => `  c${index}: { exec: { command: ${script} } }`).join('\n');
    const daemon = daemonOf(t, checks, { READINESSD_PERIOD_READY: '100ms' });
    await daemon.expect(/^0 /);
    await daemon.moreCycles(2);
    const counts = readFileSync(join(directory, 'counts'), 'utf8').trim().split('\n').map(Number);
    assert.equal(Math.max(...counts), 2);
  });

  test('end with the daemon, and end what a killed daemon left before they run again', async (t) => {
    const directory = scratchDirectory(t);
    const script = writeScript(join(directory, 'check'), `echo $$ >>"${directory}/pids"; sleep 1000`);
    const first = daemonOf(t, `  a: { exec: { command: ${script} }, timeout: 30s }`);
    const pids = () =>
      existsSync(join(directory, 'pids')) ? readFileSync(join(directory, 'pids'), 'utf8').trim().split('\n').map(Number) : [];
    await until('it runs, and stands in its note', () => pids().length === 1 && existsSync(`${first.socket}.check-1`));
    await end(first.child, 'SIGKILL');
    assert.ok(isAlive(pids()[0]));
    const settings = { ...alone, READINESSD_CHECKS_DIR: join(first.directory, 'checks.d') };
    const second = new TestDaemon(t, settings, first.directory);
    await until('another runs', () => pids().length === 2);
    assert.ok(!isAlive(pids()[0]));
    second.child.kill('SIGTERM');
    await ended(second);
    await until('it is gone', () => !isAlive(pids()[1]));
  });
});

suite('declared checks', () => {
  test('keep a good result for their period, and look in each cycle when it is bad', async (t) => {
    let asked = 0;
    let isGood = false;
    const port = await serve(t, (socket) => {
      asked++;
      always(isGood ? ok : 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n')(socket);
    });
    const daemon = daemonOf(t, `  api: { http: { url: "http://127.0.0.1:${port}/" }, period: 60m }\n  b: { exec: { command: /bin/true } }`);
    await daemon.expect(/^117 /);
    await until('it was asked again', () => asked > 3);
    isGood = true;
    await daemon.expect(/^0 /);
    const before = asked;
    await daemon.moreCycles(5);
    assert.equal(asked, before);
    const { ageMs = 0, staleLimitMs = 0, steps } = await daemon.status();
    assert.ok(Math.abs(ageMs - (steps.find(({ name }) => name === 'api')?.agoMs ?? 0)) < 1000 && ageMs < staleLimitMs);
    await daemon.post('/check');
    assert.equal(asked, before + 1);
    isGood = false;
    await daemon.post('/check');
    assert.match(await daemon.body(), /^117 /);
  });

  test('run beside the hook, which comes first in the verdict', async (t) => {
    const directory = scratchDirectory(t);
    const hook = writeScript(join(directory, 'hook'), 'exit 17');
    const daemon = daemonOf(t, '  a: { tcp: { unix-socket: /no/such } }\n  off: { when: 0, exec: { command: /bin/false } }', {
      READINESSD_HOOK: hook,
    });
    await daemon.expect(/^17 HookFailed hook exited with code 17; 1 more check fails\n$/);
    const { steps } = await daemon.status();
    assert.deepEqual(
      steps.map(({ name, outcome }) => `${name} ${outcome}`),
      ['hook failed', 'a failed', 'off skipped'],
    );
    assert.match((await daemon.get('/metrics')).body, /readinessd_checks_total\{step="a",outcome="failed"\} [1-9]/);
  });

  test('end the start with code 2 and one line when they cannot be used, and --check-config says the same', async (t) => {
    const directory = scratchDirectory(t);
    const file = join(directory, 'a.yaml');
    const settings = { ...alone, READINESSD_CHECKS_DIR: directory };
    const env = { PATH: process.env['PATH'], ...settings, READINESSD_HOOK: 'none' };
    const checkConfig = () => run(join(tree, 'usr/bin/readinessd'), ['--check-config'], { env });
    const slow = Array.from({ length: 12 }, (_none, index) => `  c${index}: { exec: { command: /bin/true } }`).join('\n');
    for (const [content, line] of [
      ['checks:\n  a: { tcp: { prot: 1 } }\n', `${file}:2:15: cannot use the key "prot": the keys here are host, port, unix-socket\n`],
      [`checks:\n${slow}\n`, /^readinessd: cannot use these checks: a cycle could take 1 min 7 s, until c10 has ended, and may take 1 min/],
    ] as const) {
      replaceFile(file, content);
      const daemon = new TestDaemon(t, settings);
      assert.equal(await ended(daemon), 2);
      const { code, stderr, stdout } = await checkConfig();
      assert.deepEqual([code, stdout, daemon.log()], [2, '', stderr]);
      if (typeof line === 'string') assert.equal(stderr, line);
      else assert.match(stderr, line);
      assert.equal(stderr.split('\n').length, 2);
    }
    replaceFile(file, 'checks:\n  a: { tcp: { port: 25 } }\n', 0o666);
    assert.match(
      (await checkConfig()).stderr,
      /a\.yaml:1:1: it is not used, since the daemon is root and .*a\.yaml can be written by everybody/,
    );
    replaceFile(file, 'checks:\n  a: { http: { url: "http://127.0.0.1/x?y=hidden", headers: { K: hidden } } }\n');
    const { code, stdout } = await checkConfig();
    assert.equal(code, 0);
    assert.match(stdout, /^a +http http:\/\/127\.0\.0\.1\/x, within 3s, else exit code 117 \(.*a\.yaml:2:3\)$/m);
    assert.doesNotMatch(stdout, /hidden/);
  });
});

function isAlive(pid: number | undefined): boolean {
  return pid !== undefined && existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function endless(socket: Socket, head: string, part: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(part), 1);
  socket.on('close', () => clearInterval(timer)).on('error', () => clearInterval(timer));
}

function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 1000);
  socket.on('close', () => clearInterval(timer)).on('error', () => clearInterval(timer));
}
