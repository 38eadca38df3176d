import { once } from 'node:events';
import { existsSync, lstatSync, renameSync, rmSync, type Stats, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';

/** Enough for every probe of a stalled node to wait in line; the kernel caps it at net.core.somaxconn. */
const backlog = 4096;

/** The socket cannot be had, or was lost to another; the message is for stderr. */
export class SocketError extends Error {}

/** The socket file that this daemon has made. */
export interface OwnedSocket {
  /**
   * Binds again when the file has been deleted, since nobody could reach the daemon any more.
   *
   * @throws SocketError when another process listens under the path now: two would take it from each other for ever
   */
  ensure(): Promise<void>;
  /** Removes the file, unless it is not there or not this daemon's any more. */
  remove(): void;
}

/**
 * Listens on a Unix socket. A dead daemon's socket is replaced, a live one's is not.
 *
 * @param server - made, not listening
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
 * Bound under a temporary name and renamed, so that it never takes another's place unfinished. It has its mode from the
 * beginning, by the umask: a chmod would follow a link that somebody puts there in a directory that others may write.
 */
async function bind(server: Server, path: string, mode: number): Promise<Stats> {
  // bind itself would say EACCES: libuv's word for a directory that is not there.
  if (!existsSync(dirname(path))) throw new SocketError(`cannot listen on ${path}: there is no directory ${dirname(path)}`);
  const temporary = join(dirname(path), `.rd-${Math.random().toString(36).slice(2, 10)}`);
  try {
    const umask = process.umask(0o777 & ~mode);
    try {
      // It binds before it returns.
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

/** @returns undefined when nothing is there */
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

/** @returns why it failed, or undefined when somebody listens */
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
