import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Hour } from '../../daemon/activity/hour.ts';
import { noteRunning } from '../../daemon/activity/running.ts';
import { seenPrograms } from '../../daemon/supervisor/seen.ts';
import { processState as state } from '../../daemon/supervisor/states.ts';
import { hourLines, runningText, startLines } from '../../shared/activity-text.ts';
import type { Status } from '../../shared/api.ts';
import { plain, statusLines, textOf } from '../../shared/status-text.ts';
import { live } from '../support/fake-supervisor.ts';
import { passed, step } from '../support/steps.ts';

const minute = 60_000;
const signal = new AbortController().signal;

suite('what runs now', () => {
  test('lists steps that have begun and not ended, with times and counts, even when two looks overlap', async () => {
    let nowMs = 1000;
    const ends: (() => void)[] = [];
    const slow = step('hook', [], [], { run: () => new Promise((resolve) => ends.push(() => resolve(passed))), boundMs: 11_000 });
    const { stages, running } = noteRunning([[step('start', [])], [slow, step('web', [])]], () => nowMs);
    const hook = stages[1]?.[0] ?? assert.fail();
    assert.deepEqual(running(), []);
    const first = hook.run(signal);
    nowMs += 3000;
    const second = hook.run(signal);
    assert.deepEqual(running(), [{ name: 'hook', forMs: 3000, boundMs: 11_000 }]);
    ends[1]?.();
    assert.equal(await second, passed);
    assert.equal(running()[0]?.forMs, 3000);
    ends[0]?.();
    await first;
    assert.deepEqual(running(), []);
  });

  test('does not change the step, and forgets one that throws', async () => {
    const error = new Error('a bug');
    const bad = step('bad', [], [], {
      run: () => {
        throw error;
      },
      lookAgain: true,
      restFactor: 9,
    });
    const { stages, running } = noteRunning([[bad]], () => 0);
    const { run, ...rest } = stages[0]?.[0] ?? assert.fail();
    assert.deepEqual({ ...rest, run: bad.run }, bad);
    await assert.rejects(run(signal, true), error);
    assert.deepEqual(running(), []);
  });

  test('passes on that somebody waits', async () => {
    const given: unknown[] = [];
    const { stages } = noteRunning(
      [
        [
          step('a', [], [], {
            run: async (...all) => {
              given.push(all);
              return passed;
            },
          }),
        ],
      ],
      () => 0,
    );
    await stages[0]?.[0]?.run(signal, true);
    assert.deepEqual(given, [[signal, true]]);
  });
});

suite('the last hour', () => {
  test('covers the time since the start while that is shorter', () => {
    const hour = new Hour(500);
    assert.deepEqual(hour.last(500, { cycles: 0, changes: 0 }), { overMs: 0, cycles: 0, changes: 0 });
    assert.deepEqual(hour.last(500 + 59 * minute, { cycles: 7, changes: 2 }), { overMs: 59 * minute, cycles: 7, changes: 2 });
  });

  test('contains what was counted in it, to the minute, however many hours there were', () => {
    const hour = new Hour(0);
    let cycles = 0;
    for (let atMs = 0; atMs < 200 * minute; atMs += 10_000) {
      hour.note(atMs, { cycles, changes: Math.floor(cycles / 10) });
      cycles++;
    }
    const { overMs, ...counted } = hour.last(200 * minute - 1, { cycles, changes: Math.floor(cycles / 10) });
    assert.equal(overMs, 61 * minute - 1);
    assert.deepEqual(counted, { cycles: 61 * 6, changes: 37 });
  });

  test('knows that nothing happened in a gap', () => {
    const hour = new Hour(0);
    hour.note(minute, { cycles: 5, changes: 1 });
    // Nothing was counted since, whoever asks first and however late.
    hour.note(90 * minute, { cycles: 5, changes: 1 });
    assert.deepEqual(hour.last(90 * minute + 1, { cycles: 6, changes: 1 }), { overMs: 60 * minute + 1, cycles: 1, changes: 0 });
    assert.deepEqual(hour.last(1000 * minute, { cycles: 6, changes: 1 }), { overMs: 60 * minute, cycles: 0, changes: 0 });
  });
});

