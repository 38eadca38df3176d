import * as fs from 'node:fs';
import { promisify } from 'node:util';

/**
 * Opens other people's files through descriptors, one path component at a time. All calls except those on
 * /proc use libuv's threads: a call that hangs blocks one thread and nothing else.
 */

/**
 * O_PATH: opens only the name and asks neither the file nor its file system for anything (open(2)). Node has
 * no name for it.
 */
const pathOnly = 0o10000000;

const chunkBytes = 65_536;

export const closeFile = fs.closeSync;
export const statFile = promisify(fs.fstat);
export const listDirectory = promisify(fs.readdir);
const openFile = promisify(fs.open);
const readFile = promisify(fs.read);

/**
 * The path of a descriptor in /proc/self/fd. Names below it are looked up from the open directory, so nobody
 * can put another in its place.
 */
export function below(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/** Opens a path as a place, and does not follow a link at its end. Rejects as open(2). */
export function openPlace(path: string): Promise<number> {
  return openFile(path, pathOnly | fs.constants.O_NOFOLLOW);
}

/** Opens as a place the directory that a link of /proc leads to. Rejects as open(2). */
export function openRoot(path: string): Promise<number> {
  return openFile(path, pathOnly | fs.constants.O_DIRECTORY);
}

/**
 * Opens a process's directory in /proc. It stays with this process even when another one gets its number.
 * Throws as open(2).
 */
export function openProcess(pid: number): number {
  return fs.openSync(`/proc/${pid}`, pathOnly | fs.constants.O_DIRECTORY);
}

/**
 * Reads a whole regular file, or a file of /proc that the kernel returns in one piece (environ, cmdline).
 *
 * @returns its bytes, or undefined when there are more than maxBytes; rejects as open(2) and read(2)
 */
export async function readWhole(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const fd = await openFile(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY);
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; size <= maxBytes; ) {
      const buffer = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await readFile(fd, buffer, 0, buffer.length, null);
      chunks.push(buffer.subarray(0, bytesRead));
      size += bytesRead;
      if (bytesRead < buffer.length) return size <= maxBytes ? Buffer.concat(chunks) : undefined;
    }
    return undefined;
  } finally {
    closeFile(fd);
  }
}

/** The error code of a failed system call. */
export function codeOfError(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** Whether the error says that the process has ended whose files were asked for. */
export function isGone(error: unknown): boolean {
  return ['ESRCH', 'ENOENT'].includes(codeOfError(error));
}
