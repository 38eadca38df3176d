import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { judgeStart, judgeUnsettled } from '../../daemon/steps/start/judge.ts';
import type { StartPrograms } from '../../daemon/steps/start/start-programs.ts';
import type { StepResult } from '../../daemon/steps/step.ts';
import type { ProcessInfo } from '../../daemon/supervisor/client.ts';
import { configured, live, running } from '../support/fake-supervisor.ts';

suite('verdict on start', () => {
  const none: StartPrograms = { live: [], notLive: [], unknown: [], missing: [] };
  const judge = (...processes: ProcessInfo[]) => judgeStart({ ...none, live: processes.map((process) => ({ ...process, by: 'name' })) });
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
    test(expected, () => assert.equal(say(judge(process)), expected));
  }

  test('names the setting when only its command makes a running program a start.sh', () => {
    const process = live('web', { state: running });
    for (const [by, expected] of [
      ['command', /^2 StartNotFinished start\.sh \(program "web"\) is running \(.*READINESSD_START_PROGRAMS\)$/],
      ['name', /^2 StartNotFinished start\.sh \(program "web"\) is running$/],
      ['setting', /^2 StartNotFinished start\.sh \(program "web"\) is running$/],
    ] as const)
      assert.match(say(judgeStart({ ...none, live: [{ ...process, by }] })), expected);
  });

  test('says why a start program is not live', () => {
    for (const [why, expected] of [
      ['not loaded', /^2 StartNotFinished start\.sh \(program "x:init"\) is configured but not loaded: "supervisorctl update" loads it$/],
      [
        'another is live',
        /^2 StartNotFinished .*perhaps not loaded, .*: "supervisorctl update" loads it.*"supervisorctl restart readinessd"/,
      ],
      ['ambiguous', /^2 StartNotFinished .*shares its group and process name with another section/],
    ] as const)
      assert.match(say(judgeStart({ ...none, notLive: [{ ...configured('init', 'true'), group: 'x', why }] })), expected);
    assert.match(say(judgeStart({ ...none, missing: ['boot:*'] })), /^2 StartNotFinished READINESSD_START_PROGRAMS names boot:\*, /);
    assert.match(say(judgeStart({ ...none, unknown: [live('a')] })), /^114 StartUnknown program "a" is loaded, .*"supervisorctl update"/);
  });

  test('is skipped without start programs', () => {
    assert.equal(say(judgeStart(none)), 'skipped: supervisord has no start.sh program');
  });

  test('names all that have passed, or that may be run again', () => {
    assert.equal(say(judge(live('a'), live('b'))), 'passed: start.sh (program "a"), start.sh (program "b") exited with code 0');
    assert.equal(
      say(judgeUnsettled([live('a'), live('b')])),
      '2 StartNotFinished start.sh (program "a"), start.sh (program "b") exited with code 0: checking that supervisord does not restart them (autorestart=false)',
    );
  });

  test('names the first of several with the same problem', () => {
    assert.match(say(judge(live('a', { state: running }), live('b', { state: running }))), /program "a"/);
  });

  test('names startsecs=0 when a success may have counted as a failed start', () => {
    const words = 'Exited too quickly (process log may have details)';
    for (const state of [30, 200])
      assert.match(say(judge(live('a', { state, spawnerr: words }))), /quickly \(.*\); exit code not known; .* needs startsecs=0$/);
    assert.doesNotMatch(say(judge(live('a', { state: 200, spawnerr: `unknown error. ${words}` }))), /startsecs/);
  });

  test('is the worst of all programs', () => {
    const worstFirst = [
      live('a', { state: 200 }),
      live('b', { exitstatus: 1 }),
      live('c', { state: 1000 }),
      live('d', { state: 0 }),
      live('e', { state: running }),
      live('f'),
    ];
    const codes = worstFirst
      .map((_, index) => judge(...worstFirst.slice(index).reverse()))
      .map((result) => (result.outcome === 'failed' ? result.code : 0));
    assert.deepEqual(codes, [113, 112, 114, 115, 2, 0]);
  });
});
