import { join } from 'node:path';
import { end, run } from '../support/run.ts';
import { lib } from '../support/scratch.ts';
import { atMost, compare, type Figure, median } from './figures.ts';
import { type Bench, startDaemon, startSupervisord, trivialHook } from './setup.ts';

/** From exec to the first verdict that a client gets, beside the least that Node needs, in turns. */
export async function measureStart(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const hook = trivialHook(bench);
  const [bare, verdicts]: [number[], number[]] = [[], []];
  for (let round = 0; round < (bench.isQuick ? 3 : 20); round++) {
    bare.push(await timed(() => run('node', ['-e', '0'])));
    const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_HOOK: hook });
    const env = { PATH: process.env['PATH'], READINESSD_SOCKET: daemon.socket };
    // 100 is the daemon's own word that there is no verdict yet, or the client's that there is no daemon.
    verdicts.push(
      await timed(async () => {
        while ((await run(join(lib, 'readiness_probe'), [], { env })).code !== 0);
      }),
    );
    await end(daemon.child);
  }
  const base: Figure = { group: 'start', name: 'node -e 0', value: median(bare), unit: 'ms' };
  const first = compare({ group: 'start', name: 'exec to the first verdict', value: median(verdicts), unit: 'ms' }, base);
  return [base, { ...first, goal: atMost(4, first.ratio ?? Number.NaN, '4 ×') }];
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return performance.now() - startedAtMs;
}
