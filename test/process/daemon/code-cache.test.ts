import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { treeCopy } from '../../support/clients.ts';
import { codeCacheWitness } from '../../support/code-cache.ts';
import { patient } from '../../support/daemon.ts';
import { collect, end, run } from '../../support/run.ts';
import { type Context, cleanUp, scratchDirectory, until } from '../../support/scratch.ts';

suite('the code cache of readinessd --make-code-cache', { concurrency: 4 }, () => {
  function copied(t: Context) {
    const { root, lib } = treeCopy(t);
    const readinessd = join(root, 'usr/bin/readinessd');
    const cache = join(lib, 'daemon.cache');
    /** Says what a daemon made of the cache. The daemon must answer in any case. */
    const start = async (more: NodeJS.ProcessEnv = {}): Promise<string> => {
      const directory = scratchDirectory(t);
      const preload = join(directory, 'witness.cjs');
      writeFileSync(preload, codeCacheWitness);
      const socket = join(directory, 'r.sock');
      const env = { PATH: process.env['PATH'], READINESSD_SOCKET: socket, READINESSD_START_STEP: 'off', READINESSD_HOOK: 'none' };
      const child = spawn(readinessd, [], { env: { ...env, NODE_OPTIONS: `--require ${preload}`, ...more } });
      cleanUp(t, () => end(child));
      const stderr = collect(child, 'stderr');
      const probe = () => run(join(root, 'usr/bin/readiness_probe.sh'), [], { env: { ...env, ...patient } });
      await until('it is ready', async () => (await probe()).code === 0);
      await end(child);
      return /^witness: (.*)$/m.exec(stderr())?.[1] ?? stderr();
    };
    return { readinessd, cache, lib, start, make: () => run(readinessd, ['--make-code-cache'], { env: { PATH: process.env['PATH'] } }) };
  }

  test('is used by the next start, and can be made again without harm', async (t) => {
    const { cache, start, make } = copied(t);
    assert.equal(await start(), 'no cache');
    for (let round = 0; round < 2; round++) {
      const { code, stdout, stderr } = await make();
      assert.deepEqual([code, stdout, stderr], [0, `wrote ${cache}\n`, '']);
      assert.equal(statSync(cache).mode & 0o777, 0o644);
      assert.equal(await start(), 'used');
    }
  });

  for (const [title, change, outcome] of [
    [
      'is another',
      (path: string) =>
        writeFileSync(
          path,
          readFileSync(path).map((byte, at) => (at === 30 ? byte ^ 1 : byte)),
        ),
      'no cache',
    ],
    [
      'is damaged near its end',
      (path: string) =>
        writeFileSync(
          path,
          readFileSync(path).map((byte, at, all) => (at === all.length - 9 ? byte ^ 1 : byte)),
        ),
      'no cache',
    ],
    [
      'is damaged in its middle',
      (path: string) =>
        writeFileSync(
          path,
          readFileSync(path).map((byte, at, all) => (at === all.length >> 1 ? byte ^ 1 : byte)),
        ),
      'no cache',
    ],
    ['is cut short', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -1)), 'no cache'],
    ['is longer', (path: string) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(1)])), 'no cache'],
    ['is empty', (path: string) => writeFileSync(path, ''), 'no cache'],
    ['holds NULs', (path: string) => writeFileSync(path, Buffer.alloc(10_000)), 'no cache'],
    ['may be written by all', (path: string) => chmodSync(path, 0o666), 'no cache'],
    ["is not root's", (path: string) => chownSync(path, 65_534, 65_534), 'no cache'],
  ] as const) {
    test(`is not used when it ${title}`, async (t) => {
      const { cache, start, make } = copied(t);
      assert.equal((await make()).code, 0);
      change(cache);
      assert.equal(await start(), outcome);
    });
  }

  test('is not used for another bundle, even one of the same length', async (t) => {
    const { lib, start, make } = copied(t);
    assert.equal((await make()).code, 0);
    const bundle = join(lib, 'daemon.cjs');
    writeFileSync(bundle, readFileSync(bundle, 'utf8').replace('stopping', 'stoppinG'));
    assert.equal(await start(), 'no cache');
  });

  test('is not used by another build of the same Node', async (t) => {
    const { start, make } = copied(t);
    assert.equal((await make()).code, 0);
    const bin = scratchDirectory(t);
    const node = join(bin, 'node');
    copyFileSync(process.execPath, node);
    appendFileSync(node, '\n');
    assert.equal(await start({ PATH: `${bin}:${process.env['PATH']}` }), 'no cache');
  });

  test('is not used with other flags of Node or V8', async (t) => {
    const { start, make, readinessd } = copied(t);
    assert.equal((await make()).code, 0);
    writeFileSync(readinessd, readFileSync(readinessd, 'utf8').replace('exec node ', 'exec node --stack-size=900 '));
    assert.match(await start(), /^(?:no cache|rejected)$/);
  });

  test('is not made where it cannot be written, which says why and leaves nothing behind', async (t) => {
    const { cache, lib, make, start } = copied(t);
    mkdirSync(cache);
    const before = readdirSync(lib);
    const { code, stdout, stderr } = await make();
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^readinessd: cannot make the code cache: EISDIR: .*; run it as root, while the image is built\n$/);
    assert.deepEqual(readdirSync(lib), before);
    assert.equal(await start(), 'no cache');
  });
});
