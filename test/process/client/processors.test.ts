import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { type Processor, processorDirectory, processors } from '../../../shared/processors.ts';
import { busyboxRoot } from '../../support/cache.ts';
import { emulatedClients } from '../../support/clients.ts';
import { TestDaemon } from '../../support/daemon.ts';
import { withProcessor } from '../../support/processors.ts';
import { type Finished, run } from '../../support/run.ts';
import { type Context, foreignProgram, nativeClient, scratchDirectory, tree, writeScript } from '../../support/scratch.ts';
import { keepsContract } from './contract.ts';

for (const client of emulatedClients) keepsContract(client);

/** The dynamic loaders in an image for a processor: glibc's, or musl's. */
const loaders: Record<Processor, readonly string[]> = {
  amd64: ['lib64/ld-linux-x86-64.so.2', 'lib/ld-musl-x86_64.so.1'],
  arm64: ['lib/ld-linux-aarch64.so.1', 'lib/ld-musl-aarch64.so.1'],
  armhf: ['lib/ld-linux-armhf.so.3', 'lib/ld-musl-armhf.so.1'],
};

/** An image with a shell, the tree and these files, but no Node. Its daemon says 19. */
async function imageFor(t: Context, processor: Processor, files: readonly string[]) {
  const root = scratchDirectory(t);
  cpSync(tree, root, { recursive: true });
  const lib = join(root, 'usr/lib/readinessd');
  rmSync(join(lib, 'readiness_probe.cjs'));
  mkdirSync(join(root, 'bin'));
  cpSync(join(busyboxRoot(processor), 'bin/busybox'), join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  const runDirectory = join(root, 'run');
  mkdirSync(runDirectory);
  writeScript(join(runDirectory, 'hook'), 'exit 19');
  const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off' }, runDirectory);
  await daemon.expect(/^19 /);
  const by = await withProcessor(processor);
  return { lib, probe: () => probeIn(root, by) };
}

function probeIn(root: string, [program = '', ...args]: readonly string[]): Promise<Finished> {
  const env = { PATH: process.env['PATH'], READINESSD_SOCKET: '/run/r.sock', READINESSD_PROBE_TIMEOUT_MS: '60000' };
  return run(program, [...args, 'chroot', root, '/usr/bin/readiness_probe.sh'], { env });
}

const answer = { code: 19, signal: null, stdout: '19 HookFailed hook exited with code 19\n', stderr: '' };

suite('readiness_probe.sh runs the native client of the image', { concurrency: 2 }, () => {
  for (const processor of processors) {
    for (const loader of loaders[processor]) {
      test(`for ${processor}, with /${loader}`, async (t) => {
        const { lib, probe } = await imageFor(t, processor, [loader]);
        assert.deepEqual(await probe(), answer);
        // Proof that it was that client.
        rmSync(join(lib, processor), { recursive: true });
        assert.equal((await probe()).code, 107);
      });
    }
  }

  test("for amd64, even when other processors' loaders lie beside its own", async (t) => {
    const { probe } = await imageFor(t, 'amd64', Object.values(loaders).flat());
    assert.deepEqual(await probe(), answer);
  });

  const own = processorDirectory(process.arch);
  test('for a processor that it has no name for', async (t) => {
    assert.ok(own !== 'other');
    const { lib, probe } = await imageFor(t, own, []);
    renameSync(join(lib, own), join(lib, 'other'));
    assert.deepEqual(await probe(), answer);
    rmSync(join(lib, 'other', 'readiness_probe'));
    assert.equal((await probe()).code, 107);
  });

  test('or none when the kernel refuses it', async (t) => {
    assert.ok(own !== 'other');
    const { lib, probe } = await imageFor(t, own, [loaders[own][0] as string]);
    foreignProgram(join(lib, nativeClient));
    assert.equal((await probe()).code, 107);
  });
});
