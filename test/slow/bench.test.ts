import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { compare, type Figure, formatNumber, formatTable, quantile } from '../bench/figures.ts';
import { run } from '../support/run.ts';
import { scratchDirectory } from '../support/scratch.ts';

const bench = join(import.meta.dirname, '../bench/bench.ts');
const start = (...args: string[]) => run(process.execPath, ['--import', 'tsx', bench, ...args], { timeout: 1_500_000 });

suite('benchmark', () => {
  test('measures in its quick form, and draws it; how long things took says nothing here', async (t) => {
    const picture = join(scratchDirectory(t), 'picture.svg');
    const { code, stdout, stderr } = await start('--quick', '--json', '--only', 'probe,storm,freshness,rest', '--picture', picture);
    assert.equal(code, 0, stderr);
    const { machine, figures } = JSON.parse(stdout) as { machine: Record<string, unknown>; figures: Figure[] };
    assert.match(String(machine['node']), /^v\d+\./);
    for (const { group, name, value } of figures) assert.ok(Number.isFinite(value), `${group}, ${name}: ${value}`);
    const value = (group: string, name: string) => figures.find((figure) => figure.group === group && figure.name === name)?.value ?? -1;
    assert.ok(value('a probe, wall', 'native client') > 0);
    assert.ok(value('a probe, CPU', 'direct way') > value('a probe, CPU', 'native client'));
    assert.equal(value('100 probes at once', 'wrong answers'), 0);
    assert.ok(value('start.sh is run again by RPC, to the first that is not 0', 'events, longest') > 0);
    assert.ok(value('nothing happens, ready, no hook', 'polling, calls of supervisord') > 0);
    assert.ok(value('at rest after 5 s', 'private dirty') > 1);
    const svg = readFileSync(picture, 'utf8');
    assert.match(svg, /^<svg /);
    assert.match(svg, /readiness_probe\.sh/);
  });

  test('refuses a group that there is not, and says which there are', async () => {
    const { code, stderr } = await start('--only', 'speed');
    assert.equal(code, 1);
    assert.match(stderr, /^bench: cannot measure speed\n.*\ngroups: probe, /);
  });

  test('writes ratios first, and goals that are met or missed', () => {
    const base: Figure = { group: 'a', name: 'one', value: 2, unit: 'ms' };
    const other = { ...compare({ ...base, name: 'two', value: 5 }, base), goal: { text: 'at most 2 ×', isMet: false } };
    const lines = formatTable([base, other]).split('\n');
    assert.match(lines[2] ?? '', /^\| a +\| one +\| +\| 2 ms +\| +\|$/);
    assert.match(lines[3] ?? '', /^\| +\| two +\| 2\.5 × one \| 5 ms +\| at most 2 ×: MISSED \|$/);
  });

  test('rounds to what matters', () => {
    assert.deepEqual([0, 0.00012, 1.2345, 12.345, 1234.5].map(formatNumber), ['0', '1.2e-4', '1.23', '12.3', '1,235']);
    assert.deepEqual([quantile([3, 1, 2], 0.5), quantile([1, 2], 0.99), quantile([5], 0)], [2, 2, 5]);
  });
});
