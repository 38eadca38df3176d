import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { judgeStart } from '../../../daemon/steps/start/judge.ts';
import { createStartStep, maxCallsPerLook } from '../../../daemon/steps/start/start.ts';
import type { StepResult } from '../../../daemon/steps/step.ts';
import type { ProcessConfig, ProcessInfo, SupervisorClient } from '../../../daemon/supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../../daemon/supervisor/errors.ts';
import { until } from '../../support/scratch.ts';

const running = 20;
const exited = 100;

function live(name: string, more: Partial<ProcessInfo> = {}): ProcessInfo {
  return { name, group: name, state: exited, pid: 0, start: 100, stop: 200, exitstatus: 0, spawnerr: '', now: 1000, ...more };
}

function configured(name: string, command: string | undefined, more: Partial<ProcessConfig> = {}): ProcessConfig {
  return { name, group: name, inuse: true, command, ...more };
}

/** A supervisord whose answers the test sets; it counts how often it is asked for the configuration. */
class Fake implements SupervisorClient {
  processes: ProcessInfo[] = [];
  configs: ProcessConfig[] = [];
  processReads = 0;
  configReads = 0;
  readonly signals = new Set<AbortSignal>();
  onProcessRead = () => {};
  onConfigRead = () => {};
  readonly look = createStartStep(this, () => performance.now());

  async getAllProcessInfo(signal: AbortSignal): Promise<ProcessInfo[]> {
    this.signals.add(signal);
    this.processReads++;
    this.onProcessRead();
    return this.processes;
  }

  async getAllConfigInfo(signal: AbortSignal): Promise<ProcessConfig[]> {
    this.signals.add(signal);
    this.configReads++;
    const { configs } = this;
    this.onConfigRead();
    return configs;
  }

  async code(): Promise<number> {
    const result = await this.look(new AbortController().signal);
    return result.outcome === 'failed' ? result.code : 0;
  }
}

