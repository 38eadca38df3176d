import { once } from 'node:events';
import { existsSync, lstatSync, renameSync, rmSync, type Stats, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';

/** Enough for every probe of a stalled node to wait in line. The kernel limits it to net.core.somaxconn. */
const backlog = 4096;

/** Cannot listen on the socket, or another process has taken it over. The message is for stderr. */
export class SocketError extends Error {}

/** The socket file that this daemon has made. */
export interface OwnedSocket {
  /**
   * Binds again if the file is gone, because then nobody can reach the daemon.
   *
   * @throws SocketError when another process now listens at the path: two would take it from each
   * other for ever
   */
  ensure(): Promise<void>;
  /** Removes the file, if it still exists and is still this daemon's. */
  remove(): void;
}

/**
 * Listens on a Unix socket. Replaces a dead daemon's socket, but not a live one's.
 *
 * @param server - created, not listening
 * @param path - absolute, at most maxSocketPathBytes long
 * @param mode - of the file
 * @throws SocketError
 */
export async function listenOn(server: Server, path: string, mode: number): Promise<OwnedSocket> {
  await refuseIfTaken(path);
  let own = await bind(server, path, mode);
  return {
    async ensure() {
      if (isSame(look(path), own)) return;
      await refuseIfTaken(path);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      own = await bind(server, path, mode);
    },
    remove() {
      if (isSame(look(path), own)) unlinkSync(path);
    },
  };
}

/**
 * Binds under a temporary name and renames the file, so that no unfinished socket ever replaces
 * another one. The umask gives it its mode from the beginning. A chmod would follow a link that
 * somebody could put there, in a directory that others may write to.
 */
async function bind(server: Server, path: string, mode: number): Promise<Stats> {
  // If the directory is missing, libuv's bind says EACCES instead.
  if (!existsSync(dirname(path))) throw new SocketError(`cannot listen on ${path}: there is no directory ${dirname(path)}`);
  const temporary = join(dirname(path), `.rd-${Math.random().toString(36).slice(2, 10)}`);
  try {
    const umask = process.umask(0o777 & ~mode);
    try {
      // listen() binds before it returns.
      server.listen({ path: temporary, backlog });
    } finally {
      process.umask(umask);
    }
    await once(server, 'listening');
    const own = lstatSync(temporary);
    renameSync(temporary, path);
    return own;
  } catch (error) {
    server.close();
    rmSync(temporary, { force: true });
    throw new SocketError(`cannot listen on ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** @returns undefined when there is nothing */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new SocketError(`cannot look at ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function refuseIfTaken(path: string): Promise<void> {
  const found = look(path);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new SocketError(`cannot listen on ${path}: it is there and is no socket; remove it, or set READINESSD_SOCKET`);
  const failure = await tryConnecting(path);
  if (failure === undefined || failure.code === 'EAGAIN') {
    throw new SocketError(
      `cannot listen on ${path}: another process, a second readinessd perhaps, already does; stop it, or set READINESSD_SOCKET`,
    );
  }
  if (failure.code !== 'ECONNREFUSED' && failure.code !== 'ENOENT') {
    throw new SocketError(`cannot find out whether another process listens on ${path}: ${failure.message}`, { cause: failure });
  }
}

/** @returns why it failed; undefined when somebody listens */
async function tryConnecting(path: string): Promise<NodeJS.ErrnoException | undefined> {
  const connection = createConnection(path);
  try {
    await once(connection, 'connect');
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    connection.destroy();
  }
}

function isSame(found: Stats | undefined, own: Stats): boolean {
  return found?.ino === own.ino && found.dev === own.dev;
}
