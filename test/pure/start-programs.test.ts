import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { configured, FakeSupervisor, live, running } from '../support/fake-supervisor.ts';
import { until } from '../support/scratch.ts';

suite('start programs', () => {
  test('are learnt once, while the processes stay', async () => {
    const fake = new FakeSupervisor();
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
    const fake = new FakeSupervisor();
    fake.show(live('web'), 'nginx');
    fake.configs.push(configured('init', '/x/start.sh'));
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
    const fake = new FakeSupervisor();
    fake.show(live('web'), 'nginx');
    fake.configs.push(configured('init', '/x/start.sh'));
    assert.equal(await fake.code(), 0);
    fake.processes = [live('init', { exitstatus: 3 })];
    assert.equal(await fake.code(), 112);
  });

  test('are told apart by group and name, and bear the name start as either', async () => {
    const fake = new FakeSupervisor();
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
        const named = new FakeSupervisor();
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
    const fake = new FakeSupervisor();
    fake.show(live('start'), 'true');
    assert.equal(await fake.code(), 0);
    fake.processes = [live('start', { start: 300, state: running })];
    assert.equal(await fake.code(), 2);
    assert.equal(fake.configReads, 1);
  });

  test('keep the last known command of a live process when a reread changes or drops its section', async () => {
    for (const configs of [[], [configured('init', 'sleep 60')]]) {
      const fake = new FakeSupervisor();
      fake.show(live('init', { state: running, stop: 0, pid: 7 }), '/x/start.sh');
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
    const fake = new FakeSupervisor();
    fake.show(live('init', { state: 30, start: 100, stop: 0 }), '/x/start.sh');
    assert.equal(await fake.code(), 2);
    fake.show(live('init', { state: 30, start: 102, stop: 0 }), 'sleep 60');
    assert.equal(await fake.code(), 2);
  });

  test('keep the last known command when they end after a reread has changed or dropped it', async () => {
    for (const configs of [[], [configured('init', 'sleep 60')]]) {
      const fake = new FakeSupervisor();
      fake.show(live('init', { state: running, stop: 0, pid: 7 }), '/x/start.sh');
      assert.equal(await fake.code(), 2);
      fake.configs = configs;
      fake.processes = [live('init', { exitstatus: 3 })];
      assert.equal(await fake.code(), 112);
    }
  });

  test('are forgotten when another program has taken the name', async () => {
    for (const before of [{ stop: 150 }, { stop: 0, pid: 7 }]) {
      const fake = new FakeSupervisor();
      fake.show(live('init', { state: running, ...before }), '/x/start.sh');
      assert.equal(await fake.code(), 2);
      fake.show(live('init', { state: running, start: 500, stop: 0, pid: 8 }), 'sleep 60');
      assert.equal(await fake.code(), 0);
    }
  });

  test('a live process whose command was never told is unknown, and known once it is told', async () => {
    const fake = new FakeSupervisor();
    fake.processes = [live('init'), live('web')];
    fake.configs = [configured('web', 'nginx')];
    assert.equal(await fake.code(), 114);
    fake.processes = [live('init'), live('web', { start: 300 })];
    fake.configs = [configured('init', 'sleep 1'), configured('web', 'nginx')];
    assert.equal(await fake.code(), 0);
  });

  test('a restart of another program whose section is gone does not make it unknown', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('web'), 'nginx');
    assert.equal(await fake.code(), 0);
    fake.processes = [live('web', { start: 300, stop: 290 })];
    fake.configs = [];
    assert.equal(await fake.code(), 0);
  });

  test('a start program that is configured and not loaded is asked about at each look', async () => {
    const fake = new FakeSupervisor();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx'), configured('start', 'true', { inuse: false })];
    assert.equal(await fake.code(), 2);
    fake.configs = [configured('web', 'nginx')];
    assert.equal(await fake.code(), 0);
    assert.equal(await fake.code(), 0);
    assert.equal(fake.configReads, 2);
  });

  test('a program that is configured and not loaded counts when its command is start.sh, and only then', async () => {
    const fake = new FakeSupervisor();
    fake.processes = [live('web')];
    fake.configs = [configured('web', 'nginx'), configured('init', '/x/start.sh', { inuse: false })];
    assert.equal(await fake.code(), 2);
    fake.configs = [configured('web', 'nginx'), configured('init', 'sleep 60', { inuse: false })];
    assert.equal(await fake.code(), 0);
  });

  test('a start program that comes while the configuration is read is not ready for a moment', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('web'), 'nginx');
    fake.configs.push(configured('init', '/x/start.sh'));
    fake.onConfigRead = () => {
      fake.processes = [live('web'), live('init', { state: running, stop: 0 })];
    };
    assert.equal(await fake.code(), 2);
  });

  test('a supervisord before 4.0, which tells no commands, is judged by names', async () => {
    const fake = new FakeSupervisor();
    fake.processes = [live('start', { exitstatus: 5 }), live('init', { state: running })];
    fake.configs = [configured('start', undefined), configured('init', undefined)];
    assert.equal(await fake.code(), 112);
    fake.processes = [live('start'), live('init', { state: running })];
    assert.equal(await fake.code(), 0);
  });

  test('an update between two questions is seen, and one that never ends is not waited for', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('init', { exitstatus: 0 }), '/x/start.sh');
    fake.onConfigRead = () => {
      fake.processes = [live('init', { start: 900 + fake.configReads, stop: 0, state: running })];
    };
    assert.equal(await fake.code(), 2);
    assert.equal(fake.configReads, 2);
  });

  test('a program that was never started is seen when an update makes it start.sh', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('init', { state: 0, start: 0, stop: 0 }), 'sleep 60');
    assert.equal(await fake.code(), 0);
    fake.configs = [configured('init', '/x/start.sh')];
    await until('it is asked about again', async () => (await fake.code()) === 2);
  });

  test('a program that an update makes start.sh between two questions is not ready for a moment', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('init'), 'sleep 60');
    assert.equal(await fake.code(), 0);
    fake.show(live('init', { start: 300 }), '/x/start.sh');
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
      const fake = new FakeSupervisor();
      fake.show(live('init', { state: running, start: 500, stop: 499, pid: 7 }), 'sleep 60');
      assert.equal(await fake.code(), 0);
      fake.processes = [now];
      fake.configs = [configured('init', '/x/start.sh')];
      assert.notEqual(await fake.code(), 0);
    }
    const fake = new FakeSupervisor();
    fake.show(live('init', { state: running, start: 500, stop: 0, pid: 7 }), 'sleep 60');
    assert.equal(await fake.code(), 0);
    fake.show(live('init', { state: running, start: 500, stop: 0, pid: 8 }), '/x/start.sh');
    assert.equal(await fake.code(), 2);
  });

  test('a program that was never started is seen when an update replaces it by one that cannot be spawned', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('init', { state: 0, start: 0, stop: 0 }), 'sleep 60');
    assert.equal(await fake.code(), 0);
    fake.show(live('init', { state: 200, start: 500, stop: 0 }), '/x/start.sh');
    assert.equal(await fake.code(), 113);
  });

  test('a program that an update replaces, and that ends, in the very second of the look is seen in the next', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('job', { start: 500, stop: 500, now: 500 }), '/bin/true');
    assert.equal(await fake.code(), 0);
    // Another run of another program, which shows the same but for its exit status.
    fake.show(live('job', { start: 500, stop: 500, now: 510, exitstatus: 3 }), '/usr/bin/start.sh');
    assert.equal(await fake.code(), 112);
    const { configReads } = fake;
    assert.equal(await fake.code(), 112);
    assert.equal(fake.configReads, configReads);
  });

  test('a start program that only a reread has brought is seen within a minute', async () => {
    const fake = new FakeSupervisor();
    fake.show(live('web', { state: running, stop: 0 }), 'nginx');
    assert.equal(await fake.code(), 0);
    fake.configs.push(configured('start', '/usr/bin/start.sh', { inuse: false }));
    const { now } = fake;
    fake.now = () => now() + 61_000;
    assert.equal(await fake.code(), 2);
  });

  test('a start program that is not loaded is seen where no process is live', async () => {
    const fake = new FakeSupervisor();
    fake.configs = [configured('start', 'true', { inuse: false })];
    assert.equal(await fake.code(), 2);
  });

  test('a program that crashes and restarts all the time does not stand in the way', async () => {
    const fake = new FakeSupervisor();
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
