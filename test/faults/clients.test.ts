import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ended, TestDaemon } from '../support/daemon.ts';
import { holdingsOf } from '../support/process.ts';
import { run } from '../support/run.ts';
import { cleanUp, lib, until, writeScript } from '../support/scratch.ts';

const isLong = process.env['LONG_TESTS'] === '1';

/** A daemon that says 19, which no client does on its own. */
async function saying19(t: TestContext): Promise<TestDaemon> {
  const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off' });
  writeScript(daemon.hook, 'exit 19');
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

  test('to a client that closed its half after asking, too', async (t) => {
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
    const send = (path: string) =>
      run('sh', [
        '-c',
        `head -c 50000000 /dev/zero | curl -sS -w '%{http_code}' --data-binary @- --unix-socket ${daemon.socket} http://localhost${path}`,
      ]);
    const [check] = await Promise.all([send('/check'), send('/probe'), daemon.probe().then(({ code }) => assert.equal(code, 19))]);
    assert.match(check.stdout, /^cannot answer POST \/check: Request body is too large; .*\n413$|^0{3}$|413$/);
    assert.ok(holdingsOf(daemon.child.pid ?? 0).rssKb < 150_000);
    assert.equal((await daemon.probe()).code, 19);
  });

  test(`200 times a second for ${isLong ? 60 : 5} seconds, each time right`, async (t) => {
    const daemon = await saying19(t);
    // How long it took is told, not asserted: a slow machine must not fail the test.
    const env = { READINESSD_SOCKET: daemon.socket, READINESSD_PROBE_TIMEOUT_MS: '10000' };
    const tookMs: number[] = [];
    const wrong: (number | null)[] = [];
    const probes: Promise<void>[] = [];
    const ask = async () => {
      const beganAtMs = performance.now();
      const { code } = await run(join(lib, 'readiness_probe'), [], { env });
      tookMs.push(performance.now() - beganAtMs);
      if (code !== 19) wrong.push(code);
    };
    const endAtMs = performance.now() + (isLong ? 60_000 : 5000);
    for (let next = performance.now(); next < endAtMs; next += 50) {
      probes.push(...Array.from({ length: 10 }, ask));
      await until('the next are due', () => performance.now() >= next + 50);
    }
    await Promise.all(probes);
    assert.deepEqual(wrong, []);
    tookMs.sort((a, b) => a - b);
    const at = (share: number) => Math.round(tookMs[Math.floor(tookMs.length * share)] ?? 0);
    t.diagnostic(
      `${tookMs.length} probes, each with its start: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${Math.round(tookMs.at(-1) ?? 0)} ms`,
    );
  });
});

suite('POST /check', { concurrency: 4 }, () => {
  /** A daemon that rests for a minute between cycles, and whose hook notes its runs. */
  async function resting(t: TestContext, seconds: string): Promise<{ daemon: TestDaemon; runs: () => number }> {
    const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off', READINESSD_PERIOD_READY: '1m', READINESSD_PERIOD_NOT_READY: '1m' });
    const log = join(daemon.directory, 'runs');
    writeScript(`${daemon.hook}`, `echo x >> ${log}; sleep ${seconds}; exit 19`);
    const runs = () => readFileSync(log, 'utf8').length / 2;
    await daemon.expect(/^0 |^19 /);
    return { daemon, runs };
  }

  test('answers with the verdict of a cycle that began after the call', async (t) => {
    const { daemon } = await resting(t, '0');
    for (const code of [3, 0, 4]) {
      writeScript(`${daemon.hook}.new`, `exit ${code}`);
      await run('mv', [`${daemon.hook}.new`, daemon.hook]);
      const { status, body } = await daemon.post('/check');
      assert.match(body, new RegExp(`^${code} `));
      assert.equal(status, code === 0 ? 200 : 503);
      assert.equal(await daemon.body(), body);
    }
  });

  test('waits for the next cycle when it is called in the middle of one', async (t) => {
    const { daemon, runs } = await resting(t, '0.2');
    await daemon.post('/check');
    const before = runs();
    const first = daemon.post('/check');
    await until('the hook runs', () => runs() === before + 1);
    const second = daemon.post('/check');
    await first;
    assert.equal(runs(), before + 1);
    await second;
    assert.equal(runs(), before + 2);
  });

  test('shares one cycle among all that wait', async (t) => {
    const { daemon, runs } = await resting(t, '0.1');
    await daemon.post('/check');
    const before = runs();
    const answers = await Promise.all(Array.from({ length: 50 }, () => daemon.post('/check')));
    assert.ok(answers.every(({ body }) => body.startsWith('19 ')));
    // Those who came when the first had begun share the second.
    assert.ok(runs() - before <= 2, `${runs() - before} runs`);
  });

  test('cannot make the hook run more than a tenth of the time', async (t) => {
    const { daemon, runs } = await resting(t, '0.2');
    const before = runs();
    const beganAtMs = performance.now();
    await until('it has been asked for a while', async () => {
      await Promise.all([daemon.post('/check'), daemon.post('/check')]);
      return performance.now() - beganAtMs > 8000;
    });
    const spentMs = performance.now() - beganAtMs;
    assert.ok(runs() - before <= spentMs / 2000 + 1, `${runs() - before} runs in ${spentMs} ms`);
    assert.ok(runs() - before >= 2);
  });

  test('does not hold up the end of the daemon', async (t) => {
    const { daemon } = await resting(t, '0.4');
    await daemon.post('/check');
    const waiting = daemon.post('/check').catch(() => undefined);
    await daemon.status();
    daemon.child.kill('SIGTERM');
    assert.equal(await ended(daemon), 0);
    // No answer, or one that says why; no verdict.
    assert.ok([undefined, 500].includes((await waiting)?.status));
  });

  test('takes what curl sends along', async (t) => {
    const { daemon } = await resting(t, '0');
    for (const args of [
      ['-X', 'POST'],
      ['-d', ''],
      ['-d', 'x=1'],
      ['--json', '{'],
      ['-F', 'a=b'],
    ]) {
      const { stdout } = await run('curl', ['-sS', ...args, '--unix-socket', daemon.socket, 'http://localhost/check']);
      assert.match(stdout, /^(0|19) /, args.join(' '));
    }
  });
});

/** Sends the beginning of a request, and then a byte now and then. */
function drip(socket: Socket, beginning: string): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write('x'), 50);
  socket.on('close', () => clearInterval(timer));
}
