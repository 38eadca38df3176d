import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { treeCopy } from '../../support/clients.ts';
import { patient } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';
import { type Context, lib, replaceFile, scratchDirectory, tree } from '../../support/scratch.ts';

const replace = (path: string, content: string | Buffer) => replaceFile(path, content, 0o755);

/** What both clients say where no daemon is: the shim has run one of them. */
const asked = /^100 DaemonUnreachable /;
const nobody = { READINESSD_SOCKET: '/no/such/socket', ...patient };

const native = readFileSync(join(lib, 'readiness_probe'));
const foreign = Buffer.from(native);
foreign.writeUInt16LE(foreign.readUInt16LE(18) === 183 ? 62 : 183, 18);

/** Ways to break an executable, and what the kernel then does with it: refuse it, or start it. */
const damages: readonly (readonly [title: string, damage: (path: string) => void])[] = [
  ['missing', (path) => rmSync(path)],
  ['empty', (path) => replace(path, '')],
  ['white space', (path) => replace(path, '\n \n')],
  ['NULs', (path) => replace(path, Buffer.alloc(10_000))],
  ['a text that would be a success in a shell', (path) => replace(path, 'exit 0\n')],
  ['a script that was cut to its #! line', (path) => replace(path, '#!/bin/sh\n')],
  ['cut to its magic number', (path) => replace(path, readFileSync(path).subarray(0, 4))],
  ['cut within its header', (path) => replace(path, readFileSync(path).subarray(0, 60))],
  ['of another architecture', (path) => replace(path, foreign)],
  ['not executable', (path) => chmodSync(path, 0o644)],
  ['a directory', (path) => replaceBy(path, mkdirSync)],
  ['a link that leads nowhere', (path) => replaceBy(path, () => symlinkSync('/no/such/file', path))],
];

function replaceBy(path: string, make: (path: string) => unknown): void {
  rmSync(path);
  make(path);
}

/** A PATH with this machine's tools and a node that may be damaged; the shim also looks in the usual places. */
function brokenNode(t: Context, damage: (path: string) => void): string {
  const bin = scratchDirectory(t);
  replace(join(bin, 'node'), readFileSync('/bin/true'));
  damage(join(bin, 'node'));
  return bin;
}

suite('readiness_probe.sh', { concurrency: 4 }, () => {
  for (const [title, damage] of damages) {
    test(`takes the TypeScript client where the native one is ${title}`, async (t) => {
      const copy = treeCopy(t);
      damage(join(copy.lib, 'readiness_probe'));
      const { code, stdout, stderr } = await copy.ask([], nobody);
      assert.match(stdout, asked, stderr);
      assert.equal(code, 100);
    });

    test(`says 107 where the TypeScript client is ${title} and there is no native one`, async (t) => {
      const copy = treeCopy(t);
      rmSync(join(copy.lib, 'readiness_probe'));
      damage(join(copy.lib, 'readiness_probe.cjs'));
      const { code, stdout } = await copy.ask([], nobody);
      assert.match(stdout, /^107 ClientBroken no probe client could be run/);
      assert.equal(code, 107);
    });

    test(`is no success where node is ${title} and there is no native client`, async (t) => {
      const copy = treeCopy(t);
      rmSync(join(copy.lib, 'readiness_probe'));
      const { code, stdout } = await copy.ask([], { ...nobody, PATH: brokenNode(t, damage) });
      // A node that the kernel refuses ends it; one that is none leaves the usual places, which may have one.
      assert.match(`${code} ${stdout}`, /^(107 107 ClientBroken (node cannot|no probe client could) be run|100 100 DaemonUnreachable )/);
    });

    test(`takes the TypeScript client, or none, where the launch file is ${title}`, async (t) => {
      const copy = treeCopy(t);
      damage(join(copy.lib, 'readiness_probe.launch'));
      const { code, stdout } = await copy.ask([], nobody);
      assert.match(stdout, asked);
      assert.equal(code, 100);
    });

    test(`says 107 where the fallback is ${title} and there is no native client`, async (t) => {
      const copy = treeCopy(t);
      rmSync(join(copy.lib, 'readiness_probe'));
      damage(join(copy.lib, 'fallback.sh'));
      const { code, stdout } = await copy.ask([], nobody);
      // A sourced file needs no x bit.
      assert.match(`${code} ${stdout}`, title === 'not executable' ? /^100 / : /^107 107 ClientBroken no probe client could be run/);
    });
  }

  test('is no success wherever one of its files is cut short', async (t) => {
    const copy = treeCopy(t);
    for (const [file, withNative] of [
      ['../../bin/readiness_probe.sh', true],
      ['readiness_probe.launch', false],
      ['fallback.sh', false],
      ['readiness_probe.cjs', false],
    ] as const) {
      const path = join(copy.lib, file);
      const whole = readFileSync(path);
      if (!withNative) replace(join(copy.lib, 'readiness_probe'), '');
      // The first line alone is a valid, empty script, and the kernel refuses less: nothing can guard those.
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

  test('is no success wherever the native client is cut short', async (t) => {
    const copy = treeCopy(t);
    for (const share of [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
      replace(join(copy.lib, 'readiness_probe'), native.subarray(0, Math.floor(native.length * share)));
      const { code, signal } = await copy.ask([], nobody);
      assert.ok(code !== 0 || signal !== null, `cut to ${share}`);
    }
  });

  test('says 107 where nothing is installed beside it', async (t) => {
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
      replace(join(copy.lib, 'readiness_probe'), '');
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
      if (!withNative) rmSync(join(copy.lib, 'readiness_probe'));
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
