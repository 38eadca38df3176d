import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageStore } from '../support/cache.ts';
import { TestContainer } from '../support/container.ts';
import { foreignProcessors } from '../support/processors.ts';
import { run } from '../support/run.ts';
import { type Context, cleanUp, scratchDirectory, tree } from '../support/scratch.ts';

const repository = join(import.meta.dirname, '../..');
const dockerfile = join(repository, 'examples/Dockerfile');

/** What its comments leave to the image's author. */
const service = {
  'usr/bin/start.sh': '#!/bin/sh\nuntil [ -e /run/initialised ]; do sleep 0.1; done\n',
  'usr/bin/readiness_probe_hook': '#!/bin/sh\nexit 0\n',
  'etc/supervisor/conf.d/service.conf': '[program:start]\ncommand=/usr/bin/start.sh\nautorestart=false\nstartsecs=0\n',
};

/** buildah with a storage of the test's own, over the images that stand in for a registry's. */
function builder(t: Context) {
  const storage = join(scratchDirectory(t), 's');
  const options = ['--root', storage, '--runroot', `${storage}.run`, '--storage-opt', `overlay.imagestore=${imageStore()}`];
  const buildah = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('buildah', [...options, ...words], { timeout: 1_200_000 });
    assert.equal(code, 0, `${stdout} ${stderr}`);
    return stdout.trim();
  };
  // The storage is a mount of itself.
  cleanUp(t, () => run('umount', [join(storage, 'overlay')]));
  cleanUp(t, () => buildah('rm', '--all'));
  return buildah;
}

const inMb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

test('the images of examples/Dockerfile are built, run and probed, and add what the README says', async (t) => {
  const buildah = builder(t);
  const images = { NODE_IMAGE: 'node', DEBIAN_IMAGE: 'debian', SONIC_IMAGE: 'debian' };
  const build = (target: string, tag: string) => {
    const args = Object.entries(images).flatMap(([name, image]) => ['--build-arg', `${name}=${image}`]);
    const how = ['--isolation', 'chroot', '--pull-never', '--layers'];
    return buildah('bud', ...how, ...args, '--target', target, '--tag', tag, '--file', dockerfile, repository);
  };

  for (const target of ['debian', 'sonic']) {
    const name = `example-${target}`;
    await build(target, name);
    const { Cmd } = JSON.parse(await buildah('inspect', '--type', 'image', name)).OCIv1.config;
    const image = await buildah('mount', await buildah('from', '--pull-never', name));
    const container = await TestContainer.start(t, { image, files: service, command: Cmd ?? ['/usr/bin/supervisord', '-n'] });
    await container.becomes(/^2 StartNotFinished /);
    await container.exec('touch', '/run/initialised');
    await container.becomes(/^0 Ready start passed, hook passed$/);
    assert.equal((await container.probe()).code, 0);
    const entry = readFileSync(join(image, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8');
    assert.equal(/stderr_syslog=true/.test(entry.replaceAll(/^;.*$/gm, '')), target === 'sonic');

    // All that is in the tree built here, but the native clients of other processors, which the image's build has no compilers for.
    const isForeign = (file: string) => foreignProcessors.some((processor) => file.includes(`readinessd/${processor}`));
    const built = readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter((file) => !isForeign(file));
    const files = built.map((file) => join(image, file));
    const sizes = {
      tree: files.map((file) => statSync(file)).reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0),
      node: statSync(join(image, 'usr/local/bin/node')).size,
      cache: statSync(join(image, 'usr/lib/readinessd/daemon.cache')).size,
    };
    t.diagnostic(`${target}: the tree adds ${inMb(sizes.tree)}, node ${inMb(sizes.node)}`);
    const [, treeMb, nodeMb, cacheMb] =
      /The tree adds (\S+) MB to an image, node ([\d.]+) MB, the code cache ([\d.]+) MB/.exec(
        readFileSync(join(repository, 'README.md'), 'utf8'),
      ) ?? [];
    assert.ok(Math.abs(Number(treeMb) * 1e6 - sizes.tree) < 0.2e6, `the tree adds ${inMb(sizes.tree)}`);
    assert.ok(Math.abs(Number(cacheMb) * 1e6 - sizes.cache) < 0.3e6, `the code cache adds ${inMb(sizes.cache)}`);
    assert.ok(Math.abs(Number(nodeMb) * 1e6 - sizes.node) < 5e6, `node adds ${inMb(sizes.node)}`);
  }
});
