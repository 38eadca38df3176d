import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { emulators, foreignProcessors } from './processors.ts';
import { type Finished, run } from './run.ts';
import { type Context, lib, nativeClient, scratchDirectory, tree } from './scratch.ts';

export type Ask = (args?: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Finished>;

export interface Client {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly ask: Ask;
}

/** All shipped ways to probe that run on this machine, each called as a user calls it. */
export const clients: readonly Client[] = [
  client('native client', join(lib, nativeClient)),
  client('readiness_probe.sh', join(tree, 'usr/bin/readiness_probe.sh')),
  client('TypeScript client', process.execPath, join(lib, 'readiness_probe.cjs')),
];

/** The native clients for other processors, run by QEMU. */
export const emulatedClients: readonly Client[] = foreignProcessors.map((processor) =>
  client(`native client for ${processor}`, emulators[processor], join(lib, processor, 'readiness_probe')),
);

function client(name: string, ...command: [string, ...string[]]): Client {
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