suite('start programs', () => {
  test('are learnt once, while the processes stay', async () => {
    const fake = new Fake();
    fake.processes = [live('init', { state: running, stop: 0 }), live('web', { state: running, stop: 0 })];
    fake.configs = [configured('init', '/x/start.sh'), configured('web', 'nginx')];
    for (let i = 0; i < 5; i++) assert.equal(await fake.code(), 2);
    assert.equal(fake.configReads, 1);
    fake.processes = [live('init'), live('web', { state: running, stop: 0 })];
    assert.equal(await fake.code(), 0);
    assert.equal(await fake.code(), 0);
    assert.equal(fake.configReads, 2);
  });

  test('are learnt again when a process comes, goes or starts again', async () => {
    const fake = new Fake();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx'), configured('init', '/x/start.sh')];
    assert.equal(await fake.code(), 0);
    fake.processes = [live('web'), live('init', { exitstatus: 3 })];
    assert.equal(await fake.code(), 112);
    fake.processes = [live('init', { exitstatus: 3 })];
    assert.equal(await fake.code(), 112);
    fake.processes = [live('init', { exitstatus: 0, start: 300, stop: 400 })];
    assert.equal(await fake.code(), 0);
    assert.equal(fake.configReads, 4);
  });

  test('are learnt again when one process has taken the place of another', async () => {
    const fake = new Fake();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx'), configured('init', '/x/start.sh')];
    assert.equal(await fake.code(), 0);
    fake.processes = [live('init', { exitstatus: 3 })];
    assert.equal(await fake.code(), 112);
  });

  test('are told apart by group and name, and bear the name start as either', async () => {
    const fake = new Fake();
    fake.processes = [
      live('init', { group: 'x', exitstatus: 3 }),
      live('init', { group: 'y' }),
      live('web', { group: 'y', exitstatus: 3 }),
    ];
    fake.configs = [
      configured('init', 'nginx', { group: 'x' }),
      configured('init', '/x/start.sh', { group: 'y' }),
      configured('web', 'nginx', { group: 'y' }),
    ];
    assert.equal(await fake.code(), 0);
    for (const name of ['start', 'start.sh']) {
      for (const more of [{ name }, { group: name }]) {
        const named = new Fake();
        named.processes = [live('web', { ...more, state: running })];
        // Also when a reread has dropped its section.
        assert.equal(await named.code(), 2);
        named.processes = [];
        named.configs = [configured('web', 'nginx', { ...more, inuse: false })];
        assert.equal(await named.code(), 2);
      }
    }
  });

  test('are not learnt again for a start by name that starts again', async () => {
    const fake = new Fake();
    fake.processes = [live('start')];
    fake.configs = [configured('start', 'true')];
    assert.equal(await fake.code(), 0);
    fake.processes = [live('start', { start: 300, state: running })];
    assert.equal(await fake.code(), 2);
    assert.equal(fake.configReads, 1);
  });

  test('keep the last known command of a live process when a reread changes or drops its section', async () => {
    for (const configs of [[], [configured('init', 'sleep 60')]]) {
      const fake = new Fake();
      fake.processes = [live('init', { state: running, stop: 0, pid: 7 })];
      fake.configs = [configured('init', '/x/start.sh')];
      assert.equal(await fake.code(), 2);
      fake.configs = [...configs, configured('web', 'nginx')];
      fake.processes = [live('init', { state: running, stop: 0, pid: 7 }), live('web')];
      assert.equal(await fake.code(), 2);
      // Started again by hand: still the program of before the reread.
      fake.processes = [live('init', { start: 700, stop: 690, state: running }), live('web')];
      assert.equal(await fake.code(), 2);
      assert.equal(fake.configReads, 3);
    }
  });

  test('keep the last known command while they cannot be spawned, though a reread changes it', async () => {
    const fake = new Fake();
    fake.processes = [live('init', { state: 30, start: 100, stop: 0 })];
    fake.configs = [configured('init', '/x/start.sh')];
    assert.equal(await fake.code(), 2);
    fake.configs = [configured('init', 'sleep 60')];
    fake.processes = [live('init', { state: 30, start: 102, stop: 0 })];
    assert.equal(await fake.code(), 2);
  });

  test('keep the last known command when they end after a reread has changed or dropped it', async () => {
    for (const configs of [[], [configured('init', 'sleep 60')]]) {
      const fake = new Fake();
      fake.processes = [live('init', { state: running, stop: 0, pid: 7 })];
      fake.configs = [configured('init', '/x/start.sh')];
      assert.equal(await fake.code(), 2);
      fake.configs = configs;
      fake.processes = [live('init', { exitstatus: 3 })];
      assert.equal(await fake.code(), 112);
    }
  });

  test('are forgotten when another program has taken the name', async () => {
    for (const before of [{ stop: 150 }, { stop: 0, pid: 7 }]) {
      const fake = new Fake();
      fake.processes = [live('init', { state: running, ...before })];
      fake.configs = [configured('init', '/x/start.sh')];
      assert.equal(await fake.code(), 2);
      fake.configs = [configured('init', 'sleep 60')];
      fake.processes = [live('init', { state: running, start: 500, stop: 0, pid: 8 })];
      assert.equal(await fake.code(), 0);
    }
  });

  test('a live process whose command was never told is unknown, and known once it is told', async () => {
    const fake = new Fake();
    fake.processes = [live('init'), live('web')];
    fake.configs = [configured('web', 'nginx')];
    assert.equal(await fake.code(), 114);
    fake.processes = [live('init'), live('web', { start: 300 })];
    fake.configs = [configured('init', 'sleep 1'), configured('web', 'nginx')];
    assert.equal(await fake.code(), 0);
  });

  test('a restart of another program whose section is gone does not make it unknown', async () => {
    const fake = new Fake();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx')];
    assert.equal(await fake.code(), 0);
    fake.processes = [live('web', { start: 300, stop: 290 })];
    fake.configs = [];
    assert.equal(await fake.code(), 0);
  });

  test('a start program that is configured and not loaded is asked about at each look', async () => {
    const fake = new Fake();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx'), configured('start', 'true', { inuse: false })];
    assert.equal(await fake.code(), 2);
    fake.configs = [configured('web', 'nginx')];
    assert.equal(await fake.code(), 0);
    assert.equal(await fake.code(), 0);
    assert.equal(fake.configReads, 2);
  });

  test('a program that is configured and not loaded counts when its command is start.sh, and only then', async () => {
    const fake = new Fake();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx'), configured('init', '/x/start.sh', { inuse: false })];
    assert.equal(await fake.code(), 2);
    fake.configs = [configured('web', 'nginx'), configured('init', 'sleep 60', { inuse: false })];
    assert.equal(await fake.code(), 0);
  });

  test('a start program that comes while the configuration is read is not ready for a moment', async () => {
    const fake = new Fake();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx'), configured('init', '/x/start.sh')];
    fake.onConfigRead = () => {
      fake.processes = [live('web'), live('init', { state: running, stop: 0 })];
    };
    assert.equal(await fake.code(), 2);
  });

  test('a supervisord before 4.0, which tells no commands, is judged by names', async () => {
    const fake = new Fake();
    fake.processes = [live('start', { exitstatus: 5 }), live('init', { state: running })];
    fake.configs = [configured('start', undefined), configured('init', undefined)];
    assert.equal(await fake.code(), 112);
    fake.processes = [live('start'), live('init', { state: running })];
    assert.equal(await fake.code(), 0);
  });

  test('an update between two questions is seen, and one that never ends is not waited for', async () => {
    const fake = new Fake();
    fake.processes = [live('init', { exitstatus: 0 })];
    fake.configs = [configured('init', '/x/start.sh')];
    fake.onConfigRead = () => {
      fake.processes = [live('init', { start: 900 + fake.configReads, stop: 0, state: running })];
    };
    assert.equal(await fake.code(), 2);
    assert.equal(fake.configReads, 2);
  });

  test('a program that was never started is seen when an update makes it start.sh', async () => {
    const fake = new Fake();
    fake.processes = [live('init', { state: 0, start: 0, stop: 0 })];
    fake.configs = [configured('init', 'sleep 60')];
    assert.equal(await fake.code(), 0);
    fake.configs = [configured('init', '/x/start.sh')];
    await until('it is asked about again', async () => (await fake.code()) === 2);
  });

  test('a program that an update makes start.sh between two questions is not ready for a moment', async () => {
    const fake = new Fake();
    fake.processes = [live('init')];
    fake.configs = [configured('init', 'sleep 60')];
    assert.equal(await fake.code(), 0);
    fake.processes = [live('init', { start: 300 })];
    fake.configs = [configured('init', '/x/start.sh')];
    fake.onConfigRead = () => {
      fake.processes = [live('init', { start: 900, stop: 0, state: running })];
    };
    assert.equal(await fake.code(), 2);
  });

  test('a program that an update replaces within one second of its start is seen', async () => {
    for (const now of [
      live('init', { exitstatus: 3, start: 500, stop: 501 }),
      live('init', { state: running, start: 500, stop: 0, pid: 8 }),
    ]) {
      const fake = new Fake();
      fake.processes = [live('init', { state: running, start: 500, stop: 499, pid: 7 })];
      fake.configs = [configured('init', 'sleep 60')];
      assert.equal(await fake.code(), 0);
      fake.processes = [now];
      fake.configs = [configured('init', '/x/start.sh')];
      assert.notEqual(await fake.code(), 0);
    }
    const fake = new Fake();
    fake.processes = [live('init', { state: running, start: 500, stop: 0, pid: 7 })];
    fake.configs = [configured('init', 'sleep 60')];
    assert.equal(await fake.code(), 0);
    fake.processes = [live('init', { state: running, start: 500, stop: 0, pid: 8 })];
    fake.configs = [configured('init', '/x/start.sh')];
    assert.equal(await fake.code(), 2);
  });

  test('a program that was never started is seen when an update replaces it by one that cannot be spawned', async () => {
    const fake = new Fake();
    fake.processes = [live('init', { state: 0, start: 0, stop: 0 })];
    fake.configs = [configured('init', 'sleep 60')];
    assert.equal(await fake.code(), 0);
    fake.processes = [live('init', { state: 200, start: 500, stop: 0 })];
    fake.configs = [configured('init', '/x/start.sh')];
    assert.equal(await fake.code(), 113);
  });

  test('a program that an update replaces, and that ends, in the very second of the look is seen in the next', async () => {
    const fake = new Fake();
    fake.processes = [live('job', { start: 500, stop: 500, now: 500 })];
    fake.configs = [configured('job', '/bin/true')];
    assert.equal(await fake.code(), 0);
    // Another run of another program, which shows the same but for its exit status.
    fake.configs = [configured('job', '/usr/bin/start.sh')];
    fake.processes = [live('job', { start: 500, stop: 500, now: 510, exitstatus: 3 })];
    assert.equal(await fake.code(), 112);
    const { configReads } = fake;
    assert.equal(await fake.code(), 112);
    assert.equal(fake.configReads, configReads);
  });

  test('a start program that only a reread has brought is seen within a minute', async (t) => {
    const fake = new Fake();
    fake.processes = [live('web', { state: running, stop: 0 })];
    fake.configs = [configured('web', 'nginx')];
    assert.equal(await fake.code(), 0);
    fake.configs.push(configured('start', '/usr/bin/start.sh', { inuse: false }));
    const { now } = performance;
    t.mock.method(performance, 'now', () => now.call(performance) + 61_000);
    assert.equal(await fake.code(), 2);
  });

  test('a start program that is not loaded is seen where no process is live', async () => {
    const fake = new Fake();
    fake.configs = [configured('start', 'true', { inuse: false })];
    assert.equal(await fake.code(), 2);
  });

  test('a program that crashes and restarts all the time does not stand in the way', async () => {
    const fake = new Fake();
    fake.processes = [live('start'), live('web')];
    fake.configs = [configured('start', 'true'), configured('web', 'nginx')];
    fake.onConfigRead = () => {
      fake.processes = [live('start'), live('web', { start: 900 + fake.configReads })];
    };
    for (let i = 0; i < 3; i++) {
      fake.processes = [live('start'), live('web', { start: 1000 + 10 * i })];
      assert.equal(await fake.code(), 0);
    }
  });
});

