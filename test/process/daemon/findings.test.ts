import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { removeCarriageReturns } from '../../../shared/findings/executable.ts';
import { wordsOf } from '../../../shared/findings/findings.ts';
import { shellWord, startAgain } from '../../../shared/findings/words.ts';
import { shellText } from '../../support/finding-samples.ts';
import { historySeed } from '../../support/long.ts';
import { run } from '../../support/run.ts';
import { scratchDirectory, writeScript } from '../../support/scratch.ts';

suite('commands of findings', () => {
  /** What a shell prints when it runs the command unchanged. */
  async function said(command: string): Promise<string> {
    const { stdout, stderr, code } = await run('sh', ['-c', command]);
    assert.deepEqual([code, stderr], [0, ''], command);
    return stdout;
  }

  test('give a shell the words that they were made of', () =>
    fc.assert(
      fc.asyncProperty(fc.array(shellText, { maxLength: 20 }), shellText, async (texts, program) => {
        const print = `print() { printf '%s\\0' "$@"; }; supervisorctl() { print "$@"; }`;
        const printed = await said(`${print}; print first ${texts.map(shellWord).join(' ')}; ${startAgain(program)}`);
        assert.deepEqual(printed.split('\0').slice(0, -1), ['first', ...texts, 'start', program]);
      }),
      { seed: historySeed },
    ));

  test('do to a file what they say, whatever its name', async (t) => {
    const directory = scratchDirectory(t);
    for (const name of ['plain', '-n', '~', '*', 'a b', "it's", '$(echo x)', '"; exit 1; "', 'two\nlines', '#']) {
      const path = join(directory, name);
      writeScript(path, 'echo "$0" ran in "$PWD"; cat; exit 7\r', 0o644);
      const file = { path, isHook: false };
      await said(removeCarriageReturns(path));
      assert.match(readFileSync(path, 'utf8'), /exit 7\n$/);
      await said(wordsOf({ kind: 'not-executable', ...file, trouble: 'no-x' }).fix[0] ?? '');
      assert.equal(statSync(path).mode & 0o777, 0o755);
      const byHand = wordsOf({ kind: 'exited', ...file, code: 7 }).fix.map((line) => /^run it by hand, .*?: (.*)/s.exec(line)?.[1] ?? '');
      assert.equal(await said(byHand.join('')), `${path} ran in /\n7\n`);
      writeScript(path, '', 0o777);
      await said(wordsOf({ kind: 'unsafe', ...file, place: path, writers: 'everybody', group: 0 }).fix[0] ?? '');
      assert.equal(statSync(path).mode & 0o777, 0o755);
    }
  });
});
