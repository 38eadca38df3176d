import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { withFigures } from '../bench/document.ts';
import { compare, compareAtMost, type Figure, formatNumber, formatTable, ofSamples, quantile } from '../bench/figures.ts';
import { beforeAll, formatShares, stalledMs, whyNotQuiet } from '../bench/pressure.ts';
import { run } from '../support/run.ts';
import { scratchDirectory } from '../support/scratch.ts';

const bench = join(import.meta.dirname, '../bench/bench.ts');
const start = (...args: string[]) => run(process.execPath, ['--import', 'tsx', bench, ...args], { timeout: 1_500_000 });

suite('benchmark', () => {
  test('measures in its quick form and draws the picture; the test does not judge times', async (t) => {
    const picture = join(scratchDirectory(t), 'picture.svg');
    const groups = 'probe,storm,served,start,freshness,rest,soak';
    const { code, stdout, stderr } = await start('--quick', '--anyway', '--json', '--only', groups, '--picture', picture);
    assert.equal(code, 0, stderr);
    const { machine, figures } = JSON.parse(stdout) as { machine: Record<string, unknown>; figures: Figure[] };
    assert.match(String(machine['node']), /^v\d+\./);
    assert.match(String(machine['load']), /^[\d.]+ to [\d.]+$/);
    for (const { group, name, value, spread = [] } of figures) {
      for (const number of [value, ...spread]) assert.ok(Number.isFinite(number), `${group}, ${name}: ${number}`);
    }
    const value = (group: string, name: string) => figures.find((figure) => figure.group === group && figure.name === name)?.value ?? -1;
    assert.ok(value('a probe, wall', 'native client') > 0);
    assert.ok(value('a probe, CPU', 'direct way') > value('a probe, CPU', 'native client'));
    assert.ok(value('a probe, system calls', 'readiness_probe.sh') > value('a probe, system calls', 'an empty sh script'));
    assert.equal(value('100 probes at once', 'wrong answers'), 0);
    assert.ok(value('a probe every 5 s, CPU of the server', 'the daemon') > 0);
    assert.ok(value('start, CPU', 'to the first verdict') > value('start, CPU', 'node -e 0'));
    assert.ok(value('start.sh is run again by RPC, to the first that is not 0', 'events, longest') > 0);
    assert.ok(value('at rest, no hook, supervisord', 'polling, calls') > 0);
    assert.ok(value('at rest, with a hook, CPU of a period', 'undici and execa alone') > 0);
    assert.ok(value('at rest after 5 s, private dirty', 'with a hook, events') > 1);
    assert.equal(value('soak', 'zombies'), 0);
    const svg = readFileSync(picture, 'utf8');
    assert.match(svg, /^<svg /);
    assert.match(svg, /readiness_probe\.sh/);
    assert.match(svg, /with a hook, events, after 5 s/);
  });

  test('ends before it measures when it cannot tell whether the machine is quiet', async (t) => {
    const env = { ...process.env, BENCH_PRESSURE_FILE: join(scratchDirectory(t), 'none') };
    const { code, stdout, stderr } = await run(process.execPath, ['--import', 'tsx', bench, '--quick', '--only', 'storm'], { env });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^bench: cannot tell whether the machine is quiet, for there is no \/proc\/pressure\/cpu: [^\n]* --anyway[^\n]*\n$/,
    );
  });

  test('considers a machine quiet while next to nothing waits for a processor', () => {
    assert.equal(stalledMs('some avg10=9.82 avg60=3.49 avg300=2.35 total=3572\nfull avg10=0.00 total=0\n'), 3.572);
    assert.equal(stalledMs('full avg10=0.00 total=0\n'), Number.NaN);
    assert.equal(
      whyNotQuiet(
        new Map([
          [beforeAll, 0.05],
          ['at rest', 0],
        ]),
      ),
      undefined,
    );
    assert.match(
      whyNotQuiet(
        new Map([
          [beforeAll, 0],
          ['after probe', 0.123],
        ]),
      ) ?? '',
      /waited for a processor 12\.3 % of the time after probe, at most 5 % /,
    );
    assert.match(whyNotQuiet(new Map([[beforeAll, Number.NaN]])) ?? '', /cannot tell/);
    const shares = new Map([
      [beforeAll, 0.001],
      ['after probe', 0.004],
      ['after storm', 0.002],
      ['at rest', 0.03],
    ]);
    assert.equal(formatShares(shares), 'processors stalled 0.1 % of the time before, 0.4 % at most after a group, 3 % at rest');
  });

  test("replaces the text between a document's marker lines, and refuses a document without them", () => {
    const figure: Figure = { group: 'a', name: 'one', value: 2, unit: 'ms' };
    const written = { machine: 'readinessd $&', figures: [figure], freshness: [] };
    const part = (name: string, text: string) => `# ${name}\n<!-- ${name} -->\n${text}<!-- end -->\n`;
    const document = part('machine', 'old\n') + part('table', '') + part('freshness table', 'old\nolder\n');
    const table = (figures: Figure[]) => `${formatTable(figures)}\n`;
    const expected = part('machine', 'readinessd $&\n') + part('table', table([figure])) + part('freshness table', table([]));
    assert.equal(withFigures(document, written), expected);
    assert.equal(withFigures(expected, written), expected);
    assert.throws(() => withFigures(part('machine', ''), written), /no lines <!-- table -->/);
  });

  test('writes a document only from a whole run', async () => {
    const { code, stderr } = await start('--write', '--only', 'storm');
    assert.equal(code, 1);
    assert.match(stderr, /^bench: cannot write figures of --quick or --only/);
  });

  test('refuses an unknown group, and says which there are', async () => {
    const { code, stderr } = await start('--only', 'speed');
    assert.equal(code, 1);
    assert.match(stderr, /^bench: cannot measure speed\n.*\ngroups: probe, /);
  });

  test('prints ratios first, and goals that are met or missed', () => {
    const base: Figure = { group: 'a', name: 'one', value: 2, unit: 'ms' };
    const other = { ...compare({ ...base, name: 'two', value: 5 }, base), goal: { text: 'at most 2 ×', isMet: false } };
    const lines = formatTable([base, other]).split('\n');
    assert.match(lines[2] ?? '', /^\| a +\| one +\| +\| 2 ms +\| +\|$/);
    assert.match(lines[3] ?? '', /^\| +\| two +\| 2\.5 × one \| 5 ms +\| at most 2 ×: MISSED \|$/);
  });

  test('shows medians with their quartiles', () => {
    const figure = ofSamples('a', 'one', [4, 1, 2, 3, 5], 'ms');
    assert.deepEqual([figure.value, figure.spread], [3, [2, 4]]);
    assert.match(formatTable([figure]), /\| 3 ms \(2 to 4\) \|/);
    assert.equal(compareAtMost(figure, { ...figure, value: 2 }, 1.5).goal?.isMet, true);
    assert.equal(compareAtMost(figure, { ...figure, value: 1.9 }, 1.5).goal?.isMet, false);
  });

  test('rounds to significant digits', () => {
    assert.deepEqual([0, 0.00012, 1.2345, 12.345, 1234.5].map(formatNumber), ['0', '1.2e-4', '1.23', '12.3', '1,235']);
    assert.deepEqual([quantile([3, 1, 2], 0.5), quantile([1, 2], 0.99), quantile([5], 0)], [2, 2, 5]);
  });
});
