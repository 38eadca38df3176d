import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { goodStartFiles, TestContainer } from '../support/container.ts';
import { until } from '../support/scratch.ts';

const mb = 2 ** 20;

test('64 MB of memory are enough for readinessctl beside the daemon and supervisord', async (t) => {
  const container = await TestContainer.start(t, { files: goodStartFiles, memoryLimit: 64 * mb });
  await container.becomes(/^0 Ready /);
  for (const [command, expected] of [
    ['status', /0 Ready/],
    ['doctor', /^no problem; good: /m],
  ] as const) {
    const { code, stdout, stderr } = await container.exec('/usr/bin/readinessctl', command);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, expected);
  }
  assert.doesNotMatch(container.log(), /exited: readinessd/);
});

test('readinessctl doctor says so with code 107 when there is too little memory for it', async (t) => {
  const script = 'until [ -e /run/go ]; do sleep 0.1; done; readinessctl doctor; echo "code $?"; exec sleep 1000';
  const container = await TestContainer.start(t, { command: ['/bin/sh', '-c', script], memoryLimit: 64 * mb });
  // Too little for runc's own start.
  const limit = String(10 * mb);
  const { code, stderr } = await container.runc('update', '--memory', limit, '--memory-swap', limit, container.id);
  assert.equal(code, 0, stderr);
  writeFileSync(`/proc/${(await container.state()).pid}/root/run/go`, '');
  await until('doctor has ended', () => /^code /m.test(container.log()));
  assert.equal(
    container.log(),
    'readinessctl: node was killed, most likely for want of memory: raise the memory limit of the container\ncode 107\n',
  );
});
