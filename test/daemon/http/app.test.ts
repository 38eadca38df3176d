import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Value } from 'typebox/value';
import { StatusSchema } from '../../../shared/api.ts';
import { alone, TestDaemon } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';
import { scratchDirectory, writeScript } from '../../support/scratch.ts';
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
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_STALE_LIMIT: '1m' }, directory);
    await daemon.expect(/^17 /);
    const status = await daemon.status();
    assert.deepEqual(
      status.steps.map(({ durationMs, ...step }) => ({ ...step, hasDuration: durationMs >= 0 })),
      [
        { name: 'start', outcome: 'skipped', message: 'supervisord has no start.sh program', hasDuration: true },
        { name: 'hook', outcome: 'failed', message: 'hook exited with code 17', detail: '3 of 4', hasDuration: true },
      ],
    );
    assert.deepEqual(
      [status.ready, status.code, status.reason, status.detail, status.staleLimitMs],
      [false, 17, 'HookFailed', '3 of 4', 60_000],
    );
    assert.deepEqual([...Value.Errors(StatusSchema, status)], []);
    assert.equal(Object.keys(status).length, Object.keys(StatusSchema.properties).length);
  });

  test('says what there is when asked for something else', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    assert.deepEqual(await daemon.get('/nothing'), {
      status: 404,
      body: 'cannot answer GET /nothing: there is no such thing; try GET /probe, GET /status or POST /check\n',
    });
  });
});
