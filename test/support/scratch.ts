import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processorDirectory } from '../../shared/processors.ts';

/** The built tree, which is what the tests run. */
export const tree = join(import.meta.dirname, '../../dist/rootfs');
export const lib = join(tree, 'usr/lib/readinessd');

/** The native client of this machine, in there. */
export const nativeClient = join(processorDirectory(process.arch), 'readiness_probe');

/** A test, as far as the helpers need one. */
export type Context = { after(fn: () => unknown): void };

const cleanups = new WeakMap<Context, (() => unknown)[]>();

/** Does something after the test, the last thing asked for first; node:test itself keeps the order of asking. */
export function cleanUp(t: Context, action: () => unknown): void {
  const actions = cleanups.get(t) ?? [];
  if (actions.length === 0) {
    cleanups.set(t, actions);
    t.after(async () => {
      for (const next of actions.reverse()) await next();
    });
  }
  actions.push(action);
}

/** A directory of the test's own, short enough for a socket's path, removed after the test. */
export function scratchDirectory(t: Context): string {
  const directory = mkdtempSync(join(tmpdir(), 'rd-test-'));
  cleanUp(t, () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** Writes an executable; a text without #! gets that of sh. */
export function writeScript(path: string, text: string, mode = 0o755): string {
  writeFileSync(path, text.startsWith('#!') ? text : `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

/** The same in the place of another file, as a whole. */
export function replaceScript(path: string, text: string, mode?: number): void {
  renameSync(writeScript(`${path}.new`, text, mode), path);
}

/** Puts a file in the place of another, as a whole. */
export function replaceFile(path: string, content: string | Buffer, mode = 0o644): void {
  writeFileSync(`${path}.new`, content);
  chmodSync(`${path}.new`, mode);
  renameSync(`${path}.new`, path);
}

/** Writes the head of an ELF of 64 bits for SPARC: nobody here runs that. */
export function foreignProgram(path: string): void {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(43, 18);
  rmSync(path, { force: true });
  writeFileSync(path, header, { mode: 0o755 });
}

/**
 * How long what should come is waited for: several times the longest that the product may take (30 s of earned rest, and a cycle),
 * on a slow and busy machine too.
 */
export const patienceMs = 180_000;

/** Waits until a condition gives something truthy, and returns that. */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeoutMs = patienceMs): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result as NonNullable<T>;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
