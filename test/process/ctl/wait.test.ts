import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { answered, ctl, onTerminal } from '../../support/ctl.ts';
import { alone, TestDaemon } from '../../support/daemon.ts';
import { type Context, replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

/** A daemon whose hook exits with this code. */
async function saying(t: Context, code: number): Promise<TestDaemon> {
  const directory = scratchDirectory(t);
  writeScript(join(directory, 'hook'), `exit ${code}`);
  const daemon = new TestDaemon(t, alone, directory);
  await daemon.expect(new RegExp(`^${code} `));
  return daemon;
}

suite('readinessctl wait', { concurrency: 4 }, () => {
  test('ends with 0 and quietly once the container is ready, and not sooner', async (t) => {
    const daemon = await saying(t, 9);
    let isOver = false;
    const waiting = ctl(daemon.socket, ['wait', '--timeout', '2m']).finally(() => {
      isOver = true;
    });
    await daemon.moreCycles(10);
    assert.equal(isOver, false);
    replaceScript(daemon.hook, 'exit 0');
    const { code, stdout, stderr } = await waiting;
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });

  test('waits for a daemon that is not there yet', async (t) => {
    const directory = scratchDirectory(t);
    const waiting = ctl(join(directory, 'r.sock'), ['wait', '--timeout', '2m', '--json']);
    new TestDaemon(t, alone, directory);
    const { code, stdout } = await waiting;
    const result = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([code, result['reached'], result['for'], result['code']], [0, true, 'ready', 0]);
  });

  // Whenever its time ends, it never says 101 because it cut a probe short itself.
  for (const timeout of ['1ms', '300ms', '1s']) {
    test(`exits with the last probe's code after ${timeout}, with its reason on stderr`, async (t) => {
      const daemon = await saying(t, 17);
      const { code, stdout, stderr } = await answered(daemon.socket, ['wait', '--timeout', timeout]);
      assert.deepEqual([code, stdout], [17, '']);
      assert.match(stderr, /^readinessctl: not ready within \S+ m?s: 17 HookFailed .*; "readinessctl explain" says what to do\n$/);
    });
  }

  test('--for not-ready waits for that, and exits with 1 if it stays ready', async (t) => {
    const daemon = await saying(t, 0);
    const stays = ['wait', '--for', 'not-ready', '--timeout', '300ms'];
    const result = await until('the probe is answered in its half second', async () => {
      const { code, stdout } = await ctl(daemon.socket, [...stays, '--json']);
      const said = JSON.parse(stdout) as Record<string, unknown>;
      return said['code'] === 101 ? undefined : [code, said['reached'], said['code']];
    });
    assert.deepEqual(result, [1, false, 0]);
    // A probe without an answer in time ends it with 0, and is not reported.
    const over = await until('it has ended otherwise', async () => {
      const finished = await ctl(daemon.socket, stays);
      return finished.code === 0 ? undefined : finished;
    });
    assert.equal(over.code, 1);
    assert.match(over.stderr, /^readinessctl: still ready after 300 ms: 0 Ready .*\n$/);
    const waiting = ctl(daemon.socket, ['wait', '--for', 'not-ready', '--timeout', '2m']);
    replaceScript(daemon.hook, 'exit 9');
    assert.deepEqual([(await waiting).code, (await waiting).stdout], [0, '']);
  });

  test('shows on a terminal what it waits for, with step, time and reason, in one line, and then the result', async (t) => {
    const daemon = await saying(t, 17);
    const terminal = onTerminal(t, daemon.socket, 'wait --timeout 2m');
    const progress = /\r␛\[Kwaiting for ready \(\S+ m?s of \S+ \w+\), hook: \S*17 HookFailed hook exited with code 17/g;
    await until('it has drawn it three times', () => (terminal.output().match(progress)?.length ?? 0) >= 3);
    assert.doesNotMatch(terminal.output(), /\n/);
    replaceScript(daemon.hook, 'exit 0');
    assert.equal(await terminal.ended, 0);
    assert.match(terminal.output(), /\r␛\[K\S*ready\S* after \S+ m?s: 0 Ready .*\r\n$/);
  });
});
