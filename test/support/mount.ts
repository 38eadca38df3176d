import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';
import { type Context, cleanUp, scratchDirectory } from './scratch.ts';

/** A small file system of the test's own. */
export async function mount(t: Context, options: string): Promise<string> {
  const directory = join(scratchDirectory(t), 'run');
  mkdirSync(directory);
  assert.equal((await run('mount', ['-t', 'tmpfs', '-o', options, 'none', directory])).stderr, '');
  cleanUp(t, () => run('umount', ['-l', directory]));
  return directory;
}
