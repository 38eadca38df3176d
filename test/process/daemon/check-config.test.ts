import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { defaultChecksDirectory } from '../../../daemon/settings/definitions.ts';
import { alone, ended, TestDaemon } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';
import { scratchDirectory, tree } from '../../support/scratch.ts';

/** Runs `readinessd --check-config` with only these variables in its environment. */
function checkConfig(env: Record<string, string>) {
  return run(join(tree, 'usr/bin/readinessd'), ['--check-config'], { env: { PATH: process.env['PATH'], ...env } });
}

/** Asserts that --check-config and a start refuse alike. Returns their one line, without the directory. */
async function refused(t: TestContext, directory: string, more: Record<string, string> = {}): Promise<string> {
  const settings = { ...alone, READINESSD_CHECKS_DIR: directory, ...more };
  const { code, stdout, stderr } = await checkConfig({ READINESSD_HOOK: 'none', ...settings });
  assert.deepEqual([code, stdout], [2, ''], stderr);
  assert.match(stderr, /^[^\p{Cc}]+\n$/u);
  const daemon = new TestDaemon(t, settings);
  assert.deepEqual([await ended(daemon), daemon.log()], [2, stderr]);
  assert.ok(!existsSync(daemon.socket));
  return stderr.replaceAll(`${directory}/`, '').trimEnd();
}

const tcp = 'checks: { a: { tcp: { port: 25 } } }\n';

