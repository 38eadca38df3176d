import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Loop } from '../../daemon/loop.ts';
import type { RunStep } from '../../daemon/steps/step.ts';
import type { Published } from '../../daemon/verdict/verdict.ts';
import { until } from '../support/scratch.ts';
import { passed, step } from '../support/steps.ts';

suite('loop', () => {
  const quick = {
    periodReadyMs: 1,
    periodNotReadyMs: 1,
    staleLimitMs: undefined,
    now: () => performance.now(),
    onBug: () => {},
    onBegin: () => {},
    onEnd: () => {},
    onAlive: () => {},
  };

  test('runs one cycle after the other, never two at the same time', async () => {
    let running = 0;
    let overlaps = 0;
    const cycles: Published[] = [];
    const run: RunStep = async () => {
      overlaps += running++;
      await new Promise((resolve) => setTimeout(resolve, 3));
      running--;
      return passed;
    };
    const loop = new Loop({ ...quick, stages: [[{ name: 'start', run, boundMs: 1 }]], onCycle: (cycle) => cycles.push(cycle) });
    await until('some cycles have ended', () => cycles.length > 10);
    await loop.stop();
    const { length } = cycles;
    assert.equal(overlaps, 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(cycles.length, length);
  });

  test('when stopped, cancels the running cycle, waits for its end, and publishes nothing of it', async () => {
    const events: string[] = [];
    const run: RunStep = (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          events.push('cancelled');
          resolve(passed);
        });
      });
    const loop = new Loop({ ...quick, stages: [[{ name: 'start', run, boundMs: 1 }]], onCycle: () => events.push('published') });
    assert.equal(loop.nextInMs(), 0);
    await loop.stop();
    assert.deepEqual(events, ['cancelled']);
  });

  test('keeps a configured limit that is lower than the one it computes', async () => {
    for (const [staleLimitMs, isRight] of [
      [77, (limit: number) => limit === 77],
      [60_000, (limit: number) => limit >= 1 + 500 + 3000 && limit < 60_000],
      [undefined, (limit: number) => limit >= 1 + 500 + 3000 && limit < 60_000],
    ] as const) {
      const cycles: Published[] = [];
      const loop = new Loop({
        ...quick,
        // It measures how long the cycle took, which does not matter here.
        now: () => 0,
        staleLimitMs,
        stages: [[step('start', [passed], [], { boundMs: 500 })]],
        onCycle: (cycle) => cycles.push(cycle),
      });
      await until('a cycle has ended', () => cycles.length > 0);
      await loop.stop();
      const limitMs = cycles[0]?.staleLimitMs ?? Number.NaN;
      assert.ok(isRight(limitMs), `${limitMs}`);
    }
  });

  test('does not count a cycle that took longer than it can, whatever limit is configured', async () => {
    for (const staleLimitMs of [undefined, 600_000, 77]) {
      let nowMs = 0;
      const cycles: Published[] = [];
      const run: RunStep = async () => {
        nowMs += cycles.length === 0 ? 500 + 3001 : 500 + 3000;
        return passed;
      };
      const loop = new Loop({
        ...quick,
        staleLimitMs,
        now: () => nowMs,
        stages: [[{ name: 'start', run, boundMs: 500 }]],
        onCycle: (cycle) => cycles.push(cycle),
      });
      await until('two cycles have ended', () => cycles.length > 1);
      await loop.stop();
      assert.deepEqual(
        cycles.slice(0, 2).map((cycle) => cycle.staleLimitMs),
        [0, Math.min(3500 + 1 + 500 + 3000, staleLimitMs ?? 600_000)],
      );
    }
  });
});
