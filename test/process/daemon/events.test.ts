import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { alone, ended, TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { changed, EventSource, tick } from '../../support/event-source.ts';
import { FakeRpc } from '../../support/fake-rpc.ts';
import { live, running } from '../../support/fake-supervisor.ts';
import { isAlive } from '../../support/process.ts';
import { type Context, cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { goodStart, setUp } from '../../support/set-up.ts';

/** So long that only an event can cause the next look. */
const noPolling = { READINESSD_PERIOD_READY: '10m', READINESSD_PERIOD_NOT_READY: '10m' };
const form = 'events';

/** A daemon whose events come from the test itself, and a supervisord that can only be asked. */
async function told(t: Context, settings: Record<string, string> = noPolling) {
  const rpc = await FakeRpc.start(t);
  const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: rpc.url, ...settings }, undefined, { form });
  const source = new EventSource(daemon);
  await source.tell(...changed('other', 'STARTING'));
  await daemon.expect(/^0 Ready start passed/);
  return { rpc, daemon, source };
}

/**
 * The shipped entry under a real supervisord, with a start.sh that ends when told, and a hook that can be
 * held. It runs start.sh once supervisord has sent all earlier events.
 */
async function scene(t: Context, settings: Record<string, string> = noPolling, hook?: string) {
  const directory = scratchDirectory(t);
  const [end, hold, runs] = ['end', 'hold', 'runs'].map((name) => join(directory, name)) as [string, string, string];
  const start = writeScript(join(directory, 'start.sh'), `until [ -s ${end} ]; do sleep 0.02; done\nexit "$(cat ${end})"`);
  const holding = `echo $$ >>${runs}; while [ -e ${hold} ]; do sleep 0.02; done`;
  writeFileSync(end, '0');
  const scene = await setUp(t, {
    form,
    programs: goodStart.replace('command=true', `command=${start}\nautostart=false`),
    settings: { READINESSD_HOOK_TIMEOUT: '10m', ...settings },
    hook: (path) => writeScript(path, hook?.replaceAll('RUNS', runs) ?? holding),
  });
  await scene.toldAll();
  await scene.supervisord.call('startProcessGroup', 'start');
  await scene.expect(/^0 Ready start passed, hook passed/);
  const hookRuns = () => readFileSync(runs, 'utf8').trim().split('\n').map(Number);
  return {
    ...scene,
    hookRuns,
    async startAgain(): Promise<void> {
      rmSync(end);
      await scene.supervisord.call('startProcessGroup', 'start');
    },
    finish: (code: number) => writeFileSync(end, `${code}`),
    /** Starts a hook that does not end. */
    async holdHook(): Promise<number> {
      writeFileSync(hold, '');
      const before = hookRuns().length;
      void scene.post('/check').catch(() => {});
      return until('a hook runs', () => hookRuns()[before]);
    },
  };
}

