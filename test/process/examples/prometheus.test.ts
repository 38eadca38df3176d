import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { metricNames } from '../../../script/update-docs.ts';
import { run } from '../../support/run.ts';

const folder = join(import.meta.dirname, '../../../examples/prometheus');

suite('alert rules', () => {
  for (const [title, ...args] of [
    ['are well-formed', 'check', 'rules', '--lint-fatal', 'readinessd.rules.yml'],
    ['fire when they should, and else not', 'test', 'rules', 'readinessd.rules.test.yml'],
  ] as const) {
    test(`${title}, says promtool`, async () => {
      const { code, stdout, stderr } = await run('promtool', args, { cwd: folder });
      assert.equal(code, 0, `${stdout} ${stderr}`);
    });
  }

  test('use only metrics that exist', () => {
    const rules = readFileSync(join(folder, 'readinessd.rules.yml'), 'utf8');
    const asked = [...rules.matchAll(/\breadinessd_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    assert.ok(asked.length > 8);
    assert.deepEqual(
      asked.filter((name) => !metricNames.includes(name)),
      [],
    );
  });
});
