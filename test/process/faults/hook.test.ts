import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { isAlive } from '../../support/process.ts';
import { end, run } from '../../support/run.ts';
import { type Context, cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

/** A daemon whose hook is there before it starts. `DIR` in the script is its directory. */
function withHook(t: Context, script: string, settings: Record<string, string> = {}): TestDaemon {
  const directory = scratchDirectory(t);
  writeScript(join(directory, 'hook'), script.replaceAll('DIR', directory));
  return new TestDaemon(t, { READINESSD_START_STEP: 'off', ...settings }, directory);
}

suite('a hook', { concurrency: 8 }, () => {
  test('that makes a daemon of a grandchild (fork, setsid, fork) has ended when it exits, and its owner looks after that daemon', async (t) => {
    const script = `#!/usr/bin/env python3
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open('DIR/pid', 'w').write(str(os.getpid()))
        time.sleep(1000)
    os._exit(0)
while not (os.path.exists('DIR/pid') and open('DIR/pid').read()): time.sleep(0.01)
sys.exit(19)`;
    const daemon = withHook(t, script, { READINESSD_PERIOD_NOT_READY: '10m', READINESSD_HOOK_TIMEOUT: '10m' });
    const pid = () => Number(readFileSync(join(daemon.directory, 'pid'), 'utf8'));
    cleanUp(t, () => existsSync(join(daemon.directory, 'pid')) && isAlive(pid()) && process.kill(pid(), 'SIGKILL'));
    await daemon.expect(/^19 /);
    assert.ok(isAlive(pid()));
  });

  test('that closes its stdin, stdout and stderr is waited for', async (t) => {
    const daemon = withHook(t, 'exec <&- >&- 2>&-; sleep 0.3; exit 19');
    const watch = watchVerdicts(daemon);
    await daemon.expect(/^19 HookFailed hook exited with code 19\n$/);
    await daemon.aWholeCycle();
    assert.deepEqual(
      (await watch.stop()).filter((line) => !/^(19 .*|104 .*|)$/.test(line)),
      [],
    );
  });

  test('that writes every possible byte is shown as text', async (t) => {
    const daemon = withHook(t, '#!/usr/bin/env python3\nimport sys\nsys.stdout.buffer.write(bytes(range(256)) * 40)\nsys.exit(19)');
    const body = await daemon.expect(/^19 /);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    assert.doesNotMatch(body, /[\x00-\x08\x0B-\x1F\x7F-\x9F]/);
    assert.equal((await daemon.probe()).code, 19);
  });

  test('that ends its output without a newline is shown with one', async (t) => {
    assert.equal(await withHook(t, 'printf "no newline"; exit 19').expect(/^19 /), '19 HookFailed hook exited with code 19\nno newline\n');
  });

  test('that exits before its output is read still has the end of it shown', async (t) => {
    // As much as a pipe holds, so that it need not wait for its reader.
    const daemon = withHook(t, '#!/usr/bin/env python3\nimport os\nos.write(1, b"x" * 60000 + b"\\nthe end\\n")\nos._exit(19)');
    assert.match(await daemon.expect(/^19 /), /\nthe end\n$/);
  });

  test('that stops itself and its whole group is killed at its timeout', async (t) => {
    const daemon = withHook(t, 'sleep 1000 & echo $! > DIR/pid; kill -STOP 0', { READINESSD_HOOK_TIMEOUT: '1s' });
    await daemon.expect(/^122 HookTimeout .*was killed\n$/);
    const file = join(daemon.directory, 'pid');
    // A busy machine may need more than one cycle to get this far in time.
    const pid = await until('it had a child', () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0));
    await until('its child is gone', () => !isAlive(pid));
  });

  for (const [mode, expected] of [
    ['a-x', /^120 HookNotExecutable /],
    ['0777', /^121 HookUnsafe .*can be written by everybody/],
  ] as const) {
    test(`that changes its own mode to ${mode} and exits with code 0 is not ready for a moment`, async (t) => {
      const daemon = withHook(t, `chmod ${mode} "$0"; exit 0`);
      const watch = watchVerdicts(daemon);
      await daemon.expect(expected);
      await daemon.aWholeCycle();
      assert.deepEqual(
        (await watch.stop()).filter((line) => !/^(12[01] .*|104 .*|)$/.test(line)),
        [],
      );
    });
  }

  test("runs in /, so that the daemon's first working directory may be removed", async (t) => {
    const directory = scratchDirectory(t);
    const place = join(directory, 'place');
    mkdirSync(place);
    writeScript(join(directory, 'hook'), `pwd; rmdir ${place}; exit 19`);
    const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off' }, directory, { by: ['env', '-C', place] });
    assert.match(await daemon.expect(/^19 /), /^19 HookFailed hook exited with code 19\n\/\n/);
    await daemon.aWholeCycle();
    assert.match(await daemon.body(), /^19 /);
  });

  test('gets no descriptor of the daemon but its own stdin, stdout and stderr', async (t) => {
    const script =
      '#!/usr/bin/env python3\nimport os\nprint(*[fd for fd in range(3, 256) if os.path.exists(f"/proc/self/fd/{fd}")])\nos._exit(19)';
    const daemon = withHook(t, script.replace('os._exit', 'print(os.readlink("/proc/self/fd/0"), flush=True)\nos._exit'));
    // The descriptors that this test inherited. Its children have them too.
    const inherited = (await run(daemon.hook)).stdout.split('\n')[0];
    assert.equal(
      await daemon.expect(/^19 /),
      `19 HookFailed hook exited with code 19\n${inherited === '' ? '' : `${inherited}\n`}/dev/null\n`,
    );
  });

  test('whose file system hangs longer than a cycle may take is not believed, although it passed', async (t) => {
    // The daemon looks at files with one thread, which hangs here.
    const daemon = withHook(t, 'exit 0', { READINESSD_HOOK_TIMEOUT: '3s', UV_THREADPOOL_SIZE: '1' });
    await daemon.expect(/^0 /);
    const { pid } = await daemon.status();
    // A look at the hook's file takes 13 s. A cycle with this timeout may take 11.4 s.
    const inject = ['-e', 'trace=statx', '-e', 'inject=statx:delay_enter=13000000:when=1', '-P', daemon.hook];
    const hang = ['-f', '-q', '-p', String(pid), ...inject, '-o', '/dev/null'];
    const strace = spawn('strace', hang, { stdio: 'ignore' });
    cleanUp(t, () => end(strace));
    await daemon.expect(/^103 ResultStale /);
    await until('the cycle has ended, and rests long for it', async () => (await daemon.status()).nextCycleInMs > 5000);
    assert.match(await daemon.body(), /^103 ResultStale .*it was 0 Ready\n$/);
  });

  test('that asks for a check and waits for it runs into its timeout, and nothing hangs', async (t) => {
    const daemon = withHook(t, 'curl -s -X POST --unix-socket DIR/r.sock http://localhost/check', { READINESSD_HOOK_TIMEOUT: '1s' });
    await daemon.expect(/^122 /);
    await daemon.aWholeCycle();
  });
});