suite('events', { concurrency: 4 }, () => {
  test('are answered one after the other while a hook runs, with nothing but the protocol', async (t) => {
    const directory = scratchDirectory(t);
    const [hold, held] = [join(directory, 'hold'), join(directory, 'held')];
    writeScript(join(directory, 'hook'), `echo $$ >${held}; while [ -e ${hold} ]; do sleep 0.02; done`);
    writeFileSync(hold, '');
    const daemon = new TestDaemon(t, { ...alone, READINESSD_HOOK_TIMEOUT: '10m' }, directory, { form });
    const source = new EventSource(daemon);
    const pid = Number(await until('the hook runs', () => existsSync(held) && readFileSync(held, 'utf8').trim()));
    for (let count = 0; count < 20; count++) await source.tell(...changed('other', 'STARTING'));
    assert.ok(isAlive(pid));
    assert.equal(source.output(), `READY\n${'RESULT 2\nOKREADY\n'.repeat(20)}`);
    const { events } = await daemon.status();
    assert.deepEqual([events?.state, events?.received], ['flowing', 20]);
    rmSync(hold);
    await daemon.expect(/^0 /);
  });

  test('cause a look at once when some were lost', async (t) => {
    const { rpc, daemon, source } = await told(t);
    rpc.processes = [live('start', { state: running, pid: 7, stop: 0 }), live('other', { state: running })];
    await source.tell(...changed('other', 'RUNNING'), 9);
    await daemon.expect(/^2 StartNotFinished start\.sh \(program "start"\) is running/);
    assert.match(daemon.log(), /"why":"some were lost"/);
  });

  test('that come by the thousand, with garbage between them, delay no answers and do not flood supervisord', async (t) => {
    const beganAtMs = performance.now();
    const { rpc, daemon, source } = await told(t);
    for (let round = 0; round < 500; round++) {
      for (const event of [tick, changed('start', 'EXITED'), changed('start', 'UNKNOWN'), changed('other', 'BACKOFF')]) {
        source.send(...event);
      }
    }
    for (let round = 0; round < 500; round++) {
      source.write(`garbage ${'x'.repeat(round)}\n`);
      source.send(...tick);
    }
    for (let round = 0; round < 100; round++) source.write(`${'y'.repeat(10_000)}\n`.repeat(10));
    for (let probes = 0; probes < 20; probes++) assert.match(await daemon.body(), /^\d+ \w+ /);
    rpc.processes = [live('start', { state: running, pid: 7, stop: 0 }), live('other', { state: running })];
    await until('it goes on listening', () => {
      const { answers } = source;
      source.send(...changed('start', 'RUNNING'));
      return until('it is answered', () => source.answers > answers, 1000).catch(() => false);
    });
    await daemon.expect(/^2 StartNotFinished /);
    assert.ok(source.isProtocol, source.output().slice(0, 200));
    // At most 5 looks at once and 2 a second, of a few calls each. A slow machine had more time for them.
    const seconds = (performance.now() - beganAtMs) / 1000;
    const looks = 5 + 2 * seconds + (await daemon.status()).cycles;
    assert.ok(rpc.calls <= 4 * looks, `${rpc.calls} calls in ${seconds} s`);
    t.diagnostic(`${rpc.calls} calls for ${source.answers} events in ${seconds.toFixed(1)} s`);
  });

  test('are missed once in the log when stdin or stdout ends, and polling goes on', async (t) => {
    for (const stream of ['stdin', 'stdout'] as const) {
      const { rpc, daemon, source } = await told(t, {});
      daemon.child[stream]?.destroy();
      if (stream === 'stdout') source.send(...tick);
      await until('it knows', async () => (await daemon.status()).events?.state === 'stopped');
      rpc.processes = [live('start', { exitstatus: 3 })];
      await daemon.expect(/^112 /);
      await daemon.moreCycles(3);
      assert.equal(daemon.log().match(/cannot be relied on/g)?.length, 1, daemon.log());
    }
  });
});

