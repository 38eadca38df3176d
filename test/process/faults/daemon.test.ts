import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { alone, watchVerdicts } from '../../support/daemon.ts';
import { exhaustMemory } from '../../support/memory.ts';
import { isAlive } from '../../support/process.ts';
import { run } from '../../support/run.ts';
import { replaceFile, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { setUp } from '../../support/set-up.ts';

suite('the daemon under supervisord', { concurrency: 4 }, () => {
  test('comes back when killed in mid-hook, ends the old hook first, and the probe says 100, 104, then the truth', async (t) => {
    const { supervisord, directory, socket, probe, expect, status } = await setUp(t, {
      programs: '',
      settings: { ...alone, READINESSD_HOOK_TIMEOUT: '10m' },
      // Until it may go on, each run hangs, with a child.
      hook: (path) => writeScript(path, 'cd "$(dirname "$0")"; sleep 1000 & echo $$ $! >> pids; [ -e go ] || wait; exit 19'),
    });
    const pids = join(directory, 'pids');
    const go = join(directory, 'go');
    const runs = () => (existsSync(pids) ? readFileSync(pids, 'utf8') : '').split('\n').slice(0, -1);
    await until('the hook runs, and is noted', () => runs().length === 1 && existsSync(`${socket}.hook`));
    const codes: (number | null)[] = [];
    const probeSays = (wanted: number) =>
      until(`the probe says ${wanted}`, async () => {
        const { code } = await probe();
        if (codes.at(-1) !== code) codes.push(code);
        return code === wanted;
      });
    const { pid } = await status();
    // supervisord may not start it again before the test has seen it away.
    supervisord.child.kill('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    const left = (runs()[0] ?? '').split(' ').map(Number);
    await probeSays(100);
    supervisord.child.kill('SIGCONT');
    await probeSays(104);
    await until('the old hook is gone', () => !left.some(isAlive));
    // The new hook, which waits.
    await until('the new hook runs', () => runs().length === 2);
    writeFileSync(go, '');
    process.kill((await status()).pid, 'SIGTERM');
    await expect(/^19 HookFailed /);
    assert.deepEqual(codes.slice(-2), [100, 104]);
  });

  test('dies when it reaches its limit of memory, which is 100, and comes back', async (t) => {
    const hook = (path: string) => writeScript(path, 'exit 19');
    const { supervisord, socket, probe, expect, status } = await setUp(t, { programs: '', settings: alone, hook });
    await expect(/^19 /);
    const { pid } = await status();
    const codes = new Set<number | null>();
    const probed = async () => codes.add((await probe()).code);
    // supervisord may not start it again before the test has seen it away.
    supervisord.child.kill('SIGSTOP');
    await exhaustMemory(t, pid, socket, probed);
    assert.equal((await probe()).code, 100);
    supervisord.child.kill('SIGCONT');
    await until('another daemon answers', async () => {
      await probed();
      return (await status().catch(() => ({ pid }))).pid !== pid;
    });
    await expect(/^19 /);
    await probed();
    assert.ok(!codes.has(0));
  });

  test('keeps answering while supervisord is frozen and the log pipe is full', async (t) => {
    const { supervisord, expect, expectChecked, moreCycles, probe, status } = await setUp(t, {
      programs: '',
      settings: { READINESSD_RPC_TIMEOUT: '1s' },
    });
    await expect(/^0 /);
    const { pid } = await status();
    supervisord.child.kill('SIGSTOP');
    // 4 KiB instead of 64, so that it is soon full. Each signal is a line.
    const shrink = `import fcntl; fcntl.fcntl(open('/proc/${pid}/fd/2', 'wb'), 1031, 4096)`;
    assert.equal((await run('python3', ['-c', shrink])).stderr, '');
    for (let line = 0; line < 200; line++) {
      process.kill(pid, 'SIGUSR1');
      await status();
    }
    const write = `import os; os.write(os.open('/proc/${pid}/fd/2', os.O_WRONLY | os.O_NONBLOCK), b'x' * 4096)`;
    assert.match((await run('python3', ['-c', write])).stderr, /BlockingIOError/);
    await expectChecked(/^110 SupervisorUnreachable /);
    await moreCycles(3);
    assert.equal((await probe()).code, 110);
    supervisord.child.kill('SIGCONT');
    await expect(/^0 /);
    assert.equal((await status()).pid, pid);
  });

  test("ignores that the wall clock, which is also supervisord's, is set forward and back by a day", async (t) => {
    const clock = join(scratchDirectory(t), 'clock');
    const set = (offset: string) => replaceFile(clock, `${offset}\n`);
    set('+0');
    const { supervisord, directory, expect, body } = await setUp(t, {
      programs: `[program:start]\ncommand=/bin/sh -c "while [ -e ${clock}.hold ]; do sleep 0.1; done"\nstartsecs=0\nautorestart=false`,
      settings: {
        LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1',
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
      hook: (path) => writeScript(path, 'cd "$(dirname "$0")"; date +%s > seen.new; mv seen.new seen'),
    });
    const seen = join(directory, 'seen');
    await expect(/^0 Ready start passed, hook passed\n$/);
    const watch = watchVerdicts({ body });
    for (const days of [1, -1, 0]) {
      set(`${days >= 0 ? '+' : ''}${days}d`);
      await until(
        'the hook has seen the new time',
        () => Math.round((Number(readFileSync(seen, 'utf8')) * 1000 - Date.now()) / 86_400_000) === days,
      );
      await until('supervisord has seen it', async () => {
        const now = Number(/<name>now<\/name>\s*<value><int>(\d+)/.exec(await supervisord.call('getProcessInfo', 'start'))?.[1]);
        return Math.round((now * 1000 - Date.now()) / 86_400_000) === days;
      });
      rmSync(seen);
      await until('the hook has run twice', () => existsSync(seen));
    }
    assert.deepEqual(await watch.stop(), ['0 Ready start passed, hook passed']);
    set('-1d');
    writeFileSync(`${clock}.hold`, '');
    await supervisord.call('startProcess', 'start');
    await expect(/^2 /);
    rmSync(`${clock}.hold`);
    await expect(/^0 /);
  });
});
