import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Descriptors that the daemon needs besides its connections: for its own files (21 when idle),
 * supervisord's socket, and a starting hook's pipes.
 */
const reservedDescriptors = 40;

/** Far more than a stalled node has probes. One connection costs 10 KB. */
const maxConnections = 4096;

/** The most connections that may stay without a request. Also the most that may wait for an answer. */
const maxQuiet = 64;

/**
 * How long a quiet connection is left alone. A probe sends its request at once and gets its answer
 * at once; on a busy machine this may take as long.
 */
const quietMs = 1000;

/**
 * Leaves a connection open until the returned function is called. Returns undefined if too many are
 * already kept open.
 */
export type KeepOpen = (socket: Socket) => (() => void) | undefined;

/**
 * Always keeps a place for a probe. Any number of clients may connect and send nothing, or not all
 * of a request: those that have been quiet longest are closed. It also keeps descriptors free for
 * the daemon's own work, so that a storm of clients cannot make the start of the hook fail.
 *
 * @param server - not listening yet
 * @param listeners - how many servers share the descriptors
 */
export function limitConnections(server: Server, listeners: number): KeepOpen {
  const most = Math.max(8, Math.min(maxConnections, Math.floor((descriptorLimit() - reservedDescriptors) / listeners)));
  const mostQuiet = Math.min(maxQuiet, Math.floor(most / 2));

  /** Quiet connections with a number that grows with each connection and each request. */
  const quiet = new Map<Socket, number>();
  let last = 0;
  let kept = 0;
  let timer: NodeJS.Timeout | undefined;

  function fellQuiet(socket: Socket): void {
    // Delete first: a map keeps a key at the place where it was first set.
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
  // Run before Fastify's listener, which may call the handler in the same turn.
  server.prependListener('request', ({ socket }: IncomingMessage) => fellQuiet(socket));
  // Node would answer each further request on the connection with 503, while all other clients
  // wait.
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

/** The soft limit. Node has raised it to the hard limit. */
function descriptorLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? maxConnections);
  } catch {
    return maxConnections;
  }
}
