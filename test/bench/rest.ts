import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldOf } from '../support/process.ts';
import { end } from '../support/run.ts';
import { cleanUp, scratchDirectory } from '../support/scratch.ts';
import { atMost, compare, type Figure } from './figures.ts';
import { type Memory, memoryOf, type Use, useOf } from './process-figures.ts';
import { type Bench, pidOf, startDaemon, startSupervisord, trivialHook } from './setup.ts';

/** How many containers a switch has. */
const daemonsOfASwitch = 13;

/** A daemon at rest with a trivial hook; what it costs without one, freshness.ts measures. */
export async function measureRest(bench: Bench): Promise<Figure[]> {
  const [earlyMs, lateMs] = bench.isQuick ? [2000, 5000] : [60_000, 600_000];
  const bare = startBareNode(bench);
  const supervisord = await startSupervisord(bench);
  const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_HOOK: trivialHook(bench) });
  await daemon.expect(/^0 /);

  const read = () => ({
    atMs: performance.now(),
    used: useOf(pidOf(daemon)),
    memory: memoryOf(pidOf(daemon)),
    bare: memoryOf(bare),
  });
  bench.log(`at rest for ${lateMs / 1000} s`);
  await sleep(earlyMs);
  const early = read();
  await sleep(lateMs - earlyMs);
  const late = read();

  const perHour = (what: keyof Use) => ((late.used[what] - early.used[what]) / (late.atMs - early.atMs)) * 3600;
  const cpu = (name: string, value: number): Figure => ({ group: 'at rest, ready, CPU', name, value, unit: 's/h' });
  return [
    ...memoryFigures(`at rest after ${earlyMs / 1000} s`, early.memory, early.bare),
    ...memoryFigures(`at rest after ${lateMs / 1000} s`, late.memory, late.bare).map((figure) =>
      figure.name === 'private dirty' ? { ...figure, goal: atMost(18, figure.value, '18, or 14 if it can be had') } : figure,
    ),
    { group: 'at rest, threads', name: 'of Node', value: fieldOf(pidOf(daemon), 'status', 'Threads'), unit: '' },
    cpu('with a trivial hook, daemon', perHour('cpuMs')),
    cpu('with a trivial hook, the hook', perHour('childrenMs')),
    { group: 'at rest, wake-ups', name: 'with a trivial hook', value: perHour('wakeUps') / 3.6, unit: '/s' },
  ];
}

/** As many daemons as a switch has: what they share counts once. */
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

function memoryFigures(group: string, memory: Memory, bare: Memory): Figure[] {
  const figure = (name: string, value: number): Figure => ({ group, name, value, unit: 'MB' });
  const base = figure('private dirty, bare node', bare.privateDirty);
  return [base, compare(figure('private dirty', memory.privateDirty), base), figure('PSS', memory.pss), figure('RSS', memory.rss)];
}

/** The floor: Node with a timer and a listening socket. */
function startBareNode(bench: Bench): number {
  const socket = join(scratchDirectory(bench), 's');
  const script = `setInterval(() => {}, 10_000); require('node:net').createServer().listen(${JSON.stringify(socket)})`;
  const child = spawn('node', ['-e', script], { stdio: 'ignore' });
  cleanUp(bench, () => end(child));
  return child.pid ?? 0;
}
