import * as fs from 'node:fs';
import { promisify } from 'node:util';

/**
 * Files of others, by descriptors that were opened step by step. All calls but those of /proc go through libuv's threads: one that
 * hangs holds a thread, and nothing else.
 */

/** Opens the name alone, whatever it is, and asks neither it nor its file system for anything (open(2)); Node does not name it. */
const pathOnly = 0o10000000;

const chunkBytes = 65_536;

export const closeFile = fs.closeSync;
export const statFile = promisify(fs.fstat);
export const listDirectory = promisify(fs.readdir);
const openFile = promisify(fs.open);
const readFile = promisify(fs.read);

/** What /proc/self/fd shows of a descriptor: names below it are looked up from there, and nothing can be put in its place. */
export function below(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/** A place in the file system, without following a link that stands there. Rejects as open(2). */
export function openPlace(path: string): Promise<number> {
  return openFile(path, pathOnly | fs.constants.O_NOFOLLOW);
}

/** The directory that a link of /proc leads to, as a place. Rejects as open(2). */
export function openRoot(path: string): Promise<number> {
  return openFile(path, pathOnly | fs.constants.O_DIRECTORY);
}

/** A process's directory of /proc, which stays that of this process when its number is given to another. Throws as open(2). */
export function openProcess(pid: number): number {
  return fs.openSync(`/proc/${pid}`, pathOnly | fs.constants.O_DIRECTORY);
}

/**
 * The whole of a regular file, or of one of /proc that the kernel gives as a whole (environ, cmdline).
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

/** The error code of a system call that failed. */
export function codeOfError(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** Whether it says that the process, whose files were asked for, has ended. */
export function isGone(error: unknown): boolean {
  return ['ESRCH', 'ENOENT'].includes(codeOfError(error));
}
