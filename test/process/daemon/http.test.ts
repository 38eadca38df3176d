import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Check } from 'typebox/value';
import { type History, HistorySchema, StatusSchema } from '../../../shared/api.ts';
import { socketEndpoints } from '../../../shared/endpoints.ts';
import { alone, TestDaemon } from '../../support/daemon.ts';
import { assertStatus } from '../../support/findings.ts';
import { run } from '../../support/run.ts';
import { replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { TestSupervisord } from '../../support/supervisord.ts';

suite('socket API', { concurrency: 4 }, () => {
  test('shows curl what the client prints', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'echo "3 of 4"; exit 17');
    const daemon = new TestDaemon(t, alone, directory);
    await daemon.expect(/^17 /);
    const curl = await run('curl', ['-sS', '--unix-socket', daemon.socket, 'http://localhost/probe']);
    assert.equal(curl.stdout, (await daemon.probe()).stdout);
    assert.equal(curl.stdout, '17 HookFailed hook exited with code 17\n3 of 4\n');
    assert.equal((await daemon.get('/probe')).status, 503);
  });

  test('describes the last cycle in /status, as its schema says', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'echo "3 of 4"; exit 17');
    const supervisord = await TestSupervisord.start(t, '');
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_STALE_LIMIT: '20s' }, directory);
    await daemon.expect(/^17 /);
    const status = await daemon.status();
    const finding = { kind: 'exited', path: daemon.hook, isHook: true, code: 17 };
    assert.deepEqual(
      status.steps.map(({ durationMs, agoMs, ...step }) => ({ ...step, hasDuration: durationMs >= 0 && agoMs >= 0 })),
      [
        { name: 'start', outcome: 'skipped', message: 'supervisord has no start.sh program', hasDuration: true },
        { name: 'hook', outcome: 'failed', message: 'hook exited with code 17', finding, detail: '3 of 4', hasDuration: true },
      ],
    );
    assert.deepEqual(
      [status.ready, status.code, status.reason, status.finding, status.detail, status.staleLimitMs],
      [false, 17, 'HookFailed', finding, '3 of 4', 20_000],
    );
    // Also checks that no optional member is left out.
    assert.deepEqual(Object.keys(status).sort(), Object.keys(StatusSchema.properties).sort());
    assertStatus(status);
  });

  test('says what runs now, and how long start.sh has been running', async (t) => {
    const directory = scratchDirectory(t);
    const start = '[program:start]\ncommand=sleep 1000\nautorestart=false\nstartsecs=0\n';
    const supervisord = await TestSupervisord.start(t, start);
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url }, directory);
    await daemon.expect(/^2 /);
    const found = await until('start.sh has been running for some time', async () => {
      const { startPrograms: [one] = [], ...status } = await daemon.status();
      return (one?.forMs ?? 0) > 2000 ? { one, status } : undefined;
    });
    assert.deepEqual([found.one?.program, found.one?.state], ['start', 'RUNNING']);
    assert.match((await daemon.get('/')).body, /^start\.sh \(program "start"\) has been RUNNING for /m);
    assert.ok((found.status.lastHour?.cycles ?? 0) > 0 && found.status.lastHour?.changes === 1);

    await supervisord.call('stopProcess', 'start');
    await supervisord.call('startProcess', 'start');
    await supervisord.call('signalProcess', 'start', 'KILL');
    await daemon.expect(/^112 /);
    assert.equal((await daemon.status()).startPrograms?.[0]?.state, 'EXITED');
  });

  test('says how long the hook has been running, and how long it may', async (t) => {
    const directory = scratchDirectory(t);
    const hold = join(directory, 'hold');
    writeScript(join(directory, 'hook'), `while [ -e ${hold} ]; do sleep 0.1; done`);
    writeFileSync(hold, '');
    const daemon = new TestDaemon(t, { ...alone, READINESSD_HOOK_TIMEOUT: '300s' }, directory);
    await daemon.expect(/^104 /);
    const running = async () => (await daemon.status()).running ?? [];
    const [hook] = await until('the hook runs', async () => {
      const steps = await running();
      return (steps[0]?.forMs ?? 0) > 200 ? steps : undefined;
    });
    assert.deepEqual([hook?.name, (hook?.boundMs ?? 0) >= 300_000], ['hook', true]);
    assert.match((await daemon.get('/')).body, /; a cycle runs now: hook for \S+ m?s of at most 5 min/);
    rmSync(hold);
    await until('it has ended', async () => (await running()).length === 0);
    await daemon.expect(/^0 /);
  });

  test('lists the changes of the verdict in /history, as its schema says', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'echo secret; exit 17');
    const daemon = new TestDaemon(t, alone, directory);
    await daemon.expect(/^17 /);
    replaceScript(join(directory, 'hook'), 'exit 0');
    await daemon.expect(/^0 /);
    const { status, body } = await daemon.get('/history');
    assert.equal(status, 200);
    const history = JSON.parse(body) as History;
    assert.ok(Check(HistorySchema, history), body);
    assert.deepEqual(
      history.changes.map(({ code }) => code),
      [0, 17, 104],
    );
    assert.equal(history.total, 2);
    assert.doesNotMatch(body, /secret/);
    assert.deepEqual(Object.keys(history.changes[0] ?? {}), Object.keys(HistorySchema.properties.changes.items.properties));
  });

  test('shows a page of text at /, and JSON to clients that accept it', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'echo "3 of 4"; exit 17');
    const daemon = new TestDaemon(t, alone, directory);
    await daemon.expect(/^17 /);
    const curl = (...args: string[]) => run('curl', ['-sS', '--unix-socket', daemon.socket, ...args, 'http://localhost/']);
    const { stdout: page } = await curl();
    assert.match(page, /^NOT READY {2}17 HookFailed hook exited with code 17, for /);
    assert.match(page, /\n {9}\| 3 of 4\n/);
    for (const { method, path } of socketEndpoints) assert.match(page, new RegExp(`^  ${method} +${path} `, 'm'));
    const { stdout: json } = await curl('-H', 'Accept: application/json');
    assertStatus(JSON.parse(json));
  });

  test('answers POST /check with the status when the client accepts JSON, with the same HTTP status', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'exit 17');
    const daemon = new TestDaemon(t, alone, directory);
    const args = ['-sS', '-w', '\n%{http_code}', '-X', 'POST', '-H', 'Accept: application/json', '--unix-socket', daemon.socket];
    await daemon.expect(/^17 /);
    const [json = '', code] = (await run('curl', [...args, 'http://localhost/check'])).stdout.split('\n');
    const status: unknown = JSON.parse(json);
    assertStatus(status);
    assert.deepEqual([status.code, code], [17, '503']);
  });

  test('says what there is when asked for something else', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    assert.deepEqual(await daemon.get('/nothing'), {
      status: 404,
      body: 'cannot answer GET /nothing: there is no such thing; GET / lists what there is\n',
    });
    assert.equal((await daemon.get('*')).status, 404);
  });
});
