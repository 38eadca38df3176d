import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Runs } from '../../daemon/steps/programs/runs.ts';
import { live, running } from '../support/fake-supervisor.ts';

suite('runs of programs', () => {
  const first = live('web', { state: running, pid: 7, stop: 0 });
  const restarted = live('web', { state: running, pid: 8, start: 300, stop: 299 });

  /** What is known after looks at these moments. Each answer comes 10 ms after its question. */
  function runsOf(...looks: readonly (readonly [atMs: number, process: typeof first | undefined])[]): Runs {
    const runs = new Runs(10_000);
    for (const [atMs, process] of looks) runs.observe(process === undefined ? [] : [process], atMs, atMs + 10);
    return runs;
  }

  test('have settled after a second in a first run, and after the configured time in a later one', () => {
    for (const [process, neededMs] of [
      [first, 1000],
      [restarted, 10_000],
    ] as const) {
      assert.equal(runsOf([0, process]).isSettled(process), false);
      // From the moment the first answer came to the moment the last question was asked.
      assert.equal(runsOf([0, process], [neededMs + 9, process]).isSettled(process), false);
      assert.equal(runsOf([0, process], [neededMs + 10, process]).isSettled(process), true);
    }
  });

  test('do not wait longer in a first run than in a later one, when the setting is lower', () => {
    const runs = new Runs(200);
    for (const atMs of [0, 200]) runs.observe([first], atMs, atMs);
    assert.equal(runs.isSettled(first), true);
  });

  test('begin again with each process id, start or stop, and after the program was not there', () => {
    for (const other of [
      { ...restarted, pid: 9 },
      { ...restarted, start: 301 },
      { ...restarted, stop: 298 },
    ]) {
      const runs = runsOf([0, restarted], [20_000, other]);
      assert.equal(runs.isSettled(other), false);
      assert.equal(runs.isSettled(restarted), false);
    }
    assert.equal(runsOf([0, restarted], [10_000, undefined], [20_000, restarted]).isSettled(restarted), false);
  });

  test('do not use the times that supervisord tells, because its clock may be set', () => {
    const old = { ...restarted, start: 1, stop: 1, now: 2_000_000_000 };
    assert.equal(runsOf([0, old]).isSettled(old), false);
  });

  test('tell a program that keeps being restarted from one that was restarted once', () => {
    const stopped = { ...restarted, state: 0, pid: 0 };
    const again = { ...restarted, pid: 9, stop: 301 };
    assert.equal(runsOf([0, first], [5000, first], [6000, restarted]).keepsRestarting(restarted), false);
    assert.equal(runsOf([0, first], [5000, first], [6000, restarted], [6500, stopped], [7000, again]).keepsRestarting(again), true);
    assert.equal(runsOf([0, first], [500, restarted]).keepsRestarting(restarted), true);
    assert.equal(runsOf([0, restarted], [20_000, restarted], [21_000, again]).keepsRestarting(again), false);
  });

  test('know nothing of a program that was not seen', () => {
    assert.equal(new Runs(1).isSettled(first), false);
    assert.equal(new Runs(1).keepsRestarting(first), false);
  });
});
