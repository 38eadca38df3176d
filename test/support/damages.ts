import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, lib, nativeClient, replaceFile, scratchDirectory } from './scratch.ts';

/** Puts an executable in the place of a file. */
export const replace = (path: string, content: string | Buffer) => replaceFile(path, content, 0o755);

/** The built native client. */
export const native = readFileSync(join(lib, nativeClient));
const foreign = Buffer.from(native);
// SPARC, but with a byte order in its header that is not SPARC's, so that no emulator accepts it either.
foreign.writeUInt16LE(43, 18);

/** Ways to break an executable, and what the kernel then does with it: refuse it, or start it. */
export const damages: readonly (readonly [title: string, damage: (path: string) => void])[] = [
  ['missing', (path) => rmSync(path)],
  ['empty', (path) => replace(path, '')],
  ['white space', (path) => replace(path, '\n \n')],
  ['NULs', (path) => replace(path, Buffer.alloc(10_000))],
  ['a text that would be a success in a shell', (path) => replace(path, 'exit 0\n')],
  ['a script that was cut to its #! line', (path) => replace(path, '#!/bin/sh\n')],
  ['cut to its magic number', (path) => replace(path, readFileSync(path).subarray(0, 4))],
  ['cut within its header', (path) => replace(path, readFileSync(path).subarray(0, 60))],
  ['of another architecture', (path) => replace(path, foreign)],
  ['not executable', (path) => chmodSync(path, 0o644)],
  ['a directory', (path) => replaceBy(path, mkdirSync)],
  ['a link that leads nowhere', (path) => replaceBy(path, () => symlinkSync('/no/such/file', path))],
];

function replaceBy(path: string, make: (path: string) => unknown): void {
  rmSync(path);
  make(path);
}

/** A PATH with this machine's tools and a node that may be damaged. The shim also searches the usual places. */
export function brokenNode(t: Context, damage: (path: string) => void): string {
  const bin = scratchDirectory(t);
  replace(join(bin, 'node'), readFileSync('/bin/true'));
  damage(join(bin, 'node'));
  return bin;
}
