import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { imageStore } from '../support/cache.ts';
import { TestContainer } from '../support/container.ts';
import { foreignProcessors } from '../support/processors.ts';
import { type Finished, run } from '../support/run.ts';
import { type Context, cleanUp, scratchDirectory, tree, until } from '../support/scratch.ts';

const repository = join(import.meta.dirname, '../..');
const dockerfile = join(repository, 'examples/Dockerfile');

/** What its comments leave to the author of the image. */
const service = {
  'usr/bin/start.sh': '#!/bin/sh\nuntil [ -s /run/start-code ]; do sleep 0.1; done\nexit "$(cat /run/start-code)"\n',
  'usr/bin/readiness_probe_hook': '#!/bin/sh\nexit 0\n',
  'etc/supervisor/conf.d/service.conf': '[program:start]\ncommand=/usr/bin/start.sh\nautorestart=false\nstartsecs=0\n',
};

const seconds = 1e9;
const healthcheck = {
  Test: ['CMD', '/usr/bin/readiness_probe.sh'],
  Interval: 5 * seconds,
  Timeout: 3 * seconds,
  StartPeriod: 120 * seconds,
  Retries: 1,
};

type Call = (...words: string[]) => Promise<Finished>;

/** buildah and podman with the test's own storage, over images that replace a registry's. */
function containerTools(t: Context): { buildah: (...words: string[]) => Promise<string>; podman: Call } {
  const storage = join(scratchDirectory(t), 's');
  const options = ['--root', storage, '--runroot', `${storage}.run`, '--storage-opt', `overlay.imagestore=${imageStore()}`];
  const buildah = async (...words: string[]): Promise<string> =>
    succeeded(await run('buildah', [...options, ...words], { timeout: 1_200_000 }));
  const podman = (...words: string[]) => {
    const more = ['--tmpdir', `${storage}.tmp`, '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
    // podman's timers need systemd. Here the test runs the check.
    return run('podman', [...options, ...more, ...words], { timeout: 60_000, env: { ...process.env, DISABLE_HC_SYSTEMD: 'true' } });
  };
  // The storage is a mount point of its own.
  cleanUp(t, () => run('umount', [join(storage, 'overlay')]));
  cleanUp(t, () => buildah('rm', '--all'));
  cleanUp(t, () => podman('rm', '--all', '--force', '--time', '0'));
  return { buildah, podman };
}

function succeeded({ code, stdout, stderr }: Finished): string {
  assert.equal(code, 0, `${stdout} ${stderr}`);
  return stdout.trim();
}

/** Runs an image as `podman run` does, and its HEALTHCHECK as `podman healthcheck run` does. */
async function isCheckedByPodman(t: Context, podman: Call, image: string): Promise<void> {
  const directory = scratchDirectory(t);
  const volumes = Object.entries(service).flatMap(([path, text]) => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o755 });
    return ['--volume', `${file}:/${path}`];
  });
  // podman's own limits are higher than a machine may allow.
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
  const name = 'checked';
  succeeded(await podman('run', '--detach', '--name', name, '--network', 'none', ...limits, ...volumes, image));
  const startEndsWith = async (code: string) => succeeded(await podman('exec', name, 'sh', '-c', `printf '%s' '${code}' >/run/start-code`));
  const startAgain = async () => succeeded(await podman('exec', name, 'supervisorctl', 'start', 'start'));
  const becomes = (pattern: RegExp, expected: { code: number; status: string }) =>
    until(`podman's check says ${pattern}`, async () => {
      const { code } = await podman('healthcheck', 'run', name);
      const { Status, Log } = JSON.parse(succeeded(await podman('inspect', '--format', '{{json .State.Health}}', name)));
      const { Output, ExitCode } = Log.at(-1);
      if (!pattern.test(Output)) return false;
      assert.deepEqual({ code, logged: ExitCode, status: Status }, { ...expected, logged: code });
      return true;
    });

  await becomes(/^2 StartNotFinished /, { code: 1, status: 'starting' });
  await startEndsWith('3');
  await becomes(/^112 StartFailed /, { code: 1, status: 'starting' });
  await startEndsWith('');
  await startAgain();
  await becomes(/^2 StartNotFinished /, { code: 1, status: 'starting' });
  await startEndsWith('0');
  await becomes(/^0 Ready start passed, hook passed$/m, { code: 0, status: 'healthy' });
}

const inMb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

test('the images of examples/Dockerfile are built, run and probed, and add the size that docs/install.md says', async (t) => {
  const { buildah, podman } = containerTools(t);
  const images = { NODE_IMAGE: 'node', DEBIAN_IMAGE: 'debian', SONIC_IMAGE: 'trixie' };
  const build = (target: string, tag: string) => {
    const args = Object.entries(images).flatMap(([name, image]) => ['--build-arg', `${name}=${image}`]);
    // Only Docker's format keeps HEALTHCHECK.
    const how = ['--isolation', 'chroot', '--pull-never', '--layers', '--format', 'docker'];
    return buildah('bud', ...how, ...args, '--target', target, '--tag', tag, '--file', dockerfile, repository);
  };

  for (const target of ['debian', 'sonic']) {
    const name = `example-${target}`;
    await build(target, name);
    const { Cmd, Healthcheck } = JSON.parse(await buildah('inspect', '--type', 'image', name)).Docker.config;
    if (target === 'debian') {
      assert.deepEqual(Healthcheck, healthcheck);
      await isCheckedByPodman(t, podman, name);
    }
    const image = await buildah('mount', await buildah('from', '--pull-never', name));
    // SONiC's own comes from its base image; Docker's format has an empty one where there is none.
    const command = target === 'debian' ? Cmd : ['/usr/bin/supervisord', '-n'];
    const container = await TestContainer.start(t, { image, files: service, command });
    await container.becomes(/^2 StartNotFinished /);
    await container.exec('sh', '-c', 'echo 0 >/run/start-code');
    await container.becomes(/^0 Ready start passed, hook passed$/);
    assert.equal((await container.probe()).code, 0);
    const entry = readFileSync(join(image, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8');
    assert.equal(/stderr_syslog=true/.test(entry.replaceAll(/^;.*$/gm, '')), target === 'sonic');
    if (target === 'sonic') {
      assert.match((await container.exec('dpkg', '--status', 'readinessd')).stdout, /^Status: install ok installed$/m);
      continue;
    }

    // Everything in the tree built here, without other processors' native clients: the image has no compilers for them.
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
        readFileSync(join(repository, 'docs/install.md'), 'utf8').replaceAll('\n', ' '),
      ) ?? [];
    assert.ok(Math.abs(Number(treeMb) * 1e6 - sizes.tree) < 0.2e6, `the tree adds ${inMb(sizes.tree)}`);
    assert.ok(Math.abs(Number(cacheMb) * 1e6 - sizes.cache) < 0.3e6, `the code cache adds ${inMb(sizes.cache)}`);
    assert.ok(Math.abs(Number(nodeMb) * 1e6 - sizes.node) < 5e6, `node adds ${inMb(sizes.node)}`);
  }
});
