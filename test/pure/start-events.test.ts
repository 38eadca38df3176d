import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createStartStep } from '../../daemon/steps/start/start.ts';
import type { StepResult } from '../../daemon/steps/step.ts';
import type { SupervisorClient } from '../../daemon/supervisor/client.ts';
import { SupervisorUnreachableError } from '../../daemon/supervisor/errors.ts';
import { configured, FakeSupervisor, live, running } from '../support/fake-supervisor.ts';

const codeOf = (result: StepResult | 'look' | 'nothing') =>
  typeof result === 'string' ? result : result.outcome === 'failed' ? result.code : 0;

suite('start step with events', () => {
  /** A start.sh and a service that have been looked at. They exited before the current second. */
  async function lookedAt(start = live('start'), named?: string): Promise<FakeSupervisor> {
    const fake = new FakeSupervisor(named);
    fake.events.isFlowing = true;
    fake.processes = [start, live('init', { state: running, pid: 4 }), live('web', { state: running, pid: 5 })];
    fake.configs = [configured('start', '/bin/x'), configured('init', '/x/start.sh'), configured('web', 'nginx')];
    await fake.look();
    return fake;
  }

  test('knows what each event means', async () => {
    const fake = await lookedAt();
    const messages = (result: ReturnType<typeof fake.hear>) =>
      typeof result === 'string' ? result : result.outcome === 'failed' && `${result.code} ${result.message}`;
    for (const [name, program, expected] of [
      ['PROCESS_STATE_STARTING', 'start', '2 start.sh (program "start") is running'],
      ['PROCESS_STATE_RUNNING', 'start', '2 start.sh (program "start") is running'],
      ['PROCESS_STATE_STOPPING', 'start', '2 start.sh (program "start") is being stopped'],
      [
        'PROCESS_STATE_STARTING',
        'init',
        '2 start.sh (program "init") is running (recognised by its command; if it is a service, set READINESSD_START_PROGRAMS)',
      ],
      // An event tells neither how a program ended nor why it was not started.
      ['PROCESS_STATE_EXITED', 'start', 'look'],
      ['PROCESS_STATE_STOPPED', 'start', 'look'],
      ['PROCESS_STATE_BACKOFF', 'start', 'look'],
      ['PROCESS_STATE_FATAL', 'start', 'look'],
      ['PROCESS_STATE_UNKNOWN', 'start', 'look'],
      ['PROCESS_STATE_STARTING', 'web', 'nothing'],
      ['PROCESS_STATE_EXITED', 'web', 'nothing'],
      ['PROCESS_STATE_STARTING', 'new', 'look'],
      // Not looked at yet, but start.sh by its name.
      ['PROCESS_STATE_STARTING', 'start.sh', '2 start.sh (program "start.sh") is running'],
      ['PROCESS_GROUP_ADDED', 'web', 'look'],
      ['PROCESS_GROUP_REMOVED', 'web', 'look'],
      ['SUPERVISOR_STATE_CHANGE_RUNNING', '', 'look'],
      ['SUPERVISOR_STATE_CHANGE_STOPPING', '', '111 supervisord is stopping or reloading (fault 6, SHUTDOWN_STATE)'],
      ['TICK_60', '', 'look'],
      ['PROCESS_LOG_STDOUT', 'start', 'nothing'],
      ['REMOTE_COMMUNICATION', '', 'nothing'],
    ] as const) {
      assert.equal(messages(fake.hear(name, program)), expected, `${name} ${program}`);
    }
    const named = await lookedAt(live('start'), 'web');
    assert.equal(named.hear('PROCESS_STATE_STARTING', 'start'), 'nothing');
    assert.equal(codeOf(named.hear('PROCESS_STATE_STARTING', 'web')), 2);
  });

  test('tells a good run from an earlier one in the same second, which has the same times', async () => {
    const fake = new FakeSupervisor();
    fake.events.isFlowing = true;
    fake.show(live('start', { start: 1000, stop: 1000, now: 1000 }), '/bin/x');
    await fake.look();
    const runs: string[] = [];
    for (let left = 2; left > 0; left--) {
      fake.hear('PROCESS_STATE_STARTING', 'start');
      fake.hear('PROCESS_STATE_EXITED', 'start');
      assert.equal(codeOf(await fake.look()), 0);
      assert.equal(fake.step.lastRunTold(), fake.step.lastRunTold());
      runs.push(fake.step.lastRunTold());
    }
    assert.notEqual(runs[0], runs[1]);
  });

  test('asks only when an event has come since the last look, or somebody waits for it', async () => {
    const fake = await lookedAt();
    const asks = async (isDemanded = false) => {
      const before = fake.processReads;
      assert.equal(codeOf(await fake.look(isDemanded)), 2);
      return fake.processReads > before;
    };
    assert.equal(await asks(), false);
    assert.equal(fake.step.isCurrent(), true);
    assert.equal(await asks(true), true);
    assert.equal(await asks(), false);
    for (const event of ['PROCESS_STATE_EXITED', 'TICK_60', 'REMOTE_COMMUNICATION']) {
      fake.hear(event, 'web');
      assert.equal(fake.step.isCurrent(), false);
      assert.equal(await asks(), true, event);
      assert.equal(await asks(), false, event);
    }
    fake.step.forgetEvents();
    assert.equal(await asks(), true);
    assert.equal(await asks(), false);
    fake.events.isFlowing = false;
    assert.equal(fake.step.isCurrent(), false);
    assert.equal(await asks(), true);
    assert.equal(await asks(), true);
  });

  test('reads the configuration for somebody who waits, although it was read a moment ago', async () => {
    const fake = await lookedAt(live('start'), 'start more');
    assert.match(JSON.stringify(await fake.look(true)), /names more/);
    fake.configs = [configured('more', 'true')];
    assert.match(JSON.stringify(await fake.look()), /names more/);
    assert.match(JSON.stringify(await fake.look(true)), /"more\\" is configured but not loaded|more.*not loaded/);
  });

  test('asks again after an uncertain result: an error, or programs that change', async () => {
    const fake = await lookedAt();
    fake.onProcessRead = () => {
      throw new SupervisorUnreachableError({ kind: 'supervisord-unreachable', url: 'unix:///sock', why: 'no' });
    };
    assert.equal(codeOf(await fake.look(true)), 110);
    assert.equal(fake.step.isCurrent(), false);
    fake.onProcessRead = () => {
      fake.processes = [...fake.processes, live(`more${fake.processReads}`)];
    };
    assert.equal(codeOf(await fake.look()), 2);
    assert.equal(fake.step.isCurrent(), false);
    fake.onProcessRead = () => {};
    fake.processes = [live('start', { now: 200 })];
    fake.configs = [configured('start', 'true')];
    assert.equal(codeOf(await fake.look()), 2);
    assert.equal(fake.step.isCurrent(), false, 'a good end that may not last');
  });

  suite('believes a good end in the second of its stop', () => {
    /** A start.sh that has just ended, after an event that says so. */
    async function ended(): Promise<FakeSupervisor> {
      const fake = new FakeSupervisor();
      fake.events.isFlowing = true;
      fake.processes = [live('start', { state: running, pid: 9, start: 1000, stop: 0 })];
      fake.configs = [configured('start', 'true')];
      assert.equal(codeOf(await fake.look()), 2);
      fake.processes = [live('start', { start: 1000, stop: 1000 })];
      return fake;
    }

    test('when two calls show it after its event, and no event comes meanwhile', async () => {
      const fake = await ended();
      fake.hear('PROCESS_STATE_EXITED', 'start');
      const before = fake.processReads;
      assert.equal(codeOf(await fake.look()), 0);
      assert.equal(fake.processReads, before + 2);
      // And from then on.
      fake.hear('TICK_60', '');
      assert.equal(codeOf(await fake.look()), 0);
      assert.equal(fake.processReads, before + 3);
    });

    for (const [title, spoil] of [
      ['without its event', () => {}],
      [
        'when the event was told before it was started again',
        (fake: FakeSupervisor) => {
          fake.hear('PROCESS_STATE_EXITED', 'start');
          fake.hear('PROCESS_STATE_STARTING', 'start');
        },
      ],
      ['when another program has ended', (fake: FakeSupervisor) => fake.hear('PROCESS_STATE_EXITED', 'start.sh')],
      [
        'when events have been lost since',
        (fake: FakeSupervisor) => {
          fake.hear('PROCESS_STATE_EXITED', 'start');
          fake.step.forgetEvents();
        },
      ],
      [
        'when events no longer come',
        (fake: FakeSupervisor) => {
          fake.hear('PROCESS_STATE_EXITED', 'start');
          fake.events.isFlowing = false;
        },
      ],
      [
        'when anything was told between the calls',
        (fake: FakeSupervisor) => {
          fake.hear('PROCESS_STATE_EXITED', 'start');
          fake.onProcessRead = () => fake.hear('REMOTE_COMMUNICATION', '');
        },
      ],
      [
        'when what was told is read only after the second answer',
        (fake: FakeSupervisor) => {
          fake.hear('PROCESS_STATE_EXITED', 'start');
          let reads = 0;
          fake.onProcessRead = () => {
            if (++reads === 2) process.nextTick(() => fake.hear('REMOTE_COMMUNICATION', ''));
          };
        },
      ],
      [
        'when an answer to supervisord is still on its way',
        (fake: FakeSupervisor) => {
          fake.hear('PROCESS_STATE_EXITED', 'start');
          fake.events.isAnswered = false;
          fake.onProcessRead = () => {
            fake.events.isAnswered = true;
          };
        },
      ],
    ] as const) {
      test(`but not ${title}`, async () => {
        const fake = await ended();
        spoil(fake);
        assert.equal(codeOf(await fake.look()), 2);
      });
    }
  });

  test('looks again when an event comes meanwhile, and is not ready if events keep coming', async () => {
    const fake = await lookedAt();
    fake.processes = [live('start')];
    fake.configs = [configured('start', 'true')];
    let told = 0;
    fake.onProcessRead = () => {
      if (told++ === 0) fake.hear('PROCESS_STATE_STARTING', 'start');
      if (told === 3) fake.processes = [live('start', { state: running, pid: 9, start: 300 })];
    };
    assert.equal(codeOf(await fake.look(true)), 2);
    fake.onProcessRead = () => {};
    fake.processes = [live('start')];
    assert.equal(codeOf(await fake.look(true)), 0);
    fake.onProcessRead = () => fake.hear('PROCESS_GROUP_ADDED', 'x');
    assert.match(JSON.stringify(await fake.look(true)), /change faster than they can be checked/);
    // An event that is not about start.sh is no reason.
    fake.onProcessRead = () => fake.hear('REMOTE_COMMUNICATION', 'x');
    assert.equal(codeOf(await fake.look(true)), 0);
  });

  test('knows at once that an update has removed start.sh', async () => {
    const fake = await lookedAt(live('start'));
    // Reading costs supervisord time, so the configuration is not read again soon.
    fake.onConfigRead = () => fake.pass(100);
    await fake.look(true);
    fake.processes = fake.processes.filter(({ name }) => name === 'web');
    fake.configs = fake.configs.filter(({ name }) => name === 'web');
    fake.hear('PROCESS_GROUP_REMOVED', 'start');
    fake.hear('PROCESS_GROUP_REMOVED', 'init');
    assert.deepEqual(await fake.look(), { outcome: 'skipped', message: 'supervisord has no start.sh program' });
  });

  suite('notices that a program was replaced when its end and its logs show nothing', () => {
    /** A job that has ended well. Then an update makes it a start.sh that ends badly before anybody looks. */
    async function replaced(tell: (fake: FakeSupervisor) => void): Promise<StepResult> {
      const fake = new FakeSupervisor();
      fake.events.isFlowing = true;
      fake.processes = [live('job')];
      fake.configs = [configured('job', 'true')];
      await fake.look();
      fake.processes = [live('job', { start: 300, stop: 400, exitstatus: 3 })];
      fake.configs = [configured('job', '/x/start.sh')];
      tell(fake);
      return fake.look();
    }

    test('when an event tells of its removal', async () => {
      assert.equal(codeOf(await replaced((fake) => fake.hear('PROCESS_GROUP_REMOVED', 'job'))), 112);
    });

    for (const [title, tell] of [
      ['the removal of another group', (fake: FakeSupervisor) => fake.hear('PROCESS_GROUP_REMOVED', 'web')],
      ['only its addition', (fake: FakeSupervisor) => fake.hear('PROCESS_GROUP_ADDED', 'job')],
    ] as const) {
      test(`but not when the event tells of ${title}`, async () => {
        assert.match(JSON.stringify(await replaced(tell)), /"code":2,.*perhaps not loaded/);
      });
    }

    test('but not when the removal may be from before the look', async () => {
      const fake = new FakeSupervisor();
      fake.events.isFlowing = true;
      fake.processes = [live('job')];
      fake.configs = [configured('job', 'true')];
      fake.onConfigRead = () => fake.hear('REMOTE_COMMUNICATION', '');
      await fake.look();
      fake.onConfigRead = () => {};
      // Only a reread: the live program is still the job.
      fake.configs = [configured('job', '/x/start.sh')];
      fake.hear('PROCESS_GROUP_REMOVED', 'job');
      assert.match(JSON.stringify(await fake.look()), /"code":2,.*perhaps not loaded/);
      // After another look with no event meanwhile, it is as good as new.
      await fake.code();
      fake.hear('PROCESS_GROUP_REMOVED', 'job');
      assert.equal(codeOf(await fake.look()), 0);
    });
  });

  test('only looks after a late event, which does not keep an end from counting', async () => {
    const fake = await lookedAt();
    for (const name of ['PROCESS_STATE_STARTING', 'PROCESS_STATE_RUNNING', 'PROCESS_STATE_EXITED', 'PROCESS_GROUP_ADDED']) {
      assert.equal(fake.hear(name, 'start', true), 'look');
    }
    assert.equal(fake.hear('PROCESS_STATE_STARTING', 'web', true), 'nothing');
    assert.equal(codeOf(fake.hear('SUPERVISOR_STATE_CHANGE_STOPPING', '', true)), 111);
    fake.processes = [live('start')];
    fake.configs = [configured('start', 'true')];
    fake.onProcessRead = () => {
      fake.hear('PROCESS_STATE_STARTING', 'start', true);
      fake.hear('PROCESS_GROUP_ADDED', 'x', true);
    };
    assert.equal(codeOf(await fake.look(true)), 0);
  });

  test('looks again when events are lost meanwhile', async () => {
    const fake = await lookedAt(live('start'));
    fake.processes = [live('start')];
    fake.configs = [configured('start', 'true')];
    await fake.look(true);
    const before = fake.processReads;
    let reads = 0;
    fake.onProcessRead = () => {
      if (++reads === 1) fake.step.forgetEvents();
      else fake.processes = [live('start', { state: running, pid: 9, start: 300 })];
    };
    assert.equal(codeOf(await fake.look(true)), 2);
    assert.equal(fake.processReads > before + 1, true);
  });

  test('runs one look at a time', async () => {
    const answers: (() => void)[] = [];
    const supervisor: SupervisorClient = {
      getAllProcessInfo: () => new Promise((resolve) => answers.push(() => resolve([live('start', { exitstatus: 3 })]))),
      getAllConfigInfo: async () => [configured('start', 'true')],
    };
    const { run } = createStartStep(supervisor, undefined, () => 0);
    const { signal } = new AbortController();
    const [first, second] = [run(signal), run(signal)];
    for (let calls = 1; calls <= 3; calls++) {
      await setImmediate();
      assert.equal(answers.length, calls);
      answers.at(-1)?.();
    }
    assert.deepEqual([codeOf(await first), codeOf(await second)], [112, 112]);
  });

  test('knows of autorestart=true when supervisord tells it', async () => {
    const fake = new FakeSupervisor();
    fake.processes = [live('start')];
    fake.configs = [configured('start', 'true', { runsForEver: true })];
    const result = await fake.look();
    assert.match(JSON.stringify(result), /exited with code 0 and is run again, since its section has autorestart=true/);
    assert.equal(codeOf(result), 2);
    fake.configs = [configured('start', 'true', { runsForEver: false })];
    assert.equal(await fake.code(), 0);
  });
});
