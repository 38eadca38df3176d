import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replaceScript, scratchDirectory, until, writeScript } from '../support/scratch.ts';
import { goodStart } from '../support/set-up.ts';
import { TestSupervisord } from '../support/supervisord.ts';
import { type Figure, median } from './figures.ts';
import { type Bench, startDaemon } from './setup.ts';

/** How long the probe says what is no longer so, with the usual periods. */
export async function measureFreshness(bench: Bench): Promise<Figure[]> {
  const [toReady, toNotReady]: [number[], number[]] = [[], []];
  for (let round = 0; round < (bench.isQuick ? 1 : 6); round++) {
    const directory = scratchDirectory(bench);
    const [gate, hook] = [join(directory, 'gate'), writeScript(join(directory, 'hook'), 'exit 0')];
    const start = writeScript(join(directory, 'start.sh'), `until [ -e ${gate} ]; do sleep 0.01; done`);
    const supervisord = await TestSupervisord.start(bench, goodStart.replace('command=true', `command=${start}`));
    const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_HOOK: hook }, directory);
    const isReady = async () => (await daemon.probe()).code === 0;
    await daemon.expect(/^2 /);
    // At any time of the period.
    await sleep(Math.random() * 1000);
    writeFileSync(gate, '');
    toReady.push(await timeUntil(isReady));
    await sleep(bench.isQuick ? 0 : Math.random() * 10_000);
    replaceScript(hook, 'exit 1');
    toNotReady.push(await timeUntil(async () => !(await isReady())));
    daemon.child.kill();
    await supervisord.stop();
  }
  const figure = (name: string, value: number): Figure => ({ group: 'freshness', name, value, unit: 'ms' });
  return [
    figure("start.sh's exit to the first 0, median", median(toReady)),
    figure("start.sh's exit to the first 0, longest", Math.max(...toReady)),
    figure('hook turns bad to the first non-zero, median', median(toNotReady)),
    figure('hook turns bad to the first non-zero, longest', Math.max(...toNotReady)),
  ];
}

async function timeUntil(condition: () => Promise<boolean>): Promise<number> {
  const startedAtMs = performance.now();
  await until('the verdict changes', condition);
  return performance.now() - startedAtMs;
}
