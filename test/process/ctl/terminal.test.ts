import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ctl, onTerminal } from '../../support/ctl.ts';
import { alone, TestDaemon } from '../../support/daemon.ts';
import { type Context, replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

const colour = /␛\[[\d;]*m/;
const home = '␛[H';
const [enter, leave] = ['␛[?1049h', '␛[?1049l'];

async function failing(t: Context) {
  const directory = scratchDirectory(t);
  writeScript(join(directory, 'hook'), 'echo "bgp: 3 of 4"; exit 17');
  const daemon = new TestDaemon(t, alone, directory);
  await daemon.expect(/^17 /);
  return daemon;
}

/** A daemon whose hook, from its second run on, runs until a file is gone. */
async function holding(t: Context) {
  const directory = scratchDirectory(t);
  const hold = join(directory, 'hold');
  writeScript(join(directory, 'hook'), `while [ -e ${hold} ]; do sleep 0.1; done; exit 9`);
  const daemon = new TestDaemon(t, { ...alone, READINESSD_HOOK_TIMEOUT: '299s' }, directory);
  await daemon.expect(/^9 /);
  writeFileSync(hold, '');
  return { daemon, hold };
}

suite('readinessctl and the terminal', { concurrency: 4 }, () => {
  test('shows colours on a terminal and nowhere else', async (t) => {
    const daemon = await failing(t);
    const terminal = onTerminal(t, daemon.socket, 'status');
    assert.equal(await terminal.ended, 17);
    assert.match(terminal.output(), colour);
    assert.ok(!(await ctl(daemon.socket, ['status'], { TERM: 'xterm', FORCE_COLOR: '1' })).stdout.includes('\u001B'));
  });

  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    test(`shows no colours with ${JSON.stringify(env)}`, async (t) => {
      const daemon = await failing(t);
      for (const command of ['status', 'doctor', 'codes', 'history']) {
        const terminal = onTerminal(t, daemon.socket, command, { env });
        await terminal.ended;
        assert.match(terminal.output(), /HookFailed/);
        assert.doesNotMatch(terminal.output(), colour);
      }
    });
  }

  test('breaks lines between words on a terminal, and nowhere else, and keeps their columns', async (t) => {
    const daemon = await failing(t);
    const long = (text: string) => text.split(/\r*\n/).filter((line) => line.length > 80);
    for (const command of ['codes', 'explain 112']) {
      const terminal = onTerminal(t, daemon.socket, command, { size: 'rows 24 cols 80', env: { NO_COLOR: '1' } });
      assert.equal(await terminal.ended, 0);
      assert.deepEqual(long(terminal.output()), []);
      const { stdout } = await ctl(daemon.socket, command.split(' '));
      assert.ok(long(stdout).length > 0);
      assert.equal(terminal.output().replaceAll(/\s+/g, ' '), stdout.replaceAll(/\s+/g, ' '));
      if (command === 'codes') assert.match(terminal.output(), /^ {31}\S/m);
    }
    const waiting = onTerminal(t, daemon.socket, 'wait --timeout 1ms', { size: 'rows 24 cols 60' });
    assert.notEqual(await waiting.ended, 0);
    const said = waiting.output().split('␛[K').at(-1) ?? '';
    assert.match(said, /^readinessctl: not ready within 1 ms: [\s\S]*"readinessctl explain" says what\s+to do\r*\n$/);
    assert.ok(
      said.split(/\r*\n/).every((line) => line.length <= 60),
      said,
    );
  });

  test('check shows in one line which step runs and for how long, and then the result', async (t) => {
    const { daemon, hold } = await holding(t);
    const terminal = onTerminal(t, daemon.socket, 'check');
    const quiet = [
      onTerminal(t, daemon.socket, 'check', { env: { TERM: 'dumb' } }),
      onTerminal(t, daemon.socket, 'check 2>/dev/null', { env: { NO_COLOR: '1' } }),
      onTerminal(t, daemon.socket, 'check --json'),
    ];
    const progress = /\r␛\[Kchecking \(\S+ m?s\), hook for \S+ m?s of at most 5 min/g;
    await until('it has drawn it three times', () => (terminal.output().match(progress)?.length ?? 0) >= 3);
    assert.doesNotMatch(terminal.output(), /\n/);
    for (const one of quiet) assert.equal(one.output(), '');
    rmSync(hold);
    assert.equal(await terminal.ended, 9);
    assert.match(terminal.output(), /\r␛\[K␛\[31mNOT READY␛\[0m {2}␛\[1m9 HookFailed /);
    for (const one of quiet) {
      assert.equal(await one.ended, 9);
      assert.doesNotMatch(one.output(), /␛|checking/);
    }
  });

  test('--watch redraws in place, with the past verdicts below, and restores the screen at Ctrl-C', async (t) => {
    const daemon = await failing(t);
    const terminal = onTerminal(t, daemon.socket, 'status --watch');
    await until('it has drawn twice', () => terminal.output().split(home).length > 2);
    replaceScript(daemon.hook, 'exit 0');
    await until('it shows that it is ready, and was not', () =>
      /READY\S* {2}\S*0 Ready[\s\S]*past verdicts \(UTC\)[\s\S]*0 Ready[\s\S]*17 HookFailed/.test(lastFrame(terminal.output())),
    );
    assert.ok(terminal.output().startsWith(enter));
    terminal.type('\u0003');
    assert.equal(await terminal.ended, 130);
    assert.ok(terminal.output().endsWith(`␛[?25h${leave}`));
  });

  test('--watch goes on while the daemon is away', async (t) => {
    const daemon = await failing(t);
    const terminal = onTerminal(t, daemon.socket, 'status --watch');
    await until('it has drawn', () => /17 HookFailed/.test(terminal.output()));
    daemon.child.kill('SIGKILL');
    await until('it says that the daemon is away', () => /100 DaemonUnreachable[\s\S]*readinessctl doctor/.test(terminal.output()));
    new TestDaemon(t, alone, daemon.directory);
    await until('it is back', () => /17 HookFailed/.test(lastFrame(terminal.output())));
  });

  test('--watch is never larger than the terminal, even when that does not know its size', async (t) => {
    const daemon = await failing(t);
    const small = onTerminal(t, daemon.socket, 'status --watch', { size: 'rows 4 cols 20', env: { NO_COLOR: '1' } });
    const unknown = onTerminal(t, daemon.socket, 'status --watch', { size: 'rows 0 cols 0', env: { NO_COLOR: '1' } });
    await until('both have drawn twice', () => [small, unknown].every(({ output }) => output().split(home).length > 2));
    const lines = (small.output().split(home)[1] ?? '').replaceAll(/␛\[\S/g, '').split(/\r+\n/);
    assert.equal(lines.length, 4);
    assert.equal(Math.max(...lines.map((line) => line.length)), 20);
    assert.match(unknown.output(), /Ctrl-C ends this/);
  });

  test('--watch off a terminal prints each change of the verdict once, without escapes', async (t) => {
    const daemon = await failing(t);
    const file = `${daemon.directory}/out`;
    const terminal = onTerminal(t, daemon.socket, `status --watch >${file}`);

    const text = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    await until('it has written', () => text().includes('17 HookFailed'));
    replaceScript(daemon.hook, 'exit 0');
    await until('it has written the change', () => text().includes('0 Ready'));
    assert.equal(text().match(/READY {2}/g)?.length, 2);
    assert.ok(!text().includes('\u001B'));
    terminal.type('\u0003');
    assert.equal(await terminal.ended, 130);
  });
});

function lastFrame(output: string): string {
  return output.split(home).at(-1) ?? '';
}
