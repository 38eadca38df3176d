import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { processors } from '../../shared/processors.ts';
import { run } from '../support/run.ts';
import { type Context, scratchDirectory } from '../support/scratch.ts';

const repository = join(import.meta.dirname, '../..');
const version = '9.8.7';

const notCopied = ['.git', 'node_modules', 'dist'].map((name) => join(repository, name));

/** A repository of what is here, ready to be released as that version, and then changed. */
async function copyOf(t: Context, change: (copy: string) => unknown = () => {}) {
  const copy = join(scratchDirectory(t), 'copy');
  const git = async (...words: string[]) => {
    const { code, stderr } = await run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...words]);
    assert.equal(code, 0, stderr);
  };
  cpSync(repository, copy, { recursive: true, filter: (path) => !notCopied.includes(path) });
  await git('init', '--quiet', copy);
  for (const name of ['package.json', 'package-lock.json']) {
    const path = join(copy, name);
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    manifest.version = version;
    if (manifest.packages !== undefined) manifest.packages[''].version = version;
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  }
  const changelog = join(copy, 'CHANGELOG.md');
  writeFileSync(changelog, readFileSync(changelog, 'utf8').replace(/^## .*/m, `## ${version}, 2026-11-28\n\n$&`));
  await change(copy);
  await git('-C', copy, 'add', '--all');
  await git('-C', copy, 'commit', '--quiet', '--message', 'Release');
  return { copy, git, release: (...words: string[]) => run(join(copy, 'script/release'), words, { timeout: 900_000 }) };
}

/** Writes other text into a file. */
const edit = (from: string | RegExp, to: string, file: string) => (copy: string) =>
  writeFileSync(join(copy, file), readFileSync(join(copy, file), 'utf8').replace(from, to));

suite('script/release refuses', () => {
  for (const [words, why] of [
    [[], /^script\/release: cannot release version ''/],
    [['1.2'], /cannot release version '1\.2': it takes one as 0\.2\.0\n$/],
    [['--fast', version], /cannot use --fast: it takes --dry-run, --skip-tests and a version\n$/],
    [['1.0.0', '2.0.0'], /cannot release both 1\.0\.0 and 2\.0\.0: it takes one version\n$/],
    [['--skip-tests', version], /cannot skip the tests: only a --dry-run can\n$/],
  ] as const) {
    test(`arguments "${words.join(' ')}"`, async () => {
      const { code, stdout, stderr } = await run(join(repository, 'script/release'), words);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, why);
    });
  }

  for (const [title, change, why] of [
    [
      'another version in package.json',
      edit(version, '9.8.6', 'package.json'),
      /package\.json has 9\.8\.6; run npm version .* 9\.8\.7, and commit/,
    ],
    [
      'another version in package-lock.json',
      edit(version, '9.8.6', 'package-lock.json'),
      /package-lock\.json has another version than package\.json/,
    ],
    [
      'a changelog without its date',
      edit(/9\.8\.7, .*/, '9.8.7, not released yet', 'CHANGELOG.md'),
      /is '## 9\.8\.7, not released yet'; write '## 9\.8\.7, 20/,
    ],
    ['a changelog of another version', edit(/9\.8\.7, /, '9.8x7, ', 'CHANGELOG.md'), /the first heading of CHANGELOG\.md is '## 9\.8x7, /],
  ] as const) {
    test(title, async (t) => {
      const { release } = await copyOf(t, change);
      const { code, stderr } = await release('--dry-run', version);
      assert.equal(code, 1);
      assert.match(stderr, why);
    });
  }

  test('changes that are not committed, and a tag that is there', async (t) => {
    const { copy, git, release } = await copyOf(t);
    await git('-C', copy, 'tag', `v${version}`);
    writeFileSync(join(copy, 'new'), '');
    const { code, stderr } = await release('--dry-run', version);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^cannot release 9\.8\.7: there are changes that are not committed.*\ncannot release 9\.8\.7: the tag v9\.8\.7 is there already.*\n$/,
    );
  });
});

test('script/release --dry-run makes all that would be published, and publishes nothing', async (t) => {
  const { copy, release } = await copyOf(t);
  const { code, stdout, stderr } = await release('--dry-run', '--skip-tests', version);
  assert.equal(code, 0, stderr);
  const made = join(copy, 'dist/release');
  const debs = processors.map((processor) => `readinessd_${version}_${processor}.deb`);
  const [tarball, sbom] = [`readinessd-${version}.tgz`, `readinessd-${version}.cdx.json`];
  assert.deepEqual(readdirSync(made).sort(), ['SHA256SUMS', sbom, tarball, ...debs].sort());
  assert.equal((await run('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: made })).code, 0);
  assert.equal(readFileSync(join(made, 'SHA256SUMS'), 'utf8').trim().split('\n').length, 5);

  const { stdout: packed } = await run('tar', ['-tzf', join(made, tarball)]);
  for (const processor of processors)
    assert.ok(packed.includes(`package/dist/rootfs/usr/lib/readinessd/${processor}/readiness_probe\n`), processor);

  const { components, metadata } = JSON.parse(readFileSync(join(made, sbom), 'utf8'));
  assert.deepEqual([metadata.component.name, metadata.component.version], ['readinessd', version]);
  const names = components.map(({ name }: { name: string }) => name);
  for (const name of ['fastify', 'pino', 'execa', 'undici', 'yaml', 'musl']) assert.ok(names.includes(name), name);
  for (const name of ['typescript', 'esbuild', 'fast-check']) assert.ok(!names.includes(name), name);

  assert.match(stdout, /^would run: git tag -a v9\.8\.7 .*\nwould run: git push origin v9\.8\.7\nwould run: npm publish --tag latest /m);
  assert.equal((await run('git', ['-C', copy, 'tag'])).stdout, '');
});
