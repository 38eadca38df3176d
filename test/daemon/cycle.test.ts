import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { cycleBound, runCycle } from '../../daemon/cycle.ts';
import { startLoop } from '../../daemon/loop.ts';
import type { RunStep, Step, StepResult } from '../../daemon/steps/step.ts';
import type { Published } from '../../daemon/verdict.ts';
import { until } from '../support/scratch.ts';

const passed: StepResult = { outcome: 'passed', message: 'good' };
const skipped: StepResult = { outcome: 'skipped', message: 'nothing to check' };
const failed: StepResult = { outcome: 'failed', code: 112, reason: 'StartFailed', message: 'bad', detail: 'why' };

/** A step that gives its results one after the other, the last for ever, and notes each run. */
function step(name: string, results: StepResult[], runs: string[] = [], more: Partial<Step> = {}): Step {
  const run: RunStep = async () => {
    runs.push(name);
    return (results.length > 1 ? results.shift() : results[0]) ?? passed;
  };
  return { name, run, boundMs: 1000, ...more };
}

function cycleOf(steps: Step[], onBug: (error: unknown) => void = () => {}) {
  let nowMs = 0;
  return runCycle(steps, new AbortController().signal, () => nowMs++, onBug);
}

suite('cycle', () => {
  test('is ready when every step passes or has nothing to check', async () => {
    const { verdict } = await cycleOf([step('start', [passed]), step('hook', [skipped])]);
    assert.deepEqual(verdict, { code: 0, reason: 'Ready', message: 'start passed, hook skipped' });
  });

  test('stops at the first failure', async () => {
    const runs: string[] = [];
    const { verdict, steps } = await cycleOf([step('start', [failed], runs), step('hook', [passed], runs)]);
    assert.deepEqual(runs, ['start']);
    assert.deepEqual(verdict, { code: 112, reason: 'StartFailed', message: 'bad', detail: 'why' });
    assert.equal(steps.length, 1);
  });

  test('looks again before it says ready, when a later step has run', async () => {
    const runs: string[] = [];
    const { verdict, steps } = await cycleOf([step('start', [passed, failed], runs, { lookAgain: true }), step('hook', [passed], runs)]);
    assert.deepEqual(runs, ['start', 'hook', 'start']);
    assert.equal(verdict.code, 112);
    assert.deepEqual(
      steps.map(({ name, result }) => [name, result.outcome]),
      [
        ['start', 'failed'],
        ['hook', 'passed'],
      ],
    );
  });

  test('does not look again when no later step has run, or one has failed', async () => {
    for (const hook of [skipped, failed]) {
      const runs: string[] = [];
      await cycleOf([step('start', [passed], runs, { lookAgain: true }), step('hook', [hook], runs)]);
      assert.deepEqual(runs, ['start', 'hook']);
    }
  });

  test('says 105 for a step that throws, now or later, and hands the error over', async () => {
    for (const run of [
      () => {
        throw new TypeError('a bug');
      },
      async () => Promise.reject(new TypeError('a bug')),
    ] as RunStep[]) {
      const bugs: unknown[] = [];
      const { verdict } = await cycleOf([{ name: 'start', run, boundMs: 1 }], (error) => bugs.push(error));
      assert.equal(verdict.code, 105);
      assert.match(verdict.message, /^unexpected error in step start/);
      assert.match(String(bugs[0]), /TypeError: a bug/);
    }
  });

  test('is bounded by its steps, those that are looked at again twice', () => {
    assert.equal(cycleBound([step('start', [], [], { lookAgain: true }), step('hook', [], [], { boundMs: 5000 })]), 7000);
  });
});

suite('loop', () => {
  const quick = { periodReadyMs: 1, periodNotReadyMs: 1, staleLimitMs: undefined, now: () => performance.now(), onBug: () => {} };

  test('runs one cycle after the other, never two at once', async () => {
    let running = 0;
    let overlaps = 0;
    const cycles: Published[] = [];
    const run: RunStep = async () => {
      overlaps += running++;
      await new Promise((resolve) => setTimeout(resolve, 3));
      running--;
      return passed;
    };
    const loop = startLoop({ ...quick, steps: [{ name: 'start', run, boundMs: 1 }], onCycle: (cycle) => cycles.push(cycle) });
    await until('some cycles have ended', () => cycles.length > 10);
    await loop.stop();
    const { length } = cycles;
    assert.equal(overlaps, 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(cycles.length, length);
  });

  test('cancels a running cycle when it is stopped, waits for its end, and publishes nothing of it', async () => {
    const events: string[] = [];
    const run: RunStep = (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          events.push('cancelled');
          resolve(passed);
        });
      });
    const loop = startLoop({ ...quick, steps: [{ name: 'start', run, boundMs: 1 }], onCycle: () => events.push('published') });
    assert.equal(loop.nextInMs(), 0);
    await loop.stop();
    assert.deepEqual(events, ['cancelled']);
  });

  test('keeps the limit that was set, and else works it out', async () => {
    for (const [staleLimitMs, isRight] of [
      [77, (limit: number) => limit === 77],
      [undefined, (limit: number) => limit >= 1 + 500 + 3000 && limit < 60_000],
    ] as const) {
      const cycles: Published[] = [];
      const loop = startLoop({
        ...quick,
        staleLimitMs,
        steps: [step('start', [passed], [], { boundMs: 500 })],
        onCycle: (cycle) => cycles.push(cycle),
      });
      await until('a cycle has ended', () => cycles.length > 0);
      await loop.stop();
      assert.ok(isRight(cycles[0]?.staleLimitMs ?? Number.NaN));
    }
  });
});
