import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** What the daemon needs besides its connections: its own files (21 of them at rest), supervisord's socket, a starting hook's pipes. */
const reservedDescriptors = 40;

/** Far more than the probes of a node that was stalled; one costs 10 KB. */
const maxConnections = 4096;

/** So many may stay without asking, and so many may wait for an answer. */
const maxQuiet = 64;

/** A probe sends its request at once, and has its answer at once; this long on a busy machine. */
const quietMs = 1000;

/** Leaves a connection alone until the returned function is called; undefined when that is so for too many already. */
export type KeepOpen = (socket: Socket) => (() => void) | undefined;

/**
 * Always has a place for a probe, beside any number of clients that connect and say nothing, or not all: it closes those that have
 * been quiet longest. And keeps descriptors free for the daemon's own work, so that a storm of clients cannot make the hook
 * fail to start.
 *
 * @param server - not listening yet
 * @param listeners - among how many servers the descriptors are shared
 */
export function limitConnections(server: Server, listeners: number): KeepOpen {
  const most = Math.max(8, Math.min(maxConnections, Math.floor((descriptorLimit() - reservedDescriptors) / listeners)));
  const mostQuiet = Math.min(maxQuiet, Math.floor(most / 2));

  /** Numbered in the order in which a connection, or the last request on it, began. */
  const quiet = new Map<Socket, number>();
  let last = 0;
  let kept = 0;
  let timer: NodeJS.Timeout | undefined;

  function fellQuiet(socket: Socket): void {
    // Set again, for a map keeps the order of the first time.
    quiet.delete(socket);
    if (socket.destroyed) return;
    quiet.set(socket, ++last);
    closeOldest(most - kept - 1, last);
    watch();
  }

  function closeOldest(leave: number, upTo: number): void {
    for (const [socket, number] of quiet) {
      if (quiet.size <= leave || number > upTo) return;
      quiet.delete(socket);
      socket.destroy();
    }
  }

  function watch(): void {
    if (timer !== undefined || quiet.size <= mostQuiet) return;
    const upTo = last;
    timer = setTimeout(() => {
      timer = undefined;
      closeOldest(mostQuiet, upTo);
      watch();
    }, quietMs).unref();
  }

  server.on('connection', (socket: Socket) => {
    fellQuiet(socket);
    socket.once('close', () => quiet.delete(socket));
  });
  // Before Fastify, which may call the handler in the same turn.
  server.prependListener('request', ({ socket }: IncomingMessage) => fellQuiet(socket));
  // Node would answer each of what else has been sent at once, while all others wait.
  server.on('dropRequest', (_request, socket: Socket) => socket.destroy());

  return (socket) => {
    if (kept >= mostQuiet) return undefined;
    kept++;
    quiet.delete(socket);
    return () => {
      kept--;
      fellQuiet(socket);
    };
  };
}

/** The soft limit, which Node has raised to the hard one. */
function descriptorLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? maxConnections);
  } catch {
    return maxConnections;
  }
}
