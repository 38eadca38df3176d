import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { Loop, StoppedError } from '../../daemon/loop.ts';
import type { RunStep } from '../../daemon/steps/step.ts';
import { passed } from '../support/steps.ts';

suite('check', () => {
  /** A loop on a simulated clock, with one step that takes 100 ms. It notes when each run began. */
  class Simulated {
    nowMs = 0;
    running = 0;
    readonly begins: number[] = [];
    readonly published: number[] = [];
    /** For each run: was it told that somebody waits for it? */
    readonly demands: unknown[] = [];
    readonly loop;
    readonly #t: TestContext;

    constructor(t: TestContext, periodMs: number) {
      this.#t = t;
      t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
      const run: RunStep = async (signal, isDemanded) => {
        this.begins.push(this.nowMs);
        this.demands.push(isDemanded);
        assert.equal(++this.running, 1, 'cycles overlap');
        await new Promise((resolve) => setTimeout(resolve, 100));
        this.running--;
        signal.throwIfAborted();
        return passed;
      };
      this.loop = new Loop({
        stages: [[{ name: 'start', run, boundMs: 1000 }]],
        periodReadyMs: periodMs,
        periodNotReadyMs: periodMs,
        staleLimitMs: undefined,
        now: () => this.nowMs,
        onBegin: () => {},
        onEnd: () => {},
        onAlive: () => {},
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

    /** Asks, and notes when the verdict of the answer was published, or what was thrown. */
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

  test('makes steps look again whatever they remember; a cycle that nobody asked for does not', async (t) => {
    const simulated = new Simulated(t, 5000);
    await simulated.pass(200);
    simulated.check();
    await simulated.pass(5000);
    await simulated.pass(5000);
    assert.deepEqual(simulated.demands, [false, true, false]);
  });

  test('between cycles brings the next cycle forward, but waits nine times as long as the last one took', async (t) => {
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

  test('during a cycle waits for the next, which comes as soon as it may', async (t) => {
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

  test('between cycles replaces the cycle that was due, which does not run as well', async (t) => {
    const simulated = new Simulated(t, 5000);
    await simulated.pass(200);
    simulated.check();
    await simulated.pass(11_500);
    assert.deepEqual(simulated.begins, [0, 1000, 6100, 11_200]);
  });

  test('during a later cycle starts none beside it', async (t) => {
    const simulated = new Simulated(t, 2000);
    await simulated.pass(2150);
    assert.equal(simulated.running, 1);
    assert.equal(simulated.loop.nextInMs(), 0);
    const check = simulated.check();
    await simulated.pass(2000);
    assert.deepEqual(simulated.begins, [0, 2100, 3100]);
    assert.equal(check.came, 3200);
  });

  test('asked for again and again does not put off its cycle', async (t) => {
    const simulated = new Simulated(t, 60_000);
    await simulated.pass(20_000);
    const { mock } = t.mock.method(globalThis, 'setTimeout');
    for (let i = 0; i < 100; i++) simulated.check();
    // A timer that each caller set again would never fire.
    assert.equal(mock.callCount(), 1);
    await simulated.pass(10);
    assert.equal(simulated.running, 1);
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
    for (const { came } of [served, queued, late]) assert.deepEqual(came, new StoppedError('readinessd is stopping'));
    assert.deepEqual(simulated.begins, [0, 600]);
    assert.deepEqual(simulated.published, [100]);
  });

  test('is refused when the loop stops between cycles, and nothing runs any more', async (t) => {
    const simulated = new Simulated(t, 500);
    await simulated.pass(150);
    const waiting = simulated.check();
    await simulated.loop.stop();
    await simulated.pass(5000);
    assert.deepEqual(waiting.came, new StoppedError('readinessd is stopping'));
    assert.deepEqual(simulated.begins, [0]);
  });
});
