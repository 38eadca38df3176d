import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { version } from '../../../shared/version.ts';
import { alone, ended, TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { isAlive } from '../../support/process.ts';
import { run } from '../../support/run.ts';
import { cleanUp, replaceScript, scratchDirectory, tree, until, writeScript } from '../../support/scratch.ts';

const launcher = join(tree, 'usr/bin/readinessd');

/** Whether its running hook is noted, to the end of the line. */
function isNoted({ socket }: TestDaemon): boolean {
  return existsSync(`${socket}.hook`) && readFileSync(`${socket}.hook`, 'utf8').endsWith('\n');
}

suite('daemon', { concurrency: 4 }, () => {
  test('serves its socket with the configured mode, whatever the umask', async (t) => {
    for (const mode of ['0600', '0660']) {
      const daemon = new TestDaemon(t, { ...alone, READINESSD_SOCKET_MODE: mode });
      await daemon.expect(/^0 /);
      const stats = lstatSync(daemon.socket);
      assert.ok(stats.isSocket());
      assert.equal((stats.mode & 0o777).toString(8), mode.slice(1));
      assert.deepEqual(readdirSync(daemon.directory), ['r.sock']);
    }
  });

  test('leaves its umask to hooks', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'umask; exit 4');
    const daemon = new TestDaemon(t, alone, directory);
    assert.match(await daemon.expect(/^4 /), /\n0?022\n$/);
  });

  test('refuses to start beside a live one, which goes on', async (t) => {
    const first = new TestDaemon(t, alone);
    await first.expect(/^0 /);
    const second = new TestDaemon(t, { ...alone, READINESSD_SOCKET: first.socket });
    assert.equal(await ended(second), 1);
    assert.match(second.log(), /^readinessd: cannot listen on .*another process.*already does.*\n$/);
    await first.expect(/^0 /);
  });

  test('refuses to start beside a frozen one, and beside a file that is no socket', async (t) => {
    const first = new TestDaemon(t, alone);
    await first.expect(/^0 /);
    first.child.kill('SIGSTOP');
    const second = new TestDaemon(t, { ...alone, READINESSD_SOCKET: first.socket });
    assert.equal(await ended(second), 1);
    first.child.kill('SIGCONT');
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, 'r.sock'), 'precious');
    const third = new TestDaemon(t, alone, directory);
    assert.equal(await ended(third), 1);
    assert.match(third.log(), /is no socket/);
    assert.equal(readFileSync(join(directory, 'r.sock'), 'utf8'), 'precious');
  });

  test('replaces the socket of a dead one', async (t) => {
    const first = new TestDaemon(t, alone);
    await first.expect(/^0 /);
    first.child.kill('SIGKILL');
    await ended(first);
    assert.ok(existsSync(first.socket));
    assert.equal((await first.probe()).code, 100);
    const second = new TestDaemon(t, { ...alone, READINESSD_SOCKET: first.socket });
    await second.expect(/^0 /);
  });

  test('says why it cannot listen', async (t) => {
    const daemon = new TestDaemon(t, { ...alone, READINESSD_SOCKET: join(scratchDirectory(t), 'no/r.sock') });
    assert.equal(await ended(daemon), 1);
    assert.match(daemon.log(), /^readinessd: cannot listen on .*there is no directory .*\/no\n$/);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`stops on ${signal} in mid-hook with the hook's group, and removes its socket`, async (t) => {
      const directory = scratchDirectory(t);
      writeScript(
        join(directory, 'hook'),
        `#!/bin/bash\ntrap '' TERM\nsleep 1000 &\necho $! $$ > ${directory}/pids.new\nmv ${directory}/pids.new ${directory}/pids\nwait; while :; do sleep 1; done`,
      );
      const daemon = new TestDaemon(t, { ...alone, READINESSD_HOOK_TIMEOUT: '10m' }, directory);
      await until('the hook runs', () => existsSync(join(directory, 'pids')));
      await daemon.expect(/^104 ResultPending the first cycle has not ended\n$/);
      const pids = readFileSync(join(directory, 'pids'), 'utf8').trim().split(' ').map(Number);
      daemon.child.kill(signal);
      daemon.child.kill(signal);
      assert.equal(await ended(daemon), 0);
      await until('the group is gone', () => !pids.some(isAlive));
      assert.ok(!existsSync(daemon.socket));
      assert.match(daemon.log(), /"msg":"stopping"/);
      assert.doesNotMatch(daemon.log(), /cannot stop/);
    });
  }

  test('ends the hook of a daemon killed in mid-hook before it runs one itself', async (t) => {
    const directory = scratchDirectory(t);
    const body = `trap '' TERM; sleep 1000 & echo $$ $! > ${directory}/new; mv ${directory}/new ${directory}/pids; wait`;
    writeScript(join(directory, 'hook'), `[ -e ${directory}/pids ] && exit 8\n${body}`);
    const first = new TestDaemon(t, { ...alone, READINESSD_HOOK_TIMEOUT: '10m' }, directory);
    await until('the hook runs, and is noted', () => existsSync(join(directory, 'pids')) && isNoted(first));
    first.child.kill('SIGKILL');
    await ended(first);
    const pids = readFileSync(join(directory, 'pids'), 'utf8').trim().split(' ').map(Number);
    assert.ok(pids.every(isAlive));
    const second = new TestDaemon(t, alone, directory);
    await second.expect(/^8 /);
    await until('the old hook is gone', () => !pids.some(isAlive));
    await until('nothing is noted between two runs', () => !existsSync(`${second.socket}.hook`));
  });

  test("does not wait for a named pipe in the place of a running hook's note", async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'exit 8');
    await run('mkfifo', [join(directory, 'r.sock.hook')]);
    await new TestDaemon(t, alone, directory).expect(/^8 /);
  });

  test('leaves another process alone that has got the number of a hook', async (t) => {
    const directory = scratchDirectory(t);
    const bystander = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    cleanUp(t, () => bystander.kill('SIGKILL'));
    const initStart = readFileSync('/proc/1/stat', 'utf8').replace(/.*\) /s, '').split(' ')[19];
    for (const note of [`${bystander.pid} 1 ${initStart}\n`, `${bystander.pid} 1 1\n`, `${bystander.pid}`, '']) {
      writeFileSync(join(directory, 'r.sock.hook'), note);
      const daemon = new TestDaemon(t, alone, directory);
      await daemon.expect(/^0 /);
      assert.ok(isAlive(bystander.pid ?? 0), note);
      daemon.child.kill('SIGTERM');
      assert.equal(await ended(daemon), 0);
    }
  });

  test('ends no group for a note that is not its own: that of another user, a link, or one that others may write', async (t) => {
    const directory = scratchDirectory(t);
    const bystander = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    cleanUp(t, () => bystander.kill('SIGKILL'));
    const startOf = (pid: number | undefined) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')[19];
    const [path, other] = [join(directory, 'r.sock.hook'), join(directory, 'note')];
    const note = (at: string) => writeFileSync(at, `${bystander.pid} ${startOf(bystander.pid)} ${startOf(1)}\n`, { mode: 0o600 });
    const looks = async () => {
      const daemon = new TestDaemon(t, alone, directory);
      await daemon.expect(/^0 /);
      daemon.child.kill('SIGTERM');
      assert.equal(await ended(daemon), 0);
    };
    writeScript(join(directory, 'hook'), 'exit 0');
    for (const forge of [
      () => {
        note(path);
        chownSync(path, 1234, 1234);
      },
      () => {
        note(other);
        symlinkSync(other, path);
      },
      () => {
        note(other);
        linkSync(other, path);
      },
      () => {
        note(path);
        chmodSync(path, 0o644);
      },
    ]) {
      forge();
      await looks();
      assert.ok(isAlive(bystander.pid ?? 0), String(forge));
    }
    note(path);
    await looks();
    await until('that of its own counts', () => !isAlive(bystander.pid ?? 0));
  });

  test('runs no hook beside one that an earlier daemon left, when no /proc says whose that is', async (t) => {
    const directory = scratchDirectory(t);
    const pids = join(directory, 'pids');
    writeScript(join(directory, 'hook'), `echo $$ >>${pids}; [ "$(wc -l <${pids})" -gt 1 ] || sleep 1000; exit 8`);
    const by = ['unshare', '--mount', 'sh', '-c', 'umount -l /proc && exec "$0" "$@"'];
    const first = new TestDaemon(t, { ...alone, READINESSD_HOOK_TIMEOUT: '10m' }, directory, { by });
    await until('the hook runs, and is noted', () => existsSync(pids) && isNoted(first));
    first.child.kill('SIGKILL');
    await ended(first);
    const second = new TestDaemon(t, alone, directory, { by });
    await second.expect(/^122 HookTimeout the hook that an earlier readinessd started may still run/);
    await second.aWholeCycle();
    const [left = '', ...more] = readFileSync(pids, 'utf8').trim().split('\n');
    assert.deepEqual(more, []);
    process.kill(-Number(left), 'SIGKILL');
    await second.expect(/^8 /);
  });

  test('runs no hook beside one that an earlier daemon left and that it may not end', async (t) => {
    const directory = scratchDirectory(t);
    const other = join(directory, 'pid');
    writeScript(
      join(directory, 'hook'),
      `[ ! -e ${other} ] || exit 8; echo $$ >${other}; exec setpriv --reuid=1234 --clear-groups sleep 1000`,
    );
    const by = ['setpriv', '--bounding-set=-kill', '--inh-caps=-kill'];
    const first = new TestDaemon(t, { ...alone, READINESSD_HOOK_TIMEOUT: '10m' }, directory, { by });
    const pid = Number(await until('the hook runs', () => existsSync(other) && readFileSync(other, 'utf8').trim()));
    await until('it is noted, and has another user', () => isNoted(first) && statSync(`/proc/${pid}`).uid === 1234);
    cleanUp(t, () => isAlive(pid) && process.kill(pid, 'SIGKILL'));
    first.child.kill('SIGKILL');
    await ended(first);
    const second = new TestDaemon(t, alone, directory, { by });
    await second.expect(/^122 HookTimeout the hook that an earlier readinessd started may still run/);
    process.kill(pid, 'SIGKILL');
    await second.expect(/^8 /);
  });

  for (const where of ['between cycles', 'in the midst of a cycle'] as const) {
    test(`shows no verdict from before it was stopped ${where}, until it has a new one`, async (t) => {
      const directory = scratchDirectory(t);
      const [hold, held] = [join(directory, 'hold'), join(directory, 'held')];
      writeScript(join(directory, 'hook'), `while [ -e ${hold} ]; do : >${held}; sleep 0.05; done`);
      const settings = { ...alone, READINESSD_PERIOD_READY: '4s', READINESSD_HOOK_TIMEOUT: '10m' };
      const daemon = new TestDaemon(t, settings, directory);
      await daemon.expect(/^0 /);
      // The wait until the next cycle begins when this is answered. If it should end before the test goes on,
      // the hook is held.
      await daemon.post('/check');
      writeFileSync(hold, '');
      if (where === 'in the midst of a cycle') await until('the hook is held', () => existsSync(held));
      daemon.child.kill('SIGSTOP');
      const waiting = daemon.body();
      // The wait and 3 s; or the second in which a running cycle shows that it is not frozen, and 3 s.
      await new Promise((resolve) => setTimeout(resolve, 8000));
      daemon.child.kill('SIGCONT');
      const stale = /^103 ResultStale .*; it was 0 Ready\n$/;
      assert.match(await waiting, stale);
      const watch = watchVerdicts(daemon);
      await daemon.expect(stale);
      rmSync(hold);
      await daemon.expect(/^0 /);
      assert.deepEqual(
        (await watch.stop()).map((line) => line.split(' ')[0]),
        ['103', '0'],
      );
    });
  }

  test('binds again when its socket file was deleted', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    const { pid } = await daemon.status();
    rmSync(daemon.socket);
    await until('the socket is back', () => existsSync(daemon.socket));
    await daemon.expect(/^0 /);
    assert.equal((await daemon.status()).pid, pid);
    assert.deepEqual([lstatSync(daemon.socket).mode & 0o777, readdirSync(daemon.directory)], [0o600, ['r.sock']]);
  });

  test('of two that start at the same time, one wins and the other ends', async (t) => {
    for (let round = 0; round < 4; round++) {
      const first = new TestDaemon(t, alone);
      const second = new TestDaemon(t, alone, first.directory);
      const loser = await Promise.race([first, second].map((daemon) => ended(daemon).then(() => daemon)));
      assert.equal(loser.child.exitCode, 1);
      // It may have been the first, and lost its place at once.
      assert.match(loser.log(), /^readinessd: cannot listen on .*another process.*\n$/m);
      const winner = loser === first ? second : first;
      await winner.expect(/^0 /);
      assert.equal((await winner.status()).pid, winner.child.pid);
    }
  });

  test('leaves a socket that belongs to another, and ends', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    const server = createServer();
    const other = join(daemon.directory, 'other.sock');
    server.listen(other);
    await once(server, 'listening');
    cleanUp(t, () => server.close());
    renameSync(other, daemon.socket);
    assert.equal(await ended(daemon), 1);
    assert.match(daemon.log(), /another process.*already does/);
    assert.ok(lstatSync(daemon.socket).isSocket());
  });

  test('does not open the inspector on SIGUSR1', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    daemon.child.kill('SIGUSR1');
    await until('it has got the signal', () => daemon.log().includes('signal ignored'));
    await daemon.aWholeCycle();
    assert.doesNotMatch(daemon.log(), /inspector|Debugger/i);
  });

  test('logs a change of verdict, and nothing while it stays the same', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'exit 0');
    // The hook is changed between cycles: one that is replaced while it runs is run again.
    const daemon = new TestDaemon(t, { ...alone, READINESSD_PERIOD_READY: '10m', READINESSD_PERIOD_NOT_READY: '10m' }, directory);
    await daemon.expect(/^0 /);
    await daemon.post('/check');
    replaceScript(daemon.hook, 'exit 7');
    await daemon.post('/check');
    await daemon.post('/check');
    replaceScript(daemon.hook, 'exit 0');
    await daemon.post('/check');
    await daemon.post('/check');
    daemon.child.kill('SIGTERM');
    await ended(daemon);
    const lines = daemon
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const changes = lines
      .filter(({ msg }) => msg === 'verdict changed')
      .map(({ level, code, reason, message }) => ({ level, code, reason, message }));
    assert.deepEqual(changes, [
      { level: 'info', code: 0, reason: 'Ready', message: 'hook passed' },
      { level: 'warn', code: 7, reason: 'HookFailed', message: 'hook exited with code 7' },
      { level: 'info', code: 0, reason: 'Ready', message: 'hook passed' },
    ]);
  });

  test('has its first verdict soon after its start', async (t) => {
    // Far longer than any wait here: the first cycle begins without one.
    const daemon = new TestDaemon(t, { ...alone, READINESSD_PERIOD_READY: '10m', READINESSD_PERIOD_NOT_READY: '10m' });
    await daemon.expect(/^0 /);
    assert.equal((await daemon.status()).cycles, 1);
  });

  for (const [title, args, expected] of [
    [
      'a stale limit that is too high',
      ['--stale-limit=30m'],
      /^readinessd: cannot use READINESSD_STALE_LIMIT="?30m"?: must be at most .*\n$/,
    ],
    ['a wrong value', ['--hook-timeout=10'], /^readinessd: cannot use --hook-timeout="10": must be .*\n$/],
    ['an unknown flag', ['--no-such'], /^readinessd: .*--no-such.*\n$/],
  ] as const) {
    test(`ends at once with code 2 for ${title}, and starts nothing`, async (t) => {
      const socket = join(scratchDirectory(t), 'r.sock');
      const { code, stdout, stderr } = await run(launcher, [...args, `--socket=${socket}`]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, expected);
      assert.ok(!existsSync(socket));
    });
  }

  test('prints its version and its settings', async () => {
    assert.deepEqual((await run(launcher, ['--version'])).stdout, `readinessd ${version}\n`);
    assert.match((await run(launcher, ['--help'])).stdout, /^usage: readinessd .*READINESSD_HOOK_TIMEOUT/s);
  });
});
