import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, renameSync, rmSync, type Stats, unlinkSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { dirname, join } from 'node:path';

/** Enough for every probe of a stalled node to wait in line; the kernel caps it at net.core.somaxconn. */
const backlog = 4096;

/** The socket cannot be had; the message is for stderr. */
export class SocketError extends Error {}

/** The socket file that this daemon has made. */
export interface OwnedSocket {
  /** Removes the file, unless it is not there or not this daemon's any more. */
  remove(): void;
}

/**
 * Listens on a Unix socket. It is bound under a temporary name in the same directory, given its mode, and renamed,
 * so that under its own name it never has a wider one. A dead daemon's socket is replaced, a live one's is not.
 *
 * @param server - made, not listening
 * @param path - absolute, at most maxSocketPathBytes long
 * @throws SocketError
 */
export async function listenOn(server: Server, path: string, mode: number): Promise<OwnedSocket> {
  await refuseIfTaken(path);
  // bind itself would say EACCES: libuv's word for a directory that is not there.
  if (!existsSync(dirname(path))) throw new SocketError(`cannot listen on ${path}: there is no directory ${dirname(path)}`);
  const temporary = join(dirname(path), `.rd-${randomBytes(4).toString('hex')}`);
  try {
    server.listen({ path: temporary, backlog });
    await once(server, 'listening');
    chmodSync(temporary, mode);
    const own = lstatSync(temporary);
    renameSync(temporary, path);
    return { remove: () => removeIfSame(path, own) };
  } catch (error) {
    server.close();
    rmSync(temporary, { force: true });
    throw new SocketError(`cannot listen on ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function refuseIfTaken(path: string): Promise<void> {
  let found: Stats | undefined;
  try {
    found = lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new SocketError(`cannot listen on ${path}: ${(cause as Error).message}`, { cause });
  }
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

function removeIfSame(path: string, own: Stats): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.ino === own.ino && found.dev === own.dev) unlinkSync(path);
}
