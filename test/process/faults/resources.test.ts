import assert from 'node:assert/strict';
import { chmodSync, chownSync, closeSync, readdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { treeCopy } from '../../support/clients.ts';
import { alone, ended, TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { mount } from '../../support/mount.ts';
import { fullPipe } from '../../support/pipe.ts';
import { run } from '../../support/run.ts';
import { cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { setUp } from '../../support/set-up.ts';

suite("the socket's directory", { concurrency: 4 }, () => {
  for (const [title, options, break_, mend, why] of [
    ['read-only', 'mode=755', ['mount', '-o', 'remount,ro'], ['mount', '-o', 'remount,rw'], /read-only file system/],
    ['full', 'mode=755,nr_inodes=3', ['mkdir', '-p', 'a/b'], ['rm', '-r', 'a'], /no space left on device/],
  ] as const) {
    test(`${title} at the start ends it with code 1 and says why; supervisord's back-off lasts until it is fixed`, async (t) => {
      const directory = await mount(t, options);
      const change = ([program, ...args]: readonly string[]) =>
        run(program ?? '', args.at(-1)?.startsWith('remount') ? [...args, directory] : args, { cwd: directory });
      assert.equal((await change(break_)).stderr, '');
      const socket = join(directory, 'r.sock');
      const daemon = new TestDaemon(t, { ...alone, READINESSD_SOCKET: socket });
      assert.equal(await ended(daemon), 1);
      assert.match(daemon.log(), /^readinessd: cannot listen on .*\/r\.sock: .*\n$/);
      assert.match(daemon.log(), why);
      assert.equal((await daemon.probe()).code, 100);

      const { supervisord, log, probe } = await setUp(t, { programs: '', settings: { ...alone, READINESSD_SOCKET: socket } });
      // supervisord waits a second longer each time.
      await until('it was started three times', () => (log().match(/spawned: 'readinessd'/g)?.length ?? 0) >= 3);
      assert.match(log(), /exited: readinessd \(exit status 1; not expected\)/);
      assert.ok(!log().includes('FATAL'));
      assert.equal((await change(mend)).stderr, '');
      await until('it is up', async () => (await probe()).code === 0);
      await supervisord.stop();
    });
  }
});

/** The limit of open files that allows this many more beside these. */
function limitThatLeaves(room: number, open: readonly number[]): number {
  const free = Array.from({ length: open.length + room + 1 }, (_, descriptor) => descriptor).filter(
    (descriptor) => !open.includes(descriptor),
  );
  return free[room] ?? Number.NaN;
}

suite('the limit', { concurrency: 4 }, () => {
  test('of 64 open files allows a storm of clients: the hook runs, and probes are answered', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'exit 19');
    const daemon = new TestDaemon(t, alone, directory, { by: ['prlimit', '--nofile=64'] });
    await daemon.expect(/^19 /);
    const watch = watchVerdicts(daemon);
    const idle = Array.from({ length: 500 }, () => {
      const socket = createConnection(daemon.socket).on('error', () => {});
      cleanUp(t, () => socket.destroy());
      return socket;
    });
    await until('all are connected or refused', () => idle.every(({ connecting }) => !connecting));
    const { cycles } = await until('places are free again', () => daemon.status().catch(() => undefined));
    const storm = await Promise.all(Array.from({ length: 100 }, () => daemon.probe()));
    assert.deepEqual(
      storm.map(({ code }) => code).filter((code) => ![19, 100, 101].includes(code ?? 0)),
      [],
    );
    await until('the hook has run some more', async () => (await daemon.status().catch(() => ({ cycles }))).cycles > cycles + 5);
    await until('a probe finds a place, and is answered', async () => (await daemon.probe()).code === 19);
    assert.deepEqual(
      (await watch.stop()).filter((line) => !/^(19 .*|)$/.test(line)),
      [],
    );
  });

  test('of open files that is reached when the hook must start is 123, and the daemon lives', async (t) => {
    const directory = scratchDirectory(t);
    const log = join(directory, 'runs');
    writeScript(join(directory, 'hook'), `echo >>${log}; exit 19`);
    const daemon = new TestDaemon(t, alone, directory);
    await daemon.expect(/^19 /);
    const { pid = 0 } = daemon.child;
    const limit = async (most: number) => {
      assert.equal((await run('prlimit', ['--pid', String(pid), `--nofile=${most}:`])).stderr, '');
    };
    const runs = () => readFileSync(log).length;
    // Each round leaves room for one more of the descriptors that a start needs. Without one, the daemon
    // cannot be asked meanwhile.
    for (let room = 0; room < 6; room++) {
      const [said, ran] = [daemon.log().length, runs()];
      await limit(limitThatLeaves(room, readdirSync(`/proc/${pid}/fd`).map(Number)));
      await until('it has failed to run, or run', () => daemon.log().slice(said).includes('"code":123') || runs() > ran + 1);
      await limit(1024);
      await daemon.expect(/^19 /);
    }
    assert.match(
      daemon.log(),
      /"code":123,"reason":"HookSpawnFailed","message":"hook .* cannot be started: the limit of open files is reached"/,
    );
    assert.equal((await daemon.status()).pid, pid);
  });

  test('of processes that is reached when the hook must start is 123, and right again when it is lifted', async (t) => {
    // Root has no such limit, and the limit counts the threads of one user.
    const user = 100_000 + process.pid;
    const { root } = treeCopy(t);
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'exit 19');
    chownSync(directory, user, user);
    chmodSync(join(root, '..'), 0o755);
    const by = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
    const daemon = new TestDaemon(t, alone, directory, { by, root });
    await daemon.expect(/^19 /);
    const limit = async (most: number) => {
      const { stderr } = await run('setpriv', [...by.slice(1), 'prlimit', '--pid', String(daemon.child.pid), `--nproc=${most}:`]);
      assert.equal(stderr, '');
    };
    await limit(1);
    await daemon.expect(/^123 HookSpawnFailed .*cannot be started: no process could be made: the limit of processes is reached\n$/);
    await limit(1000);
    await daemon.expect(/^19 /);
  });
});

suite('its log', { concurrency: 4 }, () => {
  const flicker = (directory: string) => `echo x >> ${directory}/runs; exit $((3 + $(wc -l < ${directory}/runs) % 50))`;

  test('may be a pipe that is full from the start and never read', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), flicker(directory));
    const stderr = await fullPipe(t);
    const daemon = new TestDaemon(t, { ...alone, READINESSD_PERIOD_NOT_READY: '100ms' }, directory, { stderr });
    closeSync(stderr);
    await daemon.expect(/^\d+ HookFailed/);
    await daemon.moreCycles(6);
    daemon.child.kill('SIGTERM');
    assert.equal(await ended(daemon), 0);
  });

  test('may be closed, from the start or later', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), flicker(directory));
    const closed = new TestDaemon(t, alone, directory, { by: ['sh', '-c', 'exec "$0" 2>&-'] });
    await closed.expect(/^\d+ HookFailed/);
    closed.child.kill('SIGTERM');
    assert.equal(await ended(closed), 0);
    const daemon = new TestDaemon(t, alone, directory);
    await daemon.expect(/^\d+ HookFailed/);
    daemon.child.stderr?.destroy();
    await daemon.moreCycles(6);
  });
});
