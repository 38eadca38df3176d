import { join } from 'node:path';
import { run } from '../support/run.ts';
import { lib, nativeClient } from '../support/scratch.ts';
import type { Figure } from './figures.ts';
import { quantile } from './figures.ts';
import { type Bench, compile, startDaemon, startSupervisord } from './setup.ts';

/** Measures native clients that start at the same time. */
export async function measureStorm(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url });
  await daemon.expect(/^0 /);
  const storm = compile(bench, 'storm');
  const figures: Figure[] = [];
  for (const count of bench.isQuick ? [1, 100] : [1, 10, 100, 1000]) {
    const env = { PATH: process.env['PATH'], READINESSD_SOCKET: daemon.socket };
    const { stdout, stderr } = await run(storm, [String(count), join(lib, nativeClient)], { env });
    const lines = stdout.trim().split('\n');
    if (lines.length !== count) throw new Error(`cannot start ${count} probes: ${stderr}`);
    const times = lines.map((line) => Number(line.split(' ')[1]) / 1000);
    const wrong = lines.filter((line) => !line.startsWith('0 ')).length;
    const figure = (name: string, value: number): Figure => ({ group: `${count} probes at once`, name, value, unit: 'ms' });
    figures.push(figure('p50', quantile(times, 0.5)), figure('p99', quantile(times, 0.99)), figure('max', Math.max(...times)), {
      ...figure('wrong answers', wrong),
      unit: '',
      goal: { text: 'none', isMet: wrong === 0 },
    });
  }
  return figures;
}
