import { readFileSync } from 'node:fs';
import { below, closeFile, codeOfError, openPlace, openRoot, statFile } from './files.ts';
import { dangerOf, type Mounts, mountOf, parseMounts } from './mounts.ts';
import { type Process, readKernelFile } from './process.ts';

/** A file that was opened only as a place. */
export interface Found {
  readonly fd: number;
  readonly type: 'socket' | 'file' | 'other';
  /** The same for the same file in all mount namespaces. */
  readonly id: string;
}

/** A file in a container's root: found, certainly not there, or not safe to touch. */
export type Place = Found | 'missing' | { readonly refused: string };

/**
 * Looks for a file by an absolute path in the root of a process. That root belongs to the container: a link
 * may lead out of it, and a file system may never answer. So each path component is opened separately, below
 * the directory before it and without following links. Nothing is asked of it until the kernel has said that
 * its file system is local.
 *
 * @param own - the mounts of this process's own namespace
 * @returns the file, which the caller has to close; rejects as open(2), with ESRCH when the process has ended
 */
export async function findPlace(process: Process, path: string, own: Mounts): Promise<Place> {
  const names = path.split('/').filter((name) => name !== '');
  if (names.includes('..') || names.includes('.')) return { refused: `${path} has . or .., which is not followed` };
  const mounts = parseMounts(readKernelFile(process, 'mountinfo'));
  const isOurs = readKernelFile(process, 'uid_map') === readFileSync('/proc/self/uid_map', 'latin1');
  let fd = await openRoot(below(process.fd, 'root'));
  try {
    for (let depth = 0; ; depth++) {
      const at = `/${names.slice(0, depth).join('/')}`;
      const danger = dangerOf(mounts.get(mountOf(fd)), own, isOurs);
      if (danger !== undefined) return { refused: `${at} ${danger}` };
      const stats = await statFile(fd);
      if (stats.isSymbolicLink()) return { refused: `${at} is a link, which is not followed` };
      if (depth === names.length) {
        const found: Found = { fd, type: stats.isSocket() ? 'socket' : stats.isFile() ? 'file' : 'other', id: `${stats.dev}:${stats.ino}` };
        fd = -1;
        return found;
      }
      if (!stats.isDirectory()) return 'missing';
      const next = await openPlace(below(fd, names[depth] ?? ''));
      closeFile(fd);
      fd = next;
    }
  } catch (error) {
    if (codeOfError(error) === 'ENOENT') return 'missing';
    throw error;
  } finally {
    if (fd !== -1) closeFile(fd);
  }
}

/** The mounts of this process's own namespace. */
export function ownMounts(): Mounts {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'latin1'));
}
