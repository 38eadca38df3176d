import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Processor, processorDirectory, processors } from '../../shared/processors.ts';
import { version } from '../../shared/version.ts';
import { busyboxRoot, debianRoot, nodejsArchive } from '../support/cache.ts';
import { TestContainer } from '../support/container.ts';
import { withProcessor } from '../support/processors.ts';
import { type Finished, run } from '../support/run.ts';
import { type Context, scratchDirectory, until } from '../support/scratch.ts';

const repository = join(import.meta.dirname, '../..');
const own = processorDirectory(process.arch);
const newerVersion = '99.0.0';
const packageOf = (processor: string, ofVersion = version) => `readinessd_${ofVersion.replace('-', '~')}_${processor}.deb`;
const entry = 'etc/supervisor/conf.d/readinessd.conf';

/** A copy of the sources without what git does not know, because other tests run what is in dist. */
function copySources(t: Context): string {
  const directory = scratchDirectory(t);
  const left = ['dist', 'node_modules', 'coverage', '.git'].map((name) => join(repository, name));
  cpSync(repository, directory, { recursive: true, preserveTimestamps: true, filter: (path) => !left.includes(path) });
  symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

/**
 * @param by - a command in front of the script
 * @returns the directory of the packages, and the output
 */
async function makePackages(sources: string, by: readonly string[] = ['env']): Promise<{ directory: string; said: string }> {
  const [program = '', ...args] = [...by, join(sources, 'script/deb')];
  const said = await succeeds(run(program, args));
  return { directory: join(sources, 'dist'), said };
}

async function succeeds(running: Promise<Finished>): Promise<string> {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}

test('Debian package', async (t) => {
  const { directory } = await makePackages(copySources(t));
  const packages = processors.map((processor) => join(directory, packageOf(processor)));

  await t.test('has the same bytes when it is made elsewhere, at another time, by other users', async (t) => {
    const elsewhere = ['faketime', '+400 days', 'env', 'TZ=Asia/Tokyo', 'LC_ALL=C.UTF-8', 'sh', '-c', 'umask 077; exec "$0"'];
    const again = await makePackages(copySources(t), elsewhere);
    for (const path of packages) assert.ok(readFileSync(path).equals(readFileSync(join(again.directory, basename(path)))), path);
  });

  await t.test('passes lintian, except for what it explains', async (t) => {
    const words = ['--pedantic', '--allow-root', '--fail-on', 'error,warning,pedantic', ...packages];
    assert.equal(await succeeds(run('lintian', words, { env: { ...process.env, TMPDIR: scratchDirectory(t) } })), '');
  });

  for (const processor of processors) {
    await t.test(`for ${processor} contains only the native client of ${processor}, and its probe runs there`, async (t) => {
      const root = await unpackFor(t, processor, join(directory, packageOf(processor)));
      const clients = readdirSync(join(root, 'usr/lib/readinessd'), { withFileTypes: true }).filter((file) => file.isDirectory());
      assert.deepEqual(
        clients.map(({ name }) => name),
        [processor],
      );
      const [program = '', ...args] = await withProcessor(processor);
      // There is no daemon. Without a client it would be 107.
      const { code, stdout } = await run(program, [...args, 'chroot', root, '/usr/bin/readiness_probe.sh']);
      assert.match(stdout, /^100 DaemonUnreachable /);
      assert.equal(code, 100);
    });
  }

  const newer = copySources(t);
  await t.test('is not made for a processor without a compiler, and the script says so', async (t) => {
    const manifest = join(newer, 'package.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`"version": "${version}"`, `"version": "${newerVersion}"`));
    const { directory, said } = await makePackages(newer, ['env', `PATH=${withoutCrossCompilers(t)}`, 'sh', '-c', 'exec "$0" 2>&1']);
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.endsWith('.deb')),
      [packageOf(own, newerVersion)],
    );
    for (const other of processors.filter((processor) => processor !== own))
      assert.match(said, new RegExp(`^no package for ${other}`, 'm'));
  });

  await t.test('is installed, upgraded, removed and purged on trixie, beside a running supervisord', (t) =>
    livesOnTrixie(t, join(directory, packageOf(own)), join(newer, 'dist', packageOf(own, newerVersion))),
  );
});

/** A directory for PATH with this machine's programs and node, but only its own compilers. */
function withoutCrossCompilers(t: Context): string {
  const directory = scratchDirectory(t);
  for (const name of readdirSync('/usr/bin'))
    if (!/-linux-gnu.*-gcc$/.test(name)) symlinkSync(join('/usr/bin', name), join(directory, name));
  if (!existsSync(join(directory, 'node'))) symlinkSync(process.execPath, join(directory, 'node'));
  return directory;
}

