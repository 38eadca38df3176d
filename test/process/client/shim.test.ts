import assert from 'node:assert/strict';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { treeCopy } from '../../support/clients.ts';
import { alone, patient, TestDaemon } from '../../support/daemon.ts';
import { brokenNode, damages, native, replace } from '../../support/damages.ts';
import { run } from '../../support/run.ts';
import { foreignProgram, nativeClient, scratchDirectory, tree } from '../../support/scratch.ts';

/** What both clients say when there is no daemon. So the shim has run one of them. */
const asked = /^100 DaemonUnreachable /;
const nobody = { READINESSD_SOCKET: '/no/such/socket', ...patient };

suite('readiness_probe.sh', { concurrency: 4 }, () => {
  for (const [title, damage] of damages) {
    test(`runs the TypeScript client when the native one is ${title}`, async (t) => {
      const copy = treeCopy(t);
      damage(join(copy.lib, nativeClient));
      const { code, stdout, stderr } = await copy.ask([], nobody);
      assert.match(stdout, asked, stderr);
      assert.equal(code, 100);
    });

    test(`says 107 when the TypeScript client is ${title} and there is no native one`, async (t) => {
      const copy = treeCopy(t);
      rmSync(join(copy.lib, nativeClient));
      damage(join(copy.lib, 'readiness_probe.cjs'));
      const { code, stdout } = await copy.ask([], nobody);
      assert.match(stdout, /^107 ClientBroken no probe client could be run/);
      assert.equal(code, 107);
    });

    test(`does not succeed when node is ${title} and there is no native client`, async (t) => {
      const copy = treeCopy(t);
      rmSync(join(copy.lib, nativeClient));
      const { code, stdout } = await copy.ask([], { ...nobody, PATH: brokenNode(t, damage) });
      // A node that the kernel refuses ends the shim. A missing one makes it try the usual places, which may have one.
      assert.match(`${code} ${stdout}`, /^(107 107 ClientBroken (node cannot|no probe client could) be run|100 100 DaemonUnreachable )/);
    });

    test(`runs the TypeScript client, or none, when the launch file is ${title}`, async (t) => {
      const copy = treeCopy(t);
      damage(join(copy.lib, 'readiness_probe.launch'));
      const { code, stdout } = await copy.ask([], nobody);
      assert.match(stdout, asked);
      assert.equal(code, 100);
    });

    for (const [what, loseNative] of [
      ['there is no native client', (path: string) => rmSync(path)],
      ['the kernel refuses the native client', foreignProgram],
    ] as const) {
      test(`says 107 when the fallback is ${title} and ${what}`, async (t) => {
        const copy = treeCopy(t);
        loseNative(join(copy.lib, nativeClient));
        damage(join(copy.lib, 'fallback.sh'));
        const { code, stdout } = await copy.ask([], nobody);
        // A sourced file needs no x bit.
        assert.match(
          `${code} ${stdout}`,
          title === 'not executable' ? /^100 / : /^107 107 ClientBroken no probe client could be run[^\n]*\n$/,
        );
      });
    }
  }

  test('does not succeed wherever one of its files is cut short', async (t) => {
    const copy = treeCopy(t);
    for (const [file, withNative] of [
      ['../../bin/readiness_probe.sh', true],
      ['readiness_probe.launch', false],
      ['fallback.sh', false],
      ['readiness_probe.cjs', false],
    ] as const) {
      const path = join(copy.lib, file);
      const whole = readFileSync(path);
      if (!withNative) replace(join(copy.lib, nativeClient), '');
      // The first line alone is a valid, empty script, and with less the kernel refuses the file. Such a cut
      // cannot be detected.
      const first = file.endsWith('.sh') && withNative ? '#!/bin/sh\n'.length + 1 : 0;
      const step = Math.max(1, Math.floor(whole.length / 40));
      for (let length = first; length < whole.length; length += step) {
        replace(path, whole.subarray(0, length));
        const { code } = await copy.ask([], nobody);
        assert.notEqual(code, 0, `${file} cut to ${length} bytes`);
      }
      replace(path, whole);
      chmodSync(path, 0o755);
    }
  });

  test('does not succeed wherever the launch file is cut short and the kernel refuses the native client', async (t) => {
    const copy = treeCopy(t);
    foreignProgram(join(copy.lib, nativeClient));
    const path = join(copy.lib, 'readiness_probe.launch');
    const whole = readFileSync(path);
    // The shim must not take a variable that it has not set from the environment.
    const env = { ...nobody, magic: '\x7fELF', first: '#!./readiness_probe x', last: "trap 'exit 107' EXIT" };
    for (let length = 0; length <= whole.length; length++) {
      replace(path, whole.subarray(0, length));
      const { code } = await copy.ask([], env);
      assert.ok(code === 100 || code === 107, `cut to ${length} bytes it is ${code}`);
    }
  });

  test('does not succeed when its stdout is closed, whichever client answers', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    for (const damage of [() => {}, (native: string) => rmSync(native)]) {
      const copy = treeCopy(t);
      damage(join(copy.lib, nativeClient));
      const env = { PATH: process.env['PATH'], READINESSD_SOCKET: daemon.socket, ...patient };
      const { code } = await run('sh', ['-c', `${join(copy.root, 'usr/bin/readiness_probe.sh')} >&-`], { env });
      assert.equal(code, 107);
    }
  });

  test('does not succeed wherever the native client is cut short', async (t) => {
    const copy = treeCopy(t);
    for (const share of [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
      replace(join(copy.lib, nativeClient), native.subarray(0, Math.floor(native.length * share)));
      const { code, signal } = await copy.ask([], nobody);
      assert.ok(code !== 0 || signal !== null, `cut to ${share}`);
    }
  });

  test('has a native client whose first line is short, because the shell reads it byte by byte', () => {
    assert.ok(native.indexOf('\n') < 64, `its first newline is at ${native.indexOf('\n')}`);
  });

  test('says 107 when nothing is installed beside it', async (t) => {
    const bin = scratchDirectory(t);
    writeFileSync(join(bin, 'readiness_probe.sh'), readFileSync(join(tree, 'usr/bin/readiness_probe.sh')), { mode: 0o755 });
    const { code, stdout } = await run(join(bin, 'readiness_probe.sh'));
    assert.match(stdout, /^107 ClientBroken no probe client could be run/);
    assert.equal(code, 107);
  });

  for (const shell of ['dash', 'bash', 'busybox']) {
    test(`does the same under ${shell}`, async (t) => {
      const copy = treeCopy(t);
      const script = join(copy.root, 'usr/bin/readiness_probe.sh');
      const words = shell === 'busybox' ? ['sh', script] : [script];
      const ask = () => run(shell, words, { env: { ...nobody, PATH: process.env['PATH'] } });
      assert.match((await ask()).stdout, asked);
      replace(join(copy.lib, nativeClient), '');
      assert.match((await ask()).stdout, asked);
      replace(join(copy.lib, 'readiness_probe.cjs'), '');
      assert.equal((await ask()).code, 107);
    });
  }

  test('runs in place from any directory, by a relative path, and with spaces in its path', async (t) => {
    const copy = treeCopy(t);
    const spaced = join(copy.root, '../a b');
    renameSync(copy.root, spaced);
    for (const [cwd, path] of [
      ['/', join(spaced, 'usr/bin/readiness_probe.sh')],
      [join(spaced, 'usr'), 'bin/readiness_probe.sh'],
      [join(spaced, 'usr/bin'), './readiness_probe.sh'],
    ] as const) {
      assert.match((await run('sh', [path], { cwd, env: { ...nobody, PATH: process.env['PATH'], CDPATH: '/' } })).stdout, asked);
    }
  });

  test('starts no child process', async (t) => {
    const log = join(scratchDirectory(t), 'strace');
    for (const withNative of [true, false]) {
      const copy = treeCopy(t);
      if (!withNative) rmSync(join(copy.lib, nativeClient));
      await run('strace', ['-f', '-o', log, '-e', 'trace=process', join(copy.root, 'usr/bin/readiness_probe.sh')], {
        env: { ...nobody, PATH: process.env['PATH'] },
      });
      const forks = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /\b(v?fork|clone3?)\(/.test(line) && !line.includes('CLONE_THREAD'));
      assert.deepEqual(forks, []);
    }
  });
});
