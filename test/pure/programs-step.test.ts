import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WantedState } from '../../daemon/steps/programs/judge.ts';
import { createProgramsStep } from '../../daemon/steps/programs/programs.ts';
import { Runs } from '../../daemon/steps/programs/runs.ts';
import type { ProcessConfig, ProcessInfo } from '../../daemon/supervisor/client.ts';
import { type ProcessName, parseProgramChoice } from '../../daemon/supervisor/names.ts';
import { configured, live, running } from '../support/fake-supervisor.ts';
import { programFailed } from '../support/steps.ts';

/** A step, and supervisord's answer to its next look. */
class Fake {
  processes: ProcessInfo[] = [];
  configs: ProcessConfig[] = [];
  readonly runs = new Runs(10_000);
  readonly step;
  #number = 0;
  #nowMs = 0;

  constructor(choice: string, wanted: WantedState = 'running', leftOut: readonly string[] = []) {
    this.step = createProgramsStep(
      { choice: parseProgramChoice(choice), wanted, fail: programFailed },
      {
        snapshot: () => ({ processes: this.processes, configs: this.configs, number: this.#number, answeredAtMs: this.#nowMs }),
        runs: this.runs,
        isLeftOut: ({ name }: ProcessName) => leftOut.includes(name),
      },
    );
  }

  /** A new answer of supervisord, this long after the last. */
  answer(ms: number): void {
    this.#nowMs += ms;
    this.#number++;
    this.runs.observe(this.processes, this.#nowMs, this.#nowMs);
  }

  async look(): Promise<string> {
    const result = await this.step.run(new AbortController().signal);
    return result.outcome === 'failed' ? `${result.code} ${result.message}` : result.outcome;
  }

  /** The result when all have been up for long. */
  async settled(): Promise<string> {
    this.answer(0);
    this.answer(60_000);
    for (let looks = 0; looks < 2; looks++) {
      await this.look();
      this.answer(1000);
    }
    return this.look();
  }

  hear(name: string, program: string, mayBeOver = false) {
    return this.step.hear({ name, poolSerial: 1, fields: { processname: program, groupname: program } }, mayBeOver);
  }
}

const up = (name: string, more: Partial<ProcessInfo> = {}) => live(name, { state: running, pid: 7, stop: 0, ...more });
const idle = (name: string) => live(name, { state: 0, start: 0, stop: 0 });

suite('programs step', () => {
  test('passes when all chosen programs run and have settled', async () => {
    const fake = new Fake('web');
    fake.processes = [up('web'), idle('other')];
    fake.answer(0);
    assert.equal(await fake.look(), '116 program "web" has just been started');
    fake.answer(1000);
    assert.equal(await fake.look(), 'passed');
  });

  test('chooses by autostart: what the configuration says, or the default when it says nothing', async () => {
    const fake = new Fake('autostart', 'running', ['start']);
    fake.processes = [up('web'), idle('cron'), idle('start')];
    fake.configs = [configured('web', '', { autostart: true }), configured('cron', '', { autostart: false })];
    assert.equal(await fake.settled(), 'passed');
    fake.configs = [configured('web', '', { autostart: true }), configured('cron', '')];
    assert.match(await fake.settled(), /^116 program "cron" is STOPPED/);
    fake.configs = [configured('web', '', { autostart: true }), configured('new', '', { autostart: true })];
    assert.match(await fake.settled(), /^116 program "new" is not there: it is configured but not loaded/);
  });

  test('keeps a live program of autostart whatever a reread says, and forgets it once it was replaced', async () => {
    const fake = new Fake('autostart');
    fake.processes = [up('web'), up('job', { stop: 150 })];
    fake.configs = ['web', 'job'].map((name) => configured(name, '', { autostart: true }));
    assert.equal(await fake.settled(), 'passed');
    fake.configs = [configured('web', '', { autostart: true }), configured('job', '', { autostart: false })];
    fake.processes = [up('web'), live('job', { exitstatus: 3, stop: 500 })];
    assert.match(await fake.settled(), /^116 program "job" is EXITED: it exited with code 3/);
    fake.configs = [configured('web', '', { autostart: true })];
    assert.match(await fake.settled(), /^116 program "job" is EXITED/);
    fake.configs = [configured('web', '', { autostart: true }), configured('job', '', { autostart: false })];
    fake.processes = [up('web'), idle('job')];
    assert.equal(await fake.settled(), 'passed');
  });

  test('counts a program as autostart if its section was gone when it was first seen', async () => {
    const fake = new Fake('autostart');
    fake.processes = [up('web'), idle('gone')];
    fake.configs = [configured('web', '', { autostart: true })];
    assert.match(await fake.settled(), /^116 program "gone" is STOPPED/);
  });

  test('cannot tell which of two sections with the same name is loaded', async () => {
    const fake = new Fake('web');
    fake.processes = [up('web')];
    fake.configs = [configured('web', 'one'), configured('web', 'other')];
    assert.match(await fake.settled(), /^116 program "web" shares its group and process name with another section/);
  });

  test('chooses by started: whatever has been started, in any state', async () => {
    const fake = new Fake('started -web');
    fake.processes = [up('web'), idle('never')];
    assert.equal(await fake.settled(), "116 started names none of supervisord's programs");
    fake.processes = [up('web'), idle('never'), live('over', { exitstatus: 0 })];
    assert.equal(await fake.settled(), '116 program "over" is EXITED: it exited with code 0');
  });

  test('wants a lasting exit with code 0 where exited is wanted', async () => {
    for (const [process, expected] of [
      [live('job', { stop: 200, now: 1000 }), 'passed'],
      [live('job', { exitstatus: 3 }), '116 program "job" is EXITED: it exited with code 3'],
      [live('job', { exitstatus: -1 }), '116 program "job" is EXITED: it was killed by a signal'],
      [up('job'), '116 program "job" is RUNNING, and should exit with code 0'],
      [idle('job'), '116 program "job" is STOPPED: it has not been started'],
      [live('job', { state: 30, spawnerr: 'Exited too quickly' }), '116 program "job" is BACKOFF: Exited too quickly'],
      [live('job', { state: 1000 }), '116 program "job" is UNKNOWN'],
      [live('job', { state: 77 }), '116 program "job" is in state 77'],
    ] as const) {
      const fake = new Fake('job', 'exited');
      fake.processes = [process];
      assert.equal(await fake.settled(), expected);
    }
  });

  test('counts each answer of supervisord once, and a second run in the same second as perhaps another run', async () => {
    const fake = new Fake('job', 'exited');
    fake.processes = [live('job', { stop: 200, now: 201 })];
    fake.answer(0);
    for (let i = 0; i < 5; i++) assert.match(await fake.look(), /^116 .* exited with code 0: checking/);
    fake.answer(1000);
    assert.match(await fake.look(), /^116 .* exited with code 0: checking/);
    fake.answer(1000);
    assert.equal(await fake.look(), 'passed');
    fake.hear('PROCESS_STATE_STARTING', 'job', true);
    fake.answer(1000);
    assert.match(await fake.look(), /^116 .* exited with code 0: checking/);
    // With autorestart=true it is another run each time.
    const again = new Fake('job', 'running-or-exited');
    for (let second = 200; second < 210; second++) {
      again.processes = [live('job', { start: second, stop: second, now: second })];
      again.answer(1000);
      assert.match(await again.look(), /^116 .* exited with code 0: checking/);
    }
  });

  test('accepts both where running-or-exited is wanted', async () => {
    const fake = new Fake('a b', 'running-or-exited');
    fake.processes = [up('a'), live('b', { now: 1000 })];
    assert.equal(await fake.settled(), 'passed');
    fake.processes = [up('a'), live('b', { exitstatus: 1 })];
    assert.match(await fake.settled(), /^116 program "b" is EXITED/);
  });

  test('worsens the verdict at once for a chosen program, and only looks for one that may be chosen', async () => {
    const fake = new Fake('web -not');
    fake.processes = [up('web'), up('other')];
    assert.equal(await fake.settled(), 'passed');
    for (const state of ['STARTING', 'BACKOFF', 'STOPPING', 'EXITED', 'STOPPED', 'FATAL', 'UNKNOWN']) {
      assert.deepEqual(fake.hear(`PROCESS_STATE_${state}`, 'web'), programFailed({ kind: 'program-in-state', program: 'web', state }));
      assert.equal(fake.hear(`PROCESS_STATE_${state}`, 'web', true), 'look');
      assert.equal(fake.hear(`PROCESS_STATE_${state}`, 'other'), 'nothing');
    }
    assert.equal(fake.hear('PROCESS_STATE_RUNNING', 'web'), 'look');
    assert.equal(fake.hear('PROCESS_STATE_NEWER', 'web'), 'look');
    assert.equal(fake.hear('PROCESS_GROUP_REMOVED', 'other'), 'look');
    assert.equal(fake.hear('TICK_60', ''), 'nothing');
    assert.equal(new Fake('web').hear('PROCESS_STATE_EXITED', 'web'), 'look');
    assert.equal(new Fake('autostart').hear('PROCESS_STATE_STARTING', 'new'), 'look');
  });

  test('judges an exit event by what is wanted', async () => {
    for (const [wanted, process, good, bad] of [
      ['exited', live('job', { now: 1000 }), 'EXITED', 'RUNNING'],
      ['running-or-exited', up('job'), 'EXITED', 'STARTING'],
    ] as const) {
      const fake = new Fake('job', wanted);
      fake.processes = [process];
      assert.equal(await fake.settled(), 'passed');
      assert.equal(fake.hear(`PROCESS_STATE_${good}`, 'job'), 'look');
      assert.deepEqual(fake.hear(`PROCESS_STATE_${bad}`, 'job'), programFailed({ kind: 'program-in-state', program: 'job', state: bad }));
    }
  });

  test('throws, as a bug, when supervisord was not asked before', async () => {
    const step = createProgramsStep(
      { choice: parseProgramChoice('web'), wanted: 'running', fail: programFailed },
      { snapshot: () => undefined, runs: new Runs(1), isLeftOut: () => false },
    );
    await assert.rejects(step.run(new AbortController().signal), /not asked/);
  });
});

suite('choice of programs', () => {
  test('reads names, classes and exclusions', () => {
    const { patterns, classes, without, display } = parseProgramChoice(' nginx, boot:*  -boot:init started ');
    assert.deepEqual(
      [patterns, without].map((list) => list.map((pattern) => pattern.display)),
      [['nginx', 'boot:*'], ['boot:init']],
    );
    assert.deepEqual([classes, display], [['started'], 'nginx boot:* -boot:init started']);
  });

  test('refuses what is no choice', () => {
    for (const text of ['', ',', '-web', '*', 'a:b:c', 'a:', ':b', 'web none', '-none web', '-', 'a:*b']) {
      assert.throws(() => parseProgramChoice(text), /must be programs as NAME/, text);
    }
  });
});
