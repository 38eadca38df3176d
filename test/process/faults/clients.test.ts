import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { type Launch, patient, TestDaemon } from '../../support/daemon.ts';
import { isLong } from '../../support/long.ts';
import { holdingsOf } from '../../support/process.ts';
import { run } from '../../support/run.ts';
import { cleanUp, lib, nativeClient, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

/** A daemon that says 19, which no client says by itself. */
async function saying19(t: TestContext, settings: Record<string, string> = {}, launch: Launch = {}): Promise<TestDaemon> {
  const directory = scratchDirectory(t);
  writeScript(join(directory, 'hook'), 'exit 19');
  const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off', ...settings }, directory, launch);
  await daemon.expect(/^19 /);
  return daemon;
}

async function connect(t: TestContext, daemon: TestDaemon, allowHalfOpen = false): Promise<Socket> {
  const socket = createConnection({ path: daemon.socket, allowHalfOpen }).on('error', () => {});
  cleanUp(t, () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

suite('the probe is answered', { concurrency: 2 }, () => {
  for (const [title, act] of [
    ['that sends garbage', (socket) => socket.write(Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256)))],
    ['that sends a line without end', (socket) => socket.write('GET /'.padEnd(100_000, 'x'))],
    ['that sends its headers a byte at a time', (socket) => drip(socket, 'GET /probe HTTP/1.1\r\nHost: x\r\nX: ')],
    ['that sends its body a byte at a time', (socket) => drip(socket, 'POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n')],
    ['that asks 200 times and does not read', (socket) => socket.pause().write('GET /status HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200))],
    ['that has closed its half without asking', (socket) => socket.end()],
    ['that has closed its half after asking', (socket) => socket.end('GET /probe HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['that leaves in the middle of its request', (socket) => socket.write('GET /probe HTT', () => socket.destroy())],
  ] as const satisfies readonly (readonly [string, (socket: Socket) => unknown])[]) {
    test(`beside a client ${title}`, async (t) => {
      const daemon = await saying19(t);
      for (let i = 0; i < 10; i++) act(await connect(t, daemon, true));
      for (let i = 0; i < 5; i++) assert.deepEqual(await daemon.probe().then(({ code }) => code), 19);
      await daemon.aWholeCycle();
      assert.equal((await daemon.probe()).code, 19);
    });
  }

  test('also to a client that closed its half after asking', async (t) => {
    const socket = await connect(t, await saying19(t), true);
    let reply = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      reply += text;
    });
    socket.end('GET /probe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await once(socket, 'end');
    assert.match(reply, /^HTTP\/1\.1 503 .*\r\n\r\n19 HookFailed hook exited with code 19\n$/s);
  });

  test('beside 1,000 idle connections, of which most are closed', async (t) => {
    const daemon = await saying19(t);
    const before = holdingsOf(daemon.child.pid ?? 0).descriptors;
    const idle = await Promise.all(Array.from({ length: 1000 }, () => connect(t, daemon)));
    assert.equal((await daemon.probe()).code, 19);
    await until('few are left', () => idle.filter(({ closed }) => !closed).length <= 64);
    assert.equal((await daemon.probe()).code, 19);
    for (const socket of idle) socket.destroy();
    await until('their descriptors are free', () => holdingsOf(daemon.child.pid ?? 0).descriptors <= before);
  });

  test('beside huge bodies, which are refused', async (t) => {
    const daemon = await saying19(t);
    const replies = ['/check', '/probe'].map(async (path) => {
      const socket = await connect(t, daemon);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n${'x'.repeat(100_000)}`);
      const [reply] = (await once(socket, 'data')) as [Buffer];
      return reply.toString().split('\r\n')[0];
    });
    assert.equal((await daemon.probe()).code, 19);
    assert.deepEqual(await Promise.all(replies), Array(2).fill('HTTP/1.1 413 Payload Too Large'));
    assert.equal((await daemon.probe()).code, 19);
  });

  for (const [title, request] of [
    ['that send half a body', 'POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nx'],
    ['that send garbage and keep their half open', 'garbage\r\n\r\n'],
    ['that ask for a check', 'POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'],
  ] as const) {
    test(`beside as many clients ${title} as may be connected`, async (t) => {
      const daemon = await saying19(t, { READINESSD_PERIOD_NOT_READY: '10m' }, { by: ['prlimit', '--nofile=140'] });
      const before = holdingsOf(daemon.child.pid ?? 0).descriptors;
      for (let i = 0; i < 110; i++) {
        const socket = createConnection({ path: daemon.socket, allowHalfOpen: true }).on('error', () => {});
        cleanUp(t, () => socket.destroy());
        socket.write(request);
      }
      assert.equal((await daemon.probe()).code, 19);
      await until('the others are gone, but for those that may stay', () => holdingsOf(daemon.child.pid ?? 0).descriptors <= before + 64);
      assert.equal((await daemon.probe()).code, 19);
    });
  }

  test('at once, beside clients that keep taking every free place', async (t) => {
    const daemon = await saying19(t, {}, { by: ['prlimit', '--nofile=64'] });
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 100 }, () => connect(t, daemon)));
      assert.equal((await daemon.probe()).code, 19);
    }
  });

  test(`200 times a second for ${isLong ? 60 : 5} seconds, each time right`, async (t) => {
    const daemon = await saying19(t);
    // The test reports how long it took and does not assert it: a slow machine must not fail the test.
    const env = { READINESSD_SOCKET: daemon.socket, ...patient };
    const tookMs: number[] = [];
    const wrong: (number | null)[] = [];
    const probes: Promise<void>[] = [];
    const ask = async () => {
      const beganAtMs = performance.now();
      const { code } = await run(join(lib, nativeClient), [], { env });
      tookMs.push(performance.now() - beganAtMs);
      if (code !== 19) wrong.push(code);
    };
    const beganAtMs = performance.now();
    const endAtMs = beganAtMs + (isLong ? 60_000 : 5000);
    for (let next = beganAtMs; performance.now() < endAtMs; next += 50) {
      probes.push(...Array.from({ length: 10 }, ask));
      // A machine that cannot keep up gets them as fast as it can.
      await until('the next are due', () => performance.now() >= next + 50 && probes.length - tookMs.length < 200);
    }
    await Promise.all(probes);
    assert.deepEqual(wrong, []);
    const rate = Math.round((probes.length / (performance.now() - beganAtMs)) * 1000);
    tookMs.sort((a, b) => a - b);
    const at = (share: number) => Math.round(tookMs[Math.floor(tookMs.length * share)] ?? 0);
    t.diagnostic(
      `${tookMs.length} probes, ${rate} a second, each with its start: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${Math.round(tookMs.at(-1) ?? 0)} ms`,
    );
  });
});

/** Sends the beginning of a request, and then a byte now and then. */
function drip(socket: Socket, beginning: string): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write('x'), 50);
  socket.on('close', () => clearInterval(timer));
}
