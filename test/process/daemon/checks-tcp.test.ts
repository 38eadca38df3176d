import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { daemonOf, saidBy, serve } from '../../support/checks.ts';
import { freePort } from '../../support/port.ts';
import { end } from '../../support/run.ts';
import { cleanUp, scratchDirectory } from '../../support/scratch.ts';

suite('tcp checks', () => {
  test('follow redis when it starts, is killed, leaves its socket behind, and starts again', async (t) => {
    const directory = scratchDirectory(t);
    const [port, socket] = [await freePort(), join(directory, 'r.sock')];
    const daemon = daemonOf(t, `  unix: { tcp: { unix-socket: ${socket} } }\n  port: { tcp: { host: 127.0.0.1, port: ${port} } }`);
    await daemon.expect(/^117 CheckFailed check "unix": tcp .*r\.sock: there is no such socket; 1 more check fails\n$/);
    const start = () => {
      const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--unixsocket', socket, '--dir', directory, '--save', ''];
      const redis = spawn('redis-server', args, { stdio: 'ignore' });
      cleanUp(t, () => end(redis));
      return redis;
    };
    const redis = start();
    await daemon.expect(/^0 /);
    const { unix, port: atPort } = await saidBy(daemon);
    assert.deepEqual([unix, atPort], [`passed: tcp ${socket}: connected`, `passed: tcp 127.0.0.1:${port}: connected`]);
    await end(redis, 'SIGKILL');
    await daemon.expect(/^117 CheckFailed check "unix": tcp .*r\.sock: connection refused; 1 more check fails\n$/);
    start();
    await daemon.expect(/^0 /);
  });

  test('say what is wrong with a socket, in the same words each time', async (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, 'file'), '');
    symlinkSync('nowhere', join(directory, 'link'));
    const places = ['none', 'file', 'link', 'file/x', 'none/x'];
    const checks = places.map((place, index) => `  s${index}: { tcp: { unix-socket: ${directory}/${place} } }`);
    const daemon = daemonOf(t, [...checks, `  d: { tcp: { unix-socket: ${directory} } }`].join('\n'));
    await daemon.expect(/^117 .*; 5 more checks fail\n$/);
    const said = await saidBy(daemon);
    for (const name of ['s0', 's2', 's4']) assert.match(said[name] ?? '', /^failed: [^\n]*: there is no such socket$/);
    for (const name of ['s1', 's3', 'd'])
      assert.match(said[name] ?? '', /^failed: tcp [^\n]*: (connection refused|it (is no socket|cannot be asked \(\w+\)))$/);
  });

  test('pass for a server that says nothing, and for one that closes at once', async (t) => {
    const silent = await serve(t, () => {});
    const closing = await serve(t, (socket) => socket.destroy());
    const daemon = daemonOf(t, `  a: { tcp: { port: ${silent} } }\n  b: { tcp: { port: ${closing} } }`);
    await daemon.expect(/^0 /);
    const { a, b } = await saidBy(daemon);
    assert.deepEqual([a, b], [`passed: tcp localhost:${silent}: connected`, `passed: tcp localhost:${closing}: connected`]);
  });

  test('send nothing, and close', async (t) => {
    let [received, closed] = [0, 0];
    const port = await serve(t, (socket) => {
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
      socket.on('end', () => closed++).on('end', () => socket.end());
    });
    const daemon = daemonOf(t, `  a: { tcp: { port: ${port} } }`);
    await daemon.expect(/^0 /);
    await daemon.moreCycles(3);
    assert.ok(closed >= 3);
    assert.equal(received, 0);
  });

  test('ask both addresses of localhost, and only one when an address is given', async (t) => {
    const port = await freePort('::1');
    const daemon = daemonOf(
      t,
      `  both: { tcp: { port: ${port} } }\n  six: { tcp: { host: "::1", port: ${port} } }\n  four: { tcp: { host: 127.0.0.1, port: ${port} } }`,
    );
    await daemon.expect(/^117 .*"both": tcp localhost:\d+: connection refused; 2 more checks fail\n$/);
    await serve(t, () => {}, '::1', port);
    await daemon.expect(/^117 .*"four": tcp 127\.0\.0\.1:\d+: connection refused\n$/);
    assert.match((await saidBy(daemon))['six'] ?? '', /^passed: tcp \[::1\]:\d+: connected$/);
  });

  test('tell a server whose queue is full from one that is not there', async (t) => {
    const directory = scratchDirectory(t);
    const socket = join(directory, 'full.sock');
    // In Python, because Node accepts every connection.
    const server = spawn('python3', [
      '-c',
      'import socket, sys, time\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen(0)\ntime.sleep(1000)',
      socket,
    ]);
    cleanUp(t, () => end(server));
    const daemon = daemonOf(t, `  a: { tcp: { unix-socket: ${socket} } }`);
    await daemon.expect(/^117 .*: it accepts no more connections\n$/);
    await end(server);
    await daemon.expect(/^117 .*: connection refused\n$/);
  });
});
