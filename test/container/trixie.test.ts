import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { debianNodeRoot, debianRoot } from '../support/cache.ts';
import { codeCacheWitness } from '../support/code-cache.ts';
import { goodStartFiles, TestContainer } from '../support/container.ts';

const base = [debianNodeRoot('trixie'), debianRoot('trixie')];

test("on Debian trixie's own Node.js readinessctl works, and the code cache is used until libnode changes", async (t) => {
  const container = await TestContainer.start(t, { base, files: { ...goodStartFiles, 'witness.cjs': codeCacheWitness } });
  await container.becomes(/^0 Ready start passed/);
  const { code, stdout, stderr } = await container.exec('readinessctl', 'doctor', '--all');
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^READY {2}0 Ready /);
  assert.match(stdout, /Node\.js 20\.\d+\.\d+ \(\/usr\/bin\/node\)/);

  const codeCache = async () => {
    const { stderr } = await container.runc(
      'exec',
      '--env',
      'NODE_OPTIONS=--require=/witness.cjs',
      container.id,
      'readinessd',
      '--version',
    );
    return stderr;
  };
  assert.equal((await container.exec('readinessd', '--make-code-cache')).code, 0);
  assert.equal(await codeCache(), 'witness: used\n');
  utimesSync(join(container.root, 'usr/lib/x86_64-linux-gnu/libnode.so.115'), 1, 1);
  assert.equal(await codeCache(), 'witness: no cache\n');
});
