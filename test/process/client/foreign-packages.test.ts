import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { processorDirectory } from '../../../shared/processors.ts';
import { run } from '../../support/run.ts';
import { type Context, scratchDirectory } from '../../support/scratch.ts';

const script = join(import.meta.dirname, '../../../script/foreign-packages');
const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
const processor = processorDirectory(process.arch) === 'arm64' ? 'armhf' : 'arm64';

/** An archive of somebody else, whose release and component have Debian's names. */
function otherArchive(t: Context, release: string): string {
  const root = scratchDirectory(t);
  const directory = join(root, 'dists', release);
  mkdirSync(join(directory, 'main/binary-all'), { recursive: true });
  const index = 'main/binary-all/Packages';
  writeFileSync(join(directory, index), '');
  const sum = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const head = [
    'Origin: Other',
    `Codename: ${release}`,
    'Components: main',
    'Architectures: all amd64',
    'Date: Thu, 01 Jan 2026 00:00:00 UTC',
  ];
  writeFileSync(join(directory, 'Release'), [...head, 'SHA256:', ` ${sum} 0 ${index}`, ''].join('\n'));
  return root;
}

/** Runs the script with the test's own /etc/apt and apt lists. */
async function unpack(t: Context, sources: string, update: string) {
  const directory = scratchDirectory(t);
  writeFileSync(join(directory, 'sources.list'), sources);
  const output = join(directory, 'output');
  const prepare = `mkdir "$0/lists" && mount --bind "$0/lists" /var/lib/apt/lists && mount -t tmpfs none /etc/apt &&
    cp "$0/sources.list" /etc/apt/ && ${update} && exec "$@"`;
  const finished = await run('unshare', ['--mount', 'sh', '-c', prepare, directory, script, output, `musl-dev:${processor}`]);
  return { ...finished, output };
}

async function debian(): Promise<{ release: string; uri: string }> {
  const { stdout } = await run('sh', ['-c', '. /etc/os-release; echo "$VERSION_CODENAME"']);
  const release = stdout.trim();
  const filters = ['Origin: Debian', `Codename: ${release}`, 'Component: main'];
  const targets = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...filters]);
  return { release, uri: targets.stdout.split('\n')[0] ?? '' };
}

suite('script/foreign-packages', { concurrency: 2 }, () => {
  test('verifies Debian by its own keys, even after an archive whose release has the same name', async (t) => {
    const { release, uri } = await debian();
    const other = `deb [trusted=yes] file:${otherArchive(t, release)} ${release} main`;
    const sources = `${other}\ndeb [arch=${process.arch === 'x64' ? 'amd64' : process.arch} signed-by=${keys}] ${uri} ${release} main\n`;
    const { code, stderr, output } = await unpack(t, sources, 'apt-get -qq update');
    assert.equal(code, 0, stderr);
    assert.ok(existsSync(join(output, 'usr/lib')));
  });

  test('says what it needs when apt has no lists', async (t) => {
    const { release, uri } = await debian();
    const { code, stderr } = await unpack(t, `deb ${uri} ${release} main\n`, 'true');
    assert.equal(code, 1);
    assert.match(stderr, /^cannot find Debian's .* main in apt's lists, .*run apt-get update$/m);
  });
});
