import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/run.ts';

test('every mutant of what makes a verdict is noticed by a pure test, or is equivalent for a reason', async (t) => {
  const { code, stdout, stderr } = await run(join(import.meta.dirname, '../../script/mutate'), [], { timeout: 1_700_000 });
  t.diagnostic(stdout);
  assert.equal(code, 0, stdout + stderr);
});
