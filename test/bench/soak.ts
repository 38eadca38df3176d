import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Holdings, holdingsOf } from '../support/process.ts';
import { run } from '../support/run.ts';
import { lib, nativeClient, writeScript } from '../support/scratch.ts';
import { atMost, type Figure, formatNumber, formatRows } from './figures.ts';
import { startForm } from './form.ts';
import type { Bench } from './setup.ts';

const minuteMs = 60_000;
const kibPerMib = 1024;

/** Twenty times the usual rate: an hour is most of a day. */
const periods = { readyMs: 500, notReadyMs: 500 };

const probePeriodMs = 1000;

interface Reading extends Holdings {
  readonly afterMs: number;
}

/** Measures what a busy daemon holds as time passes. SOAK_MINUTES says how long. */
export async function measureSoak(bench: Bench): Promise<Figure[]> {
  const totalMs = (bench.isQuick ? 0.2 : Number(process.env['SOAK_MINUTES'] ?? 60)) * minuteMs;
  const stepMs = Math.min(10 * minuteMs, totalMs / 2);
  const started = await startForm(bench, 'events', (path) => void writeScript(path, 'exit 0'), periods);
  await started.endStart(0);
  await started.firstSaying(/^0 /);
  const { pid } = await started.status();

  const beganAtMs = performance.now();
  let isOver = false;
  const probing = probeUntil(started.env.READINESSD_SOCKET, () => isOver);
  const readings: Reading[] = [];
  try {
    for (let atMs = Math.min(minuteMs, stepMs / 2); atMs <= totalMs; atMs = nextOf(atMs, stepMs)) {
      await sleep(beganAtMs + atMs - performance.now());
      readings.push({ afterMs: atMs, ...(await quietestOf(pid)) });
      bench.log(`after ${formatMinutes(atMs)} minutes: ${formatNumber(megabytes(readings.at(-1)?.privateDirtyKb))} MB private dirty`);
    }
  } finally {
    isOver = true;
  }
  const { asked, wrong } = await probing;
  console.error(formatRows(['after, minutes', 'private dirty, MB', 'RSS, MB', 'descriptors', 'threads', 'zombies'], readings.map(rowOf)));
  return [
    ...figuresOf(readings),
    { group: 'soak', name: `wrong answers of ${asked}`, value: wrong, unit: '', goal: atMost(0, wrong, '0') },
  ];
}

/** The first reading is early. The others are at multiples of the step. */
function nextOf(atMs: number, stepMs: number): number {
  return (Math.floor(atMs / stepMs) + 1) * stepMs;
}

/** Takes several readings and returns the one with the fewest descriptors: no hook or probe was running then. */
async function quietestOf(pid: number): Promise<Holdings> {
  let quietest = holdingsOf(pid);
  for (let left = 9; left > 0; left--) {
    await sleep(30);
    const next = holdingsOf(pid);
    if (next.descriptors < quietest.descriptors) quietest = next;
  }
  return quietest;
}

async function probeUntil(socket: string, isOver: () => boolean) {
  const env = { READINESSD_SOCKET: socket, READINESSD_PROBE_TIMEOUT_MS: '10000' };
  let [asked, wrong] = [0, 0];
  for (; !isOver(); asked++) {
    if ((await run(join(lib, nativeClient), [], { env })).code !== 0) wrong++;
    await sleep(probePeriodMs);
  }
  return { asked, wrong };
}

/**
 * Compares the last reading with the second one, that of the first ten minutes, in which much is still being
 * set up.
 */
function figuresOf(readings: readonly Reading[]): Figure[] {
  const [base, last] = [readings[1], readings.at(-1)];
  if (base === undefined || last === undefined) throw new Error('cannot tell what has grown: there are fewer than two readings');
  const figure = (name: string, value: number): Figure => ({ group: 'soak', name, value, unit: '' });
  const dirty = (name: string, { afterMs, privateDirtyKb }: Reading): Figure => ({
    ...figure(`private dirty after ${formatMinutes(afterMs)} minutes, ${name}`, megabytes(privateDirtyKb)),
    unit: 'MB',
  });
  const [dirtyBase, dirtyLast] = [dirty('first', base), dirty('last', last)];
  return [
    dirtyBase,
    { ...dirtyLast, goal: atMost(dirtyBase.value + 1, dirtyLast.value, '1 MB more') },
    { ...figure('descriptors more', last.descriptors - base.descriptors), goal: atMost(0, last.descriptors - base.descriptors, '0') },
    { ...figure('threads', last.threads) },
    { ...figure('zombies', last.zombies), goal: atMost(0, last.zombies, '0') },
  ];
}

function rowOf({ afterMs, privateDirtyKb, rssKb, descriptors, threads, zombies }: Reading): string[] {
  const memory = [privateDirtyKb, rssKb].map((kb) => formatNumber(megabytes(kb)));
  return [formatMinutes(afterMs), ...memory, ...[descriptors, threads, zombies].map(String)];
}

function megabytes(kilobytes = Number.NaN): number {
  return kilobytes / kibPerMib;
}

function formatMinutes(ms: number): string {
  return formatNumber(ms / minuteMs);
}
