import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** What the daemon needs besides its connections: its own files (21 of them at rest), supervisord's socket, a starting hook's pipes. */
const reservedDescriptors = 40;

/** Far more than the probes of a node that was stalled; one costs 10 KB. */
const maxConnections = 4096;

/** As many are left alone, however long they say nothing. */
const maxQuiet = 64;

/** A probe sends its request at once, and has its answer at once; this long on a busy machine. */
const quietMs = 1000;

export interface Connections {
  /** Leaves a connection alone that waits for an answer; the function returned ends that. */
  keep(socket: Socket): () => void;
}

/**
 * Keeps places free for probes beside clients that connect and say nothing, or not all: above a number the oldest of
 * those are closed. And keeps descriptors free for the daemon's own work, so that a storm of clients cannot make the
 * hook fail to start.
 *
 * @param server - not listening yet
 * @param listeners - among how many servers the descriptors are shared
 * @param descriptors - how many the daemon may have open
 */
export function limitConnections(server: Server, listeners: number, descriptors: number = descriptorLimit()): Connections {
  const most = Math.max(8, Math.min(maxConnections, Math.floor((descriptors - reservedDescriptors) / listeners)));
  const mostQuiet = Math.min(maxQuiet, Math.floor(most / 2));
  server.maxConnections = most;

  /** With the time when a connection, or the last request on it, began: the oldest first. */
  const quiet = new Map<Socket, number>();
  let timer: NodeJS.Timeout | undefined;

  function fellQuiet(socket: Socket): void {
    // Set anew, for a map keeps the order of the first time.
    quiet.delete(socket);
    if (socket.destroyed) return;
    quiet.set(socket, performance.now());
    timer ??= quiet.size > mostQuiet ? setTimeout(closeOldest, quietMs) : undefined;
  }

  function closeOldest(): void {
    timer = undefined;
    const latest = performance.now() - quietMs;
    for (const [socket, since] of quiet) {
      if (quiet.size <= mostQuiet) return;
      if (since > latest) {
        timer = setTimeout(closeOldest, quietMs);
        return;
      }
      quiet.delete(socket);
      socket.destroy();
    }
  }

  server.on('connection', (socket: Socket) => {
    fellQuiet(socket);
    socket.once('close', () => quiet.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage) => fellQuiet(socket));
  // Node would answer each of what else has been sent at once, while all others wait.
  server.on('dropRequest', (_request, socket: Socket) => socket.destroy());
  server.on('close', () => {
    clearTimeout(timer);
    timer = undefined;
  });
  return {
    keep(socket) {
      quiet.delete(socket);
      return () => fellQuiet(socket);
    },
  };
}

/** The soft limit, which Node has raised to the hard one. */
function descriptorLimit(): number {
  try {
    const limit = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.NaN);
    return Number.isNaN(limit) ? maxConnections : limit;
  } catch {
    return maxConnections;
  }
}