suite('start step', () => {
  /** Its processes after so many readings of them, the last for ever; nobody needs to ask for the configuration twice. */
  function fakeOf(...readings: ProcessInfo[][]): Fake {
    const fake = new Fake();
    fake.configs = (readings[0] ?? []).map(({ name }) => configured(name, 'true'));
    fake.onProcessRead = () => {
      fake.processes = readings[fake.processReads - 1] ?? readings.at(-1) ?? [];
    };
    return fake;
  }

  test('asks about a good end twice in one look, and from then on once', async () => {
    const fake = fakeOf([live('start')]);
    assert.equal(await fake.code(), 0);
    assert.equal(fake.processReads, 3);
    assert.equal(await fake.code(), 0);
    assert.equal(fake.processReads, 4);
  });

  test('does not believe a good end that is followed by another run at once', async () => {
    const first = [live('start')];
    for (const [next, code] of [
      [live('start', { state: running, start: 201 }), 2],
      [live('start', { exitstatus: 3, start: 201, stop: 202 }), 112],
      [live('start', { start: 201, stop: 202 }), 2],
      [live('start', { start: 201, stop: 1000 }), 2],
    ] as const) {
      assert.equal(await fakeOf(first, first, [next]).code(), code);
    }
  });

  test('does not ask without end when each good end is of another run', async () => {
    const fake = new Fake();
    fake.configs = [configured('start', 'true')];
    fake.onProcessRead = () => {
      fake.processes = [live('start', { start: 100 + fake.processReads })];
    };
    for (let i = 0; i < 3; i++) assert.equal(await fake.code(), 2);
    assert.equal(fake.processReads, 1 + 3 * 2);
  });

  test('does not believe a good end in the second of its stop, nor one beside which another program starts anew', async () => {
    const fake = fakeOf([live('start', { stop: 1000 })]);
    for (let i = 0; i < 3; i++) assert.equal(await fake.code(), 2);
    assert.equal(fake.processReads, 4);
    const two = (stop: number) => [live('start'), live('start.sh', { stop })];
    assert.equal(await fakeOf(two(200), two(200), two(1000)).code(), 2);
    assert.equal(await fakeOf(two(1000)).code(), 2);
  });

  test('takes as many calls at the most as its bound counts', async () => {
    const fake = new Fake();
    fake.processes = [live('init', { start: 1 })];
    fake.configs = [configured('init', '/x/start.sh')];
    fake.onConfigRead = () => {
      if (fake.configReads === 1) fake.processes = [live('init', { start: 2 })];
    };
    assert.equal(await fake.code(), 0);
    assert.equal(fake.processReads + fake.configReads, maxCallsPerLook);
  });

  test('hands on the signal that cancels it', async () => {
    const fake = new Fake();
    const { signal } = new AbortController();
    await fake.look(signal);
    assert.deepEqual([fake.configReads, ...fake.signals], [1, signal]);
  });

  test('asks for the configuration on mere suspicion for a hundredth of the time', async (t) => {
    let nowMs = 5000;
    t.mock.method(performance, 'now', () => nowMs);
    const fake = new Fake();
    fake.processes = [live('web'), live('init', { state: 0, start: 0, stop: 0 })];
    fake.configs = [configured('web', 'nginx'), configured('init', 'sleep 60')];
    fake.onConfigRead = () => {
      nowMs += 20;
    };
    for (const [ms, configReads] of [
      [0, 1],
      [1000, 1],
      [999, 1],
      [1, 2],
      [0, 2],
      [2000, 3],
    ] as const) {
      nowMs += ms;
      assert.equal(await fake.code(), 0);
      assert.equal(fake.configReads, configReads);
    }
    fake.processes = [live('web'), live('init', { state: 0 })];
    assert.equal(await fake.code(), 0);
    nowMs += 59_999;
    assert.equal(await fake.code(), 0);
    assert.equal(fake.configReads, 4);
    // Without a reason too, once a minute.
    nowMs += 1;
    assert.equal(await fake.code(), 0);
    assert.equal(fake.configReads, 5);
  });

  test('tells a supervisord that is unreachable from one that answers badly, and throws what is a bug', async () => {
    const fake = new Fake();
    for (const [error, code] of [
      [new SupervisorUnreachableError('no answer'), 110],
      [new SupervisorBadReplyError('no XML'), 111],
    ] as const) {
      fake.onProcessRead = () => {
        throw error;
      };
      assert.equal(await fake.code(), code);
      fake.onProcessRead = () => {};
      fake.processes = [live(`${code}`)];
      fake.onConfigRead = () => {
        throw error;
      };
      assert.equal(await fake.code(), code);
    }
    fake.onProcessRead = () => {
      throw new TypeError('a bug');
    };
    await assert.rejects(fake.code(), TypeError);
  });
});

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
