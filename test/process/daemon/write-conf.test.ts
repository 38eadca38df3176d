import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type Machine, startMachine } from '../../support/machine.ts';
import { mount } from '../../support/mount.ts';
import { run } from '../../support/run.ts';
import { type Context, scratchDirectory, tree, until } from '../../support/scratch.ts';
import { bin } from '../../support/supervisord.ts';

const readinessd = join(tree, 'usr/bin/readinessd');
const print = (...words: string[]) => run(readinessd, ['--print-supervisor-conf', ...words]);

/** Asserts a refusal with one sentence and code 2. What was there is still there, and nothing else. */
async function refused(file: string, sentence: RegExp, by: readonly string[] = [], directory = join(file, '..')): Promise<void> {
  const list = () => (existsSync(directory) ? readdirSync(directory).sort() : []);
  const before = list();
  const [program = '', ...args] = [...by, readinessd, '--print-supervisor-conf', '-o', file, '--force'];
  const { code, stdout, stderr } = await run(program, args);
  assert.match(stderr, new RegExp(`^readinessd: cannot write \\S+: ${sentence.source}\\n$`));
  assert.deepEqual([code, stdout, list()], [2, '', before]);
}

suite('readinessd --print-supervisor-conf -o FILE', { concurrency: 4 }, () => {
  test('writes what it would print, readable by all, and says so on stderr', async (t) => {
    const directory = scratchDirectory(t);
    for (const [words, name] of [
      [['-o'], 'a.conf'],
      [['--poll', '--output'], 'b.conf'],
    ] as const) {
      const expected = (await print(...words.slice(0, -1))).stdout;
      const file = join(directory, name);
      const script = `umask 077; exec ${readinessd} --print-supervisor-conf "$@"`;
      const finished = await run('sh', ['-c', script, 'sh', ...words, file]);
      assert.deepEqual(finished, { code: 0, signal: null, stdout: '', stderr: `readinessd: wrote ${file}\n` });
      assert.equal(readFileSync(file, 'utf8'), expected);
      assert.match(expected, name === 'a.conf' ? /^\[eventlistener:/m : /^\[program:/m);
      assert.equal(lstatSync(file).mode & 0o7777, 0o644);
    }
    assert.deepEqual(readdirSync(directory), ['a.conf', 'b.conf']);
  });

  test('keeps a file with this text, and one that differs unless it is forced; then mode and owner stay', async (t) => {
    const file = join(scratchDirectory(t), 'r.conf');
    await print('-o', file);
    chownSync(file, 1234, 1235);
    chmodSync(file, 0o640);
    const { ino } = lstatSync(file);
    const same = await print('-o', file, '--force');
    assert.deepEqual([same.code, same.stdout, same.stderr], [0, '', `readinessd: ${file} has this text already: nothing was written\n`]);

    const other = await print('--poll', '-o', file);
    assert.deepEqual([other.code, other.stdout, lstatSync(file).ino], [2, '', ino]);
    const [, command = ''] =
      /^readinessd: cannot write \S+: it has another text: "(.*)" shows the difference, --force /.exec(other.stderr) ?? [];
    const shown = await run('sh', ['-c', command.replace('readinessd', readinessd)]);
    assert.match(shown.stdout, /^< \[eventlistener:readinessd\]\n[\s\S]*^> \[program:readinessd\]\n/m);

    const forced = await print('--poll', '--force', '-o', file);
    assert.deepEqual([forced.code, forced.stderr], [0, `readinessd: wrote ${file}, over another text\n`]);
    assert.equal(readFileSync(file, 'utf8'), (await print('--poll')).stdout);
    const { uid, gid, mode } = lstatSync(file);
    assert.deepEqual([uid, gid, mode & 0o7777], [1234, 1235, 0o640]);
  });

  test('refuses anything but a plain file: a directory, a link, a pipe, a device', async (t) => {
    const at = (name: string) => join(directory, name);
    const directory = scratchDirectory(t);
    mkdirSync(at('directory'));
    writeFileSync(at('file'), 'mine');
    symlinkSync(at('file'), at('link'));
    symlinkSync(at('none'), at('dangling'));
    await run('mkfifo', [at('pipe')]);
    await run('mknod', [at('null'), 'c', '1', '3']);
    await refused(at('directory'), /that is a directory: name a file in it/);
    await refused(`${at('new')}/`, /that is a directory: .*/, [], directory);
    await refused(at('link'), /it is a link to \S+file: name the file itself/);
    await refused(at('dangling'), /it is a link to \S+none: .*/);
    for (const name of ['pipe', 'null']) await refused(at(name), /it is no plain file, .*/);
    assert.equal(readFileSync(at('file'), 'utf8'), 'mine');
  });

  test('refuses a directory that is missing, is none, is read-only, is full, or that this user may not write', async (t) => {
    const directory = scratchDirectory(t);
    await refused(join(directory, 'none/r.conf'), /there is no directory \S+none: make it first, if supervisord reads from there/);
    writeFileSync(join(directory, 'file'), '');
    await refused(join(directory, 'file/r.conf'), /\S+file is no directory/, [], directory);
    const full = await mount(t, 'mode=755,size=4k');
    writeFileSync(join(full, 'filler'), Buffer.alloc(4096));
    await refused(join(full, 'r.conf'), /the file system of \S+ is full: make room there/);
    const readOnly = await mount(t, 'mode=755');
    await run('mount', ['-o', 'remount,ro', readOnly]);
    await refused(join(readOnly, 'r.conf'), /\S+ is on a read-only file system: .*/);
    chmodSync(directory, 0o755);
    await refused(join(directory, 'r.conf'), /user 1234 is not allowed to .*: see mode and owner of .*/, [
      'setpriv',
      '--reuid=1234',
      '--clear-groups',
    ]);
  });

  for (const [call, effect] of [
    ['fsync', 'error=EIO'],
    ['rename', 'error=EIO'],
    ['fchmod', 'error=EPERM'],
  ] as const) {
    test(`leaves nothing half done when ${call} fails`, async (t) => {
      const file = join(scratchDirectory(t), 'r.conf');
      writeFileSync(file, 'mine');
      const by = ['strace', '-f', '-qqq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:${effect}`];
      await refused(file, effect === 'error=EIO' ? /.*i\/o error.*/ : /user 0 is not allowed to .*/, by);
      assert.equal(readFileSync(file, 'utf8'), 'mine');
    });
  }

  test('finishes when SIGTERM comes while it writes', async (t) => {
    const directory = scratchDirectory(t);
    const by = ['-f', '-qqq', '-o', '/dev/null', '-e', 'trace=fsync', '-e', 'inject=fsync:signal=TERM:when=1'];
    const { code, stderr } = await run('strace', [...by, readinessd, '--print-supervisor-conf', '-o', join(directory, 'r.conf')]);
    assert.deepEqual([code, stderr], [0, `readinessd: wrote ${join(directory, 'r.conf')}\n`]);
    assert.deepEqual(readdirSync(directory), ['r.conf']);
  });

  for (const [words, sentence] of [
    [['-o', '/nowhere/r'], /^readinessd: cannot use --output \(-o\): it belongs to --print-supervisor-conf, /],
    [['--check-config', '--output', '/nowhere/r'], /^readinessd: cannot use --output \(-o\): it belongs to /],
    [['--print-supervisor-conf', '--force'], /^readinessd: cannot use --force: it belongs to --output \(-o\)\n/],
    [['--print-supervisor-conf', '-o'], /^readinessd: cannot use -o: it wants a value, as --output=VALUE; /],
    [['--print-supervisor-conf', '-o', '--force'], /^readinessd: cannot use -o: it wants a value, /],
    [['--print-supervisor-conf', '-o', ''], /^readinessd: cannot use --output="": must not be empty; /],
    [['--print-supervisor-conf', '-o', '-'], /^readinessd: cannot write -: without --output it goes to stdout\n/],
  ] as const) {
    test(`refuses ${words.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(readinessd, words);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, sentence);
    });
  }
});

test('readinessd --print-supervisor-conf prints all of it into the file of the tree itself', async (t) => {
  const root = join(scratchDirectory(t), 'rootfs');
  await run('cp', ['-a', tree, root]);
  const file = join(root, 'etc/supervisor/conf.d/readinessd.conf');
  const text = readFileSync(file, 'utf8');
  const { code } = await run('sh', ['-c', `${join(root, 'usr/bin/readinessd')} --print-supervisor-conf > ${file}`]);
  assert.equal(code, 0);
  assert.equal(readFileSync(file, 'utf8').replaceAll(`command=${root}/`, 'command=/'), text);
});

suite('readinessd --print-supervisor-conf -o FILE says where supervisord reads from', { concurrency: 4 }, () => {
  const shipped = '/etc/supervisor/conf.d/readinessd.conf';
  const main = '/etc/supervisor/supervisord.conf';

  /** A machine with this configuration in /etc/supervisor, and a folder for the entry. */
  async function machineWith(t: Context, configuration: string): Promise<Machine> {
    const machine = await startMachine(t);
    await machine.run('mount', '-t', 'tmpfs', 'none', '/etc/supervisor');
    await machine.write('/etc/supervisor/conf.d/other.conf', '');
    if (configuration !== '') await machine.write(main, configuration);
    return machine;
  }

  async function write(machine: Machine, file = shipped): Promise<string> {
    const { code, stdout, stderr } = await machine.run(readinessd, '--print-supervisor-conf', '-o', file);
    assert.deepEqual([code, stdout], [0, '']);
    return stderr;
  }

  const wrote = `readinessd: wrote ${shipped}\n`;

  for (const [files, sentence] of [
    [
      '[include]\nfiles=conf.d/*.ini\n',
      'which includes /etc/supervisor/conf.d/*.ini, unless it is told another file; write it to /etc/supervisor/conf.d/readinessd.ini',
    ],
    ['[include]\nfiles=one.conf\n', `which includes /etc/supervisor/one.conf, unless it is told another file; add it to ${main}`],
    ['', `which has no [include], unless it is told another file; add it to ${main}`],
  ] as const) {
    test(`and that it does not read it: ${files === '' ? 'nothing is included' : files}`, async (t) => {
      const machine = await machineWith(t, `[supervisord]\n${files}`);
      assert.equal(await write(machine), `${wrote}readinessd: supervisord does not read ${shipped}: it reads ${main}, ${sentence}\n`);
    });
  }

  test('but not where it reads the file, where that is unknown, or when the file may be for another supervisord', async (t) => {
    for (const configuration of [
      '[supervisord]\n[include]\nfiles=conf.d/*.conf\n',
      '[supervisord]\n[include]\nfiles=%(ENV_NOT_KNOWN_HERE)s/*.conf\n',
      'no configuration',
      '',
    ]) {
      assert.equal(await write(await machineWith(t, configuration)), wrote);
    }
    const machine = await machineWith(t, '[supervisord]\n');
    assert.equal(await write(machine, '/run/r.conf'), 'readinessd: wrote /run/r.conf\n');
  });

  test('of the supervisord that runs rather than one that could be started', async (t) => {
    const machine = await machineWith(t, '[supervisord]\n[include]\nfiles=conf.d/*.conf\n');
    await machine.write('/run/s.conf', '[supervisord]\nuser=root\nlogfile=/run/s.log\npidfile=/run/s.pid\n[include]\nfiles=own/*.conf\n');
    await machine.run(`${bin}supervisord`, '-c', '/run/s.conf');
    await until('it runs', async () => (await machine.run('test', '-s', '/run/s.pid')).code === 0);
    const place = '/run/own/readinessd.conf';
    const sentence = `it reads /run/s.conf, which includes /run/own/*.conf; write it to ${place}`;
    assert.equal(await write(machine), `${wrote}readinessd: supervisord does not read ${shipped}: ${sentence}\n`);
    await machine.run('mkdir', '/run/own');
    assert.equal(await write(machine, place), `readinessd: wrote ${place}\n`);
    assert.match(await write(machine), /this text already: nothing was written\n$/);
  });
});
