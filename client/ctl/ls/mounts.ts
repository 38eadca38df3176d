import { readFileSync } from 'node:fs';

/** A mount of a mount namespace (proc_pid_mountinfo(5)). */
interface Mount {
  /** MAJOR:MINOR. It identifies a file system in all mount namespaces. */
  readonly device: string;
  readonly type: string;
}

/** By the mount's number. */
export type Mounts = ReadonlyMap<string, Mount>;

/**
 * File systems that the kernel serves by itself, on disks or in memory. Behind all others (FUSE, NFS, 9p,
 * ...) is a server that may never answer, and a process that waits for FUSE may not even be killable. So they
 * are asked nothing.
 */
const localTypes = new Set('rootfs ramfs tmpfs devtmpfs overlay ext2 ext3 ext4 xfs btrfs zfs f2fs bcachefs squashfs erofs'.split(' '));

/** Parses a mountinfo file, which escapes blanks and newlines in paths. */
export function parseMounts(text: string): Mounts {
  const mounts = new Map<string, Mount>();
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const [id = '', , device = ''] = fields;
    const dash = fields.indexOf('-', 6);
    if (dash !== -1) mounts.set(id, { device, type: fields[dash + 1] ?? '' });
  }
  return mounts;
}

/** The number of the mount that an open file is on. Only the kernel is asked, whatever the file system. */
export function mountOf(fd: number): string {
  return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
}

/**
 * Says why a file on this mount must not be touched.
 *
 * @param own - the mounts of this process's own namespace
 * @param isOurs - whether nobody but the machine's own root could have mounted there
 * @returns a text that follows the file's name, or undefined when the file may be touched
 */
export function dangerOf(mount: Mount | undefined, own: Mounts, isOurs: boolean): string | undefined {
  if (mount === undefined) return 'is on a mount that is not in its mount table';
  if (!localTypes.has(mount.type)) return `is on a file system (${mount.type}) that may hang, so it is not asked`;
  // The layers of an overlay may be anything. But a container's overlay is mounted by its runtime, where the
  // whole machine sees it.
  if (mount.type !== 'overlay' || isOurs || [...own.values()].some(({ device }) => device === mount.device)) return undefined;
  return 'is on an overlay that the container itself has mounted, and that may hang, so it is not asked';
}
