import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Published, restAfter, restBeforeDemand, staleLimit, type Verdict, verdictAt } from '../../daemon/verdict/verdict.ts';
import { createVerdictCache } from '../../daemon/verdict/verdict-cache.ts';

const ready: Verdict = { code: 0, reason: 'Ready', message: 'all well' };
const failing: Verdict = { code: 17, reason: 'HookFailed', message: 'hook exited with code 17' };

function published(verdict: Verdict, startedAtMs = 1000, staleLimitMs = 5000): Published {
  return { startedAtMs, endedAtMs: startedAtMs + 100, verdict, steps: [], staleLimitMs, nextAtMs: Number.POSITIVE_INFINITY };
}

suite('verdict', () => {
  test('is pending before the first cycle', () => {
    const finding = { kind: 'first-cycle-runs' };
    assert.deepEqual(verdictAt(undefined, undefined, 0), {
      code: 104,
      reason: 'ResultPending',
      message: 'the first cycle has not ended',
      finding,
    });
  });

  test('is as old as the start of its cycle, and stale beyond the limit', () => {
    for (const [nowMs, code] of [
      [1000, 0],
      [6000, 0],
      [6000.1, 103],
      [1e12, 103],
      [999, 103],
      [Number.NaN, 103],
    ] as const) {
      assert.equal(verdictAt(published(ready), undefined, nowMs).code, code, `at ${nowMs}`);
    }
    assert.equal(verdictAt(published(ready, Number.NaN), undefined, 1000).code, 103);
    assert.equal(verdictAt(published(ready, 1000, Number.NaN), undefined, 1000).code, 103);
    assert.deepEqual(verdictAt(published(failing), undefined, 1e12), {
      code: 103,
      reason: 'ResultStale',
      message: 'the last verdict has expired; it was 17 HookFailed',
      finding: { kind: 'verdict-expired', was: '17 HookFailed' },
    });
  });

  test('is followed by a wait: the period, or longer when a step was slow', () => {
    const rules = { periodReadyMs: 10_000, periodNotReadyMs: 1000, restFactors: new Map([['hook', 9]]) };
    const cycle = (verdict: Verdict, hookMs: number): Published => ({
      ...published(verdict),
      steps: [
        { name: 'start', startedAtMs: 0, durationMs: 60_000, result: { outcome: 'passed', message: '' } },
        { name: 'hook', startedAtMs: 0, durationMs: hookMs, result: { outcome: 'passed', message: '' } },
      ],
    });
    for (const [verdict, hookMs, restMs] of [
      [ready, 5, 10_000],
      [ready, 2000, 18_000],
      [ready, 10_000, 30_000],
      [failing, 5, 1000],
      [failing, 500, 4500],
      [failing, 10_000, 30_000],
    ] as const) {
      assert.equal(restAfter(cycle(verdict, hookMs), rules), restMs, `${verdict.code} after ${hookMs} ms`);
    }
    assert.equal(restAfter(cycle(ready, 10_000), { ...rules, periodReadyMs: 60_000 }), 60_000);
    const slowFirst = cycle(ready, 2000);
    assert.equal(restAfter({ ...slowFirst, steps: slowFirst.steps.toReversed() }, rules), 18_000);
    const notFinished: Verdict = { code: 2, reason: 'StartNotFinished', message: 'start.sh is running' };
    assert.equal(restAfter(cycle(notFinished, 5), rules), 1000);
  });

  test('that is asked for waits nine times as long as the last cycle, and at most 30 s', () => {
    for (const [tookMs, restMs] of [
      [0, 0],
      [100, 900],
      [3333, 29_997],
      [3334, 30_000],
      [60_000, 30_000],
    ] as const) {
      assert.equal(restBeforeDemand({ ...published(ready), endedAtMs: 1000 + tookMs }), restMs);
    }
  });

  const bounds = { usualMs: 13_000, worstMs: 30_000 };

  test('may be as old as its cycle, the wait, the usual bound of the next cycle, and 3 s', () => {
    assert.equal(staleLimit(published(ready), 10_000, bounds), 100 + 10_000 + 13_000 + 3000);
  });

  test('is stale when the next cycle should have begun more than 3 s ago, or began so late, until a new one is published', () => {
    const due = { ...published(ready, 1000, 60_000), nextAtMs: 11_100 };
    const began = (startedAtMs: number) => ({ startedAtMs, aliveAtMs: startedAtMs });
    for (const [running, nowMs, code] of [
      [undefined, 14_100, 0],
      [undefined, 14_101, 103],
      [began(11_100), 14_101, 0],
      [began(14_100), 14_101, 0],
      [began(14_101), 14_101, 103],
      [began(Number.NaN), 11_100, 103],
    ] as const)
      assert.equal(verdictAt(due, running, nowMs).code, code, `${running?.startedAtMs} at ${nowMs}`);
    assert.equal(verdictAt({ ...due, nextAtMs: Number.NaN }, undefined, 1100).code, 103);
  });

  test('is stale while the next cycle has been frozen midway', () => {
    const due = { ...published(ready, 1000, 60_000), nextAtMs: 11_100 };
    const running = { startedAtMs: 11_100, aliveAtMs: 13_100 };
    assert.equal(verdictAt(due, running, 17_100).code, 0);
    assert.equal(verdictAt(due, running, 17_101).code, 103);
  });

  test('of a cycle that took longer than it can is stale at once', () => {
    const cycle = { ...published(ready, 0), endedAtMs: 33_000 };
    assert.equal(staleLimit(cycle, 10_000, bounds), 33_000 + 10_000 + 13_000 + 3000);
    assert.equal(staleLimit({ ...cycle, endedAtMs: 33_001 }, 10_000, bounds), 0);
    assert.equal(verdictAt({ ...cycle, staleLimitMs: 0 }, undefined, 33_001).code, 103);
  });
});

