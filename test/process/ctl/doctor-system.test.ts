import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ctl } from '../../support/ctl.ts';
import { alone, ended, TestDaemon } from '../../support/daemon.ts';
import { mount } from '../../support/mount.ts';
import { run } from '../../support/run.ts';
import { lib, scratchDirectory } from '../../support/scratch.ts';
import { assertTold } from './cases.ts';

/**
 * In a mount namespace where no supervisord sees these files. Otherwise doctor would take the only
 * supervisord for the container's own, even that of another test.
 */
const elsewhere = ['unshare', '--mount', '--'];

suite('readinessctl doctor names cause and fix: the system', { concurrency: 4 }, () => {
  for (const [title, options, break_, cause, cure] of [
    [
      'read-only',
      'mode=755',
      ['mount', '-o', 'remount,ro', '.'],
      /is on a read-only file system/,
      /mount an emptyDir .*, or set READINESSD_SOCKET/,
    ],
    ['full', 'mode=755,nr_inodes=3', ['mkdir', '-p', 'a/b'], /\S+run is full/, /remove what fills it/],
  ] as const) {
    test(`the socket's directory is ${title}`, async (t) => {
      const directory = await mount(t, options);
      const [program, ...args] = break_;
      assert.equal((await run(program, args, { cwd: directory })).stderr, '');
      const socket = join(directory, 'r.sock');
      assert.equal(await ended(new TestDaemon(t, { ...alone, READINESSD_SOCKET: socket })), 1);
      const { code, stdout } = await ctl(socket, ['doctor'], alone, elsewhere);
      assertTold(stdout, { level: 'PROBLEM', about: 'system', cause, cure });
      assert.match(stdout, /^ {4}PROBLEM +socket, which follows: there is no socket \S+r.sock/m);
      assert.equal(code, 1);
    });
  }

  test('node is too old: readinessctl says only that', async (t) => {
    const script = join(scratchDirectory(t), 'readinessctl.cjs');
    const bundle = readFileSync(join(lib, 'readinessctl.cjs'), 'utf8');
    writeFileSync(script, `Object.defineProperty(process.versions, 'node', { value: '18.19.0' });\n${bundle}`);
    const { code, stdout, stderr } = await run(process.execPath, [script, 'codes']);
    assert.deepEqual([code, stdout], [107, '']);
    assert.match(stderr, /^readinessctl: cannot run on Node 18\.19\.0 \(.*\): needs 20\.18\.1 or newer\n$/);
  });
});
