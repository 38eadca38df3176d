import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { daemonOf, saidBy, serve } from '../../support/checks.ts';
import { ended } from '../../support/daemon.ts';
import { freePort } from '../../support/port.ts';
import { holdingsOf } from '../../support/process.ts';
import { end } from '../../support/run.ts';
import { cleanUp, scratchDirectory, until } from '../../support/scratch.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Answers each request with a text, and closes. */
const always = (text: string) => (socket: Socket) => socket.once('data', () => socket.end(text));

/** The same, but leaves the connection open. */
const opened = (text: string) => (socket: Socket) => socket.once('data', () => socket.write(text));

const status = (line: string, more = '') => always(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n${more}\r\n`);

/** Runs one check for each server, in one daemon. Returns what each says, which must be the same in each cycle. */
async function ask(t: TestContext, servers: Readonly<Record<string, (socket: Socket) => void>>, timeout: string) {
  const lines: string[] = [];
  const ports: number[] = [];
  for (const [name, answer] of Object.entries(servers)) {
    const port = await serve(t, answer);
    ports.push(port);
    lines.push(`  ${name}: { http: { url: "http://127.0.0.1:${port}/x" }, timeout: ${timeout} }`);
  }
  const daemon = daemonOf(t, lines.join('\n'));
  const said = await saidBy(daemon);
  const names = Object.keys(servers);
  for (const [index, port] of ports.entries()) {
    const name = names[index] ?? '';
    said[name] = said[name]?.replaceAll(`http http://127.0.0.1:${port}/x: `, '') ?? 'nothing';
  }
  delete said['hook'];
  return { said, daemon };
}

async function nginxOf(t: TestContext) {
  const directory = scratchDirectory(t);
  const port = await freePort();
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join('\n');
  const places = [
    ...['200', '204', '404', '503'].map((code) => `location = /${code} { return ${code}; }`),
    'location = /301 { return 301 /login?session=$msec; }',
    'location = /absolute { return 302 http://127.0.0.1:1/login?session=$msec#x; }',
    'location = /host { if ($http_x_key = "a b") { return 200; } return 403; }',
    `location / { root ${directory}/www; }`,
  ].join('\n');
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; user root; pid ${directory}/pid; error_log ${directory}/error.log;
events {}
http { access_log off; ${paths}
server { listen 127.0.0.1:${port}; listen unix:${directory}/n.sock; server_name other; return 421; }
server { listen 127.0.0.1:${port} default_server; listen unix:${directory}/n.sock default_server; absolute_redirect off; ${places} } }`,
  );
  const start = () => {
    const child = spawn('nginx', ['-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log')], { stdio: 'ignore' });
    cleanUp(t, () => end(child));
    return child;
  };
  return { port, socket: join(directory, 'n.sock'), start };
}

suite('http checks of nginx', () => {
  test('tell each status, over a port and over a Unix socket', async (t) => {
    const { port, socket, start } = await nginxOf(t);
    start();
    const places = ['200', '204', '301', 'absolute', '404', '503', 'none'];
    const url = `http://127.0.0.1:${port}`;
    const daemon = daemonOf(
      t,
      [
        ...places.map((place) => `  p${place}: { http: { url: "${url}/${place}" } }`),
        ...places.map((place) => `  u${place}: { http: { url: "http://app/${place}", unix-socket: ${socket} } }`),
        `  key: { http: { url: "${url}/host", headers: { X-Key: "a b" } } }`,
        `  nokey: { http: { url: "${url}/host" } }`,
        `  other: { http: { url: "${url}/200", headers: { Host: other } } }`,
      ].join('\n'),
    );
    await daemon.expect(/^117 CheckFailed check "p301": .*; 11 more checks fail\n$/);
    const said = await saidBy(daemon);
    for (const [name, what] of [
      ['200', 'passed: A: status 200'],
      ['204', 'passed: A: status 204'],
      ['301', 'failed: A: status 301, a redirection to /login'],
      ['absolute', 'failed: A: status 302, a redirection to http://127.0.0.1:1/login'],
      ['404', 'failed: A: status 404'],
      ['503', 'failed: A: status 503'],
      ['none', 'failed: A: status 404'],
    ] as const) {
      assert.equal(said[`p${name}`], what.replace('A', `http ${url}/${name}`));
      assert.equal(said[`u${name}`], what.replace('A', `http http://app/${name} over ${socket}`));
    }
    assert.match(said['key'] ?? '', /^passed: .*: status 200$/);
    assert.match(said['nokey'] ?? '', /^failed: .*: status 403$/);
    assert.match(said['other'] ?? '', /^failed: .*: status 421$/);
  });

  test('tell a stopped server from a frozen one, and see it come back', async (t) => {
    const { port, socket, start } = await nginxOf(t);
    const daemon = daemonOf(
      t,
      `  p: { http: { url: "http://127.0.0.1:${port}/200" }, timeout: 1s }\n  u: { http: { url: "http://app/200", unix-socket: ${socket} }, timeout: 1s }`,
    );
    await daemon.expect(/^117 .*"p": .*: connection refused; 1 more check fails\n$/);
    const nginx = start();
    await daemon.expect(/^0 /);
    nginx.kill('SIGSTOP');
    await daemon.expect(/^117 .*"p": .*: no answer within 1s; 1 more check fails\n$/);
    nginx.kill('SIGCONT');
    await daemon.expect(/^0 /);
    await end(nginx, 'SIGKILL');
    await daemon.expect(/^117 .*"p": .*: connection refused; 1 more check fails\n$/);
    assert.match((await saidBy(daemon))['u'] ?? '', /^failed: [^\n]*: connection refused$/);
  });
});

