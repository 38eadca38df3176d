import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { maxCallsPerLook } from '../../daemon/steps/start/start.ts';
import type { ProcessInfo } from '../../daemon/supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../daemon/supervisor/errors.ts';
import { configured, FakeSupervisor, live, running } from '../support/fake-supervisor.ts';

suite('start step', () => {
  /**
   * Returns its processes after this many readings, and the last ones for ever. Nobody needs to ask for the
   * configuration twice.
   */
  function fakeOf(...readings: ProcessInfo[][]): FakeSupervisor {
    const fake = new FakeSupervisor();
    fake.configs = (readings[0] ?? []).map(({ name }) => configured(name, 'true'));
    fake.onProcessRead = () => {
      fake.processes = readings[fake.processReads - 1] ?? readings.at(-1) ?? [];
    };
    return fake;
  }

  test('asks twice about a good end in one look, and once from then on', async () => {
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

  test('does not ask without end when each good end is from another run', async () => {
    const fake = new FakeSupervisor();
    fake.configs = [configured('start', 'true')];
    fake.onProcessRead = () => {
      fake.processes = [live('start', { start: 100 + fake.processReads })];
    };
    for (let i = 0; i < 3; i++) assert.equal(await fake.code(), 2);
    assert.equal(fake.processReads, 1 + 3 * 2);
  });

  test('does not believe a good end in the second of its stop, nor one beside which another program starts again', async () => {
    const fake = fakeOf([live('start', { stop: 1000 })]);
    for (let i = 0; i < 3; i++) assert.equal(await fake.code(), 2);
    assert.equal(fake.processReads, 4);
    const two = (stop: number) => [live('start'), live('start.sh', { stop })];
    assert.equal(await fakeOf(two(200), two(200), two(1000)).code(), 2);
    assert.equal(await fakeOf(two(1000)).code(), 2);
  });

  test('makes at most as many calls as its bound counts', async () => {
    const fake = new FakeSupervisor();
    fake.processes = [live('init')];
    fake.configs = [configured('init', '/x/start.sh')];
    assert.equal(await fake.code(), 0);
    assert.equal(fake.processReads + fake.configReads, maxCallsPerLook);
  });

  test('is not ready for a moment while programs change during the look', async () => {
    const job = live('job', { state: running, stop: 0, pid: 7 });
    const replaced = { ...job, pid: 8 };
    // After the first reading of processes, and after the second.
    for (const [readings, processReads] of [
      [[[job], [replaced]], 2],
      [[[job], [job, live('new')]], 2],
      [[[live('start')], [live('start')], [live('start'), live('new')]], 3],
    ] as const) {
      const fake = new FakeSupervisor();
      fake.configs = [configured('job', 'sleep 60'), configured('start', 'true'), configured('new', 'sleep 60')];
      fake.onProcessRead = () => {
        fake.processes = [...(readings[fake.processReads - 1] ?? [])];
      };
      assert.equal(await fake.code(), 2);
      assert.equal(fake.processReads, processReads);
    }
  });

  test('is not held up by a program that crashes and is restarted all the time', async () => {
    const fake = new FakeSupervisor();
    fake.configs = [configured('start', 'true'), configured('web', 'nginx')];
    fake.onProcessRead = () => {
      const run = 900 + fake.processReads;
      fake.processes = [live('start'), live('web', { state: running, start: run, stop: run - 1, pid: run })];
    };
    for (let i = 0; i < 3; i++) assert.equal(await fake.code(), 0);
  });

  test('believes a good end again after another program was in trouble', async () => {
    const fake = fakeOf([live('start')], [live('start'), live('init', { exitstatus: 3 })]);
    fake.configs.push(configured('init', '/x/start.sh'));
    fake.processes = [];
    const readings = [
      [live('start'), live('init')],
      [live('start'), live('init')],
      [live('start'), live('init', { exitstatus: 3 })],
    ];
    fake.onProcessRead = () => {
      fake.processes = readings[fake.processReads - 1] ?? [live('start'), live('init')];
    };
    assert.equal(await fake.code(), 112);
    assert.equal(fake.processReads, 3);
    assert.equal(await fake.code(), 0);
    assert.equal(fake.processReads, 5);
  });

  test('keeps the last good run of start.sh apart from others, also while it is not good', async () => {
    const fake = fakeOf([live('start')]);
    assert.equal(fake.step.lastRun(), '');
    const runs: string[] = [];
    for (const [process, code] of [
      [live('start'), 0],
      [live('start', { exitstatus: 3, start: 300, stop: 400 }), 112],
      [live('start', { start: 300, stop: 400 }), 0],
      [live('start', { start: 300, stop: 500 }), 0],
      [live('start', { start: 400, stop: 500 }), 0],
    ] as const) {
      fake.onProcessRead = () => {
        fake.processes = [process];
      };
      assert.equal(await fake.code(), code);
      runs.push(fake.step.lastRun());
    }
    assert.equal(runs[1], runs[0]);
    assert.equal(new Set(runs).size, 4);
    assert.ok(!runs.includes(''));
  });

  test('says that programs change too fast', async () => {
    const fake = new FakeSupervisor();
    fake.onProcessRead = () => {
      fake.processes = [live('web', { logs: `${fake.processReads}` })];
    };
    const { message } = await fake.step.run(new AbortController().signal);
    assert.equal(message, "supervisord's programs change faster than they can be checked");
  });

  test('passes on the signal that cancels it', async () => {
    const fake = new FakeSupervisor();
    const { signal } = new AbortController();
    await fake.step.run(signal);
    assert.deepEqual([fake.configReads, ...fake.signals], [1, signal]);
  });

  /** How often the configuration is read, when reading takes tookMs and so much time passes before each look. */
  async function configReads(tookMs: number, ...looks: (number | { readonly ms: number; readonly code: number })[]): Promise<number[]> {
    let nowMs = 5000;
    const fake = new FakeSupervisor();
    fake.now = () => nowMs;
    fake.configs = [configured('web', 'nginx'), configured('start', 'true')];
    fake.onConfigRead = () => {
      nowMs += tookMs;
    };
    const reads: number[] = [];
    for (const look of looks) {
      const { ms, code } = typeof look === 'number' ? { ms: look, code: 0 } : look;
      nowMs += ms;
      fake.processes = [live('web'), live('start', code === 0 ? {} : { state: running })];
      assert.equal(await fake.code(), code);
      reads.push(fake.configReads);
    }
    return reads;
  }

  test('reads the configuration at each look, but for no more than a hundredth of the time', async () => {
    assert.deepEqual(await configReads(0, 0, 0, 1), [1, 2, 3]);
    assert.deepEqual(await configReads(20, 0, 0, 1999, 1, 0, 2000), [1, 1, 1, 2, 2, 3]);
  });

  test('reads the configuration after 15 s at the latest, however slow that is, and after 5 s when start is good', async () => {
    assert.deepEqual(await configReads(2000, 0, 5000, 1, 5000), [1, 1, 2, 2]);
    assert.deepEqual(await configReads(2000, ...[0, 14_999, 1].map((ms) => ({ ms, code: 2 }))), [1, 1, 2]);
    // A start that was not good is good now, by a configuration that was old enough to be read again.
    assert.deepEqual(await configReads(2000, { ms: 0, code: 2 }, { ms: 6000, code: 2 }, 0), [1, 1, 2]);
  });

  test('uses what it reads when start is good', async () => {
    let nowMs = 0;
    const fake = new FakeSupervisor();
    fake.now = () => nowMs;
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx')];
    fake.onConfigRead = () => {
      nowMs += 2000;
    };
    assert.equal(await fake.code(), 0);
    fake.configs = [configured('web', 'nginx'), configured('init', '/x/start.sh')];
    nowMs += 5001;
    assert.equal(await fake.code(), 2);
  });

  test('reads the configuration at once for a program that it does not know', async () => {
    let nowMs = 0;
    const fake = new FakeSupervisor();
    fake.now = () => nowMs;
    fake.configs = [configured('web', 'nginx'), configured('init', '/x/start.sh')];
    fake.onConfigRead = () => {
      nowMs += 100;
    };
    for (const [processes, reads] of [
      [[live('web')], 1],
      [[live('web', { start: 300, stop: 400 })], 1],
      [[live('web', { logs: 'another' })], 2],
      [[live('web', { logs: 'another' }), live('init')], 3],
      [[live('init')], 4],
    ] as const) {
      fake.processes = [...processes];
      await fake.code();
      assert.equal(fake.configReads, reads);
    }
  });

  test('tells an unreachable supervisord from one that answers badly, and throws on a bug', async () => {
    const fake = new FakeSupervisor();
    for (const [error, code] of [
      [new SupervisorUnreachableError({ kind: 'supervisord-silent', url: 'unix:///sock', timeoutMs: 3000 }), 110],
      [new SupervisorBadReplyError({ kind: 'supervisord-unreadable', why: 'no XML' }), 111],
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
