import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { History, Status } from '../../shared/api.ts';
import { type Answer, formatBody, statusOf } from '../../shared/reply.ts';
import type { ProbeEndpoint } from '../metrics/tally.ts';
import { answerProbes } from './probes.ts';
import { createServer, plainText } from './server.ts';

const help = 'GET / lists what there is';

/** What requests are answered from. Everything except check only reads memory. */
export interface AppSources {
  readonly verdict: () => Answer;
  readonly status: () => Status;
  readonly history: () => History;
  /** The text and its content type. */
  readonly metrics: () => Promise<readonly [text: string, contentType: string]>;
  /**
   * Resolves when a cycle that began after the call has been published. Resolves to false if the
   * daemon stops first.
   */
  readonly check: () => Promise<boolean>;
  /** Called for each probe that is answered. */
  readonly onProbe: (endpoint: ProbeEndpoint, answer: Answer) => void;
}

/**
 * The HTTP API on the socket. Does not listen yet.
 *
 * @param listeners - how many servers share the daemon's descriptors
 */
export function createApp(sources: AppSources, listeners: number): FastifyInstance {
  const { app, keepOpen, refuse } = createServer(help, listeners);

  const probed = () => {
    const answer = sources.verdict();
    sources.onProbe('/probe', answer);
    return answer;
  };
  answerProbes(app.server, probed);
  app.get('/probe', (_request, reply) => sendVerdict(reply, probed()));

  app.post('/check', async (request, reply) => {
    const release = keepOpen(request.socket);
    if (release === undefined) return refuse(reply, 429, 'too many wait for a check already');
    try {
      if (!(await sources.check())) {
        // The client sees the same as when the daemon is gone, because no code says that the daemon
        // is stopping.
        request.socket.destroy();
        return reply.hijack();
      }
    } finally {
      release();
    }
    if (!wantsJson(request)) return sendVerdict(reply, sources.verdict());
    const status = sources.status();
    return reply.code(statusOf(status.code)).header('cache-control', 'no-store').send(status);
  });

  app.get('/status', (_request, reply) => reply.header('cache-control', 'no-store').send(sources.status()));

  app.get('/history', (_request, reply) => reply.header('cache-control', 'no-store').send(sources.history()));

  app.get('/metrics', async (_request, reply) => {
    const [text, contentType] = await sources.metrics();
    return reply.type(contentType).send(text);
  });

  app.get('/', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (wantsJson(request)) return reply.send(sources.status());
    // Loaded at its first use, like everything that is seldom used.
    const { renderPage } = await import('./page.ts');
    return reply.type(plainText).send(renderPage(sources.status(), sources.history()));
  });
  return app;
}

function wantsJson({ headers }: FastifyRequest): boolean {
  return /\bapplication\/json\b/.test(headers.accept ?? '');
}

function sendVerdict(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(statusOf(answer.code)).type(plainText).header('cache-control', 'no-store').send(formatBody(answer));
}
