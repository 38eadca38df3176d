import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { describeHistory } from '../../daemon/http/status.ts';
import { emptyHistory, type History, upTo, withCycle } from '../../daemon/verdict/history.ts';
import type { Published, Verdict } from '../../daemon/verdict/verdict.ts';

const ready: Verdict = { code: 0, reason: 'Ready', message: 'all well' };
const failing: Verdict = { code: 17, reason: 'HookFailed', message: 'hook exited with code 17', detail: 'output' };

/** A cycle of 100 ms. Its verdict counts for 5 s from the cycle's start. */
function cycle(startedAtMs: number, verdict: Verdict, staleLimitMs = 5000): Published {
  return { startedAtMs, endedAtMs: startedAtMs + 100, verdict, steps: [], staleLimitMs, nextAtMs: Number.POSITIVE_INFINITY };
}

const running = (startedAtMs: number, aliveAtMs = startedAtMs) => ({ startedAtMs, aliveAtMs });

/** The history after some cycles, beginning at 0. */
function historyOf(...cycles: readonly Published[]): History {
  const add = (history: History, next: Published, index: number) =>
    withCycle(history, cycles[index - 1], running(next.startedAtMs, next.endedAtMs), next);
  return cycles.reduce(add, emptyHistory(0));
}

const told = ({ changes }: History) => changes.map(({ sinceMs, verdict }) => [sinceMs, verdict.code]);

suite('history', () => {
  test('has one entry per change, from the end of the cycle that found it', () => {
    const history = historyOf(cycle(0, failing), cycle(1000, failing), cycle(2000, ready), cycle(3000, ready));
    assert.deepEqual(told(history), [
      [0, 104],
      [100, 17],
      [2100, 0],
    ]);
    assert.equal(history.count, 2);
  });

  test('shows that a verdict had gone stale before the next, although nobody asked', () => {
    assert.deepEqual(told(historyOf(cycle(0, ready), cycle(60_000, ready))), [
      [0, 104],
      [100, 0],
      [5000, 103],
      [60_100, 0],
    ]);
  });

  test('shows that the latest verdict is stale now, and not before its time', () => {
    const newest = cycle(0, ready);
    const history = historyOf(newest);
    assert.equal(upTo(history, newest, undefined, 5000), history);
    assert.deepEqual(told(upTo(history, newest, undefined, 5001)).at(-1), [5000, 103]);
  });

  test('shows that the next cycle is overdue, began late, or has been frozen', () => {
    const newest = { ...cycle(0, ready, 60_000), nextAtMs: 1000 };
    const history = historyOf(newest);
    for (const [next, nowMs, staleAtMs] of [
      [undefined, 4001, 4000],
      [running(4001), 5000, 4000],
      [running(1000, 3000), 7001, 7000],
    ] as const) {
      assert.equal(upTo(history, newest, next, staleAtMs).changes.length, next?.startedAtMs === 4001 ? 2 : history.changes.length);
      assert.deepEqual(told(upTo(history, newest, next, nowMs)).at(-1), [staleAtMs, 103]);
    }
    const late = cycle(5000, ready);
    assert.deepEqual(told(withCycle(history, newest, running(5000, 5100), late)).slice(-2), [
      [4000, 103],
      [5100, 0],
    ]);
  });

  test('never shows as ready a verdict that never counted', () => {
    assert.deepEqual(told(historyOf(cycle(0, ready, 0))), [
      [0, 104],
      [100, 103],
    ]);
  });

  test('keeps the last 100 changes, and knows how many there were', () => {
    const cycles = Array.from({ length: 250 }, (_, index) => cycle(index * 1000, index % 2 === 0 ? ready : failing));
    const history = historyOf(...cycles);
    assert.equal(history.changes.length, 100);
    assert.equal(history.count, 250);
    assert.deepEqual(told(history).at(0), [150_100, 0]);
    assert.deepEqual(told(history).at(-1), [249_100, 17]);
  });

  test('keeps neither output nor endless messages', () => {
    const [, change] = historyOf(cycle(0, { ...failing, message: 'x'.repeat(10_000) })).changes;
    assert.equal(change?.verdict.detail, undefined);
    assert.equal(change?.verdict.message.length, 400);
  });

  test('lists the newest first, with times that add up', () => {
    const described = describeHistory(historyOf(cycle(0, failing), cycle(2000, ready)), 10_000, Date.parse('2026-11-26T03:00:10Z'));
    assert.equal(described.total, 2);
    assert.deepEqual(
      described.changes.map(({ at, agoMs, lastedMs, code }) => [at, agoMs, lastedMs, code]),
      [
        ['2026-11-26T03:00:02.100Z', 7900, 7900, 0],
        ['2026-11-26T03:00:00.100Z', 9900, 2000, 17],
        ['2026-11-26T03:00:00.000Z', 10_000, 100, 104],
      ],
    );
  });
});
