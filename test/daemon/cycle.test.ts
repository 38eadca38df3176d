import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { cycleBound, runCycle } from '../../daemon/cycle.ts';
import { StoppedError, startLoop } from '../../daemon/loop.ts';
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

  test('looks again at every step that asks for it, in their order', async () => {
    const runs: string[] = [];
    const again = { lookAgain: true };
    const { verdict } = await cycleOf([
      step('start', [passed], runs, again),
      step('peers', [passed, failed], runs, again),
      step('disk', [passed], runs),
      step('hook', [passed], runs),
    ]);
    assert.deepEqual(runs, ['start', 'peers', 'disk', 'hook', 'start', 'peers']);
    assert.equal(verdict.code, 112);
    const fewer: string[] = [];
    await cycleOf([step('start', [passed, failed], fewer, again), step('peers', [passed], fewer, again), step('hook', [passed], fewer)]);
    assert.deepEqual(fewer, ['start', 'peers', 'hook', 'start']);
  });

  test('runs nothing after a failure in the middle, and does not look again after one at the end', async () => {
    for (const [results, expected] of [
      [
        [skipped, failed, passed],
        ['start', 'peers'],
      ],
      [
        [passed, passed, failed],
        ['start', 'peers', 'hook'],
      ],
    ] as const) {
      const runs: string[] = [];
      const names = ['start', 'peers', 'hook'];
      const { verdict } = await cycleOf(names.map((name, index) => step(name, [results[index] ?? passed], runs, { lookAgain: true })));
      assert.deepEqual(runs, expected);
      assert.equal(verdict.code, 112);
    }
  });

  test('is as long as its steps, and as old as the start of the first', async () => {
    let nowMs = 1000;
    const run: RunStep = async () => {
      nowMs += 100;
      return passed;
    };
    const steps = ['start', 'hook'].map((name) => ({ name, run, boundMs: 1, lookAgain: true }));
    const cycle = await runCycle(steps, new AbortController().signal, () => nowMs, assert.fail);
    assert.deepEqual([cycle.startedAtMs, cycle.endedAtMs], [1000, 1300]);
    assert.deepEqual(
      cycle.steps.map(({ durationMs }) => durationMs),
      [100, 100],
    );
  });

  test('does not take for a bug what a step throws because it is cancelled', async () => {
    const cancel = new AbortController();
    const run: RunStep = async (signal) => {
      cancel.abort();
      return signal.throwIfAborted() ?? passed;
    };
    const { verdict } = await runCycle([{ name: 'start', run, boundMs: 1 }], cancel.signal, () => 0, assert.fail);
    assert.equal(verdict.code, 105);
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

suite('check', () => {
  /** A loop on a simulated clock, with one step that takes 100 ms; it notes when each run began. */
  class Simulated {
    nowMs = 0;
    running = 0;
    readonly begins: number[] = [];
    readonly published: number[] = [];
    readonly loop;
    readonly #t: TestContext;

    constructor(t: TestContext, periodMs: number) {
      this.#t = t;
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const run: RunStep = async (signal) => {
        this.begins.push(this.nowMs);
        assert.equal(++this.running, 1, 'cycles overlap');
        await new Promise((resolve) => setTimeout(resolve, 100));
        this.running--;
        signal.throwIfAborted();
        return passed;
      };
      this.loop = startLoop({
        steps: [{ name: 'start', run, boundMs: 1000 }],
        periodReadyMs: periodMs,
        periodNotReadyMs: periodMs,
        staleLimitMs: undefined,
        now: () => this.nowMs,
        onCycle: () => this.published.push(this.nowMs),
        onBug: assert.fail,
      });
    }

    async pass(ms: number): Promise<void> {
      for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
        this.nowMs += 10;
        this.#t.mock.timers.tick(10);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    /** Asks, and notes when the verdict was published that is there then, or what is thrown. */
    check(): { came?: number | Error | undefined } {
      const check: { came?: number | Error | undefined } = {};
      this.loop.check().then(
        () => {
          check.came = this.published.at(-1);
        },
        (error: Error) => {
          check.came = error;
        },
      );
      return check;
    }
  }

  test('in a rest brings the next cycle forward, but leaves nine times the last one', async (t) => {
    const simulated = new Simulated(t, 60_000);
    await simulated.pass(200);
    assert.equal(simulated.loop.nextInMs(), 59_900);
    const first = simulated.check();
    assert.equal(simulated.loop.nextInMs(), 800);
    await simulated.pass(500);
    const second = simulated.check();
    assert.equal(simulated.loop.nextInMs(), 300);
    await simulated.pass(390);
    assert.deepEqual([first.came, second.came], [undefined, undefined]);
    await simulated.pass(1000);
    assert.deepEqual([first.came, second.came], [1100, 1100]);
    assert.deepEqual(simulated.begins, [0, 1000]);
    // Long after: at once.
    await simulated.pass(10_000);
    simulated.check();
    assert.equal(simulated.loop.nextInMs(), 0);
    await simulated.pass(10);
    assert.equal(simulated.begins.length, 3);
  });

  test('in a cycle waits for the next, which comes as soon as it may', async (t) => {
    const simulated = new Simulated(t, 60_000);
    await simulated.pass(50);
    const first = simulated.check();
    await simulated.pass(1000);
    assert.equal(first.came, undefined);
    const second = simulated.check();
    await simulated.pass(2000);
    assert.deepEqual([first.came, second.came], [1100, 2100]);
    assert.deepEqual(simulated.begins, [0, 1000, 2000]);
    await simulated.pass(50_000);
    assert.equal(simulated.begins.length, 3);
  });

  test('never delays a cycle beyond its time', async (t) => {
    const simulated = new Simulated(t, 500);
    await simulated.pass(150);
    simulated.check();
    await simulated.pass(1200);
    assert.deepEqual(simulated.begins, [0, 600, 1200]);
  });

  test('is refused when the loop stops, whether it waits for the running cycle or the next, and ever after', async (t) => {
    const simulated = new Simulated(t, 500);
    await simulated.pass(150);
    const served = simulated.check();
    await simulated.pass(480);
    const queued = simulated.check();
    let isStopped = false;
    const stopped = simulated.loop.stop().then(() => {
      isStopped = true;
    });
    await simulated.pass(50);
    assert.equal(isStopped, false, 'it does not wait for the end of a later cycle');
    await simulated.pass(5000);
    await stopped;
    const late = simulated.check();
    await simulated.pass(5000);
    for (const { came } of [served, queued, late]) assert.ok(came instanceof StoppedError, `${came}`);
    assert.deepEqual(simulated.begins, [0, 600]);
    assert.deepEqual(simulated.published, [100]);
  });

  test('is refused when the loop is stopped in a rest, and nothing runs any more', async (t) => {
    const simulated = new Simulated(t, 500);
    await simulated.pass(150);
    const waiting = simulated.check();
    await simulated.loop.stop();
    await simulated.pass(5000);
    assert.ok(waiting.came instanceof StoppedError);
    assert.deepEqual(simulated.begins, [0]);
  });
});
