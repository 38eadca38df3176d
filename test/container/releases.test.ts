import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { History } from '../../shared/api.ts';
import { supervisorReleases } from '../support/cache.ts';
import { type ContainerOptions, firstLine, TestContainer } from '../support/container.ts';
import { until } from '../support/scratch.ts';
import { callSupervisord } from '../support/supervisord.ts';

/** Debian's own release, and those from PyPI. */
const releases = [undefined, ...supervisorReleases];

/** How supervisord runs the daemon. */
const forms: readonly (readonly [title: string, options: ContainerOptions])[] = [['the shipped entry', {}]];

/** Each run exits with the number in this file, once there is one. */
const startScript = '#!/bin/sh\nuntil [ -s /run/code ]; do sleep 0.02; done\ncode=$(cat /run/code)\nrm /run/code\nexit "$code"\n';

const once = 'startsecs=0\nautorestart=false\n';
const start = `[program:start]\ncommand=/usr/bin/start.sh\nautostart=false\n${once}`;
const job = (command: string) => `[program:job]\ncommand=${command}\n${once}`;
/** supervisord may notice an end more than a second late. */
const endsTooSoon = (retries: number) => `[program:start]\ncommand=true\nstartsecs=10\nautorestart=false\nstartretries=${retries}\n`;
const isRunAgain = '[program:start]\ncommand=true\nstartsecs=0\nautorestart=true\n';

/** A container with a daemon, and one file of programs that can be changed. */
async function scene(t: TestContext, options: ContainerOptions) {
  const container = await TestContainer.start(t, {
    files: { 'usr/bin/start.sh': startScript },
    env: { READINESSD_PERIOD_READY: '200ms', READINESSD_PERIOD_NOT_READY: '100ms', READINESSD_RPC_TIMEOUT: '30s' },
    ...options,
  });
  const served = await container.served();
  served.log = () => container.log();
  await served.expect(/^0 Ready nothing to check: start skipped/);
  const run = `/proc/${(await container.state()).pid}/root/run`;
  const configure = (programs: string) => writeFileSync(join(container.root, 'etc/supervisor/conf.d/programs.conf'), programs);
  const call = async (method: string, ...words: string[]) => {
    const reply = await callSupervisord(join(run, 'supervisor.sock'), method, ...words);
    assert.doesNotMatch(reply, /<fault>/, `${method} ${words}`);
    return reply;
  };
  return {
    ...served,
    container,
    call,
    /** Makes start.sh exit with a code. */
    finish: (code: number) => writeFileSync(join(run, 'code'), `${code}`),
    async reread(programs: string): Promise<void> {
      configure(programs);
      await call('reloadConfig');
      // No event tells of it, so without this it would be noticed only within a minute.
      await served.post('/check');
    },
    /** @returns the output of supervisorctl */
    async update(programs: string): Promise<string> {
      configure(programs);
      return (await container.exec('supervisorctl', 'update')).stdout;
    },
    /** Asserts that nothing shown during the action was ready, not even for a moment. */
    async neverReady(action: () => Promise<void>): Promise<void> {
      const history = async () => JSON.parse((await served.get('/history')).body) as History;
      const { total: before } = await history();
      await action();
      const { total, changes } = await history();
      assert.ok(total > before && total - before < changes.length, `${total - before} changes`);
      const readies = changes.slice(0, total - before).filter(({ code }) => code === 0);
      assert.deepEqual(readies, []);
    },
  };
}

type Scene = Awaited<ReturnType<typeof scene>>;

async function statesAreTold({ update, expect, call, finish, neverReady }: Scene): Promise<void> {
  const startsAgain = async () => {
    await call('startProcess', 'start');
    await expect(/^2 StartNotFinished .*is running/);
  };
  await update(start);
  await expect(/^2 StartNotFinished .*has not been started/);
  await neverReady(async () => {
    await startsAgain();
    await call('signalProcess', 'start', 'KILL');
    await expect(/^112 StartFailed .*was killed by a signal/);
    await startsAgain();
    await call('stopProcess', 'start');
    await expect(/^115 StartStopped /);
    await startsAgain();
    finish(3);
    await expect(/^112 StartFailed .*exited with code 3/);
    await startsAgain();
  });
  finish(0);
  await expect(/^0 Ready start passed/);
}

async function goodEndsThatDoNotCountAreTold({ update, expect, container, status, post, neverReady }: Scene): Promise<void> {
  await update(endsTooSoon(1_000_000));
  await expect(/^2 StartNotFinished .*BACKOFF/);
  await neverReady(async () => {
    await update(endsTooSoon(0));
    await expect(/^113 StartFatal .*startsecs=0/);
    await update(isRunAgain);
    const runs = () => container.log().match(/exited: start /g)?.length ?? 0;
    const [runsBefore, { cycles }] = [runs(), await status()];
    await until('it has run many times, and been looked at as often', async () => {
      await post('/check');
      return runs() > runsBefore + 4 && (await status()).cycles > cycles + 20;
    });
  });
  // supervisord may start it again between the update's stop and its removal, and then refuses the removal.
  await until('it is gone', async () => (await update('')).includes('removed process group'));
  await expect(/^0 Ready nothing to check: start skipped/);
}

async function rereadsAreTold({ reread, update, expect, call, finish, aWholeCycle, neverReady }: Scene): Promise<void> {
  await reread(start);
  await expect(/^2 StartNotFinished .*configured but not loaded/);
  await update(job('sleep 0.2'));
  // If it changed before it was seen live, that would hide what it runs.
  assert.match((await aWholeCycle()).message, /^nothing to check: start skipped/);
  const changed = job('/bin/sh -c /usr/bin/start.sh');
  await reread(changed);
  await expect(/^2 StartNotFinished .*perhaps not loaded/);
  const jobHasEnded = () => until('it has ended', async () => (await call('getProcessInfo', 'job')).includes('EXITED'));
  await jobHasEnded();
  await neverReady(async () => {
    await call('startProcess', 'job');
    await jobHasEnded();
    assert.match((await aWholeCycle()).message, /perhaps not loaded/);
    await update(changed);
    await expect(/^2 StartNotFinished .*is running/);
    await reread('');
    assert.match((await aWholeCycle()).message, /is running/);
  });
  finish(0);
  await expect(/^0 Ready start passed/);
}

// Most of the time the tests wait for supervisord's seconds.
suite('start.sh is judged rightly', { concurrency: 3 }, () => {
  for (const release of releases) {
    for (const [form, options] of forms) {
      test(`by supervisor ${release ?? "of Debian's"}, with ${form}`, async (t) => {
        const there = await scene(t, { ...options, supervisor: release });
        if (release !== undefined) {
          const { stdout } = await there.container.exec('supervisord', '--version');
          assert.equal(stdout.trim(), release.replace('-sonic', ''));
          assert.match(await there.call('getSupervisorVersion'), new RegExp(`<string>${stdout.trim()}</string>`));
        }
        await statesAreTold(there);
        await goodEndsThatDoNotCountAreTold(there);
        await rereadsAreTold(there);
        assert.equal(firstLine((await there.container.probe()).stdout), '0 Ready start passed, hook skipped');
      });
    }
  }
});
