import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { commandNames } from '../../../client/ctl/program.ts';
import { treeCopy } from '../../support/clients.ts';
import { answered, ctl } from '../../support/ctl.ts';
import { brokenNode, damages, replace } from '../../support/damages.ts';
import { run } from '../../support/run.ts';
import { scratchDirectory, tree, until } from '../../support/scratch.ts';

/**
 * In a mount namespace where no supervisord sees these files. Otherwise doctor would take the only
 * supervisord for the container's own, even that of another test.
 */
const elsewhere = ['unshare', '--mount', '--'];

suite('readinessctl without a daemon to ask', { concurrency: 4 }, () => {
  for (const [args, message] of [
    [['statsu'], /^readinessctl: unknown command 'statsu'\n\(Did you mean status\?\)\n$/],
    [['help', 'bogus'], /^readinessctl: unknown command 'bogus'/],
    [['--help', 'bogus'], /^readinessctl: unknown command 'bogus'/],
    [['-o', 'yaml'], /^readinessctl: .*'yaml' is invalid.*text, json/],
    [['-o', 'text', '--json'], /^readinessctl: .*cannot be used with option '--json'/],
    [['--timeout', '5s', 'wait'], /^readinessctl: unknown option '--timeout'/],
    [['completion', 'tcsh'], /^readinessctl: .*'tcsh' is invalid.*bash, zsh, fish/],
    [['bogus'], /^readinessctl: unknown command 'bogus': there are status, wait, .*doctor.*; --help tells more\n$/],
    [['explain', 'bogus'], /^readinessctl: cannot explain "bogus": there is no such code or reason; "readinessctl codes" lists them\n$/],
    [['explain', '256'], /^readinessctl: cannot explain "256"/],
    [['wait', '--timeout', '5'], /^readinessctl: .*--timeout.* 500ms, 300s or 10m/],
    [['wait', '--for', 'lunch'], /^readinessctl: .*--for.*ready, not-ready/],
    [['status', '--wach'], /^readinessctl: unknown option '--wach'\n\(Did you mean --watch\?\)/],
    [['status', 'extra'], /^readinessctl: too many arguments/],
    [['--socket', 'relative'], /^readinessctl: .*--socket.*absolute path/],
  ] as const) {
    test(`refuses "${args.join(' ')}" with code 106, and says what would work`, async (t) => {
      const { code, stdout, stderr } = await ctl(join(scratchDirectory(t), 'none.sock'), args);
      assert.deepEqual([code, stdout], [106, '']);
      assert.match(stderr, message);
    });
  }

  test('refuses a READINESSD_SOCKET that is no absolute path', async () => {
    const { code, stderr } = await ctl('run/r.sock', ['status']);
    assert.equal(code, 106);
    assert.match(stderr, /^readinessctl: cannot use READINESSD_SOCKET="run\/r.sock": .*absolute path/);
  });

  for (const args of [['--help'], ['-h'], ['help'], ['wait', '--help'], ['help', 'wait']]) {
    test(`prints the exit codes for "${args.join(' ')}"`, async () => {
      const { code, stdout } = await ctl('/none', args);
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^Usage: readinessctl .*\n[\s\S]*Exit codes:\n[\s\S]*doctor +0; 1 if there is a problem; 2 if .*\n[\s\S]*106 .* 107 /,
      );
    });
  }

  test("prints a command's help for each way to ask for it, with no line wider than 80 columns", async () => {
    for (const name of commandNames) {
      const { stdout: wanted } = await ctl('/none', [name, '--help']);
      assert.match(wanted, new RegExp(`^Usage: readinessctl ${name}\\b`));
      for (const args of [
        ['help', name],
        ['--help', name],
        ['-h', name],
        ['--socket', '/x', name, '-h'],
      ])
        assert.deepEqual([(await ctl('/none', args)).code, (await ctl('/none', args)).stdout], [0, wanted], args.join(' '));
      assert.deepEqual(
        wanted.split('\n').filter((line) => line.length > 80),
        [],
      );
    }
    const { stdout } = await ctl('/none', ['--help']);
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 80),
      [],
    );
  });

  test('accepts -V for --version, -o json for --json, and options before a command and without one', async () => {
    assert.equal((await ctl('/none', ['-V'])).stdout, (await ctl('/none', ['--version'])).stdout);
    const { stdout: json } = await ctl('/none', ['codes', '--json']);
    assert.ok(Array.isArray(JSON.parse(json)));
    for (const args of [
      ['-o', 'json', 'codes'],
      ['codes', '--output=json'],
      ['codes', '-ojson'],
    ])
      assert.equal((await ctl('/none', args)).stdout, json, args.join(' '));
    assert.equal((await ctl('/none', ['codes', '-o', 'text'])).stdout, (await ctl('/none', ['codes'])).stdout);
    for (const args of [
      ['-o', 'json'],
      ['--json', '--socket', '/none'],
    ])
      assert.equal((JSON.parse((await ctl('/none', args)).stdout) as { code: number }).code, 100, args.join(' '));
  });

  for (const [args, expected] of [
    [['status'], 100],
    [['check'], 100],
    [['history'], 100],
    [['explain'], 0],
    [['wait', '--timeout', '1ms'], 100],
    [['doctor'], 1],
  ] as const) {
    test(`${args.join(' ')} says that the daemon is down and what to do, with code ${expected}`, async (t) => {
      const { code, stdout, stderr } = await ctl(join(scratchDirectory(t), 'none.sock'), args, {}, elsewhere);
      assert.equal(code, expected);
      assert.match(stdout + stderr, /cannot reach readinessd at \S+none.sock: no such file|there is no socket \S+none.sock/);
      assert.match(stdout + stderr, args[0] === 'doctor' ? /fix +1\. see whether supervisord runs/ : /readinessctl doctor/);
      if (args[0] === 'wait') return;
      const json = await ctl(join(scratchDirectory(t), 'none.sock'), [...args, '--json']);
      assert.equal(json.code, expected);
      assert.match(JSON.stringify(JSON.parse(json.stdout)), /no such file|there is no socket/);
    });
  }

  test('does not believe a server that is not readinessd', async (t) => {
    const socket = join(scratchDirectory(t), 'liar.sock');
    const liar = createServer((_request, response) => response.end('{"ready":true,"code":1}')).listen(socket);
    t.after(() => liar.close());
    await until('it listens', () => liar.listening);
    for (const args of [['status'], ['check'], ['history'], ['wait', '--timeout', '1ms']]) {
      const { code, stdout, stderr } = await answered(socket, args);
      assert.equal(code, 102, args.join(' '));
      assert.match(stdout + stderr, /not readinessd/);
    }
  });

  for (const [title, damage] of damages) {
    test(`says 107 when its program is ${title}`, async (t) => {
      const copy = treeCopy(t);
      damage(join(copy.lib, 'readinessctl.cjs'));
      const { code, stderr } = await run(join(copy.root, 'usr/bin/readinessctl'), ['codes'], { env: { PATH: process.env['PATH'] } });
      // Files that node reads need no x bit.
      if (title === 'not executable') return assert.equal(code, 0);
      assert.match(stderr, /^readinessctl: cannot be run, or only in part: install readinessd again\n$/);
      assert.equal(code, 107);
    });

    test(`does not succeed when node is ${title}`, async (t) => {
      const bin = brokenNode(t, damage);
      for (const tool of ['readlink', 'tail']) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
      // A node that is no binary is skipped. One that the kernel refuses ends it. One that was cut within its
      // header dies of a signal.
      for (const command of ['status', 'doctor']) {
        const { code, stderr } = await run(join(tree, 'usr/bin/readinessctl'), [command], { env: { PATH: bin } });
        assert.ok(code !== 0, stderr);
        if (code !== null) assert.match(`${code} ${stderr}`, /^10[07] .*readinessctl: (cannot be run|cannot find node)/s);
        else assert.equal(command, 'status');
      }
    });
  }

  test('does not succeed wherever its program or its launcher is cut short', async (t) => {
    const copy = treeCopy(t);
    for (const [file, first] of [
      [join(copy.lib, 'readinessctl.cjs'), 0],
      // The first line alone is a valid, empty script. Such a cut cannot be detected.
      [join(copy.root, 'usr/bin/readinessctl'), 11],
    ] as const) {
      const whole = readFileSync(file);
      for (let length = first; length < whole.length - 1; length += Math.max(1, Math.floor(whole.length / 30))) {
        replace(file, whole.subarray(0, length));
        for (const command of ['status', 'doctor']) {
          const { code } = await run(join(copy.root, 'usr/bin/readinessctl'), [command], {
            env: { PATH: process.env['PATH'], READINESSD_SOCKET: '/no' },
          });
          assert.ok(code !== 0, `${file} cut to ${length} bytes`);
        }
      }
      replace(file, whole);
    }
  });

  test('does not succeed when its stdout is closed', async () => {
    const { code } = await run('sh', ['-c', `${join(tree, 'usr/bin/readinessctl')} codes >&-`], { env: { PATH: process.env['PATH'] } });
    assert.equal(code, 107);
  });

  test('ends quietly when its reader has seen enough', async (t) => {
    const { stderr, stdout } = await run('/bin/sh', ['-c', `${join(tree, 'usr/bin/readinessctl')} codes | head -1`], {
      cwd: scratchDirectory(t),
    });
    assert.equal(stderr, '');
    assert.match(stdout, /^0 +Ready/);
  });
});