/** A root with a shell and the package's files, unpacked by dpkg as on a machine of that processor. */
async function unpackFor(t: Context, processor: Processor, file: string): Promise<string> {
  const root = scratchDirectory(t);
  mkdirSync(join(root, 'var/lib/dpkg/updates'), { recursive: true });
  mkdirSync(join(root, 'var/lib/dpkg/info'));
  writeFileSync(join(root, 'var/lib/dpkg/status'), '');
  await succeeds(run('dpkg', [`--root=${root}`, '--force-architecture', '--unpack', file]));
  assert.match(readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8'), new RegExp(`^Architecture: ${processor}$`, 'm'));
  const loader = join(
    root,
    { amd64: 'lib64/ld-linux-x86-64.so.2', arm64: 'lib/ld-linux-aarch64.so.1', armhf: 'lib/ld-linux-armhf.so.3' }[processor],
  );
  mkdirSync(dirname(loader), { recursive: true });
  writeFileSync(loader, '');
  mkdirSync(join(root, 'bin'));
  cpSync(join(busyboxRoot(processor), 'bin/busybox'), join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  return root;
}

/** All files on its disk, except what apt and dpkg keep for themselves. */
async function filesOf({ root }: TestContainer): Promise<string[]> {
  const found = await succeeds(run('find', [root, '-xdev', '-mindepth', '1', '-printf', '/%P\n']));
  const kept = /^\/(var\/(lib\/(dpkg|apt)|cache|log)|tmp|run|etc\/ld\.so\.cache)(\/|$)/;
  return found
    .trim()
    .split('\n')
    .filter((path) => !kept.test(path))
    .sort();
}

async function livesOnTrixie(t: TestContext, older: string, newer: string): Promise<void> {
  const container = await TestContainer.start(t, {
    image: `${nodejsArchive('trixie')}:${debianRoot('trixie')}`,
    files: {
      'etc/dpkg/dpkg.cfg.d/quick': 'force-unsafe-io\n',
      'usr/bin/start.sh': '#!/bin/sh\nuntil [ -e /run/initialised ]; do sleep 0.1; done\n',
      'etc/supervisor/conf.d/start.conf': '[program:start]\ncommand=/usr/bin/start.sh\nautorestart=false\nstartsecs=0\n',
    },
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  const does = (...words: string[]) => succeeds(container.exec(...words));
  const isThere = (path: string) => existsSync(join(container.root, path));
  const statusOf = async (name: string) => /^Status: .* (\S+)$/m.exec((await container.exec('dpkg', '--status', name)).stdout)?.[1];
  const isSound = async () => assert.equal(`${await does('dpkg', '--audit')}${await does('dpkg', '--verify')}`, '');
  await until('supervisord answers', async () => (await container.exec('supervisorctl', 'pid')).code === 0);
  assert.equal(await does('supervisord', '--version'), '4.2.5\n');
  const before = await filesOf(container);

  // Install.
  const install = async (file: string) => {
    cpSync(file, join(container.root, 'tmp', basename(file)));
    await does('apt-get', 'install', '--yes', '--no-install-recommends', `/tmp/${basename(file)}`);
  };
  await install(older);
  assert.equal(await statusOf('nodejs'), 'installed');
  await isSound();
  assert.ok(isThere('usr/lib/readinessd/daemon.cache'));
  for (const page of ['man1/readinessctl.1.gz', 'man1/readiness_probe.sh.1.gz', 'man8/readinessd.8.gz'])
    assert.ok(isThere(`usr/share/man/${page}`), page);
  await does('supervisorctl', 'update');
  await container.becomes(/^2 StartNotFinished /);
  await does('touch', '/run/initialised');
  await container.becomes(/^0 Ready start passed, hook skipped$/);
  assert.equal((await container.probe()).code, 0);
  assert.doesNotMatch(await does('readinessctl', 'doctor'), /PROBLEM/);

  // Upgrade: the daemon runs on, and the next one is new. What the administrator has written stays.
  const edited = `${readFileSync(join(container.root, entry), 'utf8')}; the administrator's own\n`;
  writeFileSync(join(container.root, entry), edited);
  const pid = await container.find('entry.cjs');
  await install(newer);
  assert.equal(readFileSync(join(container.root, entry), 'utf8'), edited);
  assert.ok(isThere('usr/lib/readinessd/daemon.cache'));
  assert.equal(await does('dpkg', '--audit'), '');
  assert.equal(await container.find('entry.cjs'), pid);
  assert.match((await container.probe()).stdout, /^0 Ready /);
  await does('supervisorctl', 'restart', 'readinessd');
  await container.becomes(/^0 Ready /);
  assert.match(await does('readinessctl', 'status'), new RegExp(`^readinessd ${newerVersion}, `, 'm'));

  // Remove: never ready, whether the daemon still runs or not.
  await does('apt-get', 'remove', '--yes', 'readinessd');
  assert.equal(await statusOf('readinessd'), 'config-files');
  assert.equal(readFileSync(join(container.root, entry), 'utf8'), edited);
  assert.ok(!isThere('usr/lib/readinessd'));
  assert.notEqual((await container.probe()).code, 0);
  assert.match((await container.exec('supervisorctl', 'restart', 'readinessd')).stdout, /ERROR \(no such file\)/);
  assert.notEqual((await container.probe()).code, 0);

  // Purge, together with what apt had installed for it.
  await does('apt-get', 'autoremove', '--purge', '--yes', 'readinessd');
  assert.equal(await statusOf('nodejs'), undefined);
  await isSound();
  assert.deepEqual(await filesOf(container), before);
  assert.equal(await succeeds(run('find', [container.root, '-xdev', '-not', '-path', '*/tmp/*', '-name', '*readinessd*'])), '');
}
