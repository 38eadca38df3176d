import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { type KeepOpen, limitConnections } from './connections.ts';

/** Requests are tiny; what is slower or larger is a mistake. */
const requestTimeoutMs = 5000;
const maxRequestBodyBytes = 1024;

/** Then the connection is closed: many that are sent at once would keep all others waiting. */
const maxRequestsPerConnection = 100;

export const plainText = 'text/plain; charset=utf-8';

export interface BareServer {
  readonly app: FastifyInstance;
  readonly keepOpen: KeepOpen;
  /** Answers with an error, never with 200 or 503: a probe takes only those for a verdict. */
  readonly refuse: (reply: FastifyReply, statusCode: number | undefined, why: string) => FastifyReply;
}

/**
 * A server without routes, that bounds what clients may do.
 *
 * @param help - what every refusal ends with
 * @param listeners - among how many servers the daemon's descriptors are shared
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
    // An answer of Fastify's own while it closes would be none of ours to the client.
    return503OnClosing: false,
    // Node looks every 30 s for requests that are late; those with unfinished headers wait for the longer of the two.
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: requestTimeoutMs },
    bodyLimit: maxRequestBodyBytes,
    maxRequestsPerSocket: maxRequestsPerConnection,
    // `GET *` is a request for no path; Fastify would take it for /.
    rewriteUrl: ({ url = '*' }) => (url.startsWith('*') ? `/${url}` : url),
    // No route has a schema. Without these two Fastify would load its compilers all the same, for 3 MB.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error, _request, reply) => {
      refuse(reply as FastifyReply, error.statusCode, error.message);
    },
    clientErrorHandler(error, socket) {
      const body = `cannot read the request: ${error.message}; ${help}\n`;
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: ${plainText}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
      if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
      // Not end(): the other side may keep its half open for ever.
      socket.destroySoon();
    },
  });
  const keepOpen = limitConnections(app.server, listeners);

  // Whatever curl or wget sends along with a POST.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null));

  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is no such thing'));
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => refuse(reply, error.statusCode, error.message));
  return { app, keepOpen, refuse };
}

function noSchemas(): never {
  throw new Error('no route has a schema');
}
