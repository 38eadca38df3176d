import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { probeRequest } from '../../shared/endpoints.ts';
import { type Answer, formatBody, statusOf } from '../../shared/reply.ts';
import { plainText } from './server.ts';

const statusLines = { 200: '200 OK', 503: '503 Service Unavailable' } as const;
const request = Buffer.from(probeRequest);

/**
 * Answers the request of our own probe clients without Node's HTTP. They ask every few seconds for
 * ever, and Node's HTTP costs twice as much as everything else. Any other first chunk, even if one
 * letter differs or it comes in pieces, goes to HTTP unchanged.
 *
 * @param server - not listening yet
 * @param answer - called for each probe
 */
export function answerProbes(server: Server, answer: () => Answer): void {
  const [toHttp] = server.listeners('connection') as [(this: Server, socket: Socket) => void];
  /** Connections that HTTP does not know yet. */
  const silent = new Set<Socket>();
  const closeKnown = server.closeIdleConnections.bind(server);
  // close() calls it as well.
  server.closeIdleConnections = () => {
    for (const socket of silent) socket.destroy();
    closeKnown();
  };
  server.removeListener('connection', toHttp);
  server.prependListener('connection', (socket: Socket) => {
    const onFirst = (chunk: Buffer) => {
      if (!chunk.equals(request)) return handOver(chunk);
      silent.delete(socket);
      socket.off('end', onEnd);
      socket.write(replyOf(answer()));
      // Not end(): the client may keep its half open for ever.
      socket.destroySoon();
    };
    const onEnd = () => socket.destroy();
    const onError = () => {};
    function handOver(chunk: Buffer): void {
      silent.delete(socket);
      socket.off('end', onEnd);
      socket.pause();
      socket.unshift(chunk);
      toHttp.call(server, socket);
      socket.off('error', onError);
      socket.resume();
    }
    silent.add(socket);
    socket.once('data', onFirst).on('end', onEnd).on('error', onError);
    socket.once('close', () => silent.delete(socket));
  });
}

function replyOf(answer: Answer): string {
  const body = formatBody(answer);
  const headers = `Content-Type: ${plainText}\r\nCache-Control: no-store\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  return `HTTP/1.1 ${statusLines[statusOf(answer.code)]}\r\n${headers}\r\n\r\n${body}`;
}
