import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { textOf } from '../supervisor/proc.ts';

interface UnixSocket {
  readonly inode: string;
  readonly path: string;
}

/** Unix sockets that have a path, with the one that each was bound under. */
function unixSockets(): UnixSocket[] {
  const lines = (textOf('/proc/net/unix') ?? '').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, inode, path] = /^(?:\S+\s+){6}(\d+) (\/.*)$/.exec(line) ?? [];
    return inode === undefined || path === undefined ? [] : [{ inode, path }];
  });
}

/** The process that has bound a path, for people; undefined when it is not to be found. (readinessd binds under another name, and renames.) */
export function listenerOf(path: string): string | undefined {
  const inodes = unixSockets()
    .filter((socket) => socket.path === path)
    .map(({ inode }) => `socket:[${inode}]`);
  return ownerOf(inodes);
}

function ownerOf(inodes: readonly string[]): string | undefined {
  if (inodes.length === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.includes(linkOf(`/proc/${pid}/fd/${fd}`)))) {
        return `process ${pid}, ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()}`;
      }
    } catch {
      // It has ended, or is not ours to look at.
    }
  }
  return undefined;
}

/** Paths of sockets that may be supervisord's. It binds under the path with its pid, and links. */
export function supervisordSockets(): string[] {
  const paths = unixSockets().map(({ path }) => path.replace(/\.\d+$/, ''));
  return [...new Set(paths.filter((path) => /supervisor[^/]*$/.test(path)))];
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The process that listens at a TCP port, for people; undefined when it is not to be found. */
export function listenerAt(port: number): string | undefined {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => (textOf(path) ?? '').split('\n').slice(1));
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const listening = '0A';
  const inodes = tables.flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    return local.endsWith(wanted) && state === listening && inode !== undefined ? [`socket:[${inode}]`] : [];
  });
  return ownerOf(inodes);
}
