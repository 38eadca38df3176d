import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { createExecutable, type ExecutableOptions } from '../../../daemon/process/executable.ts';
import { noteGroup } from '../../../daemon/process/leftover.ts';
import { cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

const { signal } = new AbortController();
const given: Omit<ExecutableOptions, 'path'> = { args: [], timeoutMs: 600_000, environment: {}, checkSafety: false };

suite('executable', { concurrency: 4 }, () => {
  test('gets its arguments unchanged, and its own environment only', async (t) => {
    const directory = scratchDirectory(t);
    const path = writeScript(join(directory, 'show'), 'printf "%s|" "$@" "$MARK" "$HOME"');
    const run = createExecutable({ ...given, path, args: ['two words', '', '$(id) *'], environment: { MARK: 'here' } });
    const end = { kind: 'exited', code: 0, output: 'two words||$(id) *|here||' };
    assert.deepEqual(await run(signal, join(directory, 'note')), end);
  });

  test('says at each look whether its file is there', async (t) => {
    const directory = scratchDirectory(t);
    const path = join(directory, 'appears');
    const looks: boolean[] = [];
    const run = createExecutable({
      ...given,
      path,
      onLook: (isThere) => {
        looks.push(isThere);
      },
    });
    assert.deepEqual(await run(signal, join(directory, 'note')), { kind: 'absent' });
    writeScript(path, 'exit 7');
    assert.deepEqual(await run(signal, join(directory, 'note')), { kind: 'exited', code: 7, output: '' });
    rmSync(path);
    assert.deepEqual(await run(signal, join(directory, 'note')), { kind: 'absent' });
    assert.deepEqual(looks, [false, true, false]);
  });

  test('ends what an earlier daemon left in its note, and never what another executable of this daemon runs', async (t) => {
    const directory = scratchDirectory(t);
    const note = join(directory, 'note');
    const leftover = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    cleanUp(t, () => leftover.kill('SIGKILL'));
    const ended = once(leftover, 'exit');
    noteGroup(note, leftover.pid ?? 0);
    const slow = writeScript(join(directory, 'slow'), `touch ${directory}/begun\nwhile ! [ -e ${directory}/go ]; do sleep 0.02; done`);
    const slowEnd = createExecutable({ ...given, path: slow })(signal, note);
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    await until('it runs', () => existsSync(join(directory, 'begun')));
    const quick = writeScript(join(directory, 'quick'), 'exit 3');
    assert.deepEqual(await createExecutable({ ...given, path: quick })(signal, note), { kind: 'exited', code: 3, output: '' });
    writeFileSync(join(directory, 'go'), '');
    assert.deepEqual(await slowEnd, { kind: 'exited', code: 0, output: '' });
  });
});
