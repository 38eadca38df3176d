import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDaemon } from '../support/daemon.ts';
import { scratchDirectory, writeScript } from '../support/scratch.ts';
import { TestSupervisord } from '../support/supervisord.ts';
import { atMost, type Figure, median } from './figures.ts';
import { memoryOf, peakRssOf, useOf } from './process-figures.ts';
import { type Bench, pidOf, programs, startDaemon } from './setup.ts';

const kilobyte = 1024;

/** Measures what a cycle costs with more programs, and with more output of the hook. */
export async function measureGrowth(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const count of bench.isQuick ? [1, 100] : [1, 100, 1000]) {
    // All have ended, or a thousand never ran. supervisord's answer is as long, and the machine stays quiet.
    const sections = programs(count, 'true');
    const supervisord = await TestSupervisord.start(
      bench,
      count > 100 ? sections.replaceAll(/(?<=service.*\n)/g, 'autostart=false\n') : sections,
    );
    const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_PERIOD_READY: '500ms' });
    const { durationMs, cpuMs, pid } = await measureCycles(bench, daemon, 'start');
    const goal = count === 100 ? { goal: atMost(50, durationMs, '50') } : {};
    figures.push(
      { group: `programs: ${count}`, name: 'a cycle', value: durationMs, unit: 'ms', ...goal },
      { group: `programs: ${count}`, name: "a cycle, the daemon's CPU", value: cpuMs, unit: 'ms' },
      { group: `programs: ${count}`, name: 'private dirty', value: memoryOf(pid).privateDirty, unit: 'MB' },
    );
    daemon.child.kill();
    await supervisord.stop();
  }
  for (const [name, size] of [
    ['1 KB', kilobyte],
    ['1 MB', kilobyte ** 2],
    ...(bench.isQuick ? [] : [['100 MB', 100 * kilobyte ** 2] as const]),
  ] as const) {
    const hook = writeScript(join(scratchDirectory(bench), 'hook'), `head -c ${size} /dev/zero | tr '\\0' x`);
    const daemon = startDaemon(bench, { READINESSD_START_STEP: 'off', READINESSD_HOOK: hook, READINESSD_PERIOD_READY: '500ms' });
    const { durationMs, cpuMs, pid } = await measureCycles(bench, daemon, 'hook');
    figures.push(
      { group: `hook prints ${name}`, name: 'a cycle', value: durationMs, unit: 'ms' },
      { group: `hook prints ${name}`, name: "a cycle, the daemon's CPU", value: cpuMs, unit: 'ms' },
      { group: `hook prints ${name}`, name: 'largest RSS', value: peakRssOf(pid), unit: 'MB' },
    );
    daemon.child.kill();
  }
  return figures;
}

/** How long a step takes and what a cycle costs, after the first cycles, in which much is compiled. */
async function measureCycles(bench: Bench, daemon: TestDaemon, step: string) {
  await daemon.expect(/^0 /);
  await daemon.moreCycles(bench.isQuick ? 1 : 3);
  const durations: number[] = [];
  for (let left = bench.isQuick ? 2 : 10; left > 0; left--) {
    const { steps } = await daemon.moreCycles(1);
    durations.push(steps.find(({ name }) => name === step)?.durationMs ?? Number.NaN);
  }
  // Now without questions, which also cost the daemon something.
  const [before, { cycles }] = [useOf(pidOf(daemon)).cpuMs, await daemon.status()];
  let ended = 0;
  while (ended === 0) {
    await sleep(bench.isQuick ? 2000 : 15_000);
    ended = (await daemon.status()).cycles - cycles;
  }
  const cpuMs = (useOf(pidOf(daemon)).cpuMs - before) / ended;
  return { durationMs: median(durations), cpuMs, pid: pidOf(daemon) };
}
