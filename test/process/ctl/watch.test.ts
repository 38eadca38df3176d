import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { onTerminal, shellOnTerminal, type Terminal } from '../../support/ctl.ts';
import { alone, TestDaemon } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';
import { type Context, cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

const home = '␛[H';
const [enter, leave] = ['␛[?1049h', '␛[?1049l'];

/** Long, so that it is cut at 80 columns, with characters of every width. */
const said = `bgp 準備完了 👍 e\u0301 ${'and so on '.repeat(8)}`;

async function failing(t: Context) {
  const directory = scratchDirectory(t);
  writeScript(join(directory, 'hook'), `echo "${said}"; exit 17`);
  const daemon = new TestDaemon(t, { ...alone, READINESSD_PERIOD_NOT_READY: '10m' }, directory);
  await daemon.expect(/^17 /);
  return daemon;
}

const frames = (terminal: Terminal) => terminal.output().split(home);
const lastFrame = (terminal: Terminal) => frames(terminal).at(-1) ?? '';

/** A shell that shows the status, once it is drawn. */
async function watching(t: Context, socket: string, env: NodeJS.ProcessEnv = {}) {
  const shell = shellOnTerminal(t, socket, { size: 'rows 24 cols 80', env: { NO_COLOR: '1', LANG: 'C.UTF-8', ...env } });
  shell.type('tty\r');
  const [tty = ''] = await until('the terminal has a name', () => /\/dev\/pts\/\d+/.exec(shell.output()));
  shell.type('readinessctl status --watch\r');
  await until('it has drawn', () => /HookFailed[\s\S]*q or Ctrl-C/.test(lastFrame(shell)));
  return { shell, tty };
}

/** The output of a command that is typed into a shell which has its terminal back. */
async function answer(shell: Terminal, command: string): Promise<string> {
  const from = shell.output().length;
  shell.type(`${command}; echo =done\r`);
  const [, said = ''] = await until(`${command} is answered`, () => /\n([\s\S]*)=done\r+\n/.exec(shell.output().slice(from)));
  return said.trim();
}

/** The screen is the shell's again, and so is the terminal's mode: keys come as lines and are echoed. */
async function isRight(shell: Terminal): Promise<void> {
  const shown = shell.output();
  assert.ok(shown.lastIndexOf(leave) > shown.lastIndexOf(enter));
  assert.ok(shown.lastIndexOf('␛[?25h') > shown.lastIndexOf('␛[?25l'));
  assert.ok(shown.lastIndexOf('␛[?7h') > shown.lastIndexOf('␛[?7l'));
  const modes = (await answer(shell, 'stty -a')).split(/[\s;]+/);
  for (const mode of ['icanon', 'isig', 'echo', 'opost']) assert.ok(modes.includes(mode), mode);
}

suite('readinessctl status --watch, on a terminal', { concurrency: 4 }, () => {
  test('ends at q with the code of the verdict, at Ctrl-C with 130, and restores the terminal', async (t) => {
    const daemon = await failing(t);
    for (const [key, code] of [
      ['q', '17'],
      ['\u0003', '130'],
    ] as const) {
      const { shell } = await watching(t, daemon.socket);
      shell.type(key);
      await until('it has gone', () => shell.output().includes(leave));
      assert.match(await answer(shell, 'echo $?'), new RegExp(`(^|\\s)${code}$`));
      await isRight(shell);
    }
  });

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    test(`restores the terminal at ${signal}`, async (t) => {
      const daemon = await failing(t);
      const { shell } = await watching(t, daemon.socket);
      process.kill(await pidOf(daemon.socket), signal);
      await until('it has gone', () => shell.output().includes(leave));
      await isRight(shell);
    });
  }

  test('stops at Ctrl-Z and at a signal, restores the terminal, and continues where it was', async (t) => {
    const daemon = await failing(t);
    const { shell } = await watching(t, daemon.socket);
    const pid = await pidOf(daemon.socket);
    for (const stop of [() => shell.type('\u001A'), () => process.kill(pid, 'SIGTSTP'), () => process.kill(pid, 'SIGSTOP')]) {
      const from = shell.output().length;
      stop();
      await until('the shell says so', () => /Stopped/.test(shell.output().slice(from)));
      if (!stop.toString().includes('SIGSTOP')) await isRight(shell);
      const drawn = frames(shell).length;
      shell.type('fg\r');
      await until('it draws again', () => frames(shell).length > drawn + 1 && /HookFailed/.test(lastFrame(shell)));
      assert.ok(shell.output().lastIndexOf(enter) > shell.output().lastIndexOf(leave));
    }
    shell.type('q');
    await until('keys reach it', () => shell.output().lastIndexOf(leave) > shell.output().lastIndexOf(enter));
    await isRight(shell);
  });

  test('cannot be stopped by Ctrl-Z when no shell could continue it', async (t) => {
    const daemon = await failing(t);
    const terminal = onTerminal(t, daemon.socket, 'status --watch');
    await until('it has drawn', () => /HookFailed/.test(terminal.output()));
    terminal.type('\u001A');
    await until('it has come back', () => terminal.output().split(enter).length > 2);
    terminal.type('q');
    assert.equal(await terminal.ended, 17);
  });

  for (const [how, message] of [
    ['drawing', 'drawing has failed'],
    ['beside', 'something else has failed'],
  ] as const) {
    test(`restores the terminal when ${message}`, async (t) => {
      const shell = shellOnTerminal(t, '/none');
      const from = shell.output().length;
      const script = join(import.meta.dirname, '../../support/throwing-picture.ts');
      shell.type(`${process.execPath} --import tsx ${script} ${how}\r`);
      await until('it has failed', () => shell.output().slice(from).includes(`Error: ${message}`));
      assert.match(shell.output(), /a picture/);
      await isRight(shell);
    });
  }

  test('cuts long lines with an ellipsis, breaks them after w, and redraws at once when the terminal is resized', async (t) => {
    const daemon = await failing(t);
    const { shell, tty } = await watching(t, daemon.socket);
    assert.match(lastFrame(shell), /\| bgp 準備完了 👍 e\u0301 and .*…\r+\n/);
    shell.type('w');
    await until('it breaks them', () => /\| bgp .*[^…]␛\[K\r+\n {9}\| .*so on/.test(lastFrame(shell)));
    shell.type('w');
    await until('it cuts them', () => /\| bgp .*…\r+\n/.test(lastFrame(shell)));

    // The picture is there before an answer, which does not come.
    const { pid } = await daemon.status();
    cleanUp(t, () => process.kill(pid, 'SIGCONT'));
    await until('it draws before the daemon is asked', async () => {
      process.kill(pid, 'SIGCONT');
      await until('it shows the daemon', () => /HookFailed/.test(lastFrame(shell)));
      process.kill(pid, 'SIGSTOP');
      await run('stty', ['-F', tty, 'cols', '120']);
      await run('stty', ['-F', tty, 'cols', '40', 'rows', '6']);
      // stty sets columns and rows one after the other.
      await until('it is smaller', () => widthOfFrame(lastFrame(shell)) <= 40 && linesOfFrame(lastFrame(shell)).length <= 6);
      return /HookFailed/.test(lastFrame(shell));
    });
    const lines = linesOfFrame(lastFrame(shell));
    assert.equal(lines.length, 6);
    assert.match(lines.at(-1) ?? '', /^\d+ lines more; q or Ctrl-C/);
  });

  test('ends cut lines as the locale allows', async (t) => {
    const daemon = await failing(t);
    for (const [LC_ALL, end] of [
      ['de_CH.utf8', '…'],
      ['C', '...'],
    ] as const) {
      const { shell } = await watching(t, daemon.socket, { LC_ALL });
      assert.ok(
        (
          lastFrame(shell)
            .split(/\r+\n/)
            .find((line) => line.includes('| bgp')) ?? ''
        ).endsWith(end),
      );
    }
  });

  for (const env of [{ TERM: 'dumb' }, { TERM: '' }]) {
    test(`prints as off a terminal with ${JSON.stringify(env)}`, async (t) => {
      const daemon = await failing(t);
      const terminal = onTerminal(t, daemon.socket, 'status --watch', { env });
      await until('it has written', () => /HookFailed[\s\S]*readinessctl explain/.test(terminal.output()));
      assert.ok(terminal.output().includes(said.trim()));
      terminal.type('\u0003');
      assert.equal(await terminal.ended, 130);
      assert.doesNotMatch(terminal.output(), /␛/);
    });
  }
});

/** The pid of the readinessctl that shows this daemon's status. */
async function pidOf(socket: string): Promise<number> {
  const { stdout } = await run('sh', ['-c', `grep -lFzx "READINESSD_SOCKET=$0" /proc/[0-9]*/environ 2>/dev/null`, socket]);
  for (const [, pid = ''] of stdout.matchAll(/\/proc\/(\d+)\//g)) {
    const { stdout: command } = await run('cat', [`/proc/${pid}/cmdline`]);
    if (command.includes('readinessctl.cjs')) return Number(pid);
  }
  throw new Error('no readinessctl runs');
}

function linesOfFrame(frame: string): string[] {
  return frame.split(/\r+\n/);
}

function widthOfFrame(frame: string): number {
  return Math.max(...linesOfFrame(frame).map((line) => line.replaceAll(/␛\[\S/g, '').length));
}
