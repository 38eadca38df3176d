import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { StoppedError, startLoop } from '../../daemon/loop.ts';
import type { RunStep } from '../../daemon/steps/step.ts';
import type { Published } from '../../daemon/verdict.ts';
import { until } from '../support/scratch.ts';
import { passed, step } from '../support/steps.ts';

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
      const limitMs = cycles[0]?.staleLimitMs ?? Number.NaN;
      assert.ok(isRight(limitMs), `${limitMs}`);
    }
  });

  test('lets a cycle that took longer than it can count for nothing, whatever limit was set', async () => {
    for (const staleLimitMs of [undefined, 600_000]) {
      let nowMs = 0;
      const cycles: Published[] = [];
      const run: RunStep = async () => {
        nowMs += cycles.length === 0 ? 500 + 3001 : 500 + 3000;
        return passed;
      };
      const loop = startLoop({
        ...quick,
        staleLimitMs,
        now: () => nowMs,
        steps: [{ name: 'start', run, boundMs: 500 }],
        onCycle: (cycle) => cycles.push(cycle),
      });
      await until('two cycles have ended', () => cycles.length > 1);
      await loop.stop();
      assert.deepEqual(
        cycles.slice(0, 2).map((cycle) => cycle.staleLimitMs),
        [0, staleLimitMs ?? 3500 + 1 + 500 + 3000],
      );
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
    assert.ok(waiting.came instanceof StoppedError, `${waiting.came}`);
    assert.deepEqual(simulated.begins, [0]);
  });
});
