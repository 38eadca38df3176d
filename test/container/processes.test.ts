import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { nodeRoot } from '../support/cache.ts';
import { goodStartFiles, TestContainer } from '../support/container.ts';
import { isAlive } from '../support/process.ts';
import { end, run } from '../support/run.ts';
import { cleanUp, nativeClient, until, writeScript } from '../support/scratch.ts';

const hook = 'usr/bin/readiness_probe_hook';

/** Leaves children behind for a moment. */
const busyHook = '#!/bin/sh\nsleep 1000 & (sleep 0.01 &) & exit 0\n';

/** Reads the container's own table, because runc does not list zombies. */
const listZombies = "grep -ls '^State:.Z' /proc/[0-9]*/status";
const quick = { READINESSD_PERIOD_READY: '100ms', READINESSD_RPC_TIMEOUT: '30s' };

/** The daemon's pid outside the container, as soon as it has one. */
const daemonOf = (container: TestContainer) => until('the daemon runs', () => container.find('entry.cjs'));

/** runc's figures of a container's memory. */
interface Stats {
  readonly data: { readonly memory: { readonly usage: { readonly limit: number; readonly max: number } } };
}

/** Drops the files of one directory from the page cache. Other programs of the machine keep theirs. */
const dropFromPageCache = `
import os, sys
for directory, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(directory, name)
        if os.path.isfile(path) and not os.path.islink(path):
            file = os.open(path, os.O_RDONLY)
            os.fdatasync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)
`;

