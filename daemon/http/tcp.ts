import { once } from 'node:events';
import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { firstLine, oneLine, statusOf } from '../../shared/reply.ts';
import type { ListenAddress } from '../settings/values.ts';
import type { AppSources } from './app.ts';
import { createServer, plainText } from './server.ts';
import { SocketError } from './socket.ts';

const help = 'try GET /readyz or GET /metrics';

/**
 * The HTTP API on the TCP listener: the verdict and the metrics, nothing else. The hook's output is
 * only on the socket, because anybody who can reach the address may ask here. Does not listen yet.
 */
export function createTcpApp(sources: Pick<AppSources, 'verdict' | 'status' | 'metrics' | 'onProbe'>, listeners: number): FastifyInstance {
  const { app } = createServer(help, listeners);

  app.get<{ Querystring: { verbose?: unknown } }>('/readyz', (request, reply) => {
    const answer = sources.verdict();
    sources.onProbe('/readyz', answer);
    const steps = request.query.verbose === undefined ? [] : sources.status().steps;
    const lines = steps.map(({ name, outcome, message }) => `[${outcome === 'failed' ? '-' : '+'}]${name} ${outcome}: ${oneLine(message)}`);
    const text = [...lines, firstLine(answer), ''].join('\n');
    return reply.code(statusOf(answer.code)).type(plainText).header('cache-control', 'no-store').send(text);
  });

  app.get('/metrics', async (_request, reply) => {
    const [text, contentType] = await sources.metrics();
    return reply.type(contentType).send(text);
  });
  return app;
}

/**
 * Listens on exactly this address: `[::]` is every IPv6 address, but no IPv4 address.
 *
 * @throws SocketError, which ends the start. Otherwise a httpGet probe would fail for ever, and
 * nobody would know why.
 */
export async function listenOnTcp(server: Server, { host, port, display }: ListenAddress): Promise<void> {
  try {
    server.listen({ host, port, ipv6Only: true });
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const causes: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another process listens there already (with host networking, of another container perhaps): choose another port',
      EADDRNOTAVAIL: 'no interface of this container has that address',
      EACCES: 'ports below 1024 are for root',
    };
    throw new SocketError(`cannot listen on READINESSD_LISTEN=${display}: ${causes[code ?? ''] ?? message}`, { cause: error });
  }
}
