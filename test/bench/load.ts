import { Agent, request } from 'node:http';
import { compare, type Figure, quantile } from './figures.ts';
import { type Bench, startDaemon, startSupervisord } from './setup.ts';

export const clients = 10;

/**
 * Measures the socket itself, with one connection for many requests, and with one for each, as probes do. The
 * clients are ours: wrk knows no Unix sockets, and autocannon takes the end of a connection that it asked for
 * as an error.
 */
export async function measureLoad(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url });
  await daemon.expect(/^0 /);
  const group = `the socket, ${clients} clients`;
  const load = async (name: string, keepAlive: boolean): Promise<[Figure, Figure]> => {
    const { latenciesMs, wrong, seconds } = await ask(daemon.socket, keepAlive, bench.isQuick ? 1000 : 10_000);
    const goal = { text: 'none wrong', isMet: wrong === 0 };
    return [
      { group, name: `requests, ${name}`, value: latenciesMs.length / seconds, unit: '/s', goal },
      { group, name: `p99, ${name}`, value: quantile(latenciesMs, 0.99), unit: 'ms' },
    ];
  };
  const [kept, keptP99] = await load('keep-alive', true);
  const [single, singleP99] = await load('a connection each', false);
  return [kept, keptP99, compare(single, kept), singleP99];
}

/** All clients ask again as soon as they are answered, for this long. */
export async function ask(socketPath: string, keepAlive: boolean, forMs: number) {
  const agent = new Agent({ keepAlive, maxSockets: clients });
  const latenciesMs: number[] = [];
  let wrong = 0;
  const startedAtMs = performance.now();
  const client = async () => {
    for (;;) {
      const askedAtMs = performance.now();
      if (askedAtMs > startedAtMs + forMs) return;
      if (!(await isReady(socketPath, agent))) wrong++;
      latenciesMs.push(performance.now() - askedAtMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return { latenciesMs, wrong, seconds: (performance.now() - startedAtMs) / 1000 };
}

function isReady(socketPath: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/probe', agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    });
    asked.on('error', () => resolve(false)).end();
  });
}
