import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { type KeepOpen, limitConnections } from './connections.ts';

/** Requests are tiny. A slower or larger one is a mistake. */
const requestTimeoutMs = 5000;
const maxRequestBodyBytes = 1024;

/** After that the connection is closed, because many requests sent at once would keep all other clients waiting. */
const maxRequestsPerConnection = 100;

export const plainText = 'text/plain; charset=utf-8';

export interface BareServer {
  readonly app: FastifyInstance;
  readonly keepOpen: KeepOpen;
  /** Answers with an error. Never with 200 or 503, because a probe takes only those for a verdict. */
  readonly refuse: (reply: FastifyReply, statusCode: number | undefined, why: string) => FastifyReply;
}

/**
 * A server without routes that limits what clients may do.
 *
 * @param help - the end of every refusal
 * @param listeners - how many servers share the daemon's descriptors
 */
export function createServer(help: string, listeners: number): BareServer {
  const refuse: BareServer['refuse'] = (reply, statusCode, why) =>
    reply
      .code(statusCode === undefined || statusCode === 503 ? 500 : statusCode)
      .type(plainText)
      .send(`cannot answer ${reply.request.method} ${reply.request.url}: ${why}; ${help}\n`);

  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    // While it closes, Fastify would answer 503 on its own. Clients would report that as a reply
    // that is not readinessd's.
    return503OnClosing: false,
    // Node looks for late requests every 30 s. For unfinished headers it takes the longer of the
    // two timeouts.
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: requestTimeoutMs },
    bodyLimit: maxRequestBodyBytes,
    maxRequestsPerSocket: maxRequestsPerConnection,
    // `GET *` asks for no path, but Fastify would take it for /.
    rewriteUrl: ({ url = '*' }) => (url.startsWith('*') ? `/${url}` : url),
    // No route has a schema. Without these two, Fastify would load its schema compilers anyway,
    // which take 3 MB.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error, _request, reply) => {
      refuse(reply as FastifyReply, error.statusCode, error.message);
    },
    clientErrorHandler(error, socket) {
      const body = `cannot read the request: ${error.message}; ${help}\n`;
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: ${plainText}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
      if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
      // Not end(): the client may keep its half open for ever.
      socket.destroySoon();
    },
  });
  const keepOpen = limitConnections(app.server, listeners);

  // Accept any body that curl or wget sends with a POST.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null));

  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is no such thing'));
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => refuse(reply, error.statusCode, error.message));
  return { app, keepOpen, refuse };
}

function noSchemas(): never {
  throw new Error('no route has a schema');
}
