import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { createHookStep } from '../../../daemon/steps/hook/hook.ts';
import { TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { assertStatus } from '../../support/findings.ts';
import { mount } from '../../support/mount.ts';
import { isAlive } from '../../support/process.ts';
import { cleanUp, replaceFile, replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { TestSupervisord } from '../../support/supervisord.ts';

/** A daemon without supervisord whose hook is there before it starts. */
function withHook(t: TestContext, makeHook: (path: string, directory: string) => void, settings: Record<string, string> = {}): TestDaemon {
  const directory = scratchDirectory(t);
  makeHook(join(directory, 'hook'), directory);
  return new TestDaemon(t, { READINESSD_START_STEP: 'off', ...settings }, directory);
}

/** Pids that a hook has noted, one per line. */
function notedPids(directory: string): number[] {
  const file = join(directory, 'pids');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

suite('hook', { concurrency: 8 }, () => {
  test('passes on its own code, in shell and in Python', async (t) => {
    const passesOn = async (code: number) => {
      const daemon = withHook(t, (path) =>
        writeScript(path, code % 2 === 0 ? `echo why; exit ${code}` : `#!/usr/bin/env python3\nprint("why")\nraise SystemExit(${code})`),
      );
      assert.equal(
        await daemon.expect(/^\d+ Hook/),
        `${code} ${code === 1 ? 'HookCrashed' : 'HookFailed'} hook exited with code ${code}\nwhy\n`,
      );
      assert.equal((await daemon.probe()).code, code);
    };
    await Promise.all([1, 3, 17, 99, 126, 127, 137, 255].map(passesOn));
  });

  test("may not use the codes that are readinessd's own", async (t) => {
    for (const code of [2, 100, 112, 125]) {
      const daemon = withHook(t, (path) => writeScript(path, `exit ${code}`));
      await daemon.expect(new RegExp(`^125 HookReservedCode hook exited with code ${code},`));
    }
  });

  test('shows what an uncaught exception of Python printed', async (t) => {
    const daemon = withHook(t, (path) => writeScript(path, '#!/usr/bin/env python3\nraise RuntimeError("no neighbours")'));
    assert.match(await daemon.expect(/^1 HookCrashed /), /RuntimeError: no neighbours\n$/);
  });

  test('may be a binary, and a link to one', async (t) => {
    const daemon = withHook(t, (path) => symlinkSync('/bin/false', path));
    await daemon.expect(/^1 HookCrashed /);
    rmSync(daemon.hook);
    symlinkSync('/bin/true', daemon.hook);
    await daemon.expect(/^0 Ready hook passed/);
  });

  for (const [title, makeHook, expected] of [
    ['has no x bit', (path: string) => writeScript(path, 'exit 0', 0o644), /chmod 0755/],
    ['is a directory', (path: string) => mkdirSync(path), /is a directory/],
    ['is a link that leads nowhere', (path: string) => symlinkSync('/no/such/hook', path), /dangling/],
    ['is a link to itself', (path: string) => symlinkSync(path, path), /symbolic links/],
    ['is a named pipe', (path: string) => execFileSync('mkfifo', ['-m', '755', path]), /named pipe/],
  ] as const) {
    test(`that ${title} is not executable`, async (t) => {
      const daemon = withHook(t, makeHook);
      assert.match(await daemon.expect(/^120 HookNotExecutable /), expected);
      assertStatus(await daemon.status());
    });
  }

  test('below a file instead of a directory cannot be looked at', async (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, 'file'), '');
    const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off', READINESSD_HOOK: join(directory, 'file/hook') });
    await daemon.expect(/^120 HookNotExecutable .*not a directory\n$/);
  });

  test('in a missing directory cannot be looked at', async (t) => {
    const directory = scratchDirectory(t);
    symlinkSync('/no/such/directory', join(directory, 'link'));
    for (const path of ['none/hook', 'link/hook']) {
      const options = { path: join(directory, path), isRequired: false, checkSafety: false, startRun: () => '', timeoutMs: 1000 };
      const result = await createHookStep({ ...options, environment: {}, notePath: join(directory, 'note') })(new AbortController().signal);
      assert.match(JSON.stringify(result), /"code":120,.*there is no directory/);
    }
  });

  test('that was there is missed until it is back, or start.sh has run again', async (t) => {
    const directory = scratchDirectory(t);
    const path = join(directory, 'hook');
    let startRun = 'first';
    const step = createHookStep({
      ...{ path, isRequired: false, checkSafety: false, timeoutMs: 60_000, environment: {}, notePath: join(directory, 'note') },
      startRun: () => startRun,
    });
    const look = async () => {
      const result = await step(new AbortController().signal);
      return result.outcome === 'failed' ? `${result.code} ${result.message}` : result.outcome;
    };
    const gone = /^120 .*was there and is gone: put it back, or "supervisorctl restart readinessd"/;
    assert.equal(await look(), 'skipped');
    writeScript(path, 'exit 0');
    assert.equal(await look(), 'passed');
    rmSync(path);
    for (let i = 0; i < 2; i++) assert.match(await look(), gone);
    writeScript(path, 'exit 0', 0o644);
    assert.match(await look(), /^120 .*not executable/);
    rmSync(path);
    assert.match(await look(), gone);
    startRun = 'second';
    for (let i = 0; i < 2; i++) assert.equal(await look(), 'skipped');
  });

  for (const [title, content, expected] of [
    ['is empty', '', /it is empty/],
    ['holds white space', ' \n\n', /only white space/],
    ['holds NULs', '\0'.repeat(4096), /NUL bytes/],
    ['has no #! line', 'exit 0\n', /neither a script with a #! line nor a binary/],
    ['has a #! line without interpreter', '#!  \nexit 0\n', /names no interpreter/],
    ['has a missing interpreter', '#!/no/such/sh\nexit 0\n', /"\/no\/such\/sh", cannot run: it does not exist/],
    ['has Windows line ends', '#!/bin/sh\r\nexit 0\r\n', /Windows line ending/],
    ['has a #! line that the kernel cuts off', `#!${'/'.repeat(248)}bin/shX\nexit 0\n`, /or one too long/],
    ['has an empty interpreter', '#!EMPTY\nexit 0\n', /cannot run: it is empty/],
    ['is its own interpreter', '#!HOOK\nexit 0\n', /nested too deeply/],
  ] as const) {
    test(`that ${title} cannot be started, and no shell runs it`, async (t) => {
      const daemon = withHook(t, (path, directory) => {
        const empty = writeScript(join(directory, 'empty'), '#!');
        writeFileSync(empty, '');
        writeFileSync(path, content.replace('EMPTY', empty).replace('HOOK', path), { mode: 0o755 });
      });
      assert.match(await daemon.expect(/^123 HookSpawnFailed /), expected);
      assertStatus(await daemon.status());
    });
  }

  test('that is a binary for another machine, or cut short, cannot be started', async (t) => {
    const binary = readFileSync('/bin/true');
    const foreign = Buffer.from(binary);
    foreign.writeUInt16LE(foreign.readUInt16LE(18) === 183 ? 62 : 183, 18);
    const daemon = withHook(t, (path) => writeFileSync(path, foreign, { mode: 0o755 }));
    await daemon.expect(/^123 HookSpawnFailed .*binary of another machine/);
    for (const length of [4, 19, 63, 200, binary.length >> 1]) {
      replaceFile(daemon.hook, binary.subarray(0, length), 0o755);
      await daemon.aWholeCycle();
      await daemon.expect(/^123 HookSpawnFailed .*cut short/);
    }
  });

  test('on a file system mounted noexec cannot be started', async (t) => {
    const directory = scratchDirectory(t);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec', 'none', directory]);
    cleanUp(t, () => execFileSync('umount', [directory]));
    const hook = writeScript(join(directory, 'hook'), 'exit 0');
    const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off', READINESSD_HOOK: hook });
    await daemon.expect(/^123 HookSpawnFailed .*noexec/);
  });

  for (const [title, makeUnsafe, expected] of [
    ['everybody can write', (path: string) => chmodSync(path, 0o777), /can be written by everybody/],
    [
      'another group can write',
      (path: string) => {
        chownSync(path, 0, 12);
        chmodSync(path, 0o775);
      },
      /group 12/,
    ],
    ['another user owns', (path: string) => chownSync(path, 12, 0), /belongs to user 12/],
    ['lies where everybody can write', (_path: string, directory: string) => chmodSync(directory, 0o777), /can be written by everybody/],
    [
      'lies behind a link, and everybody can write',
      (path: string, directory: string) => {
        renameSync(path, join(directory, 'real'));
        chmodSync(join(directory, 'real'), 0o757);
        symlinkSync('real', path);
      },
      /real can be written by everybody/,
    ],
  ] as const) {
    test(`that ${title} is not run as root, unless the check is off`, async (t) => {
      const makeHook = (path: string, directory: string) => {
        writeScript(path, `touch ${join(directory, 'has-run')}`);
        makeUnsafe(path, directory);
      };
      const daemon = withHook(t, makeHook);
      assert.match(await daemon.expect(/^121 HookUnsafe /), expected);
      assertStatus(await daemon.aWholeCycle());
      assert.ok(!existsSync(join(daemon.directory, 'has-run')));
      await withHook(t, makeHook, { READINESSD_HOOK_SAFETY_CHECK: 'off' }).expect(/^0 /);
    });
  }

  test('in a place that everybody can write is run as root only if it is mounted read-only, as a ConfigMap is', async (t) => {
    const directory = await mount(t, 'mode=0777');
    const daemon = new TestDaemon(t, {
      READINESSD_START_STEP: 'off',
      READINESSD_HOOK: writeScript(join(directory, 'hook'), 'exit 0'),
    });
    assert.match(await daemon.expect(/^121 HookUnsafe /), /run can be written by everybody/);
    execFileSync('mount', ['-o', 'remount,bind,ro', directory]);
    await daemon.expect(/^0 Ready hook passed/);
    execFileSync('mount', ['-o', 'remount,bind,rw', directory]);
    await daemon.expect(/^121 HookUnsafe /);
    chownSync(directory, 12, 0);
    execFileSync('mount', ['-o', 'remount,ro', directory]);
    assert.match(await daemon.expect(/^121 HookUnsafe .*belongs to user 12/), /not to root/);
  });

  test('behind a link that others could redirect is not run as root', async (t) => {
    const daemon = withHook(t, (path, directory) => {
      writeScript(join(directory, 'real'), 'exit 0');
      mkdirSync(join(directory, 'open'));
      symlinkSync('../real', join(directory, 'open/middle'));
      chmodSync(join(directory, 'open'), 0o777);
      symlinkSync('open/middle', path);
    });
    assert.match(await daemon.expect(/^121 HookUnsafe /), /open can be written by everybody/);
  });

  test("may be writable by root's group, and lie in a sticky directory", async (t) => {
    const daemon = withHook(t, (path, directory) => {
      writeScript(path, 'exit 0', 0o775);
      chmodSync(directory, 0o1777);
    });
    await daemon.expect(/^0 Ready hook passed/);
  });

  test("that dies of a signal is reported with the signal's name", async (t) => {
    await withHook(t, (path) => writeScript(path, 'kill -SEGV $$')).expect(/^124 HookKilled hook was killed by SIGSEGV\n/);
  });

  test('that runs too long is killed with its whole group, even if it ignores SIGTERM', async (t) => {
    const body = (directory: string) =>
      `#!/bin/bash\ntrap '' TERM\n(trap '' TERM; echo $BASHPID >> ${directory}/pids; while :; do sleep 1; done) &\necho $$ >> ${directory}/pids\nuntil [ "$(wc -l < ${directory}/pids)" -ge 2 ]; do sleep 0.02; done\necho begun\nwhile :; do sleep 1; done`;
    const daemon = withHook(t, (path, directory) => writeScript(path, body(directory)), { READINESSD_HOOK_TIMEOUT: '2s' });
    // A busy machine may need more than one cycle to get this far in time.
    assert.equal(
      await daemon.expect(/^122 .*\nbegun\n$/),
      '122 HookTimeout hook ran longer than its timeout of 2s and was killed\nbegun\n',
    );
    assert.ok(notedPids(daemon.directory).length >= 2);
    await until('all of the group are gone', () => notedPids(daemon.directory).every((pid) => !isAlive(pid)));
  });

  test('that has stopped itself is killed', async (t) => {
    const daemon = withHook(t, (path) => writeScript(path, 'echo begun; kill -STOP $$'), { READINESSD_HOOK_TIMEOUT: '1s' });
    await daemon.expect(/^122 .*\nbegun\n$/);
  });

  test('that leaves a background child with its stdout has ended when it exits', async (t) => {
    const daemon = withHook(t, (path, directory) => writeScript(path, `sleep 1000 &\necho $! >> ${directory}/pids\necho done`));
    await daemon.expect(/^0 /);
    const { steps } = await daemon.status();
    assert.equal(steps[0]?.detail, 'done');
    await until('the child is gone too', () => notedPids(daemon.directory).every((pid) => !isAlive(pid)));
  });

  test('that leaves a daemon in a session of its own with its stdout has ended when it exits', async (t) => {
    const daemon = withHook(
      t,
      (path, directory) =>
        writeScript(
          path,
          `setsid sh -c 'echo $$ >> ${directory}/pids; exec sleep 1000' &\nwhile ! [ -s ${directory}/pids ]; do sleep 0.02; done`,
        ),
      // If the daemon waited for the stdout, no verdict would come.
      { READINESSD_PERIOD_READY: '10m', READINESSD_HOOK_TIMEOUT: '10m' },
    );
    await daemon.expect(/^0 /);
    for (const pid of notedPids(daemon.directory)) process.kill(pid, 'SIGKILL');
  });

  test('may print 100 MB, of which the end is kept', async (t) => {
    const daemon = withHook(
      t,
      (path) => writeScript(path, 'head -c 100000000 /dev/zero | tr "\\0" x | fold -w 99\necho; echo the end; exit 9'),
      {
        READINESSD_PERIOD_NOT_READY: '10m',
        READINESSD_HOOK_TIMEOUT: '10m',
      },
    );
    const body = await daemon.expect(/^9 /);
    assert.match(body, /\nx{99}\nx+\nthe end\n$/);
    assert.ok(Buffer.byteLength(body) < 1024);
    const { detail } = await daemon.status();
    assert.ok(Buffer.byteLength(detail ?? '') > 3900 && Buffer.byteLength(detail ?? '') <= 4096);
  });

  test('has its output made safe for a terminal', async (t) => {
    const daemon = withHook(t, (path) =>
      writeScript(
        path,
        `#!/usr/bin/env python3\nimport sys\nsys.stdout.buffer.write(b"\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07bell\\x07\\r\\nbad\\xff\\xfe utf8\\nnul\\0 \\xc2\\x9b1m\\n")\nsys.exit(5)`,
      ),
    );
    assert.equal(await daemon.expect(/^5 /), '5 HookFailed hook exited with code 5\nred bell\nbad\uFFFD\uFFFD utf8\nnul\n');
  });

  test('that is replaced by a longer copy while it runs does not count', async (t) => {
    const daemon = withHook(
      t,
      (path, directory) => writeScript(path, `touch ${directory}/begun\nwhile ! [ -e ${directory}/go ]; do sleep 0.02; done\nexit 0`),
      { READINESSD_HOOK_TIMEOUT: '10m' },
    );
    const watch = watchVerdicts(daemon);
    await until('the hook runs', () => existsSync(join(daemon.directory, 'begun')));
    writeScript(`${daemon.hook}.new`, `# ${'a longer copy'.repeat(10)}\nexit 31`);
    copyFileSync(`${daemon.hook}.new`, `${daemon.hook}.2`);
    renameSync(`${daemon.hook}.2`, daemon.hook);
    writeFileSync(join(daemon.directory, 'go'), '');
    await daemon.expect(/^31 /);
    assert.deepEqual(
      (await watch.stop()).filter((line) => !/^(|104 .*|31 .*)$/.test(line)),
      [],
    );
  });

  test('that removes or changes itself at every run does not count, although it exits with code 0', async (t) => {
    const settings = { READINESSD_PERIOD_NOT_READY: '10m' };
    const removed = withHook(t, (path) => writeScript(path, 'rm "$0"; exit 0'), settings);
    await removed.expect(/^123 HookSpawnFailed .* was removed while it ran, /);
    const changed = withHook(t, (path) => writeScript(path, 'echo "# again" >> "$0"; exit 0'), settings);
    await changed.expect(/^123 HookSpawnFailed .* changes while it runs, /);
    assert.equal(readFileSync(changed.hook, 'utf8').match(/^# again$/gm)?.length, 2);
  });

  test('is followed when it appears, changes and disappears', async (t) => {
    const directory = scratchDirectory(t);
    const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off', READINESSD_HOOK: join(directory, 'hook') }, directory);
    await daemon.expect(/^120 HookNotExecutable hook .* is not there, though READINESSD_HOOK names it/);
    replaceScript(daemon.hook, 'exit 3');
    await daemon.expect(/^3 /);
    replaceScript(daemon.hook, 'exit 0');
    await daemon.expect(/^0 Ready hook passed/);
    rmSync(daemon.hook);
    await daemon.expect(/^120 HookNotExecutable .*is not there/);
  });

  test('is switched off by READINESSD_HOOK=none', async (t) => {
    const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off', READINESSD_HOOK: 'none' });
    await daemon.expect(/^0 Ready nothing to check: hook skipped/);
    assert.match(JSON.stringify(await daemon.status()), /switched off by READINESSD_HOOK=none/);
  });

  test('that root may not execute, for lack of a capability, is not executable, however it is mounted', async (t) => {
    const directory = scratchDirectory(t);
    chownSync(writeScript(join(directory, 'hook'), 'exit 0', 0o700), 1234, 1234);
    const by = ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override'];
    const settings = { READINESSD_START_STEP: 'off', READINESSD_HOOK_SAFETY_CHECK: 'off' };
    await new TestDaemon(t, settings, directory, { by }).expect(/^120 HookNotExecutable .*lacks the capability CAP_DAC_OVERRIDE/);
    await new TestDaemon(t, { ...settings, READINESSD_SOCKET: join(directory, 'other.sock') }, directory).expect(/^0 Ready hook passed/);
  });

  test('gets the environment of the daemon without credentials for supervisord', async (t) => {
    const daemon = withHook(t, (path) => writeScript(path, 'env | sort; exit 4'), {
      READINESSD_SUPERVISOR_USER: 'joe',
      READINESSD_SUPERVISOR_PASSWORD: 'sesame',
      READINESSD_SUPERVISOR_URL: 'unix://joe:sesame@/s.sock',
      MARK: 'here',
    });
    const body = await daemon.expect(/^4 /);
    assert.match(body, /MARK=here/);
    const names = ((await daemon.status()).detail ?? '').split('\n').map((line) => line.split('=')[0] ?? '');
    // PWD is set by the shell itself.
    const given = [
      'MARK',
      'PATH',
      'READINESSD_HOOK',
      'READINESSD_PERIOD_NOT_READY',
      'READINESSD_PERIOD_READY',
      'READINESSD_RPC_TIMEOUT',
      'READINESSD_SOCKET',
      'READINESSD_START_STEP',
    ];
    assert.deepEqual(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)).sort(), given);
    assert.doesNotMatch((await daemon.status()).detail ?? '', /sesame|NODE|MALLOC/);
  });
});

suite('hook and start', { concurrency: 4 }, () => {
  test('the hook does not run until start is good', async (t) => {
    const directory = scratchDirectory(t);
    const supervisord = await TestSupervisord.start(t, '[program:start]\ncommand=sleep 1000\nstartsecs=0');
    writeScript(join(directory, 'hook'), `touch ${directory}/has-run`);
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url }, directory);
    await daemon.expect(/^2 /);
    await daemon.aWholeCycle();
    assert.ok(!existsSync(join(directory, 'has-run')));
  });

  test('a start that runs again during a long hook is never shown as ready', async (t) => {
    const directory = scratchDirectory(t);
    const supervisord = await TestSupervisord.start(
      t,
      `[program:start]\ncommand=/bin/sh -c "[ -e ${directory}/slow ] && exec sleep 1000; exit 0"\nstartsecs=0\nautorestart=false`,
    );
    writeScript(join(directory, 'hook'), `touch ${directory}/begun\nwhile ! [ -e ${directory}/go ]; do sleep 0.02; done`);
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_HOOK_TIMEOUT: '10m' }, directory);
    await until('the hook runs', () => existsSync(join(directory, 'begun')));
    const watch = watchVerdicts(daemon);
    writeFileSync(join(directory, 'slow'), '');
    await supervisord.ctl('start', 'start');
    writeFileSync(join(directory, 'go'), '');
    await daemon.expect(/^2 /);
    assert.deepEqual(
      (await watch.stop()).filter((line) => line.startsWith('0 ')),
      [],
    );
  });

  test('a verdict older than the stale limit is stale', async (t) => {
    const daemon = withHook(t, (path) => writeScript(path, 'sleep 1'), { READINESSD_STALE_LIMIT: '500ms' });
    await daemon.expect(/^103 ResultStale the last verdict has expired; it was 0 Ready\n$/);
    assert.match(daemon.log(), /stale limit is lower than the bounds need/);
    assert.equal((await daemon.probe()).code, 103);
  });
});