suite('readinessd --check-config', () => {
  test('lists what is checked, in its order, without secrets', async (t) => {
    const directory = scratchDirectory(t);
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: so variables are written
    writeFileSync(
      join(directory, 'b.yaml'),
      `checks:
  api:
    http: { url: "http://127.0.0.1:8080/healthz?key=hidden", headers: { Host: app, Authorization: "Bearer \${TOKEN}" } }
    timeout: 2s
    period: 1m
  off: { when: "\${NOBODY:-0}", tcp: { port: 25 } }
`,
    );
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: so variables are written
    writeFileSync(
      join(directory, 'a.yaml'),
      'checks:\n  bgp:\n    exec: { command: "/usr/local/bin/check-bgp --all" }\n    exit-code: 42\n  web: { programs: [web] }\n',
    );
    const { code, stdout, stderr } = await checkConfig({ READINESSD_CHECKS_DIR: directory, READINESSD_PROGRAMS: 'web', TOKEN: 'hidden' });
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(
      stdout.replaceAll(directory, 'D'),
      `start     every program called start or start.sh, or whose command mentions start.sh: exited with code 0
hook      /usr/bin/readiness_probe_hook, if it is there, within 10s
programs  programs web: running, and settled (READINESSD_PROGRAMS)
bgp       exec /usr/local/bin/check-bgp --all, within 10s, else exit code 42 (D/a.yaml:2:3)
web       programs web: running, and settled, else exit code 116 (D/a.yaml:5:3)
api       http http://127.0.0.1:8080/healthz, within 2s, a good result stands for 1m, else exit code 117 (D/b.yaml:2:3)
off       switched off by when; else tcp localhost:25 (D/b.yaml:6:3)
`,
    );
  });

  test('needs no directory at its default place', async () => {
    assert.ok(!existsSync(defaultChecksDirectory));
    const { code, stdout } = await checkConfig({ ...alone, READINESSD_HOOK: 'none' });
    assert.equal(code, 0);
    assert.equal(stdout, 'start  not looked at: READINESSD_START_STEP=off\nhook   none: READINESSD_HOOK=none\n');
  });

  test('reads a ConfigMap, and no file that is still being written', async (t) => {
    const directory = scratchDirectory(t);
    const content = join(directory, '..2026_11_28');
    mkdirSync(content);
    writeFileSync(join(content, 'a.yaml'), tcp);
    symlinkSync('..2026_11_28', join(directory, '..data'));
    symlinkSync('..data/a.yaml', join(directory, 'a.yaml'));
    for (const name of ['.a.yaml.swp', '.b.yaml', 'a.yaml~', 'a.yaml.dpkg-old', 'README']) writeFileSync(join(directory, name), '- bad');
    const { code, stdout } = await checkConfig({ READINESSD_CHECKS_DIR: directory });
    assert.equal(code, 0);
    assert.match(stdout, /^a +tcp localhost:25, .*\/a\.yaml:1:11\)$/m);
  });

  for (const [title, text, line] of [
    [
      'an unknown key',
      'checks:\n  a:\n    tcp: { prot: 25 }\n',
      'a.yaml:3:12: cannot use the key "prot": the keys here are host, port, unix-socket',
    ],
    ['a key that is written with a tab', 'checks:\n\ta: 1\n', 'a.yaml:2:1: cannot read this as YAML: Tabs are not allowed as indentation'],
    ['what is nested without end', `checks: ${'['.repeat(60_000)}`, /^a\.yaml:1:\d+: cannot read this as YAML: it is nested too deeply$/],
    ['what repeats itself by aliases', bomb(), /^a\.yaml:2:\d+: the file holds too much, with what its aliases repeat: /],
    ['what is no text', Buffer.from([0x63, 0x3a, 0xff]), 'a.yaml:1:1: cannot read it: it is not UTF-8'],
  ] as const) {
    test(`refuses ${title} with the line and the code of a start`, async (t) => {
      const directory = scratchDirectory(t);
      writeFileSync(join(directory, 'a.yaml'), text);
      const said = await refused(t, directory);
      if (typeof line === 'string') assert.equal(said, line);
      else assert.match(said, line);
    });
  }

  for (const [title, make, line] of [
    ['a named pipe', (path: string) => execFileSync('mkfifo', [path]), /^a\.yaml:1:1: cannot read it: it is no regular file$/],
    ['a directory', (path: string) => mkdirSync(path), /^a\.yaml:1:1: cannot read it: it is no regular file$/],
    ['a dangling link', (path: string) => symlinkSync('none', path), /^a\.yaml:1:1: /],
    ['a link to itself', (path: string) => symlinkSync('a.yaml', path), /^a\.yaml:1:1: /],
    ['a file of 64 GB', (path: string) => truncateSync(put(path, ''), 2 ** 36), /: it is larger than 64 KiB$/],
    ['a file without end', (path: string) => symlinkSync('/dev/zero', path), /^a\.yaml:1:1: /],
    [
      'a file that everybody can write',
      (path: string) => chmodSync(put(path, tcp), 0o666),
      /^a\.yaml:1:1: it is not used, since the daemon is root and a\.yaml can be written by everybody; fix that, or set READINESSD_HOOK_SAFETY_CHECK=off$/,
    ],
    [
      'a file of somebody else',
      (path: string) => chownSync(put(path, tcp), 33, 33),
      /^a\.yaml:1:1: it is not used, since the daemon is root and a\.yaml belongs to user 33, not to root; /,
    ],
    [
      'a *.yml',
      (path: string) => writeFileSync(path.replace('.yaml', '.yml'), tcp),
      /^a\.yml:1:1: its name must end in \.yaml, else it is not read$/,
    ],
  ] as const) {
    test(`refuses ${title} in the place of a file`, async (t) => {
      const directory = scratchDirectory(t);
      make(join(directory, 'a.yaml'));
      assert.match(await refused(t, directory), line);
    });
  }

  test('refuses a directory that others can write, and accepts it when that check is off', async (t) => {
    const directory = join(scratchDirectory(t), 'd');
    mkdirSync(directory);
    writeFileSync(join(directory, 'a.yaml'), tcp);
    chmodSync(directory, 0o777);
    assert.match(
      await refused(t, directory),
      /^a\.yaml:1:1: it is not used, since the daemon is root and .*\/d can be written by everybody; /,
    );
    assert.equal((await checkConfig({ READINESSD_CHECKS_DIR: directory, READINESSD_HOOK_SAFETY_CHECK: 'off' })).code, 0);
  });

  test('refuses a missing directory, or something else in its place, when a setting names it', async (t) => {
    const directory = scratchDirectory(t);
    const none = join(directory, 'none');
    assert.equal(await refused(t, none), `readinessd: cannot use READINESSD_CHECKS_DIR=${none}: there is no such directory`);
    writeFileSync(none, '');
    assert.equal(await refused(t, none), `readinessd: cannot use READINESSD_CHECKS_DIR=${none}: it is no directory`);
  });

  test('refuses names that are taken', async (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, 'a.yaml'), tcp);
    writeFileSync(join(directory, 'b.yaml'), `# the same\n${tcp}`);
    assert.equal(await refused(t, directory), 'b.yaml:2:11: cannot use the name "a": a.yaml:1:11 has it');
    renameSync(join(directory, 'b.yaml'), join(directory, 'b.txt'));
    writeFileSync(join(directory, 'a.yaml'), 'checks: { programs: { tcp: { port: 25 } } }');
    assert.equal((await checkConfig({ READINESSD_CHECKS_DIR: directory })).code, 0);
    const line = 'a.yaml:1:11: cannot use the name "programs": a step of readinessd is called so';
    assert.equal(await refused(t, directory, { READINESSD_PROGRAMS: 'web' }), line);
  });

  test('refuses a variable that is not set, and shows no value of one that is', async (t) => {
    const directory = scratchDirectory(t);
    const [token, none] = ['$' + '{TOKEN}', '$' + '{NONE}'];
    writeFileSync(join(directory, 'a.yaml'), `checks: { a: { http: { url: "http://host${token}/", headers: { K: "${none}" } } } }`);
    assert.doesNotMatch(await refused(t, directory, { TOKEN: 'hidden' }), /hidden/);
    writeFileSync(join(directory, 'a.yaml'), `checks: { a: { http: { url: "http://127.0.0.1/", headers: { K: "${token} ${none}" } } } }`);
    const help = 'set it for readinessd, or give a default, as $' + '{NONE:-DEFAULT}';
    assert.equal(await refused(t, directory, { TOKEN: 'hidden' }), `a.yaml:1:64: the variable NONE is not set: ${help}`);
  });

  test('refuses checks that could take longer than a cycle may', async (t) => {
    const directory = scratchDirectory(t);
    const commands = (count: number, timeout: string) =>
      `checks:\n${Array.from({ length: count }, (_none, n) => `  c${n}: { exec: { command: /bin/true }, timeout: ${timeout} }\n`).join('')}`;
    for (const [text, isGood] of [
      [commands(10, '10s'), true],
      [commands(11, '10s'), false],
      [commands(1, '58s'), true],
      [commands(1, '1m'), false],
      [commands(3, '29s'), false],
      ['checks: { a: { tcp: { port: 25 }, timeout: 59s } }', true],
      ['checks: { a: { tcp: { port: 25 }, timeout: 1m } }', false],
      ['checks: { a: { tcp: { port: 25 }, timeout: 1m, when: 0 } }', true],
    ] as const) {
      writeFileSync(join(directory, 'a.yaml'), text);
      if (isGood) {
        const { code, stderr } = await checkConfig({ ...alone, READINESSD_CHECKS_DIR: directory });
        assert.deepEqual([code, stderr], [0, ''], text);
      } else {
        const said = await refused(t, directory);
        assert.match(
          said,
          /^readinessd: cannot use these checks: a cycle could take .*, until \w+ has ended, and may take 1 min .*: shorten the timeouts$/,
        );
      }
    }
  });
});

function put(path: string, text: string): string {
  writeFileSync(path, text);
  return path;
}

/** Half a file of headers, and half of aliases to them. */
function bomb(): string {
  const many = (count: number, make: (n: number) => string) => Array.from({ length: count }, (_none, n) => make(n)).join('');
  return `checks:\n  z: &c { http: { url: "http://127.0.0.1/", headers: {${many(2500, (n) => `h${n}: a,`)} } } }\n${many(2500, (n) => `  c${n}: *c\n`)}`;
}
