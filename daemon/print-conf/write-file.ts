import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { shellWord } from '../../shared/findings/words.ts';
import { oneLine } from '../../shared/reply.ts';
import { type Print, SettingsError } from '../settings/settings.ts';

/**
 * Writes supervisord's entry to a file, completely or not at all. An existing file with another
 * text is only replaced with --force, and keeps its mode and owner.
 *
 * @param file - its path, absolute or from the working directory
 * @returns a sentence that says what was done
 * @throws SettingsError when it cannot or must not be written
 */
export function writeConf(file: string, text: string, { isForced, isPolling }: Print): string {
  const path = oneLine(file);
  try {
    const before = find(file);
    if (before !== undefined) {
      if (hasText(file, before, text)) return `${path} has this text already: nothing was written`;
      const command = `readinessd --print-supervisor-conf${isPolling ? ' --poll' : ''} | diff ${oneLine(shellWord(file))} -`;
      if (!isForced) throw new Error(`it has another text: "${command}" shows the difference, --force writes over it`);
    }
    replace(file, text, before);
    return `wrote ${path}${before === undefined ? '' : ', over another text'}`;
  } catch (error) {
    throw new SettingsError(`cannot write ${path}: ${why(error as NodeJS.ErrnoException, file)}`);
  }
}

/** @returns undefined when there is none; throws when it is not a plain file */
function find(file: string): Stats | undefined {
  if (file === '-') throw new Error('without --output it goes to stdout');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isDirectory() || file.endsWith('/')) throw new Error('that is a directory: name a file in it');
  if (stats?.isSymbolicLink()) throw new Error(`it is a link to ${oneLine(readlinkSync(file))}: name the file itself`);
  if (stats !== undefined && !stats.isFile()) throw new Error('it is no plain file, but a device, a pipe or a socket');
  return stats;
}

function hasText(file: string, { size }: Stats, text: string): boolean {
  if (size !== Buffer.byteLength(text)) return false;
  // It may have become a pipe since.
  const opened = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readFileSync(opened, 'utf8') === text;
  } finally {
    closeSync(opened);
  }
}

/**
 * No signal ends this midway: it all happens in one turn of the event loop, and the process ends by
 * itself before the next.
 */
function replace(file: string, text: string, before: Stats | undefined): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
  const directory = dirname(resolve(file));
  // No include of supervisord's matches this ending.
  const temporary = join(directory, `.readinessd-${process.pid}-${Math.random().toString(36).slice(2)}.tmp`);
  const opened = openSync(temporary, 'wx', 0o600);
  try {
    try {
      writeFileSync(opened, text);
      if (before !== undefined) fchownSync(opened, before.uid, before.gid);
      fchmodSync(opened, before === undefined ? 0o644 : before.mode & 0o7777);
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  keepName(directory);
}

/**
 * Makes the new name survive a crash of the machine. Not every file system can do that; the file is
 * written anyway.
 */
function keepName(directory: string): void {
  try {
    const opened = openSync(directory, 'r');
    fsyncSync(opened);
    closeSync(opened);
  } catch {}
}

function why(error: NodeJS.ErrnoException, file: string): string {
  const directory = oneLine(dirname(resolve(file)));
  switch (error.code) {
    case 'ENOENT':
      return `there is no directory ${directory}: make it first, if supervisord reads from there`;
    case 'ENOTDIR':
      return `${directory} is no directory`;
    case 'EROFS':
      return `${directory} is on a read-only file system: write it elsewhere, or while the image is built`;
    case 'EACCES':
    case 'EPERM':
      return `user ${process.geteuid?.()} is not allowed to (${error.syscall}): see mode and owner of ${directory}, or run it as root`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `the file system of ${directory} is full: make room there`;
    default:
      // An error without a code is one of the sentences above. Do not shorten it.
      return error.code === undefined ? error.message : oneLine(error.message);
  }
}
