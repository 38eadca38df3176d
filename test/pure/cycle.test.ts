import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { cycleBounds, isNothingChecked, runCycle } from '../../daemon/cycle.ts';
import { failed as fail, type RunStep, type Stage, type Step, type StepResult } from '../../daemon/steps/step.ts';
import { inTurn, passed, step } from '../support/steps.ts';

const skipped: StepResult = { outcome: 'skipped', message: 'nothing to check' };
const failed = fail('StartFailed', { kind: 'start-killed', program: 'start' }, 'why');

/** A good result from an earlier cycle. */
function standing(asOfMs: number): StepResult {
  return { outcome: 'passed', message: 'good', asOfMs };
}

function cycleOfStages(stages: Stage[]) {
  let nowMs = 0;
  return runCycle(stages, new AbortController().signal, () => nowMs++, assert.fail);
}

function cycleOf(steps: Step[], onBug: (error: unknown) => void = () => {}) {
  let nowMs = 0;
  return runCycle(inTurn(steps), new AbortController().signal, () => nowMs++, onBug);
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
    const message = 'start.sh (program "start") was killed by a signal';
    const finding = { kind: 'start-killed', program: 'start' };
    assert.deepEqual(verdict, { code: 112, reason: 'StartFailed', message, finding, detail: 'why' });
    assert.equal(steps.length, 1);
  });

  test('looks again before it says ready if a later step has run', async () => {
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

  test('does not look again if no later step has run, or one has failed', async () => {
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

  test('looks again also at a step between two that take their time', async () => {
    const runs: string[] = [];
    const again = { lookAgain: true };
    await cycleOf([step('hook', [passed], runs), step('peers', [passed, passed], runs, again), step('disk', [passed], runs)]);
    assert.deepEqual(runs, ['hook', 'peers', 'disk', 'peers']);
  });

  test('takes the time that a step says it took, which may have waited for its turn', async () => {
    const { steps } = await cycleOf([step('queued', [{ ...passed, tookMs: 1234 }])]);
    assert.deepEqual(
      steps.map(({ durationMs }) => durationMs),
      [1234],
    );
  });

  test('is demanded only when somebody waits for it', async () => {
    const asked: (boolean | undefined)[] = [];
    const run: RunStep = async (_signal, isDemanded) => {
      asked.push(isDemanded);
      return passed;
    };
    const stages: Stage[] = [[{ name: 'start', boundMs: 1, run }]];
    const { signal } = new AbortController();
    await runCycle(stages, signal, () => 0, assert.fail);
    await runCycle(stages, signal, () => 0, assert.fail, true);
    assert.deepEqual(asked, [false, true]);
  });

  test('looks again only at steps that ask for it', async () => {
    const runs: string[] = [];
    const { verdict } = await cycleOf([
      step('start', [passed], runs, { lookAgain: true }),
      step('disk', [passed, failed], runs),
      step('peers', [passed, failed], runs, { lookAgain: false }),
      step('hook', [passed], runs),
    ]);
    assert.deepEqual(runs, ['start', 'disk', 'peers', 'hook', 'start']);
    assert.equal(verdict.code, 0);
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

  test('takes as long as its steps, and is as old as the start of the first', async () => {
    let nowMs = 1000;
    const run: RunStep = async () => {
      nowMs += 100;
      return passed;
    };
    const steps = ['start', 'hook'].map((name) => ({ name, run, boundMs: 1, lookAgain: name === 'start' }));
    const cycle = await runCycle(inTurn(steps), new AbortController().signal, () => nowMs, assert.fail);
    assert.deepEqual([cycle.startedAtMs, cycle.endedAtMs], [1000, 1300]);
    assert.deepEqual(
      cycle.steps.map(({ startedAtMs, durationMs }) => [startedAtMs, durationMs]),
      [
        [1000, 100],
        [1100, 100],
      ],
    );
  });

  test('does not report a bug when a step throws because it was cancelled', async () => {
    const cancel = new AbortController();
    const run: RunStep = async (signal) => {
      cancel.abort();
      return signal.throwIfAborted() ?? passed;
    };
    const { verdict } = await runCycle([[{ name: 'start', run, boundMs: 1 }]], cancel.signal, () => 0, assert.fail);
    assert.equal(verdict.code, 105);
  });

  test('says 105 when a step throws, at once or later, and passes the error on', async () => {
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

  test('runs the steps of a stage at the same time, and reports them in their order', async () => {
    const events: string[] = [];
    const slow = (name: string, turns: number): Step => ({
      name,
      boundMs: 1,
      run: async () => {
        events.push(`${name} begins`);
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        events.push(`${name} ends`);
        return passed;
      },
    });
    const { steps } = await cycleOfStages([[slow('start', 1)], [slow('hook', 20), slow('api', 1)]]);
    assert.deepEqual(events, ['start begins', 'start ends', 'hook begins', 'api begins', 'api ends', 'hook ends']);
    assert.deepEqual(
      steps.map(({ name }) => name),
      ['start', 'hook', 'api'],
    );
  });

  test('reports the first failure in the order of the steps, and how many more there are', async () => {
    const bad = (path: string) => fail('CheckFailed', { kind: 'command-not-there', path });
    for (const [results, message] of [
      [[bad('/a')], '/a is not there'],
      [[passed, bad('/b')], '/b is not there'],
      [[bad('/a'), passed, bad('/c')], '/a is not there; 1 more check fails'],
      [[bad('/a'), bad('/b'), bad('/c')], '/a is not there; 2 more checks fail'],
    ] as const) {
      const { verdict } = await cycleOfStages([[step('start', [passed])], results.map((result, index) => step(`${index}`, [result]))]);
      assert.equal(verdict.message, message);
    }
  });

  test('looks again at steps beside one that took time, but not at results that it kept from before', async () => {
    const again = { lookAgain: true };
    for (const [hook, expected] of [
      [passed, ['start', 'programs', 'hook', 'start', 'programs']],
      [skipped, ['start', 'programs', 'hook']],
      [standing(1), ['start', 'programs', 'hook']],
    ] as const) {
      const runs: string[] = [];
      const stages = [[step('start', [passed], runs, again)], [step('programs', [passed], runs, again), step('hook', [hook], runs)]];
      assert.equal((await cycleOfStages(stages)).verdict.code, 0);
      assert.deepEqual(runs, expected);
    }
    const stages = [[step('start', [passed], [], again)], [step('hook', [passed]), step('programs', [passed, failed], [], again)]];
    assert.equal((await cycleOfStages(stages)).verdict.code, 112);
  });

  test('is as old as its oldest result', async () => {
    const { steps, startedAtMs } = await cycleOfStages([[step('api', [standing(-500)])]]);
    assert.deepEqual([startedAtMs, steps[0]?.startedAtMs], [0, -500]);
  });

  test('says so when there is nothing to check', async () => {
    const { verdict, steps } = await cycleOfStages([[step('start', [skipped])], [step('hook', [skipped]), step('api', [skipped])]]);
    assert.match(`${verdict.code} ${verdict.reason} ${verdict.message}`, /^0 Ready nothing to check: /);
    assert.equal(isNothingChecked(steps), true);
  });

  test('takes as long as the longest step of a stage', () => {
    const stages = [
      [step('start', [], [], { lookAgain: true })],
      [step('hook', [], [], { boundMs: 5000 }), step('api', [], [], { boundMs: 3000 })],
    ];
    assert.deepEqual(cycleBounds(stages), { usualMs: 6000, worstMs: 7000 });
    assert.deepEqual(cycleBounds([[]]), { usualMs: 0, worstMs: 0 });
  });

  test('has a bound that adds up its steps, and counts those that are looked at again twice', () => {
    const steps = [step('start', [], [], { lookAgain: true, worstMs: 4000 }), step('hook', [], [], { boundMs: 5000 })];
    assert.deepEqual(cycleBounds(inTurn(steps)), { usualMs: 6000, worstMs: 13_000 });
  });
});
