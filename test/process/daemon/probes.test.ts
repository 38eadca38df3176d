import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeRequest } from '../../../shared/endpoints.ts';
import { alone, ended, TestDaemon } from '../../support/daemon.ts';

/** Sends pieces, each in its own turn of the loop, and returns all that comes until the other side ends. */
function exchange(socket: string, pieces: readonly string[], { pauseMs = 30, endsAfter = false } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const connection = createConnection({ path: socket, allowHalfOpen: true });
    connection.on('data', (chunk) => {
      answer += chunk.toString();
    });
    connection.on('error', reject).on('end', () => {
      connection.destroy();
      resolve(answer);
    });
    connection.on('connect', async () => {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await sleep(pauseMs);
        connection.write(piece);
      }
      if (endsAfter) connection.end();
    });
  });
}

const otherRequest = 'GET /probe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const parts = (answer: string) => {
  const [head = '', body] = answer.split('\r\n\r\n');
  const headers = head.split('\r\n').filter((line) => !/^date:/i.test(line));
  return {
    status: headers[0],
    headers: headers
      .slice(1)
      .map((line) => line.toLowerCase())
      .sort(),
    body,
  };
};

suite("the probe clients' own request", { concurrency: 4 }, () => {
  for (const [title, hook, status] of [
    ['ready', {}, 'HTTP/1.1 200 OK'],
    ['not ready', { READINESSD_HOOK: '/bin/false' }, 'HTTP/1.1 503 Service Unavailable'],
  ] as const) {
    test(`is answered like any other when it is ${title}`, async (t) => {
      const daemon = new TestDaemon(t, { ...alone, ...hook });
      await daemon.expect(title === 'ready' ? /^0 / : /^1 /);
      const own = parts(await exchange(daemon.socket, [probeRequest]));
      assert.deepEqual(own, parts(await exchange(daemon.socket, [otherRequest])));
      assert.equal(own.status, status);
      assert.equal(own.body, await daemon.body());
    });
  }

  test('is counted, in whatever pieces it comes, also after a silence', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    const counted = async () =>
      Number(/^readinessd_probes_total\{[^}]*endpoint="\/probe"[^}]*\} (\d+)$/m.exec((await daemon.get('/metrics')).body)?.[1] ?? 0);
    const before = await counted();
    const half = Math.floor(probeRequest.length / 2);
    const exchanges = [
      exchange(daemon.socket, [probeRequest]),
      exchange(daemon.socket, [probeRequest], { endsAfter: true }),
      exchange(daemon.socket, [probeRequest.slice(0, half), probeRequest.slice(half)]),
      exchange(daemon.socket, [...probeRequest], { pauseMs: 1 }),
      exchange(daemon.socket, ['', probeRequest], { pauseMs: 1500 }),
      exchange(daemon.socket, [`${otherRequest.replace('Connection: close\r\n', '')}${probeRequest}`]),
      exchange(daemon.socket, [probeRequest.toLowerCase().replace('get', 'GET').replace('http/', 'HTTP/')]),
    ];
    for (const answer of await Promise.all(exchanges)) assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n0 Ready .*\n$/s);
    assert.equal((await counted()) - before, exchanges.length + 1);
  });

  test('makes nobody wait for a silent client when the socket is made again, or the daemon stops', async (t) => {
    const daemon = new TestDaemon(t, { ...alone, READINESSD_PERIOD_READY: '200ms' });
    await daemon.expect(/^0 /);
    const connect = () => {
      const connection = createConnection(daemon.socket);
      return once(
        connection.on('error', () => {}),
        'connect',
      ).then(() => connection);
    };
    // A connection that closes before it was accepted first has an error. once() would throw on that.
    const closed = (connection: Socket) => new Promise((resolve) => connection.on('close', resolve));
    const first = await connect();
    rmSync(daemon.socket);
    await closed(first);
    await daemon.expect(/^0 /);
    const second = await connect();
    daemon.child.kill('SIGTERM');
    await closed(second);
    assert.equal(await ended(daemon), 0);
  });

  test('does no harm to a daemon whose clients leave, are silent or say something else', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    const left = Array.from({ length: 20 }, (_none, index) => {
      const connection = createConnection(daemon.socket);
      connection
        .on('error', () => {})
        .on('connect', () => {
          if (index % 4 === 1) connection.write(probeRequest.slice(0, 10));
          if (index % 4 === 2) connection.write(probeRequest);
          if (index % 4 !== 3) connection.destroy();
        });
      return connection;
    });
    assert.match(await exchange(daemon.socket, ['\0\0\0\0']), /^HTTP\/1\.1 400 Bad Request/);
    assert.match(await daemon.body(), /^0 /);
    for (const connection of left) connection.destroy();
    assert.match(await exchange(daemon.socket, [probeRequest]), /^HTTP\/1\.1 200 OK/);
  });
});