suite('stdout', { concurrency: 4 }, () => {
  test('has nothing but the protocol at log level trace, on SIGUSR1 and at the end; the log goes to stderr', async (t) => {
    const { rpc, daemon, source } = await told(t, { READINESSD_LOG_LEVEL: 'trace' });
    rpc.processes = [live('start', { exitstatus: 3 })];
    await source.tell(...changed('start', 'EXITED', 'RUNNING'));
    await daemon.expect(/^112 /);
    daemon.child.kill('SIGUSR1');
    await until('it has got the signal', () => daemon.log().includes('signal ignored'));
    daemon.child.kill('SIGTERM');
    assert.equal(await ended(daemon), 0);
    assert.ok(source.isProtocol, source.output());
    for (const text of ['"msg":"started"', '"msg":"event"', '"code":112', '"msg":"stopping"']) assert.ok(daemon.log().includes(text), text);
  });

  test('has nothing at all when a setting is wrong or the socket is not available', async (t) => {
    for (const [settings, code, said] of [
      [{ READINESSD_PERIOD_READY: '10' }, 2, /^readinessd: cannot use READINESSD_PERIOD_READY="10": .*\n$/],
      [{ READINESSD_SOCKET: '/no/such/r.sock' }, 1, /^readinessd: cannot listen on .*\n$/],
    ] as const) {
      const daemon = new TestDaemon(t, { ...alone, ...settings }, undefined, { form });
      const source = new EventSource(daemon);
      assert.equal(await ended(daemon), code);
      assert.match(daemon.log(), said);
      assert.equal(source.output(), '');
    }
  });

  test('has nothing but the protocol when the daemon crashes', async (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, 'crash.cjs'), "process.on('SIGUSR2', () => { throw new Error('a bug'); });");
    const settings = { ...alone, NODE_OPTIONS: `--require=${directory}/crash.cjs` };
    for (const [signal, said] of [
      ['SIGUSR2', /Error: a bug/],
      ['SIGABRT', /"msg":"started"/],
    ] as const) {
      const daemon = new TestDaemon(t, settings, directory, { form });
      const source = new EventSource(daemon);
      await source.tell(...tick);
      daemon.child.kill(signal);
      await ended(daemon);
      assert.match(daemon.log(), said);
      assert.ok(source.isProtocol, source.output());
    }
  });

  test('and stdin are not given to the hook', async (t) => {
    const directory = scratchDirectory(t);
    const list = join(directory, 'list');
    const { status } = await scene(t, {}, `readlink /proc/$$/fd/* >${list}.new; mv ${list}.new ${list}; echo $$ >>RUNS`);
    const { pid } = await status();
    const own = ['0', '1'].map((descriptor) => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    for (const link of own) assert.match(link, /^(pipe|socket):/);
    const hooks = readFileSync(list, 'utf8').trim().split('\n');
    assert.ok(hooks.length >= 3);
    assert.deepEqual(
      hooks.filter((link) => own.includes(link)),
      [],
    );
    // No other descriptor of the daemon is one of them either.
    const others = readdirSync(`/proc/${pid}/fd`).filter((descriptor) => Number(descriptor) > 1);
    const links = others.flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
      } catch {
        return [];
      }
    });
    assert.deepEqual(
      links.filter((link) => own.includes(link)),
      [],
    );
  });
});

