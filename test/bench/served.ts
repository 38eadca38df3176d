import { once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeRequest } from '../../shared/endpoints.ts';
import { alone, ServedSocket } from '../support/daemon.ts';
import { run } from '../support/run.ts';
import { lib, nativeClient } from '../support/scratch.ts';
import { compareAtMost, type Figure, ofSamples } from './figures.ts';
import { startServerFloor } from './floors.ts';
import { clients } from './load.ts';
import { useOf } from './process-figures.ts';
import { type Bench, pidOf, startDaemon } from './setup.ts';

interface Server {
  readonly pid: number;
  readonly socket: string;
}

/** After this time a server has finished with a probe. */
const answeredMs = 300;

/** The mean wait before a probe. With the time after it, each server is asked once in 5 s. */
const meanWaitMs = 2200;

/**
 * Measures the CPU that the daemon takes for a probe, beside a server that answers every request with one
 * fixed reply, in turns.
 */
export async function measureServed(bench: Bench): Promise<Figure[]> {
  // It runs one cycle at its start, and then only answers.
  const daemon = startDaemon(bench, { ...alone, READINESSD_HOOK: 'none', READINESSD_PERIOD_READY: '10m' });
  await daemon.expect(/^0 /);
  const floor = startServerFloor(bench);
  await new ServedSocket(floor.socket).expect(/^0 /);
  const servers = [floor, { pid: pidOf(daemon), socket: daemon.socket }];

  const seldom = await inTurns(servers, bench.isQuick ? 3 : 60, async (server) => {
    await sleep(bench.isQuick ? 0 : Math.random() * 2 * meanWaitMs);
    return cpuMsOf(server, () => probe(server));
  });
  const saturated = await inTurns(servers, bench.isQuick ? 1 : 5, async (server) => {
    let asked = 0;
    const cpuMs = await cpuMsOf(server, async () => {
      asked = await saturate(server.socket, 2000);
    });
    return cpuMs / asked;
  });
  return [
    ...besideFloor('a probe every 5 s, CPU of the server', seldom),
    ...besideFloor(`${clients} clients without a pause, CPU of the server for a probe`, saturated),
  ];
}

/** @returns the samples of each */
async function inTurns(servers: readonly Server[], rounds: number, sample: (server: Server) => Promise<number>): Promise<number[][]> {
  const samples = servers.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, server] of servers.entries()) samples[index]?.push(await sample(server));
  }
  return samples;
}

async function cpuMsOf({ pid }: Server, act: () => Promise<unknown>): Promise<number> {
  const before = useOf(pid).cpuMs;
  await act();
  await sleep(answeredMs);
  return useOf(pid).cpuMs - before;
}

async function probe({ socket }: Server): Promise<void> {
  const env = { READINESSD_SOCKET: socket, READINESSD_PROBE_TIMEOUT_MS: '10000' };
  const { code, stdout, stderr } = await run(join(lib, nativeClient), [], { env });
  if (code !== 0) throw new Error(`a probe ended with ${code}: ${stdout}${stderr}`);
}

/**
 * @returns how many probes were answered with 200 in this time; each has its own connection, and sends what
 * the probe clients send
 */
async function saturate(path: string, forMs: number): Promise<number> {
  const endAtMs = performance.now() + forMs;
  let answered = 0;
  const client = async () => {
    while (performance.now() < endAtMs) {
      const connection = createConnection(path);
      connection.write(probeRequest);
      const [head] = (await once(connection, 'data')) as [Buffer];
      if (!head.toString().startsWith('HTTP/1.1 200 ')) throw new Error(`a probe was answered with ${head.toString()}`);
      await once(connection.resume(), 'close');
      answered++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return answered;
}

function besideFloor(group: string, [floor = [], daemon = []]: readonly (readonly number[])[]): Figure[] {
  const base = ofSamples(group, 'node:net alone', floor, 'ms');
  return [base, compareAtMost(ofSamples(group, 'the daemon', daemon, 'ms'), base, 1.3)];
}
