import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { GoodEnds } from '../../daemon/steps/start/good-ends.ts';
import type { ProcessInfo } from '../../daemon/supervisor/client.ts';

/** A good end at second 200, looked at in second 205. */
function end(name: string, more: Partial<ProcessInfo> = {}): ProcessInfo {
  return { name, group: name, state: 100, pid: 0, start: 100, stop: 200, exitstatus: 0, spawnerr: '', logs: '', now: 205, ...more };
}

suite('good ends', () => {
  test('count when a second look shows the same run, and from then on', () => {
    const ends = new GoodEnds();
    assert.equal(ends.look([end('start')]), 'ask again');
    for (let i = 0; i < 3; i++) assert.equal(ends.look([end('start', { now: 205 + i })]), 'yes');
  });

  test('do not count in the second in which they stopped, however often they are looked at', () => {
    const ends = new GoodEnds();
    for (let i = 0; i < 3; i++) assert.equal(ends.look([end('start', { now: 200 })]), 'not yet');
    assert.equal(ends.look([end('start', { now: 201 })]), 'ask again');
    assert.equal(ends.look([end('start', { now: 201 })]), 'yes');
  });

  test('count although the wall clock has been set back', () => {
    const ends = new GoodEnds();
    assert.deepEqual(
      [1, 1].map((now) => ends.look([end('start', { now })])),
      ['ask again', 'yes'],
    );
  });

  for (const [title, run] of [
    ['that started at another time', { start: 101 }],
    ['that stopped at another time', { stop: 201 }],
  ] as const) {
    test(`of a run ${title} belong to another run`, () => {
      const ends = new GoodEnds();
      assert.equal(ends.look([end('start')]), 'ask again');
      assert.equal(ends.look([end('start', run)]), 'ask again');
      assert.equal(ends.look([end('start', run)]), 'yes');
      // Also once those have counted.
      assert.equal(ends.look([end('start', { start: 300, stop: 301, now: 301 })]), 'not yet');
    });
  }

  test('of several programs count when each does, in any order', () => {
    for (const isReversed of [false, true]) {
      const ends = new GoodEnds();
      const look = (...exited: ProcessInfo[]) => ends.look(isReversed ? exited.reverse() : exited);
      assert.equal(look(end('a'), end('b', { stop: 205 })), 'not yet');
      assert.equal(look(end('a'), end('b', { stop: 205 })), 'not yet');
      assert.equal(look(end('a'), end('b', { stop: 205, now: 206 })), 'ask again');
      assert.equal(look(end('a'), end('b', { stop: 205, now: 206 })), 'yes');
      assert.equal(look(end('a'), end('b', { start: 207, stop: 208, now: 208 })), 'not yet');
    }
  });

  test('of programs that share a name or a group are kept apart', () => {
    for (const other of [end('start', { group: 'x' }), end('x', { group: 'start' })]) {
      const ends = new GoodEnds();
      assert.equal(ends.look([end('start')]), 'ask again');
      assert.equal(ends.look([end('start'), other]), 'ask again');
      assert.equal(ends.look([end('start'), other]), 'yes');
    }
  });

  test('keep counting in the second of their stop, when the clock is set back to it', () => {
    const ends = new GoodEnds();
    assert.deepEqual(
      [205, 205, 200].map((now) => ends.look([end('start', { now })])),
      ['ask again', 'yes', 'yes'],
    );
  });

  test('count by their times up to the last that supervisord can tell', () => {
    for (const stop of [1_800_000_000, 2 ** 31 - 3]) {
      const ends = new GoodEnds();
      const look = () => ends.look([end('start', { start: stop - 1, stop, now: stop + 1 })]);
      assert.deepEqual([look(), look()], ['ask again', 'yes']);
    }
  });

  test('count when times tell nothing, from 2038 on, if nothing else was seen for long', () => {
    const late = end('start', { start: 2 ** 31 - 1, stop: 2 ** 31 - 1, now: 2 ** 31 - 1 });
    for (const seenBefore of [0, 7, 19]) {
      const ends = new GoodEnds();
      for (let i = 0; i < seenBefore; i++) assert.equal(ends.look([late]), 'ask again');
      ends.forget();
      for (let i = 0; i < 19; i++) assert.equal(ends.look([late]), 'ask again');
      assert.equal(ends.look([late]), 'yes');
      assert.equal(ends.look([late]), 'yes');
    }
  });

  test('do not count when another state was seen in between', () => {
    const ends = new GoodEnds();
    assert.equal(ends.look([end('start')]), 'ask again');
    ends.forget();
    assert.equal(ends.look([end('start')]), 'ask again');
    assert.equal(ends.look([end('start')]), 'yes');
  });
});
