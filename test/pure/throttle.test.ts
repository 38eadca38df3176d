import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { throttle } from '../../daemon/rate/throttle.ts';

suite('throttle', () => {
  /** Allows three at once, then two a second. It notes when each run began. Each run takes this long. */
  function simulate(t: TestContext, tookMs: number) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let nowMs = 0;
    let running = 0;
    const begins: number[] = [];
    const action = async () => {
      begins.push(nowMs);
      assert.equal(++running, 1, 'runs overlap');
      await new Promise<void>((resolve) => setTimeout(resolve, tookMs));
      running--;
    };
    const throttled = throttle(action, { burst: 3, perSecond: 2, now: () => nowMs });
    return {
      ...throttled,
      begins,
      async pass(ms: number) {
        for (const untilMs = nowMs + ms; nowMs < untilMs; ) {
          nowMs += 10;
          t.mock.timers.tick(10);
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    };
  }

  test('runs at once, and once more for requests that came meanwhile', async (t) => {
    const { ask, begins, pass } = simulate(t, 100);
    ask();
    assert.deepEqual(begins, [0]);
    ask();
    ask();
    await pass(1000);
    assert.deepEqual(begins, [0, 100]);
    ask();
    assert.deepEqual(begins, [0, 100, 1000]);
  });

  test('runs only so often, however often it is asked, and never forgets a request', async (t) => {
    const { ask, begins, pass } = simulate(t, 10);
    for (let i = 0; i < 1000; i++) {
      ask();
      await pass(10);
    }
    // Three at once, and two in each of ten seconds.
    assert.ok(begins.length >= 20 && begins.length <= 24, String(begins.length));
    const last = begins.length;
    ask();
    await pass(2000);
    assert.equal(begins.length, last + 1);
    await pass(10_000);
    assert.equal(begins.length, last + 1);
    for (let i = 0; i < 10; i++) {
      ask();
      await pass(20);
    }
    assert.equal(begins.length, last + 4);
  });

  test('runs no more once stopped, and waits for the running one', async (t) => {
    const { ask, stop, begins, pass } = simulate(t, 100);
    ask();
    ask();
    let isStopped = false;
    void stop().then(() => {
      isStopped = true;
    });
    await pass(90);
    assert.equal(isStopped, false);
    await pass(10);
    assert.equal(isStopped, true);
    ask();
    await pass(5000);
    assert.deepEqual(begins, [0]);
  });
});
