import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { configurationOf, environmentIn } from '../../../client/ctl/doctor/configuration.ts';
import { end } from '../../support/run.ts';
import { type Context, cleanUp, scratchDirectory, until } from '../../support/scratch.ts';

/** What is read of the files of a process that was called as supervisord is. */
function configured(t: Context, directory: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', ...args], { cwd: directory, env: { NAME: 'lo' } });
  cleanUp(t, () => end(child));
  return until('it runs', () => configurationOf(child.pid ?? 0));
}

suite("supervisord's configuration files", { concurrency: 4 }, () => {
  test('are read with what they include, without comments, and with lines that go on', async (t) => {
    const directory = scratchDirectory(t);
    mkdirSync(join(directory, 'conf.d'));
    writeFileSync(
      join(directory, 's.conf'),
      '; all of it\n[unix_http_server]\nfile = %(here)s/s.sock ; here\n[include]\nfiles = conf.d/*.conf\n',
    );
    writeFileSync(join(directory, 'conf.d/r.conf'), '[program:r]\ncommand=/usr/bin/r\nenvironment=A="1, 2",\n  B=%(ENV_NAME)s\n');
    writeFileSync(join(directory, 'conf.d/left.conf.off'), '[program:off]\n');
    for (const args of [['-c', 's.conf'], ['-nc', 's.conf'], ['--configuration=s.conf']]) {
      const { file, sections } = await configured(t, directory, ...args);
      assert.equal(file, join(directory, 's.conf'));
      assert.deepEqual([...sections.keys()], ['unix_http_server', 'include', 'program:r']);
      assert.equal(sections.get('unix_http_server')?.get('file'), join(directory, 's.sock'));
      assert.deepEqual(environmentIn(sections.get('program:r')), { A: '1, 2', B: 'lo' });
    }
  });

  test('are found where supervisord finds them when it was told none', async (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, 'supervisord.conf'), '[program:r]\n');
    assert.equal((await configured(t, directory, '-n')).file, join(directory, 'supervisord.conf'));
  });
});
