import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { maxCallsPerLook } from '../../daemon/steps/start/start.ts';
import type { ProcessInfo } from '../../daemon/supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../daemon/supervisor/errors.ts';
import { configured, FakeSupervisor, live, running } from '../support/fake-supervisor.ts';

suite('start step', () => {
  /** Its processes after so many readings of them, the last for ever; nobody needs to ask for the configuration twice. */
  function fakeOf(...readings: ProcessInfo[][]): FakeSupervisor {
    const fake = new FakeSupervisor();
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
    const fake = new FakeSupervisor();
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
    const fake = new FakeSupervisor();
    fake.processes = [live('init', { start: 1 })];
    fake.configs = [configured('init', '/x/start.sh')];
    fake.onConfigRead = () => {
      if (fake.configReads === 1) fake.processes = [live('init', { start: 2 })];
    };
    assert.equal(await fake.code(), 0);
    assert.equal(fake.processReads + fake.configReads, maxCallsPerLook);
  });

  test('hands on the signal that cancels it', async () => {
    const fake = new FakeSupervisor();
    const { signal } = new AbortController();
    await fake.look(signal);
    assert.deepEqual([fake.configReads, ...fake.signals], [1, signal]);
  });

  test('asks for the configuration on mere suspicion for a hundredth of the time', async () => {
    let nowMs = 5000;
    const fake = new FakeSupervisor();
    fake.now = () => nowMs;
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
    const fake = new FakeSupervisor();
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