suite('processes of a container', { concurrency: 2 }, () => {
  test('a pause of the whole container leaves no old verdict, and a removed hook is missed until start.sh has run again', async (t) => {
    const env = { ...quick, READINESSD_PERIOD_READY: '4s' };
    const holding = '#!/bin/sh\nwhile [ -e /run/hold ]; do sleep 0.05; done\n';
    const container = await TestContainer.start(t, { files: { ...goodStartFiles, [hook]: holding }, env });
    await container.becomes(/^0 Ready start passed, hook passed/);
    const served = await container.served();
    // The wait until the next cycle begins when this is answered. If it should end before the pause, the hook is held.
    await served.post('/check');
    writeFileSync(`/proc/${(await container.state()).pid}/root/run/hold`, '');
    await container.runc('pause', container.id);
    const asked = served.body();
    // The wait and 3 s; or the second in which a running cycle shows that it is not frozen, and 3 s.
    await new Promise((resolve) => setTimeout(resolve, 8000));
    await container.runc('resume', container.id);
    assert.match(await asked, /^103 ResultStale /);
    rmSync(`/proc/${(await container.state()).pid}/root/run/hold`);
    await container.becomes(/^0 /);

    rmSync(join(container.root, hook));
    await container.becomes(/^120 HookNotExecutable hook \/usr\/bin\/readiness_probe_hook was there and is gone: /);
    await container.exec('supervisorctl', 'start', 'start');
    await container.becomes(/^0 Ready start passed, hook skipped/);
  });

  for (const client of ['native', 'TypeScript']) {
    test(`a probe that its runtime kills leaves no process behind, with the ${client} client`, async (t) => {
      const container = await TestContainer.start(t, { files: goodStartFiles });
      if (client === 'TypeScript') rmSync(join(container.root, 'usr/lib/readinessd', nativeClient));
      await container.becomes(/^0 /);
      const daemon = await daemonOf(container);
      const before = await container.pids();
      process.kill(daemon, 'SIGSTOP');
      const pidFile = join(container.directory, 'probe.pid');
      const patience = 'READINESSD_PROBE_TIMEOUT_MS=60000';
      const probing = container.runc('exec', '--env', patience, '--pid-file', pidFile, container.id, '/usr/bin/readiness_probe.sh');
      // containerd does the same at the timeout: it kills this one process, and then waits for the end of the output.
      const pid = await until('the client runs', () => container.find(client === 'native' ? '--from-shim' : 'readiness_probe.cjs'));
      // runc writes the pid at a time when the client may already run.
      assert.equal(await until('runc has told its number', () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8'))), pid);
      process.kill(pid, 'SIGKILL');
      assert.equal((await probing).code, 137);
      const left = async () => (await container.pids()).filter((pid) => !before.includes(pid));
      await until('none is left', async () => (await left()).length === 0);
      process.kill(daemon, 'SIGCONT');
      await container.becomes(/^0 /);
    });
  }

  test('no process is a zombie after 200 probes, though the hook leaves children', async (t) => {
    const container = await TestContainer.start(t, { files: { ...goodStartFiles, [hook]: busyHook }, env: quick });
    await container.becomes(/^0 /);
    for (let round = 0; round < 50; round++) {
      const probes = await Promise.all(Array.from({ length: 4 }, () => container.probe()));
      for (const { code, stdout } of probes) assert.deepEqual([code, stdout], [0, '0 Ready start passed, hook passed\n']);
    }
    // A process that has just ended is a zombie until its parent has noticed.
    await until('there is no zombie', async () => (await container.exec('sh', '-c', listZombies)).stdout === '');
    assert.equal(await container.find('readiness_probe.sh'), undefined);
  });

  test('processes of others are left alone when the container shares the process table with them', async (t) => {
    const withTimeout = (time: string) => {
      const files = { ...goodStartFiles, [hook]: '#!/bin/sh\nsleep 6000\n' };
      return TestContainer.start(t, { files, env: { READINESSD_HOOK_TIMEOUT: time }, sharesPids: true });
    };
    const [one, other] = [await withTimeout('1s'), await withTimeout('10m')];
    const namesake = writeScript(join(one.directory, 'readiness_probe_hook'), 'sleep 6000 & wait');
    const bystander = spawn(namesake, { stdio: 'ignore', detached: true });
    cleanUp(t, async () => {
      process.kill(-(bystander.pid ?? 0), 'SIGKILL');
      await end(bystander);
    });
    const hookOf = (container: TestContainer) => until('its hook runs', () => container.find(`/${hook}`));
    const [otherDaemon, otherHook] = [await daemonOf(other), await hookOf(other)];
    // Its own hook is killed: at its timeout, and by the next daemon after its own was killed.
    await one.becomes(/^122 HookTimeout /);
    // Between cycles, because the next daemon runs the hook at once.
    const killed = await daemonOf(one);
    process.kill(killed, 'SIGKILL');
    const left = await until('its hook runs, and its daemon is stopped so that it goes on', async () => {
      const daemon = await daemonOf(one);
      if (daemon === killed) return undefined;
      const running = await hookOf(one);
      process.kill(daemon, 'SIGSTOP');
      // The hook must also be noted: without a note nobody could find it.
      const note = `/proc/${daemon}/root/run/readinessd.sock.hook`;
      if (isAlive(running) && existsSync(note) && readFileSync(note, 'utf8').startsWith(`${running} `)) return running;
      process.kill(daemon, 'SIGCONT');
      return undefined;
    });
    process.kill(await daemonOf(one), 'SIGKILL');
    await until('the hook that was left is ended', () => !isAlive(left));
    await one.becomes(/^122 HookTimeout /);
    await one.runc('kill', one.id, 'TERM');
    await until('it has stopped', async () => (await one.state()).status === 'stopped');
    for (const pid of [otherDaemon, otherHook, bystander.pid ?? 0]) assert.ok(isAlive(pid));
    assert.equal(await daemonOf(other), otherDaemon);
    // No cycle has run the hook to its end.
    assert.match((await other.probe()).stdout, /^(104 ResultPending|2 StartNotFinished) /);
  });
});

test('128 MB of memory are enough, even when neither node nor Python is in the page cache', async (t) => {
  const limit = 128 * 2 ** 20;
  const container = await TestContainer.create(t, { files: { ...goodStartFiles, [hook]: '#!/bin/sh\nexit 0\n' }, memoryLimit: limit });
  // A separate copy, because files that another container has mapped stay in the cache.
  const node = join(container.root, 'usr/local/bin/node');
  copyFileSync(join(nodeRoot(), 'usr/local/bin/node'), node);
  // Pages that the kernel is still writing stay for a moment.
  await until('node is not in the page cache', async () => {
    await run('python3', ['-c', dropFromPageCache, container.root]);
    return /^ *0 +0 /.test((await run('fincore', ['--bytes', '--noheadings', node])).stdout);
  });

  await container.start();
  await container.becomes(/^0 Ready /);
  assert.doesNotMatch(container.log(), /exited: readinessd/);
  const stats = JSON.parse((await container.runc('events', '--stats', container.id)).stdout) as Stats;
  const { limit: inForce, max } = stats.data.memory.usage;
  assert.equal(inForce, limit);
  t.diagnostic(`at most ${Math.round(max / 2 ** 20)} MB of memory, page cache included`);
});
