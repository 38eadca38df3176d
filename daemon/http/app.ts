import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Status } from '../../shared/api.ts';
import { type Answer, formatBody, statusOf } from '../../shared/reply.ts';
import { limitConnections } from './connections.ts';

/** Requests are tiny; what is slower or larger is a mistake. */
const requestTimeoutMs = 5000;
const maxRequestBodyBytes = 1024;

/** Then the connection is closed: many that are sent at once would keep all others waiting. */
const maxRequestsPerConnection = 100;

/** Who waits for a check cannot be closed, so they must be few. */
const maxWaiting = 64;

const plainText = 'text/plain; charset=utf-8';
const help = 'try GET /probe, GET /status or POST /check';

/** What the requests are answered from; verdict and status read memory only. */
export interface AppSources {
  readonly verdict: () => Answer;
  readonly status: () => Status;
  /** Settles when a cycle that began after the call has been published. */
  readonly check: () => Promise<void>;
}

/** The HTTP API. Building it is not listening. */
export function createApp({ verdict, status, check }: AppSources): FastifyInstance {
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    // An answer of Fastify's own while it closes would be none of ours to the client.
    return503OnClosing: false,
    // Node looks every 30 s for requests that are late; those with unfinished headers wait for the longer of the two.
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: requestTimeoutMs },
    bodyLimit: maxRequestBodyBytes,
    maxRequestsPerSocket: maxRequestsPerConnection,
    // No route has a schema. Without these two Fastify would load its compilers all the same, for 3 MB.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error, request, reply) => {
      refuse(reply as FastifyReply, error.statusCode, request.method, request.url, error.message);
    },
    clientErrorHandler(error, socket) {
      const body = `cannot read the request: ${error.message}; ${help}\n`;
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: ${plainText}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
      if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
      // Not end(): the other side may keep its half open for ever.
      socket.destroySoon();
    },
  });
  const connections = limitConnections(app.server);
  let waiting = 0;

  app.get('/probe', (_request, reply) => sendVerdict(reply, verdict()));

  app.post('/check', async (request, reply) => {
    if (waiting >= maxWaiting) return refuse(reply, 429, request.method, request.url, `${waiting} others wait for a check already`);
    const release = connections.keep(request.socket);
    waiting++;
    try {
      await check();
    } finally {
      waiting--;
      release();
    }
    return sendVerdict(reply, verdict());
  });

  app.get('/status', (_request, reply) => reply.header('cache-control', 'no-store').send(status()));

  // Whatever curl or wget sends along with a POST.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null));

  app.setNotFoundHandler((request, reply) => refuse(reply, 404, request.method, request.url, 'there is no such thing'));
  app.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) =>
    refuse(reply, error.statusCode, request.method, request.url, error.message),
  );
  return app;
}

function noSchemas(): never {
  throw new Error('no route has a schema');
}

function sendVerdict(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(statusOf(answer.code)).type(plainText).header('cache-control', 'no-store').send(formatBody(answer));
}

/** Never with 200 or 503: the probe client takes only those for a verdict. */
function refuse(reply: FastifyReply, statusCode: number | undefined, method: string, url: string, why: string): FastifyReply {
  return reply
    .code(statusCode === undefined || statusCode === 503 ? 500 : statusCode)
    .type(plainText)
    .send(`cannot answer ${method} ${url}: ${why}; ${help}\n`);
}
