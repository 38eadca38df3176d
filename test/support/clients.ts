import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, run } from './run.ts';
import { type Context, lib, scratchDirectory, tree } from './scratch.ts';

export type Ask = (args?: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Finished>;

/** Every way to probe that is shipped, each as a user would call it. */
export const clients = [
  client('native client', join(lib, 'readiness_probe')),
  client('readiness_probe.sh', join(tree, 'usr/bin/readiness_probe.sh')),
  client('TypeScript client', process.execPath, join(lib, 'readiness_probe.cjs')),
];

function client(name: string, ...command: [string, ...string[]]) {
  return { name, command, ask: asker(...command) };
}

function asker(file: string, ...before: readonly string[]): Ask {
  return (args = [], env = {}) => run(file, [...before, ...args], { env: { PATH: process.env['PATH'], ...env } });
}

/** A copy of the built tree that the test may damage. */
export function treeCopy(t: Context): { readonly root: string; readonly lib: string; readonly ask: Ask } {
  const root = join(scratchDirectory(t), 'rootfs');
  cpSync(tree, root, { recursive: true });
  return { root, lib: join(root, 'usr/lib/readinessd'), ask: asker(join(root, 'usr/bin/readiness_probe.sh')) };
}
