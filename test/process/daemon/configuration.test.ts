import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { configurationOf, environmentIn, readConfiguration } from '../../../daemon/supervisor/configuration.ts';
import { end, run } from '../../support/run.ts';
import { type Context, cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

const environment = { NAME: 'lo', PASS: 's%cret', EMPTY: '' };

function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** Reads the configuration of a process that was called as supervisord is. */
function configured(t: Context, directory: string, args: readonly string[], program = 'bin/supervisord') {
  mkdirSync(join(directory, dirname(program)), { recursive: true });
  const path = writeScript(join(directory, program), '#!/usr/bin/python3\nimport time\ntime.sleep(1000)\n');
  const child = spawn(path, args, { cwd: directory, env: environment });
  cleanUp(t, () => end(child));
  // Between fork and exec it is still Node.
  return until('it runs', () => {
    const read = configurationOf(child.pid ?? 0);
    return read.sections ?? read.file;
  }).then(() => configurationOf(child.pid ?? 0));
}

/** Reads the same with supervisord's own parser, in the same form. */
async function bySupervisor(files: readonly string[]): Promise<(Record<string, Record<string, string | null>> | null)[]> {
  const script = join(import.meta.dirname, '../../support/read-configuration.py');
  const { code, stdout, stderr } = await run('/usr/bin/python3', [script, ...files], { env: environment });
  assert.equal(code, 0, stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function byUs(file: string): Record<string, Record<string, string | null>> | null {
  const { sections, ...read } = readConfiguration(file, environment);
  if (sections === undefined || !('certain' in read)) return null;
  const values = (section: string, options: Iterable<string>) =>
    Object.fromEntries([...options].map((option) => [option, read.certain(section, option) ?? null]));
  return Object.fromEntries([...sections].map(([name, options]) => [name, values(name, options.keys())]));
}

async function readsAlike(directory: string, files: Readonly<Record<string, string>>, main = 's.conf') {
  write(directory, files);
  const file = join(directory, main);
  const [expected] = await bySupervisor([file]);
  assert.deepEqual(byUs(file), expected);
  return expected;
}

suite("supervisord's configuration files", { concurrency: 4 }, () => {
  test('are read as supervisord reads them: comments, continued lines, lower case, sections in two places', async (t) => {
    const read = await readsAlike(scratchDirectory(t), {
      's.conf':
        '; all of it\n# and\n[unix_http_server] trailing\nFile = %(here)s/s.sock ; here\nusername: joe\npassword = a;b#c=d:e ; no\n\n[supervisord]\n' +
        'environment=A="1, 2",\n  ; not this\n  B=%(ENV_NAME)s\n[supervisorctl]\npassword=%(ENV_B)s%%%(ENV_PASS)s\n other=x\n' +
        '[unix_http_server]\nusername=jim\n',
    });
    assert.equal(read?.['unix_http_server']?.['password'], 'a;b#c=d:e');
    assert.equal(read?.['unix_http_server']?.['username'], 'jim');
    assert.equal(read?.['supervisorctl']?.['password'], 'lo%s%cret\nother=x');
  });

  test('include others by wildcards anywhere, relative to themselves, in their order, and no further', async (t) => {
    const read = await readsAlike(scratchDirectory(t), {
      's.conf':
        '[supervisord]\n[include]\nfiles = %(here)s/[ab]*/c?/*.conf conf.d/**/x.ini\n  %(ENV_NAME)s/[!a].conf %(host_node_name)s.conf nowhere/*\n[a]\nx=%(here)s\n',
      'a1/c1/1.conf': '[a]\nx=1\nh=%(here)s\n[include]\nfiles=never.conf\n',
      'b/c2/2.conf': '[a]\nx=2\n',
      'b/c2/.hidden.conf': '[a]\nx=3\n',
      'b/c22/3.conf': '[a]\nx=4\n',
      'a1/c1/dir.conf/x': '',
      'conf.d/sub/x.ini': '[b]\ny=1\n',
      'lo/b.conf': '[c]\nz=1\n',
      'lo/a.conf': '[c]\nz=2\n',
      'never.conf': '[d]\n',
    });
    assert.equal(read?.['a']?.['x'], '2');
    assert.equal(read?.['c']?.['z'], '1');
    assert.equal(read?.['d'], undefined);
  });

  test('give no value for certain when only supervisord knows it', async (t) => {
    const read = await readsAlike(scratchDirectory(t), {
      's.conf': '[supervisord]\n[program:x]\ncommand=%(program_name)s\nother=100%\nempty=%(ENV_EMPTY)s\nlost=%(ENV_LOST)s\n',
    });
    assert.deepEqual(read?.['program:x'], { command: null, other: null, empty: '', lost: null });
  });

  test('are none when they cannot be: no section, no option, a pipe, a directory, nothing', async (t) => {
    const directory = scratchDirectory(t);
    await readsAlike(directory, { 's.conf': 'file=x\n' });
    await readsAlike(directory, { 's.conf': '[supervisord]\nnonsense\n' });
    await readsAlike(directory, { 's.conf': '[supervisord]\n[include]\nfiles=*.ini\n', 'bad.ini': 'x\n' });
    await run('mkfifo', [join(directory, 'pipe')]);
    for (const name of ['pipe', '.', 'nowhere']) {
      const file = join(directory, name);
      assert.deepEqual(readConfiguration(file, {}), { file });
    }
  });

  test("are read like supervisord's parser reads them, whatever is in them", async (t) => {
    const directory = scratchDirectory(t);
    const piece = fc.constantFrom(
      'a',
      'b',
      ' ',
      '  ',
      '\t',
      ';',
      '#',
      '=',
      ':',
      '%',
      '%%',
      '%(here)s',
      '%(ENV_NAME)s',
      '%(x)s',
      '[a]',
      ']',
      '"',
      'ö',
    );
    const line = fc.oneof(
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 5 }).map((pieces) => `key=${pieces.join('')}`),
      fc.constantFrom('[b]', '[DEFAULT]', 'Other: 1', '  more', ''),
    );
    const texts = fc
      .sample(fc.array(line, { maxLength: 10 }), { numRuns: 400, seed: 1 })
      .map((lines) => `[supervisord]\n[a]\n${lines.join('\n')}\n`)
      // If a line has two comment signs, Python itself does not always use the first.
      .filter((text) => !/[;#].*[;#]/.test(text) && !/\n\s*\n\s/.test(text) && !text.includes('[DEFAULT]'));
    const files = texts.map((text, index) => {
      write(directory, { [`${index}.conf`]: text });
      return join(directory, `${index}.conf`);
    });
    const expected = await bySupervisor(files);
    assert.ok(expected.filter((read) => read !== null).length > 20);
    for (const [index, file] of files.entries()) assert.deepEqual(byUs(file), expected[index], texts[index]);
  });

  test("are those that supervisord's command line names", async (t) => {
    const directory = scratchDirectory(t);
    write(directory, {
      's.conf': '[program:r]\nenvironment=A="1, 2",\n  B=%(ENV_NAME)s\n',
      'supervisord.conf': '[other]\n',
    });
    for (const args of [['-c', 's.conf'], ['-nc', 's.conf'], ['-ncs.conf'], ['--configuration=s.conf'], ['-e', '-c', '--conf', 's.conf']]) {
      const { file, sections } = await configured(t, directory, args);
      assert.equal(file, join(directory, 's.conf'), args.join(' '));
      assert.deepEqual(environmentIn(sections?.get('program:r')), { A: '1, 2', B: 'lo' });
    }
    assert.deepEqual(await configured(t, directory, ['-n', '-c', 'nowhere.conf']), { file: join(directory, 'nowhere.conf') });
  });

  test('are found where supervisord looks when its command line names none, beginning with its own folder', async (t) => {
    const directory = scratchDirectory(t);
    write(directory, { 'supervisord.conf': '[program:r]\n' });
    assert.equal((await configured(t, directory, ['-n'])).file, join(directory, 'supervisord.conf'));
    write(directory, { 'opt/etc/supervisord.conf': '[program:r]\n' });
    assert.equal(
      (await configured(t, directory, ['-n', '-e', '-c'], 'opt/bin/supervisord')).file,
      join(directory, 'opt/etc/supervisord.conf'),
    );
  });
});
