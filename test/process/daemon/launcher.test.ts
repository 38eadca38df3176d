import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { alone, httpGet, TestDaemon } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';
import { lib, scratchDirectory, tree } from '../../support/scratch.ts';

const launcher = join(tree, 'usr/bin/readinessd');

suite('launcher', { concurrency: 4 }, () => {
  test('says so when node is missing', async (t) => {
    const bin = scratchDirectory(t);
    const { code, stderr } = await run('/bin/sh', [launcher], { env: { PATH: bin } });
    assert.equal(code, 1);
    assert.equal(stderr, `readinessd: cannot find node in PATH=${bin}: install Node.js 20.18.1 or newer\n`);
  });

  test('says so when node is too old', async (t) => {
    for (const [have, isTooOld] of [
      ['18.19.0', true],
      ['20.18.0', true],
      ['20.18.1', false],
      ['22.0.0', false],
    ] as const) {
      const script = join(scratchDirectory(t), 'entry.cjs');
      writeFileSync(join(script, '../load.cjs'), 'console.log("started")');
      writeFileSync(
        script,
        `Object.defineProperty(process.versions, 'node', { value: '${have}' });\n${readFileSync(join(lib, 'entry.cjs'), 'utf8')}`,
      );
      const { code, stdout, stderr } = await run(process.execPath, [script]);
      assert.deepEqual([code, stdout], isTooOld ? [1, ''] : [0, 'started\n']);
      if (isTooOld) assert.match(stderr, new RegExp(`^readinessd: cannot run on Node ${have} .*: needs 20\\.18\\.1 or newer\n$`));
    }
  });

  test('runs in place from any directory, and is the process that supervisord signals', async (t) => {
    const directory = scratchDirectory(t);
    mkdirSync(join(directory, 'usr'));
    symlinkSync(join(tree, 'usr/bin'), join(directory, 'usr/bin'));
    symlinkSync(join(tree, 'usr/lib'), join(directory, 'usr/lib'));
    const child = spawn('bin/readinessd', ['--version'], { cwd: join(directory, 'usr'), stdio: 'ignore' });
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    assert.equal((await daemon.status()).pid, daemon.child.pid);
    assert.equal((await httpGet(daemon.socket, '/probe')).status, 200);
  });
});
