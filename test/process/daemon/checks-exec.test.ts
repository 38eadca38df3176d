import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { daemonOf, saidBy } from '../../support/checks.ts';
import { alone, ended, TestDaemon } from '../../support/daemon.ts';
import { isAlive } from '../../support/process.ts';
import { end } from '../../support/run.ts';
import { cleanUp, replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []);
const numbersIn = (path: string) => linesOf(path).map(Number);

suite('exec checks', () => {
  test('pass only at code 0, and otherwise have 117 or their own code, whatever the command says', async (t) => {
    const codes = ['0', '1', '2', '3', '42', '100', '117', '126', '127', '255'];
    const script = writeScript(join(scratchDirectory(t), 'check'), 'exit $1');
    const checks = codes.map((code) => `  c${code}: { exec: { command: ${script} ${code} }, exit-code: ${code === '1' ? 77 : 33} }`);
    const daemon = daemonOf(
      t,
      [...checks.slice(0, 2), ...checks.slice(2).map((line) => line.replace(/, exit-code.*?\}$/, ' }'))].join('\n'),
    );
    const said = await saidBy(daemon, 2);
    for (const code of codes) assert.equal(said[`c${code}`], `${code === '0' ? 'passed' : 'failed'}: ${script} exited with code ${code}`);
    assert.match(await daemon.body(), /^77 CheckFailed check "c1": .* exited with code 1; 8 more checks fail\n$/);
    assert.equal((await daemon.probe()).code, 77);
  });

  test("show the end of a failing command's output", async (t) => {
    const directory = scratchDirectory(t);
    const text = 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo "line $i"; done; printf "\\033[31mred\\033[0m \\377\\r\\n" >&2; exit 1';
    const daemon = daemonOf(t, `  a: { exec: { command: ${writeScript(join(directory, 'check'), text)} } }`);
    const body = await daemon.expect(/^117 /);
    assert.match(body, /^117 [^\n]*\n(line \d+\n)+line 2000\nred \uFFFD\n$/);
    const { detail = '' } = await daemon.status();
    assert.ok(Buffer.byteLength(detail) <= 4096);
    assert.match(detail, /^(line \d+\n)+line 2000\nred \uFFFD$/);
  });

  test('kill a whole group at the timeout, even one that ignores SIGTERM', async (t) => {
    const directory = scratchDirectory(t);
    const pids = join(directory, 'pids');
    const script = writeScript(
      join(directory, 'check'),
      `trap "" TERM\necho $$ >>"${pids}"\n(trap "" TERM; exec sleep 1000) & echo $! >>"${pids}"\necho begun\nwait`,
    );
    const daemon = daemonOf(t, `  a: { exec: { command: ${script} }, timeout: 3s }`);
    assert.match(await daemon.expect(/^117 .*ran longer than its timeout of 3s and was killed\n/), /\nbegun\n$/);
    const [first = 0, second = 0] = numbersIn(pids);
    assert.ok(first > 0 && second > 0);
    await until('both are gone', () => !isAlive(first) && !isAlive(second));
  });

  test('say why a command is not run, in the same words each time', async (t) => {
    const directory = scratchDirectory(t);
    const put = (name: string, text = 'exit 0', mode = 0o755) => writeScript(join(directory, name), text, mode);
    mkdirSync(join(directory, 'directory'));
    mkdirSync(join(directory, 'open'));
    writeScript(join(directory, 'open/check'), 'exit 0');
    chmodSync(join(directory, 'open'), 0o777);
    writeFileSync(join(directory, 'empty'), '', { mode: 0o755 });
    const cases: Record<string, [path: string, line: RegExp]> = {
      absent: [join(directory, 'none'), /none is not there$/],
      nowhere: [join(directory, 'none/check'), /cannot be looked at: there is no directory .*\/none$/],
      directory: [join(directory, 'directory'), /is a directory, not a regular file$/],
      mode: [put('mode', 'exit 0', 0o644), /is not executable: "chmod 0755" makes it so$/],
      unsafe: [
        put('unsafe', 'exit 0', 0o777),
        /was not run, since it would run as root and .*unsafe can be written by everybody; fix that, or set .*$/,
      ],
      open: [join(directory, 'open/check'), /was not run, since it would run as root and .*\/open can be written by everybody; /],
      empty: [join(directory, 'empty'), /cannot be started: it is empty$/],
      interpreter: [
        put('interpreter', '#!/no/such/thing\n'),
        /cannot be started: the interpreter of its #! line, "\/no\/such\/thing", cannot run: it does not exist$/,
      ],
    };
    const checks = Object.entries(cases).map(([name, [path]]) => `  ${name}: { exec: { command: ${path} } }`);
    const said = await saidBy(daemonOf(t, checks.join('\n')));
    for (const [name, [, line]] of Object.entries(cases)) {
      assert.match(said[name] ?? '', /^failed: [^\n]+$/);
      assert.match(said[name] ?? '', line);
    }
    const daemon = daemonOf(t, `  a: { exec: { command: ${directory}/unsafe } }`, { READINESSD_HOOK_SAFETY_CHECK: 'off' });
    await daemon.expect(/^0 /);
  });

  test('do not believe a command whose file was replaced while it ran', async (t) => {
    const directory = scratchDirectory(t);
    const [script, begun, go] = ['check', 'begun', 'go'].map((name) => join(directory, name)) as [string, string, string];
    writeScript(script, `echo >>"${begun}"; until [ -e "${go}" ]; do sleep 0.05; done; exit 0`);
    const daemon = daemonOf(t, `  a: { exec: { command: ${script} }, timeout: 20s }`);
    await until('it runs', () => existsSync(begun));
    replaceScript(script, 'echo the new one; exit 9');
    writeFileSync(go, '');
    // Its good end is never shown: it belongs to the old file.
    assert.match(await daemon.expect(/^(?!104 )\d/), /^117 .* exited with code 9\nthe new one\n$/);
  });

  test('get arguments as they are quoted, the environment without credentials, and an empty stdin', async (t) => {
    const directory = scratchDirectory(t);
    const script = writeScript(join(directory, 'check'), 'pwd; printf "<%s>" "$@"; echo; readlink /proc/self/fd/0; env; exit 1');
    const settings = { READINESSD_SUPERVISOR_USER: 'nobody', READINESSD_SUPERVISOR_PASSWORD: 'hidden', MINE: 'yes' };
    const daemon = daemonOf(t, `  a: { exec: { command: "${script} 'a b' $$HOME * \\"c;d\\" ''" } }`, settings);
    await daemon.expect(/^117 /);
    const { detail = '' } = await daemon.status();
    assert.match(detail, /^\/\n<a b><\$HOME><\*><c;d><>\n\/dev\/null\n/);
    assert.match(detail, /^MINE=yes$/m);
    assert.doesNotMatch(detail, /hidden|READINESSD_SUPERVISOR_/);
  });

  test('run two at a time and no more, beside a hook', async (t) => {
    const directory = scratchDirectory(t);
    const counts = join(directory, 'counts');
    const text = `mkdir "${directory}/run.$$"; set -- "${directory}"/run.*; echo $# >>"${counts}"; sleep 0.3; rmdir "${directory}/run.$$"`;
    const script = writeScript(join(directory, 'check'), text);
    const hook = writeScript(join(directory, 'hook'), 'sleep 0.3');
    const checks = Array.from({ length: 7 }, (_none, index) => `  c${index}: { exec: { command: ${script} } }`);
    const daemon = daemonOf(t, checks.join('\n'), { READINESSD_HOOK: hook });
    await daemon.expect(/^0 /);
    assert.ok(numbersIn(counts).length >= 7);
    assert.equal(Math.max(...numbersIn(counts)), 2);
  });

  test('end when the daemon stops, and do not begin if they still wait for their turn', async (t) => {
    const directory = scratchDirectory(t);
    const pids = join(directory, 'pids');
    const script = writeScript(join(directory, 'check'), `trap "" TERM; echo $$ >>"${pids}"; sleep 1000`);
    const checks = Array.from({ length: 8 }, (_none, index) => `  c${index}: { exec: { command: ${script} }, timeout: 9s }`);
    const daemon = daemonOf(t, checks.join('\n'));
    await until('two run', () => linesOf(pids).length === 2);
    daemon.child.kill('SIGTERM');
    assert.equal(await ended(daemon), 0);
    assert.doesNotMatch(daemon.log(), /killing itself/);
    assert.equal(linesOf(pids).length, 2);
    await until('they are gone', () => numbersIn(pids).every((pid) => !isAlive(pid)));
  });

  test('that a killed daemon left are ended before another runs, in either lane', async (t) => {
    const directory = scratchDirectory(t);
    const pids = join(directory, 'pids');
    const script = writeScript(join(directory, 'check'), `echo $$ >>"${pids}"; exec sleep 1000`);
    const first = daemonOf(t, `  a: { exec: { command: ${script} }, timeout: 20s }\n  b: { exec: { command: ${script} }, timeout: 20s }`);
    const notes = ['1', '2'].map((lane) => `${first.socket}.check-${lane}`);
    // A daemon that is killed after a program's start and before its note leaves it running.
    await until('both run, and are noted', () => linesOf(pids).length === 2 && notes.every((path) => linesOf(path)[0]));
    const left = numbersIn(pids);
    cleanUp(t, () => {
      for (const pid of left.filter(isAlive)) process.kill(pid, 'SIGKILL');
    });
    await end(first.child, 'SIGKILL');
    assert.ok(left.every(isAlive));
    // With one check less, only one lane is used.
    writeFileSync(
      join(first.directory, 'checks.d/a.yaml'),
      `checks: { a: { exec: { command: ${writeScript(join(directory, 'ok'), 'exit 0')} } } }\n`,
    );
    const second = new TestDaemon(t, { ...alone, READINESSD_CHECKS_DIR: join(first.directory, 'checks.d') }, first.directory);
    await second.expect(/^0 /);
    assert.ok(!left.some(isAlive));
  });

  test('do not run beside a leftover that cannot be ended for certain', async (t) => {
    const directory = scratchDirectory(t);
    const ran = join(directory, 'ran');
    const script = writeScript(join(directory, 'check'), `echo >>"${ran}"`);
    // As where /proc hides other users' processes: a number alone does not say whose it is.
    const other = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    cleanUp(t, () => end(other, 'SIGKILL'));
    const settings = { READINESSD_SOCKET: join(directory, 'r.sock') };
    writeFileSync(`${settings.READINESSD_SOCKET}.check-1`, `${other.pid} - -\n`, { mode: 0o600 });
    const daemon = daemonOf(t, `  a: { exec: { command: ${script} } }`, settings);
    await daemon.expect(/^117 .*: a command that an earlier readinessd started may still run, and none is started beside it\n$/);
    await daemon.moreCycles(4);
    assert.match(await daemon.body(), /^117 .*may still run/);
    assert.ok(!existsSync(ran));
    await end(other, 'SIGKILL');
    await daemon.expect(/^0 /);
    rmSync(ran);
  });

  test('with a period make the next cycle wait no longer while their good result is kept', async (t) => {
    const directory = scratchDirectory(t);
    const ran = join(directory, 'ran');
    const script = writeScript(join(directory, 'check'), `echo x >>"${ran}"; sleep 1`);
    const daemon = daemonOf(t, `  a: { exec: { command: ${script} }, period: 60m }`);
    await daemon.expect(/^0 /);
    const { steps, ageMs = 0, staleLimitMs = 0 } = await daemon.moreCycles(2);
    assert.equal(linesOf(ran).length, 1);
    assert.ok((steps.find(({ name }) => name === 'a')?.durationMs ?? 1000) < 900);
    // The verdict is as old as the result that it kept, and still counts.
    assert.ok(ageMs > 1000 && ageMs < staleLimitMs, `${ageMs} ${staleLimitMs}`);
    await daemon.post('/check');
    assert.equal(linesOf(ran).length, 2);
  });
});
