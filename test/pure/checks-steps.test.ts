import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { laneEnds } from '../../daemon/process/lanes.ts';
import type { Check } from '../../daemon/steps/checks/check.ts';
import { createChecks } from '../../daemon/steps/checks/checks.ts';
import type { CheckContext } from '../../daemon/steps/checks/kind.ts';
import type { RunStep, StepResult } from '../../daemon/steps/step.ts';
import { checkFailed } from '../support/steps.ts';

const { signal } = new AbortController();
const shared = { runner: (job) => job(''), environment: {}, checkSafety: false } as CheckContext;

const passed: StepResult = { outcome: 'passed', message: 'good', tookMs: 5000 };

function check(run: RunStep | ((context: CheckContext) => RunStep), more: Partial<Check> = {}): Check {
  const create = (context: CheckContext) => (run.length === 1 ? (run as (context: CheckContext) => RunStep)(context) : (run as RunStep));
  const body = { display: '', create };
  return { name: 'a', kind: 'exec', body, place: '', isOn: true, timeoutMs: 1000, periodMs: 0, exitCode: undefined, ...more };
}

function stepOf(one: Check, now = () => 0, startRun = () => '') {
  const [step] = createChecks([one], shared, now, startRun).steps;
  assert.ok(step !== undefined);
  return step;
}

suite('a declared check with a period', () => {
  function counted() {
    const state = { nowMs: 0, runs: 0, result: passed as StepResult, startRun: 'first' };
    const run: RunStep = async () => {
      state.runs++;
      // The look itself takes time.
      state.nowMs += 10;
      return state.result;
    };
    return {
      state,
      step: stepOf(
        check(run, { periodMs: 1000 }),
        () => state.nowMs,
        () => state.startRun,
      ),
    };
  }

  test('keeps its result while that is good, with the age of its look, and runs nothing meanwhile', async () => {
    const { state, step } = counted();
    assert.deepEqual(await step.run(signal), passed);
    for (const nowMs of [10, 500, 999]) {
      state.nowMs = nowMs;
      assert.deepEqual(await step.run(signal), { outcome: 'passed', message: 'good', detail: undefined, asOfMs: 0 });
    }
    assert.equal(state.runs, 1);
    state.nowMs = 1000;
    assert.deepEqual(await step.run(signal), passed);
    assert.equal(state.runs, 2);
  });

  test('does not keep its result once start.sh has run again', async () => {
    const { state, step } = counted();
    await step.run(signal);
    state.startRun = 'second';
    state.result = checkFailed;
    assert.equal((await step.run(signal)).outcome, 'failed');
    state.result = passed;
    await step.run(signal);
    await step.run(signal);
    assert.equal(state.runs, 3);
  });

  test('is looked at each time while it fails', async () => {
    const { state, step } = counted();
    state.result = checkFailed;
    for (let run = 1; run <= 3; run++) {
      assert.equal((await step.run(signal)).outcome, 'failed');
      assert.equal(state.runs, run);
    }
    state.result = passed;
    await step.run(signal);
    await step.run(signal);
    assert.equal(state.runs, 4);
  });

  test('is looked at when somebody waits for it, and the new result counts', async () => {
    const { state, step } = counted();
    await step.run(signal);
    state.result = checkFailed;
    assert.equal((await step.run(signal, true)).outcome, 'failed');
    assert.equal((await step.run(signal)).outcome, 'failed');
    assert.equal(state.runs, 3);
  });

  test('has no good result left after it throws', async () => {
    let runs = 0;
    let nowMs = 0;
    const run: RunStep = async () => {
      if (++runs === 2) throw new Error('bug');
      return passed;
    };
    const step = stepOf(check(run, { periodMs: 1000 }), () => nowMs);
    await step.run(signal);
    nowMs = 2000;
    await assert.rejects(step.run(signal));
    nowMs = 100;
    await step.run(signal);
    assert.equal(runs, 3);
  });
});

suite('the failure of a declared check', () => {
  const finding = { kind: 'command-not-there', path: '/check' } as const;

  for (const [kind, exitCode, code, reason] of [
    ['exec', undefined, 117, 'CheckFailed'],
    ['http', undefined, 117, 'CheckFailed'],
    ['tcp', 3, 3, 'CheckFailed'],
    ['programs', undefined, 116, 'ProgramNotRunning'],
    ['programs', 99, 99, 'CheckFailed'],
  ] as const) {
    test(`of kind ${kind}${exitCode === undefined ? '' : ` with ${exitCode}`} is ${code} ${reason}`, async () => {
      const failing =
        (context: CheckContext): RunStep =>
        async () =>
          context.fail(finding, { detail: 'output' });
      const result = await stepOf(check(failing, { kind, exitCode })).run(signal);
      assert.deepEqual(result, { outcome: 'failed', code, reason, finding, message: 'check "a": /check is not there', detail: 'output' });
    });
  }

  test('is no failure when the check is switched off, which takes no time', async () => {
    const step = stepOf(check(async () => assert.fail('looked at'), { isOn: false }));
    assert.deepEqual(await step.run(signal), { outcome: 'skipped', message: 'switched off by when' });
    assert.equal(step.boundMs, 0);
  });
});

suite('the bounds of declared checks', () => {
  test('add up in two lanes for commands, and do not add up for the others', () => {
    const of = (kind: string, timeoutMs: number, isOn = true) => check(async () => passed, { kind, timeoutMs, isOn });
    const checks = [of('exec', 1000), of('http', 3000), of('exec', 5000), of('exec', 10_000, false), of('exec', 1000), of('tcp', 100)];
    const { steps } = createChecks(
      checks,
      shared,
      () => 0,
      () => '',
    );
    assert.deepEqual(
      steps.map(({ boundMs }) => boundMs),
      [2200, 3100, 6200, 0, 4400, 200],
    );
    assert.deepEqual(
      steps.map(({ worstMs }) => worstMs),
      [4400, 3100, 12_400, undefined, 8800, 200],
    );
    assert.deepEqual(
      steps.map(({ restFactor }) => restFactor),
      [9, undefined, 9, undefined, 9, undefined],
    );
  });

  test('say when each job has ended at the latest', () => {
    assert.deepEqual(laneEnds([]), []);
    assert.deepEqual(laneEnds([5, 1, 1, 1, 7]), [5, 1, 2, 3, 10]);
  });
});
