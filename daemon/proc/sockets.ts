import { readdirSync } from 'node:fs';
import { argumentsOf, linkOf, processes, textOf } from './processes.ts';

interface UnixSocket {
  readonly inode: string;
  readonly path: string;
}

/** Unix sockets that are bound to a path, with that path. */
function unixSockets(): UnixSocket[] {
  const lines = (textOf('/proc/net/unix') ?? '').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, inode, path] = /^(?:\S+\s+){6}(\d+) (\/.*)$/.exec(line) ?? [];
    return inode === undefined || path === undefined ? [] : [{ inode, path }];
  });
}

/**
 * The process that has bound a path, for people; undefined if none is found. (readinessd itself
 * binds another name and renames it.)
 */
export function listenerOf(path: string): string | undefined {
  const inodes = unixSockets()
    .filter((socket) => socket.path === path)
    .map(({ inode }) => `socket:[${inode}]`);
  return ownerOf(inodes);
}

function ownerOf(inodes: readonly string[]): string | undefined {
  if (inodes.length === 0) return undefined;
  for (const pid of processes()) {
    try {
      const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`) ?? '');
      if (links.some((link) => inodes.includes(link))) return `process ${pid}, ${argumentsOf(pid).join(' ')}`;
    } catch {
      // It has ended, or may not be read.
    }
  }
  return undefined;
}

/** Paths of sockets that may be supervisord's. It binds the path with its pid appended, and makes a link. */
export function supervisordSockets(): string[] {
  const paths = unixSockets().map(({ path }) => path.replace(/\.\d+$/, ''));
  return [...new Set(paths.filter((path) => /supervisor[^/]*$/.test(path)))];
}

/** The process that listens on a TCP port, for people; undefined if none is found. */
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