suite('under supervisord the probe says at once', { concurrency: 4 }, () => {
  test('that start.sh runs again and fails, while a hook still runs', async (t) => {
    const { expect, probe, body, startAgain, finish, holdHook } = await scene(t);
    const hook = await holdHook();
    const watch = watchVerdicts({ body });
    await startAgain();
    await expect(/^2 StartNotFinished start\.sh \(program "start"\) is running/);
    const { code, stdout } = await probe();
    assert.deepEqual([code, stdout.split(' (')[0]], [2, '2 StartNotFinished start.sh']);
    finish(3);
    await expect(/^112 StartFailed .*exited with code 3/);
    assert.ok(isAlive(hook));
    assert.match((await watch.stop()).map((line) => line.split(' ')[0]).join(), /^(0,)?2,112$/);
  });

  test('that start.sh runs again while a hook waits, and is not ready until the hook has run again', async (t) => {
    const { expect, body, startAgain, finish, hookRuns } = await scene(t, {}, 'echo $$ >>RUNS; sleep 2');
    const runs = hookRuns().length;
    await startAgain();
    const watch = watchVerdicts({ body });
    await expect(/^2 StartNotFinished .* is running/);
    finish(0);
    await expect(/^2 StartNotFinished .* exited with code 0; the hook waits after a long run, and has not run again since\n$/);
    assert.equal(hookRuns().length, runs);
    await expect(/^0 Ready start passed, hook passed/);
    assert.ok(hookRuns().length > runs);
    assert.match((await watch.stop()).map((line) => line.split(' ')[0]).join(), /^(0,)?2,(2,)*0$/);
  });

  test('nothing new for events from before the listener was RUNNING, so a ready verdict stays', async (t) => {
    // start.sh has ended, and was seen so, before supervisord reports that it was started.
    const { body, toldAll } = await setUp(t, { form });
    const watch = watchVerdicts({ body });
    await toldAll();
    await until('it is ready', async () => (await body()).startsWith('0 '));
    assert.match((await watch.stop()).map((line) => line.split(' ')[0]).join(), /^(,|104,|11[01],|2,)*0$/);
  });

  for (const what of ['shutdown', 'restart'] as const) {
    test(`that a ${what} happens, and is never ready again before the end`, async (t) => {
      const go = join(scratchDirectory(t), 'go');
      cleanUp(t, () => writeFileSync(go, ''));
      const slow = `/bin/bash -c "trap '' TERM; until [ -e ${go} ]; do sleep 0.02; done"`;
      const start = goodStart.replace('command=true', `command=true\nautostart=false`);
      const programs = `${start}[program:slow]\ncommand=${slow}\nstopwaitsecs=1000\n`;
      const { expect, body, toldAll, probe, supervisord, becomes } = await setUp(t, { form, programs, settings: noPolling });
      await becomes('slow', /RUNNING/);
      await toldAll();
      await supervisord.call('startProcessGroup', 'start');
      await expect(/^0 /);
      const watch = watchVerdicts({ body });
      await supervisord.call(what);
      await expect(/^111 SupervisorBadReply .*SHUTDOWN_STATE/);
      writeFileSync(go, '');
      if (what === 'shutdown') {
        await until('supervisord has ended', () => supervisord.child.exitCode !== null);
        assert.equal((await probe()).code, 100);
      } else {
        await expect(/^2 .*has not been started/);
      }
      const codes = (await watch.stop()).map((line) => line.split(' ')[0]).join();
      assert.match(codes, what === 'shutdown' ? /^(0,)?111,(110,)?$/ : /^(0,)?111,(110,)?(,|104,|11[01],)*2$/);
    });
  }

  test('that supervisord was killed, because stdin ends', async (t) => {
    const { expect, status, supervisord } = await scene(t);
    const { pid } = await status();
    cleanUp(t, () => isAlive(pid) && process.kill(pid, 'SIGTERM'));
    supervisord.child.kill('SIGKILL');
    await expect(/^110 SupervisorUnreachable /);
    assert.equal((await status()).events?.state, 'stopped');
  });
});

/** Changes the shipped entry's section and command. */
const asProgram = (entry: string) => entry.replace('[eventlistener:', '[program:').replaceAll(/^(events|buffer_size)=.*\n/gm, '');
const withoutFlag = (entry: string) => entry.replace(/^(command=.*) --events$/m, '$1');

suite('without events the daemon polls', { concurrency: 4 }, () => {
  for (const [title, entry, state] of [
    ['with --events in a [program:] section', asProgram, 'waiting'],
    ['without --events in an [eventlistener:] section', withoutFlag, 'off'],
  ] as const) {
    test(title, async (t) => {
      const hold = join(scratchDirectory(t), 'hold');
      const programs = goodStart.replace('command=true', `command=/bin/sh -c "while [ -e ${hold} ]; do sleep 0.02; done"`);
      const { expect, status, supervisord } = await setUp(t, { form, programs, entry });
      await expect(/^0 /);
      writeFileSync(hold, '');
      await supervisord.call('startProcessGroup', 'start');
      await expect(/^2 /);
      rmSync(hold);
      await expect(/^0 /);
      assert.equal((await status()).events?.state, state);
      assert.match((await supervisord.ctl('status', 'readinessd')).stdout, /RUNNING/);
    });
  }

  test('when stdin is /dev/null', async (t) => {
    const rpc = await FakeRpc.start(t);
    const by = ['sh', '-c', 'exec "$0" "$@" </dev/null'];
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: rpc.url }, undefined, { form, by });
    await daemon.expect(/^0 /);
    assert.equal((await daemon.status()).events?.state, 'stopped');
    rpc.processes = [live('start', { state: running, pid: 7, stop: 0 })];
    await daemon.expect(/^2 /);
  });
});
