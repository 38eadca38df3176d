import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Published, restAfter, staleLimit, type Verdict, verdictAt } from '../../daemon/verdict.ts';
import { createVerdictCache } from '../../daemon/verdict-cache.ts';

const ready: Verdict = { code: 0, reason: 'Ready', message: 'all well' };
const failing: Verdict = { code: 17, reason: 'HookFailed', message: 'hook exited with code 17' };

function published(verdict: Verdict, startedAtMs = 1000, staleLimitMs = 5000): Published {
  return { startedAtMs, endedAtMs: startedAtMs + 100, verdict, steps: [], staleLimitMs };
}

suite('verdict', () => {
  test('is pending before the first cycle', () => {
    assert.equal(verdictAt(undefined, 0).code, 104);
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
      assert.equal(verdictAt(published(ready), nowMs).code, code, `at ${nowMs}`);
    }
    assert.equal(verdictAt(published(ready, Number.NaN), 1000).code, 103);
    assert.equal(verdictAt(published(ready, 1000, Number.NaN), 1000).code, 103);
    assert.equal(verdictAt(published(failing), 1e12).message, 'the newest verdict is older than it may be; it was 17 HookFailed');
  });

  test('is followed by a rest: the period, or more when a step was slow', () => {
    const rules = { periodReadyMs: 10_000, periodNotReadyMs: 1000, restFactors: new Map([['hook', 9]]) };
    const cycle = (verdict: Verdict, hookMs: number): Published => ({
      ...published(verdict),
      steps: [
        { name: 'start', durationMs: 60_000, result: { outcome: 'passed', message: '' } },
        { name: 'hook', durationMs: hookMs, result: { outcome: 'passed', message: '' } },
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
  });

  test('may be as old as its cycle, the rest, a whole next cycle and 3 s', () => {
    assert.equal(staleLimit(published(ready), 10_000, 30_000), 100 + 10_000 + 30_000 + 3000);
  });

  test('of a cycle that took longer than it can is stale at once', () => {
    const cycle = { ...published(ready, 0), endedAtMs: 33_000 };
    assert.equal(staleLimit(cycle, 10_000, 30_000), 33_000 + 10_000 + 30_000 + 3000);
    assert.equal(staleLimit({ ...cycle, endedAtMs: 33_001 }, 10_000, 30_000), 0);
    assert.equal(verdictAt({ ...cycle, staleLimitMs: 0 }, 33_001).code, 103);
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
});
