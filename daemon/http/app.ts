import Fastify, { type FastifyInstance } from 'fastify';
import { type Answer, formatBody, statusOf } from '../../shared/reply.ts';
import { type Status, StatusSchema } from './status.ts';

/** Requests are tiny; what is slower or larger is a mistake. */
const requestTimeoutMs = 5000;
const maxRequestBodyBytes = 1024;

const plainText = 'text/plain; charset=utf-8';

/** What the requests are answered from; both read memory only. */
export interface AppSources {
  readonly verdict: () => Answer;
  readonly status: () => Status;
}

/** The HTTP API. Building it is not listening. */
export function createApp({ verdict, status }: AppSources): FastifyInstance {
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    // An answer of Fastify's own while it closes would be none of ours to the client.
    return503OnClosing: false,
    requestTimeout: requestTimeoutMs,
    bodyLimit: maxRequestBodyBytes,
  });

  app.get('/probe', (_request, reply) => {
    const answer = verdict();
    return reply.code(statusOf(answer.code)).type(plainText).header('cache-control', 'no-store').send(formatBody(answer));
  });

  app.get('/status', { schema: { response: { 200: StatusSchema } } }, (_request, reply) =>
    reply.header('cache-control', 'no-store').send(status()),
  );

  app.setNotFoundHandler((request, reply) =>
    reply.code(404).type(plainText).send(`no ${request.method} ${request.url} here: try GET /probe or GET /status\n`),
  );
  return app;
}
