import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { publint } from 'publint';
import { version } from '../../shared/version.ts';
import { nodeRoot } from '../support/cache.ts';
import { patient, quickSettings, ServedSocket } from '../support/daemon.ts';
import { testForm } from '../support/form.ts';
import { run } from '../support/run.ts';
import { scratchDirectory, tree, until } from '../support/scratch.ts';
import { TestSupervisord } from '../support/supervisord.ts';

const root = join(import.meta.dirname, '../..');

/** The oldest supported Node.js before this machine's own. npm runs with it too. */
const env = { ...process.env, PATH: [join(nodeRoot(), 'usr/local/bin'), process.env['PATH']].join(delimiter) };

async function npm(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('npm', words, { cwd: root, env });
  assert.equal(code, 0, stderr);
  return stdout;
}

test('npm package', async (t) => {
  const directory = scratchDirectory(t);
  // Skips prepack, which builds, because other tests run what is built.
  const packing = await npm('pack', '--json', '--ignore-scripts', '--pack-destination', directory);
  const [packed = assert.fail('npm has packed nothing')] = JSON.parse(packing) as { filename: string; files: { path: string }[] }[];
  const tarball = join(directory, packed.filename);

  await t.test('contains the tree, and nothing else but what npm puts into every package', async () => {
    const built = (await run('find', ['dist/rootfs', '-type', 'f'], { cwd: root })).stdout.trim().split('\n');
    assert.deepEqual(packed.files.map(({ path }) => path).sort(), [...built, 'LICENSE', 'README.md', 'package.json'].sort());
  });

  await t.test('is built before it is packed, and needs nothing else from npm', () => {
    const { scripts, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.deepEqual([scripts.prepack, dependencies], ['npm run build', undefined]);
  });

  await t.test('passes publint without a message', async () => {
    const { messages } = await publint({ pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer }, strict: true });
    assert.deepEqual(messages, []);
  });

  for (const [title, where, bin, formHere] of [
    ['globally', ['--global'], 'bin', 'events'],
    ['into a project', [], 'node_modules/.bin', 'poll'],
  ] as const) {
    const form = testForm ?? formHere;
    await t.test(`works when installed ${title}, with the entry that it prints (${form})`, async (t) => {
      const scratch = scratchDirectory(t);
      // These characters have a meaning for supervisord.
      const prefix = join(scratch, '10 %d "x"');
      await npm('install', ...where, '--prefix', prefix, '--offline', '--no-audit', '--no-fund', tarball);
      const [readinessd, probe] = [join(prefix, bin, 'readinessd'), join(prefix, bin, 'readiness_probe.sh')];
      const byName = { PATH: [join(prefix, bin), env.PATH].join(delimiter) };
      for (const name of ['readinessd', 'readinessctl'])
        assert.equal((await run(name, ['--version'], { env: byName })).stdout, `${name} ${version}\n`);

      const entry = await run(readinessd, ['--print-supervisor-conf', ...(form === 'poll' ? ['--poll'] : [])], { env });
      const settings = quickSettings(scratch);
      const start = '[program:start]\ncommand=true\nstartsecs=0\nautorestart=false\n';
      await TestSupervisord.start(t, `${entry.stdout}\n${start}`, { env: { ...env, ...settings }, form: 'poll' });
      const served = new ServedSocket(settings.READINESSD_SOCKET);
      await served.expect(/^0 Ready /);
      if (form === 'poll') assert.equal((await served.status()).events?.state, 'off');
      else await until('events flow', async () => (await served.status()).events?.state === 'flowing');
      // It needs no node, so no PATH.
      const asked = { READINESSD_SOCKET: settings.READINESSD_SOCKET, ...patient };
      const { code, stdout } = await run(probe, [], { env: asked });
      assert.deepEqual([code, stdout], [0, '0 Ready start passed, hook skipped\n']);
    });
  }
});

test('the tree prints the same entry as it ships, but for the path', async () => {
  const { stdout } = await run(join(tree, 'usr/bin/readinessd'), ['--print-supervisor-conf']);
  const shipped = readFileSync(join(tree, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8');
  assert.equal(stdout.replaceAll(`command=${tree}/`, 'command=/'), shipped);
});
