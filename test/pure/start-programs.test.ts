import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ProcessConfig, ProcessInfo } from '../../daemon/supervisor/client.ts';
import { configured, FakeSupervisor, live, running } from '../support/fake-supervisor.ts';

/** Live processes and configuration, one look after the other, and the code that each look must give. */
async function follow(...looks: readonly (readonly [ProcessInfo[], ProcessConfig[], number])[]): Promise<void> {
  const fake = new FakeSupervisor();
  for (const [index, [processes, configs, code]] of looks.entries()) {
    fake.processes = processes;
    fake.configs = configs;
    assert.equal(await fake.code(), code, `at look ${index}`);
  }
}

const start = (name = 'job') => configured(name, '/x/start.sh');
const service = (name = 'job') => configured(name, 'sleep 60');
const runs = (more: Partial<ProcessInfo> = {}) => live('job', { state: running, stop: 0, pid: 7, ...more });
const ended = (more: Partial<ProcessInfo> = {}) => live('job', more);
const failed = { exitstatus: 3 };

suite('start programs', () => {
  test('are told apart by group and name', () =>
    follow([
      [live('init', { group: 'x', ...failed }), live('init', { group: 'y' }), live('web', { group: 'y', ...failed })],
      [
        configured('init', 'nginx', { group: 'x' }),
        configured('init', '/x/start.sh', { group: 'y' }),
        configured('web', 'nginx', { group: 'y' }),
      ],
      0,
    ]));

  test('by name count whether they are live or configured', async () => {
    for (const more of [{ name: 'start' }, { name: 'start.sh' }, { group: 'start' }, { group: 'boot', name: 'start_00' }]) {
      await follow([[runs(more)], [], 2]);
      await follow([[], [configured('web', 'nginx', more)], 2]);
    }
  });

  test('come and go with an update', () =>
    follow(
      [[live('web')], [configured('web', 'nginx')], 0],
      [[live('web'), ended(failed)], [configured('web', 'nginx'), start()], 112],
      [[ended(failed)], [start()], 112],
      [[ended({ start: 300, stop: 400 })], [start()], 0],
      [[live('web')], [configured('web', 'nginx')], 0],
    ));

  test('are known by name on a supervisord before 4.0, which tells no commands', async () => {
    const configs = [configured('start', undefined), configured('job', undefined)];
    await follow([[live('start', failed), runs()], configs, 112], [[live('start'), runs()], configs, 0]);
  });
});

suite('a reread changes the configuration, and not what runs:', () => {
  test('a start program that it adds is not loaded', () => follow([[], [], 0], [[], [start()], 2], [[], [], 0]));

  test('nor is one that it adds to a loaded group, for example one more copy', () => {
    const of = (name: string) => configured(name, '/x/start.sh', { group: 'boot' });
    const a = live('a', { group: 'boot' });
    return follow([[a], [of('a')], 0], [[a], [of('a'), of('b')], 2], [[a, live('b', { group: 'boot' })], [of('a'), of('b')], 0]);
  });

  test('a start.sh that it puts in the place of a program does not run yet, although that program runs again', () =>
    follow(
      [[ended()], [service()], 0],
      [[ended()], [start()], 2],
      [[ended({ start: 300, stop: 400 })], [start()], 2],
      [[ended({ start: 300, stop: 400 })], [service()], 0],
    ));

  for (const configs of [[], [service()]]) {
    const title = configs.length === 0 ? 'drops' : 'changes';
    test(`a start.sh whose section it ${title} stays one while it runs, when it ends, and when it runs again`, () =>
      follow(
        [[runs()], [start()], 2],
        [[runs()], configs, 2],
        [[ended(failed)], configs, 112],
        [[runs({ start: 300, stop: 290, pid: 8 })], configs, 2],
        [[ended({ start: 300, stop: 400 })], configs, 0],
      ));

    test(`a start.sh whose section it ${title} stays one while it cannot be spawned`, () =>
      follow(
        [[ended({ state: 30, stop: 0 })], [start()], 2],
        [[ended({ state: 30, start: 102, stop: 0 })], configs, 2],
        [[runs({ start: 104 })], configs, 2],
      ));
  }

  test('a service whose section it drops stays one, even when it runs again', () =>
    follow([[runs()], [service()], 0], [[runs()], [], 0], [[runs({ start: 300, stop: 290, pid: 8 })], [], 0]));

  test('so it does when the clock is set back and it runs again, with a stop before that of the run before', () =>
    follow([[ended({ start: 500, stop: 510 })], [start()], 0], [[runs({ start: 100, stop: 90, pid: 8 })], [service()], 2]));
});

