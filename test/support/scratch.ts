import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processorDirectory } from '../../shared/processors.ts';

/** The built tree, which the tests run. */
export const tree = join(import.meta.dirname, '../../dist/rootfs');
export const lib = join(tree, 'usr/lib/readinessd');

/** This machine's native client, in the tree. */
export const nativeClient = join(processorDirectory(process.arch), 'readiness_probe');

/** The part of a test that the helpers need. */
export type Context = { after(fn: () => unknown): void };

const cleanups = new WeakMap<Context, (() => unknown)[]>();

/**
 * Does something after the test, in reverse order. node:test itself runs such actions in the order in which
 * they were added.
 */
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

/** A directory of the test's own, with a path short enough for a socket. It is removed after the test. */
export function scratchDirectory(t: Context): string {
  const directory = mkdtempSync(join(tmpdir(), 'rd-test-'));
  cleanUp(t, () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** Writes an executable. A text without #! gets that of sh. */
export function writeScript(path: string, text: string, mode = 0o755): string {
  writeFileSync(path, text.startsWith('#!') ? text : `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

/** The same in the place of another file, atomically. */
export function replaceScript(path: string, text: string, mode?: number): void {
  renameSync(writeScript(`${path}.new`, text, mode), path);
}

/** Puts a file in the place of another, atomically. */
export function replaceFile(path: string, content: string | Buffer, mode = 0o644): void {
  writeFileSync(`${path}.new`, content);
  chmodSync(`${path}.new`, mode);
  renameSync(`${path}.new`, path);
}

/** Writes the head of a 64-bit ELF file for SPARC, which no machine here runs. */
export function foreignProgram(path: string): void {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(43, 18);
  rmSync(path, { force: true });
  writeFileSync(path, header, { mode: 0o755 });
}

/**
 * How long tests wait: several times the longest that the product may take (a wait of 30 s after a slow hook,
 * and a cycle), also on a slow and busy machine.
 */
export const patienceMs = 180_000;

/** Waits until a condition returns something truthy, and returns that. */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeoutMs = patienceMs): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result as NonNullable<T>;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
