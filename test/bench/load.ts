import autocannon from 'autocannon';
import { compare, type Figure } from './figures.ts';
import { type Bench, startDaemon, startSupervisord } from './setup.ts';

const connections = 10;

/** The socket itself, with a connection for many requests, and with one for each, as probes have it. */
export async function measureLoad(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url });
  await daemon.expect(/^0 /);
  const load = async (name: string, isKept: boolean): Promise<Figure[]> => {
    const result = await autocannon({
      url: 'http://localhost/probe',
      socketPath: daemon.socket,
      connections,
      duration: bench.isQuick ? 1 : 10,
      headers: isKept ? {} : { connection: 'close' },
    });
    const wrong = result.non2xx + result.errors + result.timeouts;
    const group = `the socket, ${connections} clients`;
    return [
      { group, name: `requests, ${name}`, value: result.requests.average, unit: '/s', goal: { text: 'none wrong', isMet: wrong === 0 } },
      { group, name: `p99, ${name}`, value: result.latency.p99, unit: 'ms' },
    ];
  };
  const [kept, keptP99] = (await load('keep-alive', true)) as [Figure, Figure];
  const [single, singleP99] = (await load('a connection each', false)) as [Figure, Figure];
  return [kept, keptP99, compare(single, kept), singleP99];
}