suite('an update that replaces a program is noticed by', () => {
  for (const [title, before, after] of [
    ['a stop that is gone', ended(), runs()],
    ['a start that is gone', runs({ state: 0, pid: 0 }), live('job', { state: 0, start: 0, stop: 0 })],
    ['a new run that never stopped', runs(), runs({ start: 300, pid: 8 })],
    ['a log with another name', ended({ logs: 'a' }), ended({ start: 300, stop: 400, logs: 'b', ...failed })],
  ] as const) {
    test(title, async () => {
      for (const [from, to] of [
        [service(), start()],
        [start(), service()],
      ] as const) {
        const fake = new FakeSupervisor();
        fake.processes = [before];
        fake.configs = [from];
        await fake.code();
        fake.processes = [after];
        fake.configs = [to];
        assert.equal((await fake.code()) !== 0, to.command === '/x/start.sh');
      }
    });
  }

  test('the removal of its group in between', () => follow([[ended()], [service()], 0], [[], [], 0], [[ended(failed)], [start()], 112]));
});

suite('it is unknown what a program runs, which is 114,', () => {
  test('when its section was never seen; a later one can say that it is start.sh, but not that it is not', async () => {
    const unknown: readonly [ProcessInfo[], ProcessConfig[], number] = [[runs()], [], 114];
    const again = runs({ start: 300, stop: 290, pid: 8 });
    await follow(unknown, [[runs()], [service()], 114], [[again], [service()], 114], [[ended()], [service()], 114]);
    await follow(unknown, [[runs()], [service()], 114], [[runs({ start: 300, pid: 8 })], [service()], 0]);
    await follow(unknown, [[runs()], [start()], 2], [[runs()], [service()], 2]);
  });

  test('when its group was added again after its section was gone', () =>
    follow([[runs()], [service()], 0], [[runs()], [], 0], [[runs({ start: 300, pid: 8 })], [], 114], [[], [], 0], [[ended()], [], 114]));

  test('but not where READINESSD_START_PROGRAMS says what counts', async () => {
    const fake = new FakeSupervisor('job');
    fake.processes = [live('web'), ended()];
    assert.equal(await fake.code(), 0);
  });
});

suite('of two sections with the same final name supervisord loads one:', () => {
  test('if one is a start.sh, it is unknown which one is loaded', () =>
    follow([[ended()], [start(), service()], 2], [[ended()], [service()], 0], [[ended()], [configured('job', '/y/start.sh'), start()], 2]));

  test('the verdict says so', async () => {
    const fake = new FakeSupervisor();
    fake.processes = [ended()];
    fake.configs = [start(), service()];
    assert.match((await fake.step.run(new AbortController().signal)).message, /shares its group and process name with another section/);
  });

  test('and what is live counts as a start program', async () => {
    for (const configs of [
      [service(), start()],
      [start(), service()],
    ])
      await follow([[ended(failed)], configs, 112]);
  });
});

suite('READINESSD_START_PROGRAMS', () => {
  for (const [named, processes, configs, code] of [
    ['job', [ended()], [], 0],
    ['job', [ended(), live('start', { state: running })], [start('start')], 0],
    ['job', [live('start')], [], 2],
    ['job', [ended(failed)], [], 112],
    ['job', [], [service()], 2],
    ['job web', [ended()], [], 2],
    ['boot:*', [ended({ group: 'boot' }), live('web')], [], 0],
    ['boot:*', [ended({ group: 'boot' })], [configured('more', 'true', { group: 'boot' })], 2],
    ['none', [live('start', { state: running }), runs()], [start('start'), start()], 0],
  ] as const) {
    test(`${named}: ${processes.map(({ name, state }) => `${name} ${state}`).join(', ')} is ${code}`, async () => {
      const fake = new FakeSupervisor(named);
      fake.processes = [...processes];
      fake.configs = [...configs];
      assert.equal(await fake.code(), code);
    });
  }
});
