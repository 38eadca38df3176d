import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { Loop } from '../../daemon/loop.ts';
import { failed, type StepResult } from '../../daemon/steps/step.ts';
import { createVerdictCache } from '../../daemon/verdict/verdict-cache.ts';
import { hookFailed, passed, programFailed } from '../support/steps.ts';

const isRunning = failed('StartNotFinished', { kind: 'start-running', program: 'start', isByCommand: false, hasRun: false });
const hasFailed = failed('StartFailed', { kind: 'start-failed', program: 'start', code: 3 });
const inState = (state: string) => programFailed({ kind: 'program-in-state', program: 'web', state });
const goodStart: StepResult = { outcome: 'passed', message: 'start.sh exited with code 0' };

suite('loop, when events tell of something', () => {
  /**
   * A loop on a simulated clock. start takes 10 ms, and the hook as long as the test says. It notes all that
   * was shown, in order.
   */
  class Simulated {
    nowMs = 0;
    start: StepResult = goodStart;
    hook: StepResult = passed;
    hookMs = 100;
    starts = 0;
    readonly hookBegins: number[] = [];
    readonly shown: string[] = [];
    readonly cache = createVerdictCache(() => this.nowMs);
    readonly loop;
    isCurrent = false;
    programs: StepResult = passed;
    readonly #t: TestContext;

    constructor(t: TestContext) {
      this.#t = t;
      t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
      const start = async () => {
        this.starts++;
        await wait(10);
        return this.start;
      };
      const hook = async () => {
        this.hookBegins.push(this.nowMs);
        await wait(this.hookMs);
        return this.hook;
      };
      this.loop = new Loop({
        stages: [
          [{ name: 'start', run: start, boundMs: 2000, lookAgain: true, isCurrent: () => this.isCurrent }],
          [
            { name: 'hook', run: hook, boundMs: 10_000, restFactor: 9 },
            {
              name: 'programs',
              run: async () => this.programs,
              boundMs: 0,
              lookAgain: true,
              notYet: (found) => programFailed({ kind: 'programs-hook-rests', found }),
            },
          ],
        ],
        periodReadyMs: 10_000,
        periodNotReadyMs: 1000,
        staleLimitMs: undefined,
        now: () => this.nowMs,
        onBegin: this.cache.begin,
        onAlive: this.cache.alive,
        onEnd: this.cache.end,
        onCycle: (cycle) => {
          this.cache.publish(cycle);
          this.shown.push(`${cycle.verdict.code} ${cycle.verdict.message}`);
        },
        onBug: assert.fail,
      });
    }

    get code(): number {
      return this.cache.read().verdict.code;
    }

    async pass(ms: number): Promise<void> {
      for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
        this.nowMs += 10;
        this.#t.mock.timers.tick(10);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    /** start.sh runs again, and an event says so. */
    startAgain(): void {
      this.start = isRunning;
      this.loop.worsen('start', isRunning);
      this.loop.look();
    }

    endStart(result: StepResult): void {
      this.start = result;
      this.loop.look();
    }
  }

  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  test('does not put the next cycle off, however many reasons to look come', async (t) => {
    const simulated = new Simulated(t);
    simulated.start = hasFailed;
    await simulated.pass(200);
    let answers = 0;
    const ask = async () => {
      await simulated.loop.check();
      answers++;
      void ask().catch(() => {});
    };
    void ask().catch(() => {});
    for (let looks = 0; looks < 10; looks++) {
      simulated.loop.look();
      await simulated.pass(570);
    }
    await simulated.loop.stop();
    // A cycle takes 10 ms, and then callers wait nine times as long.
    assert.ok(answers > 50, `${answers}`);
  });

  test('shows a failure in the same turn, and its end at once', async (t) => {
    const simulated = new Simulated(t);
    await simulated.pass(5000);
    assert.deepEqual([simulated.code, simulated.shown], [0, ['0 start passed, hook passed, programs passed']]);
    simulated.startAgain();
    assert.equal(simulated.code, 2);
    await simulated.pass(3000);
    assert.equal(simulated.code, 2);
    simulated.endStart(hasFailed);
    await simulated.pass(10);
    assert.equal(simulated.code, 112);
    simulated.endStart(goodStart);
    await simulated.pass(10 + 10 + 100 + 30);
    assert.equal(simulated.code, 0);
    assert.equal(simulated.hookBegins.length, 2);
  });

  test('does not show the result of a cycle that began before the event, but runs one again at once', async (t) => {
    const simulated = new Simulated(t);
    simulated.hookMs = 2000;
    await simulated.pass(500);
    assert.equal(simulated.code, 104);
    simulated.startAgain();
    assert.equal(simulated.code, 2);
    await simulated.pass(200);
    simulated.endStart(goodStart);
    await simulated.pass(1290);
    // The running hook passes, but it began too early.
    await simulated.pass(100);
    assert.deepEqual([simulated.code, new Set(simulated.shown).size], [2, 1 + 1], simulated.shown.join());
    assert.match(
      simulated.shown.at(-1) ?? '',
      /^2 start.sh exited with code 0; the hook waits after a long run, and has not run again since$/,
    );
    // Nine times two seconds later.
    await simulated.pass(17_900);
    assert.deepEqual([simulated.code, simulated.hookBegins.length], [2, 1]);
    await simulated.pass(200 + 2000);
    assert.deepEqual([simulated.code, simulated.hookBegins.length], [0, 2]);
  });

  test('shows what is wrong with start.sh while a hook runs, and is not stale because of it', async (t) => {
    const simulated = new Simulated(t);
    await simulated.pass(200);
    simulated.hookMs = 9000;
    await simulated.pass(11_000);
    assert.equal(simulated.hookBegins.length, 2);
    simulated.start = hasFailed;
    simulated.loop.look();
    await simulated.pass(20);
    assert.equal(simulated.code, 112);
    for (let i = 0; i < 12; i++) {
      await simulated.pass(1000);
      assert.equal(simulated.code, 112);
    }
  });

  test('keeps looking at start.sh while the hook waits, and shows what it finds', async (t) => {
    const simulated = new Simulated(t);
    simulated.hookMs = 3000;
    await simulated.pass(3100);
    assert.equal(simulated.code, 0);
    simulated.startAgain();
    await simulated.pass(1000);
    const { starts } = simulated;
    // No event tells of it.
    simulated.start = hasFailed;
    await simulated.pass(1200);
    assert.equal(simulated.code, 112);
    await simulated.pass(5000);
    assert.ok(simulated.starts >= starts + 5, String(simulated.starts));
    assert.equal(simulated.hookBegins.length, 1);
    assert.equal(simulated.code, 112);
  });

  test('changes nothing when a look finds no change, and brings the next cycle forward for nobody', async (t) => {
    const simulated = new Simulated(t);
    await simulated.pass(3000);
    const next = simulated.loop.nextInMs();
    simulated.loop.look();
    await simulated.pass(1000);
    assert.deepEqual([simulated.code, simulated.shown.length, simulated.loop.nextInMs()], [0, 1, next - 1000]);
  });

  test('does not count a cycle that began before the event, even when its result is the same and the look comes late', async (t) => {
    const simulated = new Simulated(t);
    simulated.start = isRunning;
    await simulated.pass(1500);
    simulated.hookMs = 2000;
    simulated.start = goodStart;
    simulated.loop.look();
    await simulated.pass(200);
    assert.deepEqual([simulated.code, simulated.hookBegins.length], [2, 1]);
    // start.sh runs again, and ends well before anybody has looked.
    simulated.loop.worsen('start', isRunning);
    await simulated.pass(1900);
    assert.deepEqual([simulated.code, simulated.hookBegins.length], [2, 1]);
    await simulated.pass(18_000 + 2100);
    assert.deepEqual([simulated.code, simulated.hookBegins.length], [0, 2]);
  });

  test('does not replace a failure that is known in more detail', async (t) => {
    const simulated = new Simulated(t);
    simulated.start = hasFailed;
    await simulated.pass(500);
    simulated.loop.worsen('start', isRunning);
    assert.equal(simulated.code, 112);
    simulated.hook = hookFailed(17);
    simulated.endStart(goodStart);
    await simulated.pass(500);
    assert.equal(simulated.code, 17);
    simulated.loop.worsen('start', isRunning);
    assert.equal(simulated.code, 2);
  });

  test('leaves out the second look at start.sh only when nothing can have changed', async (t) => {
    for (const isCurrent of [true, false]) {
      const simulated = new Simulated(t);
      simulated.isCurrent = isCurrent;
      await simulated.pass(500);
      assert.equal(simulated.starts, isCurrent ? 1 : 2);
      assert.equal(simulated.code, 0);
      await simulated.loop.stop();
      t.mock.timers.reset();
    }
  });

  test('shows a crashed program in the same turn, beside what else the latest cycle found', async (t) => {
    const simulated = new Simulated(t);
    await simulated.pass(5000);
    assert.equal(simulated.code, 0);
    simulated.programs = inState('BACKOFF');
    simulated.loop.worsen('programs', inState('EXITED'));
    assert.equal(simulated.code, 116);
    assert.deepEqual(
      simulated.cache.read().newest?.steps.map(({ name, result }) => [name, result.outcome]),
      [
        ['start', 'passed'],
        ['hook', 'passed'],
        ['programs', 'failed'],
      ],
    );
    simulated.loop.look();
    await simulated.pass(30);
    assert.equal(simulated.shown.at(-1), '116 program "web" is BACKOFF');
    simulated.programs = passed;
    simulated.loop.look();
    await simulated.pass(300);
    assert.equal(simulated.code, 0);
  });

  test("keeps the hook's place in the order of the verdict, however often a program crashes", async (t) => {
    const simulated = new Simulated(t);
    simulated.hook = hookFailed(17);
    simulated.programs = programFailed({ kind: 'program-restarts', program: 'web' });
    await simulated.pass(500);
    const { length } = simulated.shown;
    for (let crashes = 0; crashes < 100; crashes++) {
      simulated.loop.worsen('programs', inState('EXITED'));
      simulated.loop.look();
      await simulated.pass(70);
    }
    assert.deepEqual([...new Set(simulated.shown)], ['17 hook exited with code 17; 1 more check fails']);
    // The program's own cycles go on.
    assert.ok(simulated.shown.length > length);
  });

  test('says only that start.sh runs again, whatever else has failed', async (t) => {
    const simulated = new Simulated(t);
    simulated.programs = inState('STOPPED');
    await simulated.pass(500);
    assert.equal(simulated.shown.at(-1), '116 program "web" is STOPPED');
    simulated.startAgain();
    assert.equal(simulated.shown.at(-1), '2 start.sh (program "start") is running');
    simulated.loop.worsen('programs', inState('EXITED'));
    assert.equal(simulated.shown.at(-1), '2 start.sh (program "start") is running');
  });

  test('does not count a cycle in which a program crashed, although it was looked at before', async (t) => {
    const simulated = new Simulated(t);
    simulated.hookMs = 2000;
    await simulated.pass(500);
    simulated.loop.worsen('programs', inState('EXITED'));
    await simulated.pass(2500);
    assert.deepEqual(
      simulated.shown.filter((line) => line.startsWith('0 ')),
      [],
    );
  });

  test('keeps a program that is good again not ready while a slow hook waits, in its own words', async (t) => {
    const simulated = new Simulated(t);
    simulated.hookMs = 2000;
    await simulated.pass(2500);
    assert.equal(simulated.code, 0);
    simulated.programs = inState('EXITED');
    simulated.loop.worsen('programs', simulated.programs);
    simulated.programs = { outcome: 'passed', message: 'web: RUNNING' };
    simulated.loop.look();
    await simulated.pass(100);
    assert.match(simulated.shown.at(-1) ?? '', /^116 web: RUNNING; the hook waits after a long run, and has not run again since$/);
    await simulated.pass(18_000 + 2500);
    assert.equal(simulated.code, 0);
  });

  test('shows nothing more once it is stopped', async (t) => {
    const simulated = new Simulated(t);
    await simulated.pass(500);
    simulated.start = hasFailed;
    simulated.loop.look();
    const stopped = simulated.loop.stop();
    simulated.loop.worsen('start', isRunning);
    await simulated.pass(100);
    await stopped;
    simulated.loop.look();
    await simulated.pass(2000);
    assert.deepEqual([simulated.code, simulated.shown.length], [0, 1]);
  });

  test('answers those who wait for a cycle that no longer counts', async (t) => {
    const simulated = new Simulated(t);
    await simulated.pass(5000);
    let isAnswered = false;
    void simulated.loop.check().then(() => {
      isAnswered = true;
    });
    await simulated.pass(50);
    assert.equal(simulated.hookBegins.length, 2);
    simulated.startAgain();
    await simulated.pass(2000);
    assert.deepEqual([isAnswered, simulated.code], [true, 2]);
  });
});
