import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, compare, type Figure } from './figures.ts';
import { memoryOf } from './process-figures.ts';
import { type Bench, pidOf, startDaemon, startSupervisord, trivialHook } from './setup.ts';

/** The number of containers on a switch. */
const daemonsOfASwitch = 13;

/** Measures as many daemons as a switch has. Memory that they share counts once. */
export async function measureSwitch(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const hook = trivialHook(bench);
  const start = () => startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_HOOK: hook });
  const settle = bench.isQuick ? 2000 : 60_000;
  const pssOf = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + memoryOf(pid).pss, 0);

  const first = start();
  await first.expect(/^0 /);
  await sleep(settle);
  const one: Figure = { group: 'sum of PSS', name: '1 daemon', value: pssOf([pidOf(first)]), unit: 'MB' };
  const others = Array.from({ length: daemonsOfASwitch - 1 }, start);
  await Promise.all(others.map((daemon) => daemon.expect(/^0 /)));
  await sleep(settle);
  const pids = [first, ...others].map(pidOf);
  const all: Figure = { group: 'sum of PSS', name: `${daemonsOfASwitch} daemons`, value: pssOf(pids), unit: 'MB' };
  const { rss } = memoryOf(pidOf(first));
  const limit = pids.reduce((sum, pid) => sum + memoryOf(pid).privateDirty, 0) + rss;
  return [one, { ...compare(all, one), goal: atMost(limit, all.value, 'their private memory and one copy of node') }];
}