suite("start.sh's programs as seen", () => {
  const seen = (more: object) =>
    seenPrograms({ processes: [live('start', { now: 1000, ...more })], configs: [], number: 1, answeredAtMs: 10_000 }, () => true, 12_000);

  test('are none before the first answer, and then those that run start.sh', () => {
    assert.deepEqual(
      seenPrograms(undefined, () => true, 0),
      [],
    );
    const processes = [live('start', {}), live('other', {})];
    const found = seenPrograms({ processes, configs: [], number: 1, answeredAtMs: 0 }, ({ name }) => name === 'start', 0);
    assert.deepEqual(
      found.map(({ program }) => program),
      ['start'],
    );
  });

  for (const [title, more, expected] of [
    ['since its start while it runs', { state: state.RUNNING, start: 760, stop: 100 }, ['RUNNING', 242_000]],
    ['since its end', { state: state.EXITED, start: 900, stop: 990 }, ['EXITED', 12_000]],
    ['not where it was never started', { state: state.STOPPED, start: 0, stop: 0 }, ['STOPPED', undefined]],
    ['not in BACKOFF', { state: state.BACKOFF, start: 990, stop: 991 }, ['BACKOFF', undefined]],
    ['not where the clock was set back', { state: state.RUNNING, start: 2000, stop: 0 }, ['RUNNING', undefined]],
    ['not of a state that nobody knows', { state: 77, start: 900, stop: 0 }, ['77', undefined]],
  ] as const) {
    test(`show durations by supervisord's clock: ${title}`, () => {
      assert.deepEqual(seen(more), [{ program: 'start', state: expected[0], forMs: expected[1], seenAgoMs: 2000 }]);
    });
  }
});

suite('what happens now, for people', () => {
  const status: Status = {
    ready: false,
    code: 2,
    reason: 'StartNotFinished',
    message: 'start.sh (program "start") is running',
    nextCycleInMs: 0,
    cycles: 3,
    steps: [],
    running: [{ name: 'hook', forMs: 3000, boundMs: 11_000 }],
    startPrograms: [{ program: 'start', state: 'RUNNING', forMs: 240_000, seenAgoMs: 100 }],
    lastHour: { overMs: 9000, cycles: 1, changes: 2 },
    settings: {},
    version: '1',
    pid: 1,
    uptimeMs: 9000,
    ageMs: 3000,
  };

  test('appears in the lines of a status', () => {
    const lines = statusLines(status, plain).map(textOf);
    assert.ok(lines.includes('start.sh (program "start") has been RUNNING for 4 min'));
    assert.ok(lines.includes('cycle 3 began 3.0 s ago; a cycle runs now: hook for 3.0 s of at most 11 s'));
    assert.ok(lines.includes('since its start 1 cycle, 2 changes of the verdict'));
  });

  test('may be missing when the daemon is older', () => {
    const { running, startPrograms, lastHour, ...older } = status;
    assert.ok(statusLines(older, plain).map(textOf).includes('cycle 3 began 3.0 s ago; a cycle runs now'));
  });

  test('names only a few steps, and only those that take longer than usual or have no bound', () => {
    const all = Array.from({ length: 5 }, (_, index) => ({ name: `c${index}`, forMs: 2000, boundMs: index * 1500 }));
    assert.equal(runningText(all), 'c0 for 2.0 s, c1 for 2.0 s, longer than the usual 1.5 s, c2 for 2.0 s of at most 3.0 s, and 2 more');
  });

  test('leaves out programs that have ended, and says what may have changed since it was seen', () => {
    const startPrograms = [
      { program: 'a', state: 'EXITED', forMs: 5, seenAgoMs: 9000 },
      { program: 'b', state: 'BACKOFF', seenAgoMs: 9000 },
    ];
    assert.deepEqual(startLines({ ...status, startPrograms }), ['start.sh (program "b") is BACKOFF, as seen 9.0 s ago']);
    const events = { state: 'flowing', received: 1 } as const;
    assert.deepEqual(startLines({ ...status, startPrograms, events }), ['start.sh (program "b") is BACKOFF']);
  });

  test('counts the last hour once the daemon has been up for one', () => {
    const lastHour = { overMs: 61 * minute - 1, cycles: 366, changes: 1 };
    assert.deepEqual(hourLines({ ...status, lastHour }), ['in the last hour 366 cycles, 1 change of the verdict']);
  });
});
