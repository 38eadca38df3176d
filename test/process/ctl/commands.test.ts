import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { exitCodeTable } from '../../../shared/exit-codes.ts';
import { ctl } from '../../support/ctl.ts';
import { alone, TestDaemon } from '../../support/daemon.ts';
import { type Context, replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

/** A daemon whose hook is this script. */
async function daemonWithHook(t: Context, hook: string, expected: RegExp) {
  const directory = scratchDirectory(t);
  writeScript(join(directory, 'hook'), hook);
  const daemon = new TestDaemon(t, alone, directory);
  await daemon.expect(expected);
  return daemon;
}

suite('readinessctl', { concurrency: 4 }, () => {
  test("without a command shows the verdict first, then each step with its time, the hook's output, and the next cycle", async (t) => {
    const daemon = await daemonWithHook(t, 'echo first; echo "bgp: 3 of 4"; exit 17', /^17 /);
    const { code, stdout, stderr } = await ctl(daemon.socket);
    assert.equal(stderr, '');
    assert.equal(code, 17);
    const lines = stdout.split('\n');
    assert.match(lines[0] ?? '', /^NOT READY {2}17 HookFailed hook exited with code 17, for \S+ m?s$/);
    assert.match(stdout, /^ {2}hook {3}failed {3}hook exited with code 17 \(\S+ m?s ago, took \S+ m?s\)$/m);
    assert.match(stdout, /^ {9}\| first\n {9}\| bgp: 3 of 4$/m);
    assert.match(stdout, /^cycle \d+ began .* ago; (next cycle in .*|a cycle runs now)$/m);
    assert.match(stdout, /"readinessctl explain"/);
    assert.equal((await ctl(daemon.socket, ['status'])).stdout.split('\n')[0]?.split(',')[0], lines[0]?.split(',')[0]);
  });

  test('status of a ready container exits with 0, and --json prints what /status answers', async (t) => {
    const daemon = await daemonWithHook(t, 'exit 0', /^0 /);
    const shown = await ctl(daemon.socket, ['status']);
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /^READY {2}0 Ready /);
    assert.doesNotMatch(shown.stdout, /explain/);
    const { code, stdout } = await ctl(daemon.socket, ['status', '--json']);
    const status = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([code, status['ready'], status['code'], status['reason']], [0, true, 0, 'Ready']);
    assert.deepEqual(Object.keys(status), Object.keys(await daemon.status()));
  });

  test('check runs a new cycle, although the next one is far away', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'exit 0');
    const daemon = new TestDaemon(t, { ...alone, READINESSD_PERIOD_READY: '10m', READINESSD_PERIOD_NOT_READY: '10m' }, directory);
    await daemon.expect(/^0 .*hook passed/);
    replaceScript(daemon.hook, 'exit 9');
    const { code, stdout } = await ctl(daemon.socket, ['check']);
    assert.equal(code, 9);
    assert.match(stdout, /^NOT READY {2}9 HookFailed /);
    replaceScript(daemon.hook, 'exit 0');
    const json = await ctl(daemon.socket, ['check', '--json']);
    assert.deepEqual([json.code, (JSON.parse(json.stdout) as { ready: boolean }).ready], [0, true]);
  });

  test('check says that the daemon is gone when it is stopped meanwhile', async (t) => {
    const directory = scratchDirectory(t);
    const [begun, hold] = [join(directory, 'begun'), join(directory, 'hold')];
    writeScript(join(directory, 'hook'), `[ ! -e ${hold} ] || { : >${begun}; sleep 1000; }`);
    const daemon = new TestDaemon(t, { ...alone, READINESSD_PERIOD_READY: '10m', READINESSD_HOOK_TIMEOUT: '10m' }, directory);
    await daemon.expect(/^0 /);
    writeFileSync(hold, '');
    const checking = ctl(daemon.socket, ['check']);
    await until('its cycle runs', () => existsSync(begun));
    daemon.child.kill('SIGTERM');
    const { code, stdout } = await checking;
    assert.equal(code, 100, stdout);
    assert.match(stdout, /100 DaemonUnreachable cannot reach readinessd at .*: it closed the connection without an answer/);
  });

  test('history lists each change, newest first, with how long it lasted', async (t) => {
    const daemon = await daemonWithHook(t, 'exit 0', /^0 .*hook passed/);
    replaceScript(daemon.hook, 'exit 9');
    await daemon.expect(/^9 /);
    replaceScript(daemon.hook, 'exit 8');
    await daemon.expect(/^8 /);
    const { code, stdout } = await ctl(daemon.socket, ['history']);
    assert.equal(code, 0);
    const [title = '', first = '', second = '', third = ''] = stdout.split('\n');
    assert.match(title, /^since \(UTC\) +lasted +verdict$/);
    assert.match(first, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}for \S+ m?s now +8 HookFailed/);
    assert.match(second, /^\d{4}-\S+ \S+ {2}for \S+ m?s +9 HookFailed/);
    assert.match(third, / 0 Ready /);
    const { changes } = JSON.parse((await ctl(daemon.socket, ['history', '--json'])).stdout) as { changes: { code: number }[] };
    assert.deepEqual(changes.map((change) => change.code).slice(0, 3), [8, 9, 0]);
  });

  test('explain without an argument explains the current verdict, with the output of the hook', async (t) => {
    const daemon = await daemonWithHook(t, 'echo "no neighbours"; exit 127', /^127 /);
    const { code, stdout } = await ctl(daemon.socket, ['explain']);
    assert.equal(code, 0);
    assert.match(stdout, /^127 HookFailed hook exited with code 127\n {2}\| no neighbours\n/);
    assert.match(stdout, /Cause\n {2}- Shells and env exit with 127 when a command is not found/);
    assert.match(stdout, /What to do\n {2}- [\s\S]*run it by hand/);
    const explained = JSON.parse((await ctl(daemon.socket, ['explain', '--json'])).stdout) as Record<string, unknown>;
    assert.deepEqual([explained['code'], explained['reason']], [127, 'HookFailed']);
  });

  test('explain knows every code and every reason, in any case, without a daemon', async (t) => {
    const socket = join(scratchDirectory(t), 'none.sock');
    for (const { codes, reason } of exitCodeTable) {
      const [byCode, byReason] = await Promise.all([
        ctl(socket, ['explain', String(codes[1])]),
        ctl(socket, ['explain', reason.toLowerCase()]),
      ]);
      assert.equal(byCode.code, 0);
      assert.match(byCode.stdout, new RegExp(`^${codes[1]} ${reason}: .`));
      assert.match(byReason.stdout, new RegExp(`^[-\\d, ]+ ${reason}: .`));
      if (reason !== 'Ready') assert.match(byCode.stdout, /Likely causes\n {2}- [\s\S]*What to do\n {2}- /);
    }
  });

  test('codes prints the whole table, also as JSON', async (t) => {
    const socket = join(scratchDirectory(t), 'none.sock');
    const { code, stdout } = await ctl(socket, ['codes']);
    assert.equal(code, 0);
    assert.equal(stdout.trimEnd().split('\n').length, exitCodeTable.length);
    for (const { reason, when } of exitCodeTable) assert.ok(stdout.includes(reason) && stdout.includes(when), reason);
    const rows = JSON.parse((await ctl(socket, ['codes', '--json'])).stdout) as { first: number; reason: string }[];
    assert.deepEqual(
      rows.map(({ first, reason }) => [first, reason]),
      exitCodeTable.map(({ codes: [first], reason }) => [first, reason]),
    );
  });
});
