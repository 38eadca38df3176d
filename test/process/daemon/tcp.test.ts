import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { alone, ended, TestDaemon } from '../../support/daemon.ts';
import { freePort } from '../../support/port.ts';
import { run } from '../../support/run.ts';
import { type Context, cleanUp, replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

async function listening(t: Context, hook: string, host = '127.0.0.1') {
  const directory = scratchDirectory(t);
  writeScript(join(directory, 'hook'), hook);
  const address = `${host}:${await freePort(host.replace(/[[\]]/g, ''))}`;
  const daemon = new TestDaemon(t, { ...alone, READINESSD_LISTEN: address }, directory);
  // A connection of its own, because a kept one may be closed meanwhile.
  const get = (path: string) => fetch(`http://${address}${path}`, { headers: { connection: 'close' } });
  return { daemon, address, get };
}

suite('TCP listener', { concurrency: 4 }, () => {
  test('answers 200 when ready and otherwise 503, with the first line', async (t) => {
    const { daemon, get } = await listening(t, 'echo secret; exit 17');
    await daemon.expect(/^17 /);
    const failing = await get('/readyz');
    assert.deepEqual([failing.status, await failing.text()], [503, '17 HookFailed hook exited with code 17\n']);
    replaceScript(daemon.hook, 'exit 0');
    await daemon.expect(/^0 /);
    const ready = await get('/readyz');
    assert.deepEqual([ready.status, await ready.text()], [200, '0 Ready hook passed\n']);
  });

  test('shows each step when asked to, without the output of the hook', async (t) => {
    const { daemon, get } = await listening(t, 'echo secret; exit 17');
    await daemon.expect(/^17 /);
    const verbose = await (await get('/readyz?verbose')).text();
    assert.equal(verbose, '[-]hook failed: hook exited with code 17\n17 HookFailed hook exited with code 17\n');
  });

  test('is not ready before the first cycle has ended, and when the verdict is stale', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), `while ! [ -e ${directory}/go ]; do sleep 0.02; done`);
    const address = `127.0.0.1:${await freePort()}`;
    const settings = { ...alone, READINESSD_LISTEN: address, READINESSD_HOOK_TIMEOUT: '10m', READINESSD_STALE_LIMIT: '100ms' };
    const daemon = new TestDaemon(t, { ...settings, READINESSD_PERIOD_READY: '10m' }, directory);
    await daemon.expect(/^104 /);
    const pending = await fetch(`http://${address}/readyz`);
    assert.deepEqual([pending.status, (await pending.text()).slice(0, 18)], [503, '104 ResultPending ']);

    writeScript(join(directory, 'go'), '');
    await until('the ready verdict has become stale', async () => {
      const { status } = await fetch(`http://${address}/readyz`);
      const text = await (await fetch(`http://${address}/metrics`)).text();
      return status === 503 && text.includes('readinessd_exit_code 103') && text.includes('readinessd_ready 0');
    });
  });

  test('has nothing else, not even by another method', async (t) => {
    const { daemon, address, get } = await listening(t, 'exit 0');
    await daemon.expect(/^0 /);
    for (const path of ['/', '/probe', '/status', '/history', '/check', '/readyz/']) {
      const { status } = await get(path);
      assert.equal(status, 404, path);
    }
    const { status } = await fetch(`http://${address}/check`, { method: 'POST' });
    assert.equal(status, 404);
    const metrics = await get('/metrics');
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(await metrics.text(), /^readinessd_ready 1$/m);
    assert.equal((await daemon.get('/readyz')).status, 404);
  });

  test('counts its probes separately', async (t) => {
    const { daemon, get } = await listening(t, 'exit 0');
    await daemon.expect(/^0 /);
    await (await get('/readyz')).text();
    assert.match(await (await get('/metrics')).text(), /^readinessd_probes_total\{endpoint="\/readyz",ready="true"\} 1$/m);
  });

  for (const [host, other] of [
    ['127.0.0.1', '127.0.0.2'],
    ['[::1]', '127.0.0.1'],
    ['[::]', '127.0.0.1'],
  ] as const) {
    test(`on ${host} cannot be reached on ${other}`, async (t) => {
      const { daemon, address } = await listening(t, 'exit 0', host);
      await daemon.expect(/^0 /);
      const own = host === '[::]' ? address.replace('[::]', '[::1]') : address;
      assert.equal((await fetch(`http://${own}/readyz`)).status, 200);
      const socket = createConnection(Number(address.split(':').at(-1)), other);
      await assert.rejects(once(socket, 'connect'), /ECONNREFUSED/);
    });
  }

  test('whose port is taken ends the start with one line, and leaves no socket', async (t) => {
    const directory = scratchDirectory(t);
    const taken = createServer().listen(0, '127.0.0.1');
    cleanUp(t, () => taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    for (const [address, why] of [
      [`127.0.0.1:${port}`, /^readinessd: cannot listen on READINESSD_LISTEN=127\.0\.0\.1:\d+: another process listens there already.*\n$/],
      ['192.0.2.1:9464', /^readinessd: cannot listen on READINESSD_LISTEN=192\.0\.2\.1:9464: no interface .*\n$/],
    ] as const) {
      const daemon = new TestDaemon(t, { ...alone, READINESSD_LISTEN: address }, directory);
      assert.equal(await ended(daemon), 1);
      assert.match(daemon.log(), why);
      assert.equal((await daemon.probe()).code, 100);
    }
  });

  test('whose setting is no address with a port ends the start with one line', async (t) => {
    const daemon = new TestDaemon(t, { ...alone, READINESSD_LISTEN: 'localhost:9464' });
    assert.equal(await ended(daemon), 2);
    assert.match(daemon.log(), /^readinessd: cannot use READINESSD_LISTEN="localhost:9464": must be an IP address and a port, as .*\n$/);
  });

  test("does not delay the daemon's end while clients are connected, and is there again after a kill", async (t) => {
    const { daemon, address } = await listening(t, 'exit 0');
    await daemon.expect(/^0 /);
    const port = Number(address.split(':')[1]);
    // A killed process's connections may be reset.
    const silent = createConnection(port, '127.0.0.1').on('error', () => {});
    cleanUp(t, () => silent.destroy());
    await once(silent, 'connect');
    const closed = new Promise((resolve) => silent.once('close', resolve));
    daemon.child.kill('SIGKILL');
    await ended(daemon);
    await closed;

    const next = new TestDaemon(t, { ...alone, READINESSD_LISTEN: address }, daemon.directory);
    await next.expect(/^0 /);
    const kept = createConnection(port, '127.0.0.1').on('error', () => {});
    cleanUp(t, () => kept.destroy());
    kept.write('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n');
    const [answer] = await once(kept, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 200 /);
    next.child.kill('SIGTERM');
    assert.equal(await ended(next), 0);
    assert.doesNotMatch(next.log(), /cannot stop/);
  });

  test('closes idle connections when there are many, and both listeners answer beside them', async (t) => {
    const { daemon, address, get } = await listening(t, 'exit 0');
    await daemon.expect(/^0 /);
    const port = Number(address.split(':')[1]);
    const sockets = Array.from({ length: 200 }, () => createConnection(port, '127.0.0.1').on('error', () => {}));
    cleanUp(t, () => {
      for (const socket of sockets) socket.destroy();
    });
    await until('all are connected', () => sockets.every(({ connecting }) => !connecting));
    assert.equal((await get('/readyz')).status, 200);
    assert.equal((await daemon.probe()).code, 0);
    await until('all but 64 are closed', () => sockets.filter(({ closed }) => !closed).length <= 64);
    assert.equal((await get('/readyz')).status, 200);
  });

  test('is off unless configured', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    const { stdout } = await run('sh', ['-c', `ls -l /proc/${daemon.child.pid}/fd | grep -o 'socket:.*' | sort`]);
    const tcp = await run('cat', [`/proc/${daemon.child.pid}/net/tcp`, `/proc/${daemon.child.pid}/net/tcp6`]);
    const listeningInodes = tcp.stdout.split('\n').flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[3] === '0A' ? [fields[9] ?? ''] : [];
    });
    assert.deepEqual(
      listeningInodes.filter((inode) => stdout.includes(`[${inode}]`)),
      [],
    );
  });
});
