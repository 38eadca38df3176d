import { join } from 'node:path';
import { goodStartFiles, TestContainer } from '../support/container.ts';
import { run } from '../support/run.ts';
import { compare, type Figure } from './figures.ts';
import type { Bench } from './setup.ts';

const port = 9464;

interface Times {
  readonly execMs: number;
  readonly httpMs: number;
  readonly execCpuMs: number;
  readonly httpCpuMs: number;
}

/**
 * Compares an exec probe with an httpGet probe (READINESSD_LISTEN). The GETs come from the container's own
 * network, so the way from the kubelet to the pod's address is missing.
 */
export async function measureHttpGet(bench: Bench): Promise<Figure[]> {
  const env = { READINESSD_LISTEN: `127.0.0.1:${port}`, READINESSD_PERIOD_READY: '10m' };
  const container = await TestContainer.start(bench, { env, files: goodStartFiles });
  await container.becomes(/^0 /);
  const [rounds, gets] = bench.isQuick ? [3, 5] : [100, 20];
  const numbers = [rounds, gets, await container.find('entry.cjs'), port].map(String);
  const script = join(import.meta.dirname, 'http-get.py');
  const exec = container.runcCommand('exec', container.id, '/usr/bin/readiness_probe.sh');
  const args = ['-n', '-t', `${(await container.state()).pid}`, 'python3', script, ...numbers, ...exec];
  const { stdout, stderr, code } = await run('nsenter', args, { timeout: 300_000 });
  if (code !== 0) throw new Error(`cannot time GETs beside execs: ${stderr}`);
  const times = JSON.parse(stdout) as Times;
  const beside = (what: string, execMs: number, httpMs: number): Figure[] => {
    const figure = (name: string, value: number): Figure => ({ group: `exec or httpGet, ${what}`, name, value, unit: 'ms' });
    const get = figure('GET /readyz', httpMs);
    return [get, compare(figure('runc exec readiness_probe.sh', execMs), get)];
  };
  return [...beside('wall', times.execMs, times.httpMs), ...beside('CPU', times.execCpuMs, times.httpCpuMs)];
}
