import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { judgeStart } from '../../daemon/steps/start/judge.ts';
import type { StepResult } from '../../daemon/steps/step.ts';
import { live, running } from '../support/fake-supervisor.ts';

suite('verdict on start', () => {
  const none = { taken: [], notLoaded: [], unknown: [] };
  const say = (result: StepResult) =>
    result.outcome === 'failed' ? `${result.code} ${result.reason} ${result.message}` : `${result.outcome}: ${result.message}`;

  for (const [process, expected] of [
    [live('start'), 'passed: start.sh (program "start") exited with code 0'],
    [live('start', { exitstatus: 3 }), '112 StartFailed start.sh (program "start") exited with code 3'],
    [live('start', { exitstatus: -1 }), '112 StartFailed start.sh (program "start") was killed by a signal'],
    [live('start', { state: 0, start: 0 }), '2 StartNotFinished start.sh (program "start") has not been started'],
    [live('start', { state: 0 }), '115 StartStopped start.sh (program "start") was stopped: "supervisorctl start start" runs it again'],
    [live('start', { state: 10 }), '2 StartNotFinished start.sh (program "start") is running'],
    [live('start', { state: 20, group: 'x' }), '2 StartNotFinished start.sh (program "x:start") is running'],
    [live('start', { state: 40 }), '2 StartNotFinished start.sh (program "start") is being stopped'],
    [live('start', { state: 1000 }), '114 StartUnknown start.sh (program "start") is in state 1000, which says nothing about its success'],
    [live('start', { state: 7 }), '114 StartUnknown start.sh (program "start") is in state 7, which says nothing about its success'],
    [live('start', { state: 30, spawnerr: '' }), '2 StartNotFinished start.sh (program "start") is in BACKOFF: no reason given'],
    [
      live('start', { state: 200, spawnerr: "can't find command '/x'" }),
      "113 StartFatal start.sh (program \"start\") is FATAL: can't find command '/x'",
    ],
  ] as const) {
    test(expected, () => assert.equal(say(judgeStart({ ...none, taken: [process] })), expected));
  }

  test('is skipped without start programs', () => {
    assert.equal(judgeStart(none).outcome, 'skipped');
  });

  test('is that of the worst', () => {
    const worstFirst = [
      live('a', { state: 200 }),
      live('b', { exitstatus: 1 }),
      live('c', { state: 1000 }),
      live('d', { state: 0 }),
      live('e', { state: running }),
      live('f'),
    ];
    const codes = worstFirst
      .map((_, index) => judgeStart({ ...none, taken: worstFirst.slice(index).reverse() }))
      .map((result) => (result.outcome === 'failed' ? result.code : 0));
    assert.deepEqual(codes, [113, 112, 114, 115, 2, 0]);
  });
});
