import { setTimeout as sleep } from 'node:timers/promises';
import { end, run } from '../support/run.ts';
import { atMost, compare, type Figure, median } from './figures.ts';
import { type Bench, startDaemon, startSupervisord } from './setup.ts';

/** From exec to the first verdict that a client gets, beside the least that Node needs, in turns. */
export async function measureStart(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const [bare, verdicts]: [number[], number[]] = [[], []];
  for (let round = 0; round < (bench.isQuick ? 3 : 20); round++) {
    const bareAtMs = performance.now();
    await run('node', ['-e', '0']);
    bare.push(performance.now() - bareAtMs);
    const startedAtMs = performance.now();
    const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url });
    // Seldom enough to leave it the processor.
    while (!(await daemon.body()).startsWith('0 ')) await sleep(5);
    verdicts.push(performance.now() - startedAtMs);
    await end(daemon.child);
  }
  const base: Figure = { group: 'start', name: 'node -e 0', value: median(bare), unit: 'ms' };
  const first = compare({ group: 'start', name: 'exec to the first verdict', value: median(verdicts), unit: 'ms' }, base);
  return [base, { ...first, goal: atMost(4, first.ratio ?? Number.NaN, '4 ×') }];
}
