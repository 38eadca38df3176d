import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive } from '../support/process.ts';
import { run } from '../support/run.ts';
import { cleanUp, scratchDirectory, until } from '../support/scratch.ts';

const script = join(import.meta.dirname, '../support/left-behind');

test('what tests leave behind is found and removed: a process, a mount, a file', async (t) => {
  const directory = join(scratchDirectory(t), 'tmp');
  mkdirSync(join(directory, 'mounted'), { recursive: true });
  assert.equal((await run(script, [directory])).stdout, `file ${directory}/mounted\n`);

  const stray = spawn('sleep', ['300'], { stdio: 'ignore', env: { PATH: process.env['PATH'], MARK: `${directory}/x` } });
  cleanUp(t, () => stray.kill('SIGKILL'));
  await run('mount', ['-t', 'tmpfs', 'none', join(directory, 'mounted')]);
  cleanUp(t, () => run('umount', ['-lq', join(directory, 'mounted')]));
  const { stdout } = await run(script, [directory, '--remove']);
  assert.equal(stdout, `process ${stray.pid}: sleep 300 \nmount ${directory}/mounted\nfile ${directory}/mounted\n`);
  await until('the process is gone', () => !isAlive(stray.pid ?? 0));
  assert.ok(!existsSync(directory));
  assert.equal((await run(script, [directory])).stdout, '');
});