suite('http checks of odd servers', () => {
  test('accept only a status from 200 to 299', async (t) => {
    const codes = ['200', '206', '299', '300', '304', '308', '400', '401', '500', '599', '999'];
    const { said } = await ask(t, Object.fromEntries(codes.map((code) => [`s${code}`, status(`${code} Some Words`)])), '30s');
    assert.deepEqual(said, Object.fromEntries(codes.map((code) => [`s${code}`, `${code < '300' ? 'passed' : 'failed'}: status ${code}`])));
  });

  test('accept a whole reply in any form', async (t) => {
    const { said } = await ask(
      t,
      {
        early: always(`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${ok}`),
        processing: always(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok}`),
        old: always('HTTP/1.0 200 OK\r\n\r\nok'),
        kept: opened(ok),
        chunked: opened('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
        none: opened('HTTP/1.1 204 No Content\r\n\r\n'),
        pieces: (socket) => socket.once('data', () => drip(socket, ok, 20)),
        endless: (socket) => endless(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', `400\r\n${'x'.repeat(1024)}\r\n`),
        early503: status('503 No', 'connection: keep-alive\r\n'),
        early503after: always('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n'),
      },
      '30s',
    );
    const good = ['early', 'processing', 'old', 'kept', 'chunked', 'pieces', 'endless'].map((name) => [name, 'passed: status 200']);
    const others = [
      ['none', 'passed: status 204'],
      ['early503', 'failed: status 503'],
      ['early503after', 'failed: status 503'],
    ];
    assert.deepEqual(said, Object.fromEntries([...good, ...others]));
  });

  test('refuse a reply that is cut short or no HTTP', async (t) => {
    const { said } = await ask(
      t,
      {
        closed: (socket) => socket.end(),
        reset: (socket) => socket.once('data', () => socket.resetAndDestroy()),
        cut: always('HTTP/1.1 200 OK\r\ncontent-le'),
        short: always('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok'),
        shortkept: always('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nok'),
        resetbody: (socket) =>
          socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok', () => socket.resetAndDestroy())),
        chunk: always('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok'),
        lastchunk: always('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n'),
        badchunk: always('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n'),
        hints: always('HTTP/1.1 103 Early Hints\r\n\r\n'),
        continued: always(`HTTP/1.1 100 Continue\r\n\r\n${ok}`),
        switched: always('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
        lengths: always('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok'),
        both: always('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok'),
        headers: (socket) => endless(socket, 'HTTP/1.1 200 OK\r\n', `x: ${'y'.repeat(60_000)}\r\n`),
        header: (socket) => endless(socket, 'HTTP/1.1 200 OK\r\nx: ', 'y'.repeat(60_000)),
        redis: always("-ERR wrong number of arguments for 'get' command\r\n"),
        tls: always('\x15\x03\x01\x00\x02\x02\x46'),
        zeros: always('\0'.repeat(100)),
        nine: always('<html>ok</html>'),
        two: always('HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n'),
        banner: (socket) => socket.write('220 mail ESMTP\r\n'),
        echo: (socket) => socket.pipe(socket),
      },
      '30s',
    );
    for (const [name, line] of Object.entries(said)) {
      assert.match(line, /^failed: [^\n]*$/, name);
      assert.doesNotMatch(line, /status 2|no answer within/, name);
    }
    const closed = 'failed: the connection was closed without a whole answer';
    for (const name of ['closed', 'reset', 'short', 'shortkept', 'resetbody']) assert.equal(said[name], closed, name);
    for (const name of ['headers', 'header']) assert.equal(said[name], 'failed: its headers are larger than 16 KiB', name);
    for (const name of ['redis', 'tls', 'zeros', 'nine', 'echo', 'badchunk'])
      assert.equal(said[name], 'failed: it does not answer in HTTP', name);
  });

  test('wait no longer than the timeout, whatever comes meanwhile', async (t) => {
    const { said } = await ask(
      t,
      {
        hangs: () => {},
        head: opened('HTTP/1.1 200 OK\r\n'),
        body: opened('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok'),
        open: opened('HTTP/1.1 200 OK\r\n\r\nok'),
        drips: (socket) => socket.once('data', () => drip(socket, `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(10_000)}`, 100)),
        dripsbody: (socket) => socket.once('data', () => drip(socket, `HTTP/1.1 200 OK\r\n\r\n${'y'.repeat(4000)}`, 100)),
        reason: (socket) => endless(socket, 'HTTP/1.1 200 ', 'O'.repeat(60_000)),
        hints: (socket) => endless(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n', 50),
      },
      '1s',
    );
    assert.deepEqual(said, Object.fromEntries(Object.keys(said).map((name) => [name, 'failed: no answer within 1s'])));
    assert.equal(Object.keys(said).length, 8);
  });
});

suite('an http check', () => {
  test('sends one GET with its own headers only, on a connection of its own', async (t) => {
    const asked: string[] = [];
    const port = await serve(t, (socket) =>
      socket.once('data', (chunk: Buffer) => {
        asked.push(chunk.toString('latin1'));
        socket.end(ok);
      }),
    );
    const daemon = daemonOf(
      t,
      `  a: { http: { url: "http://127.0.0.1:${port}/a b?c=%20#d", headers: { X-Key: "k\\u00e9", accept: text/plain } } }`,
    );
    await daemon.expect(/^0 /);
    await daemon.moreCycles(2);
    const [head = '', ...more] = asked;
    assert.deepEqual(head.split('\r\n').sort(), [
      '',
      '',
      'GET /a%20b?c=%20 HTTP/1.1',
      'accept: text/plain',
      'connection: close',
      `host: 127.0.0.1:${port}`,
      'x-key: k\u00e9',
    ]);
    assert.ok(more.length >= 2 && more.every((one) => one === head));
  });

  test('follows no redirection', async (t) => {
    let asked = 0;
    const port = await serve(t, (socket) => {
      asked++;
      status('302 Found', 'location: /again?n=1\r\n')(socket);
    });
    const daemon = daemonOf(t, `  a: { http: { url: "http://127.0.0.1:${port}/" } }`);
    await daemon.expect(/^117 .*: status 302, a redirection to \/again\n$/);
    await end(daemon.child);
    // One request per cycle: with a period of 100 ms, a hundred do not fit into the time of a few.
    assert.ok(asked < 100, `${asked}`);
  });

  test('asks both addresses of localhost, and reports the first', async (t) => {
    const port = await freePort('::1');
    const daemon = daemonOf(
      t,
      `  a: { http: { url: "http://localhost:${port}/" } }\n  six: { http: { url: "http://[::1]:${port}/" } }\n  four: { http: { url: "http://127.0.0.1:${port}/" } }`,
    );
    await daemon.expect(/^117 .*"a": .*: connection refused; 2 more checks fail\n$/);
    await serve(t, always(ok), '::1', port);
    await daemon.expect(/^117 .*"four": .*: connection refused\n$/);
    await serve(t, () => {}, '127.0.0.1', port);
    // The first address that accepts is asked. An answer from another would not count.
    await daemon.expect(/^117 .*"a": .*: no answer within 3s; 1 more check fails\n$/);
  });

  test("delays the daemon's stop no longer than the hook does, when it waits", async (t) => {
    const port = await serve(t, () => {});
    const daemon = daemonOf(t, `  a: { http: { url: "http://127.0.0.1:${port}/" }, timeout: 50s }\n  b: { tcp: { port: ${port} } }`);
    await until('it waits', async () => (await daemon.status().catch(() => undefined))?.nextCycleInMs === 0);
    daemon.child.kill('SIGTERM');
    assert.equal(await ended(daemon), 0);
    assert.doesNotMatch(daemon.log(), /killing itself/);
  });

  test('does not begin when the daemon stops during the look at start', async (t) => {
    const directory = scratchDirectory(t);
    // A supervisord that does not answer.
    const rpc = createServer(() => {}).listen(join(directory, 's.sock'));
    const held = new Set<Socket>();
    rpc.on('connection', (socket) => held.add(socket.on('error', () => {})));
    cleanUp(t, () => {
      rpc.close();
      for (const socket of held) socket.destroy();
    });
    let asked = 0;
    const port = await serve(t, () => asked++);
    const checks = `  a: { http: { url: "http://127.0.0.1:${port}/" }, timeout: 50s }`;
    const daemon = daemonOf(t, checks, {
      READINESSD_START_STEP: 'on',
      READINESSD_SUPERVISOR_URL: `unix://${directory}/s.sock`,
      READINESSD_RPC_TIMEOUT: '9s',
    });
    await until('supervisord is asked', () => held.size > 0);
    daemon.child.kill('SIGTERM');
    assert.equal(await ended(daemon), 0);
    assert.doesNotMatch(daemon.log(), /killing itself/);
    assert.equal(asked, 0);
  });

  test('leaves no connection behind, however it ends', async (t) => {
    const answers = [always(ok), () => {}, (socket: Socket) => socket.end(), opened('HTTP/1.1 200 OK\r\n'), status('302 Found')];
    const servers = Object.fromEntries(answers.map((answer, index) => [`s${index}`, answer]));
    const { daemon } = await ask(t, servers, '200ms');
    const descriptors = () => holdingsOf(daemon.child.pid ?? 0).descriptors;
    const before = descriptors();
    await daemon.moreCycles(20);
    // While a cycle runs there is a connection for each check, beside those that ask for the status.
    await until('no more are open than before', () => descriptors() <= before + answers.length);
  });
});

test('of the daemon itself does not end the daemon', async (t) => {
  const port = await freePort();
  const daemon = daemonOf(t, `  a: { http: { url: "http://127.0.0.1:${port}/readyz" } }`, { READINESSD_LISTEN: `127.0.0.1:${port}` });
  // A daemon that waits for itself is not ready, and never will be.
  await daemon.expect(/^117 .*: status 503\n$/);
  await daemon.moreCycles(3);
  assert.match(await daemon.body(), /^117 .*: status 503\n$/);
});

function endless(socket: Socket, head: string, part: string, everyMs = 1): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(part), everyMs);
  socket.on('close', () => clearInterval(timer)).on('error', () => clearInterval(timer));
}

function drip(socket: Socket, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < text.length) socket.write(text[at++] ?? '');
  }, everyMs);
  socket.on('close', () => clearInterval(timer)).on('error', () => clearInterval(timer));
}
