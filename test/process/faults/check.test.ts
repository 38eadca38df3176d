import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ended, type Launch, TestDaemon } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';
import { cleanUp, replaceFile, replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

suite('POST /check', { concurrency: 4 }, () => {
  interface Resting {
    readonly daemon: TestDaemon;
    readonly runs: () => number;
    /** From now on each run waits for its turn. */
    readonly hold: () => void;
    /** Lets this many runs end in all, and no more. */
    readonly allow: (count: number) => void;
  }

  /** A daemon that waits ten minutes between cycles. Its hook notes its runs. */
  async function resting(t: TestContext, seconds: string, launch: Launch = {}): Promise<Resting> {
    const directory = scratchDirectory(t);
    const [log, allowed] = [join(directory, 'runs'), join(directory, 'allowed')];
    const turn = `while [ -s ${allowed} ] && [ $(wc -l < ${log}) -gt $(cat ${allowed}) ]; do sleep 0.02; done`;
    writeScript(join(directory, 'hook'), `echo x >> ${log}; sleep ${seconds}; ${turn}; exit 19`);
    const settings = { READINESSD_PERIOD_READY: '10m', READINESSD_PERIOD_NOT_READY: '10m', READINESSD_HOOK_TIMEOUT: '10m' };
    const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off', ...settings }, directory, launch);
    await daemon.expect(/^19 /);
    const runs = () => readFileSync(log, 'utf8').length / 2;
    const allow = (count: number) => replaceFile(allowed, `${count}\n`);
    return { daemon, runs, allow, hold: () => allow(runs()) };
  }

  test('answers with the verdict of a cycle that began after the call', async (t) => {
    const { daemon } = await resting(t, '0');
    for (const code of [3, 0, 4]) {
      replaceScript(daemon.hook, `exit ${code}`);
      const { status, body } = await daemon.post('/check');
      assert.match(body, new RegExp(`^${code} `));
      assert.equal(status, code === 0 ? 200 : 503);
      assert.equal(await daemon.body(), body);
    }
  });

  test('waits for the next cycle when it is called in the middle of one', async (t) => {
    const { daemon, runs, hold, allow } = await resting(t, '0');
    const before = runs();
    hold();
    const first = daemon.post('/check');
    await until('the hook runs', () => runs() === before + 1);
    const second = daemon.post('/check');
    // By then the daemon has read what was sent before.
    await daemon.status();
    allow(before + 1);
    // It needs no other run, which may not end yet.
    await first;
    allow(before + 2);
    await second;
    assert.equal(runs(), before + 2);
  });

  test('shares one cycle among all that wait', async (t) => {
    const { daemon, runs, hold, allow } = await resting(t, '0');
    const before = runs();
    hold();
    const asked = Array.from({ length: 50 }, () => daemon.post('/check'));
    // By then the daemon has read what was sent before.
    await daemon.status();
    allow(before + 50);
    const answers = await Promise.all(asked);
    assert.ok(answers.every(({ body }) => body.startsWith('19 ')));
    // Calls that came after the first cycle had begun share the second.
    assert.ok(runs() - before <= 2, `${runs() - before} runs`);
  });

  test('is answered to all that wait, even when a storm of silent clients comes after them', async (t) => {
    const { daemon, runs, hold, allow } = await resting(t, '0');
    const before = runs();
    hold();
    const asked = Array.from({ length: 50 }, () => daemon.post('/check'));
    await daemon.status();
    const silent = Array.from({ length: 300 }, () => createConnection(daemon.socket).on('error', () => {}));
    cleanUp(t, () => {
      for (const socket of silent) socket.destroy();
    });
    await until('all but 64 of them are closed', () => silent.filter(({ closed }) => !closed).length <= 64);
    allow(before + 50);
    for (const { body } of await Promise.all(asked)) assert.match(body, /^19 /);
  });

  test('leaves places for probes when few files may be open', async (t) => {
    const { daemon, runs, hold, allow } = await resting(t, '0', { by: ['prlimit', '--nofile=64'] });
    const before = runs();
    hold();
    const asked = Array.from({ length: 60 }, () => daemon.post('/check').catch(() => undefined));
    await until('it is checked', () => runs() === before + 1);
    for (let i = 0; i < 5; i++) assert.equal((await daemon.probe()).code, 19);
    allow(before + 60);
    const statuses = (await Promise.all(asked)).map((answer) => answer?.status);
    assert.ok(statuses.filter((status) => status === 503).length >= 8);
  });

  test('cannot make the hook run more than a tenth of the time', async (t) => {
    const { daemon, runs } = await resting(t, '0.1');
    const before = runs();
    const beganAtMs = performance.now();
    await until('it has run some times', async () => {
      await Promise.all([daemon.post('/check'), daemon.post('/check')]);
      return runs() - before >= 4;
    });
    // Counted first: a slow machine may take time between the two.
    const count = runs() - before;
    const spentMs = performance.now() - beganAtMs;
    assert.ok(count <= spentMs / 1000 + 1, `${count} runs in ${spentMs} ms`);
  });

  test('does not delay the end of the daemon', async (t) => {
    const { daemon, hold } = await resting(t, '0');
    hold();
    const waiting = daemon.post('/check').catch(() => undefined);
    await daemon.status();
    daemon.child.kill('SIGTERM');
    assert.equal(await ended(daemon), 0);
    // Either no answer, or one that says why, but no verdict.
    assert.ok([undefined, 500].includes((await waiting)?.status));
  });

  test('accepts what curl sends along', async (t) => {
    const { daemon } = await resting(t, '0');
    for (const [args, expected] of [
      [['-X', 'POST'], /^(0|19) /],
      [['-d', ''], /^(0|19) /],
      [['-d', 'x=1'], /^(0|19) /],
      // With it curl also asks for JSON.
      [['--json', '{'], /^\{"ready":/],
      [['-F', 'a=b'], /^(0|19) /],
    ] as const) {
      const { stdout } = await run('curl', ['-sS', ...args, '--unix-socket', daemon.socket, 'http://localhost/check']);
      assert.match(stdout, expected, args.join(' '));
    }
  });
});