suite('verdict cache', () => {
  test('tells a change of verdict from a repetition', () => {
    let nowMs = 0;
    const cache = createVerdictCache(() => nowMs);
    assert.equal(cache.read().verdict.code, 104);
    assert.deepEqual(
      [ready, ready, failing, { ...failing, detail: 'other output' }, { ...failing, message: 'x' }, ready].map((verdict) =>
        cache.publish(published(verdict)),
      ),
      [true, false, true, false, true, true],
    );
    nowMs = 2100;
    const { verdict, ageMs, unchangedForMs, cycles } = cache.read();
    assert.deepEqual([verdict, ageMs, unchangedForMs, cycles], [ready, 1100, 1000, 6]);
  });

  test('is as old as its newest cycle, and unchanged since it first found the same', () => {
    let nowMs = 0;
    const cache = createVerdictCache(() => nowMs);
    cache.publish(published(failing, 1000));
    cache.publish(published(ready, 2000));
    cache.publish(published(ready, 6000));
    nowMs = 11_000;
    const { verdict, ageMs, unchangedForMs } = cache.read();
    assert.deepEqual([verdict, ageMs, unchangedForMs], [ready, 5000, 8900]);
    nowMs = 11_001;
    assert.equal(cache.read().verdict.code, 103);
    cache.publish(published(ready, 11_000));
    assert.equal(cache.read().verdict.code, 0);
  });

  test('keeps the history of what was shown, up to now', () => {
    let nowMs = 500;
    const cache = createVerdictCache(() => nowMs);
    cache.publish(published(failing, 1000));
    cache.publish(published(ready, 2000));
    const told = () => cache.history().changes.map(({ sinceMs, verdict }) => [sinceMs, verdict.code]);
    const changes = [
      [500, 104],
      [1100, 17],
      [2100, 0],
    ];
    nowMs = 7000;
    assert.deepEqual(told(), changes);
    nowMs = 7001;
    assert.deepEqual(told(), [...changes, [7000, 103]]);
  });

  test('is as old as its oldest result, and its limit grows by the difference', () => {
    let nowMs = 100_000;
    const cache = createVerdictCache(() => nowMs);
    const result = { outcome: 'passed', message: '' } as const;
    const step = { name: 'api', result, startedAtMs: 60_000, durationMs: 1 };
    const verdict = { code: 0, reason: 'Ready', message: '' } as const;
    cache.publish({ startedAtMs: 100_000, endedAtMs: 100_000, steps: [step], verdict, staleLimitMs: 20_000, nextAtMs: 110_000 });
    nowMs = 101_000;
    const { ageMs, staleLimitMs, verdict: shown } = cache.read();
    assert.deepEqual([ageMs, staleLimitMs, shown.code], [41_000, 60_000, 0]);
  });

  test('knows neither age nor verdict before the first cycle', () => {
    const cache = createVerdictCache(() => 700);
    const { verdict, ...rest } = cache.read();
    assert.equal(verdict.code, 104);
    assert.deepEqual(rest, {
      nowMs: 700,
      newest: undefined,
      ageMs: undefined,
      staleLimitMs: undefined,
      unchangedForMs: undefined,
      cycles: 0,
    });
  });

  test('stays stale after a running cycle was frozen, until a new verdict is published', () => {
    let nowMs = 0;
    const cache = createVerdictCache(() => nowMs);
    cache.publish({ ...published(ready, 0, 60_000), nextAtMs: 1000 });
    nowMs = 1000;
    cache.begin();
    for (const [atMs, code] of [
      [2000, 0],
      [6000, 0],
      [10_000, 0],
      [14_001, 103],
      [14_002, 103],
    ] as const) {
      nowMs = atMs;
      cache.alive();
      assert.equal(cache.read().verdict.code, code, `at ${atMs}`);
    }
    cache.publish({ ...published(ready, 1000, 60_000), nextAtMs: 20_000 });
    cache.end();
    assert.equal(cache.read().verdict.code, 0);
    // Without a running cycle, nothing was frozen in one.
    nowMs = 23_000;
    cache.alive();
    assert.equal(cache.read().verdict.code, 0);
  });

  test('counts another code or another reason as a change', () => {
    const cache = createVerdictCache(() => 0);
    cache.publish(published(failing));
    assert.equal(cache.publish(published({ ...failing, code: 18 })), true);
    assert.equal(cache.publish(published({ ...failing, code: 18, reason: 'HookCrashed' })), true);
    assert.equal(cache.publish(published({ ...failing, code: 18, reason: 'HookCrashed' })), false);
  });
});
