import assert from 'node:assert/strict';
import { chownSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { processorDirectory, processors } from '../../../shared/processors.ts';
import { run } from '../../support/run.ts';
import { type Context, scratchDirectory, writeScript } from '../../support/scratch.ts';

const own = processorDirectory(process.arch);
const foreign = processors.filter((processor) => processor !== own);

/** Builds native clients of a small program in the test's own environment. */
async function build(t: Context, env: NodeJS.ProcessEnv, uid?: number) {
  const output = scratchDirectory(t);
  if (uid !== undefined) chownSync(output, uid, uid);
  const source = join(output, 'client.c');
  writeFileSync(source, '#include <stdio.h>\nint main(void) { return puts("made") < 0; }\n');
  const module = join(import.meta.dirname, '../../../script/native-client.ts');
  const call = `import { buildNativeClients } from ${JSON.stringify(module)}; buildNativeClients(...process.argv.slice(1))`;
  const { code, stdout, stderr } = await run(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', call, '--', output, source, output],
    {
      env: { PATH: process.env['PATH'], ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    },
  );
  assert.equal(code, 0, stderr);
  return { stdout, made: [...processors, 'other'].filter((name) => existsSync(join(output, name, 'readiness_probe'))) };
}

suite('the build of the native clients', { concurrency: 2 }, () => {
  for (const [title, env] of [
    ['CC is empty', { CC: '' }],
    ['CC has words behind the compiler', { CC: 'env cc' }],
  ] as const) {
    test(`makes this machine's when ${title}`, async (t) => {
      const { made } = await build(t, env);
      assert.ok(made.includes(own as never), `${made}`);
    });
  }

  test('needs no home directory, and no name for its user', async (t) => {
    const { made } = await build(t, {}, 54_321);
    assert.ok(made.includes(own as never), `${made}`);
  });

  test('skips a processor whose cross compiler has no C library, and names it', async (t) => {
    const bin = scratchDirectory(t);
    for (const name of ['aarch64-linux-gnu-gcc', 'arm-linux-gnueabihf-gcc', 'x86_64-linux-gnu-gcc']) {
      writeScript(
        join(bin, name),
        `case $1 in --version) ;; -print-file-name=*) echo libc.a ;; *) echo "stdio.h: No such file or directory" >&2; exit 1 ;; esac`,
      );
    }
    const { stdout, made } = await build(t, { PATH: `${bin}:${process.env['PATH']}`, XDG_CACHE_HOME: bin, CC: 'cc' });
    assert.deepEqual(made, [own]);
    assert.match(stdout, new RegExp(`^no native probe client for ${foreign.join(', ')}: `, 'm'));
  });
});
