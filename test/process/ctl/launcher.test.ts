import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { commandOf } from '../../support/process.ts';
import { collect, end } from '../../support/run.ts';
import { type Context, cleanUp, scratchDirectory, tree } from '../../support/scratch.ts';

/** Starts readinessctl at a socket that never answers, and finds its process that runs node. */
async function started(t: Context, ...words: string[]) {
  const socket = join(scratchDirectory(t), 'silent.sock');
  const server = createServer(() => {}).listen(socket);
  cleanUp(t, () => server.close());
  const asked = once(server, 'connection');
  const child = spawn(join(tree, 'usr/bin/readinessctl'), words, { env: { PATH: process.env['PATH'], READINESSD_SOCKET: socket } });
  cleanUp(t, () => end(child));
  const output = [collect(child, 'stdout'), collect(child, 'stderr')];
  const ended = once(child, 'close');
  await asked;
  const own = child.pid ?? 0;
  const children = readFileSync(`/proc/${own}/task/${own}/children`, 'utf8').trim().split(' ').map(Number);
  const node = [own, ...children].find((pid) => commandOf(pid).includes('readinessctl.cjs ')) ?? assert.fail('no node runs');
  return { own, node, ended: async () => [...(await ended), ...output.map((text) => text())] };
}

suite('the launcher of readinessctl', { concurrency: 4 }, () => {
  test('says so with code 107 when node is killed under doctor', async (t) => {
    const { node, ended } = await started(t, 'doctor');
    process.kill(node, 'SIGKILL');
    const [code, signal, stdout, stderr] = await ended();
    assert.deepEqual([code, signal, stdout], [107, null, '']);
    assert.match(stderr, /^readinessctl: node was killed, most likely for want of memory: raise the memory limit of the container\n$/);
  });

  test('becomes node itself for a command that waits, so that a signal reaches it', async (t) => {
    const { own, node, ended } = await started(t, 'wait');
    assert.equal(node, own);
    process.kill(own, 'SIGTERM');
    assert.deepEqual((await ended()).slice(0, 2), [null, 'SIGTERM']);
  });

  for (const command of ['status', 'doctor']) {
    test(`makes the kernel end ${command} before the daemon when memory runs out`, async (t) => {
      const { node } = await started(t, command);
      assert.equal(readFileSync(`/proc/${node}/oom_score_adj`, 'utf8'), '1000\n');
    });
  }
});
