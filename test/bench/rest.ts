import { fieldOf } from '../support/process.ts';
import { type AtRest, startAllAtRest } from './at-rest.ts';
import { atMost, compare, compareAtMost, type Figure, ofSamples, type Unit } from './figures.ts';
import { periodsOf } from './form.ts';
import { type Memory, memoryOf, type Use, useOf } from './process-figures.ts';
import type { Bench } from './setup.ts';

type Name = keyof AtRest['pids'];

const msPerHour = 3_600_000;

/**
 * Measures what the daemon costs while nothing happens, in both forms, with a trivial hook and without one,
 * beside their floors in the same ten minutes. It reads all figures each minute, so that there are medians
 * and a spread.
 */
export async function measureRest(bench: Bench): Promise<Figure[]> {
  const { settleMs, windowMs, windows } = bench.isQuick
    ? { settleMs: 2000, windowMs: 1000, windows: 3 }
    : { settleMs: 60_000, windowMs: 60_000, windows: 9 };
  const atRest = await startAllAtRest(bench);
  const read = () => ({ atMs: performance.now(), use: readAll(atRest, useOf) });
  const told = () => ({ events: atRest.told.events(), poll: atRest.told.poll() });
  const memory = () => readAll(atRest, memoryOf);

  const untilMs = settleMs + windows * windowMs;
  bench.log(`at rest for ${untilMs / 1000} s`);
  await bench.idle(settleMs);
  const [earlyMemory, toldBefore, readings] = [memory(), told(), [read()]];
  for (let left = windows; left > 0; left--) {
    await bench.idle(windowMs);
    readings.push(read());
  }
  const [lateMemory, toldAfter] = [memory(), told()];

  const rates: Rates = (name, what, perMs) =>
    readings.slice(1).map((late, index) => {
      const early = readings[index] as typeof late;
      return ((late.use[name][what] - early.use[name][what]) / (late.atMs - early.atMs)) * perMs;
    });
  const hours = (windows * windowMs) / msPerHour;
  return [
    ...cycleFigures(rates, periodsOf(bench).readyMs),
    ...cpuFigures(rates),
    ...wakeUpFigures(rates),
    ...memoryFigures(settleMs, earlyMemory),
    ...memoryFigures(untilMs, lateMemory).map((figure) =>
      figure.name === 'with a hook, events' ? { ...figure, goal: atMost(11.5, figure.value, '11.5') } : figure,
    ),
    ...wholeFigures(untilMs, lateMemory.hookEvents, atRest.pids.hookEvents),
    ...(['events', 'poll'] as const).flatMap((form) => {
      const figure = (name: string, value: number, unit: Unit): Figure => ({
        group: 'at rest, no hook, supervisord',
        name: `${form === 'poll' ? 'polling' : form}, ${name}`,
        value,
        unit,
      });
      const of = form === 'events' ? 'supervisordOfEvents' : 'supervisordOfPoll';
      const added = mean(rates(of, 'cpuMs', msPerHour)) - mean(rates('supervisordAlone', 'cpuMs', msPerHour));
      return [
        figure('calls', (toldAfter[form].calls - toldBefore[form].calls) / hours, '/h'),
        figure('events sent', (toldAfter[form].events - toldBefore[form].events) / hours, '/h'),
        figure('CPU added', added / 1000, 's/h'),
      ];
    }),
  ];
}

/** The use in each window, per this many milliseconds. */
type Rates = (name: Name, what: keyof Use, perMs: number) => number[];

function readAll<T>({ pids }: AtRest, readOne: (pid: number) => T): Record<Name, T> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, readOne(pid)])) as Record<Name, T>;
}

function cycleFigures(rates: Rates, periodMs: number): Figure[] {
  const group = 'at rest, with a hook, CPU of a period';
  const of = (what: string, name: Name) => ofSamples(group, what, rates(name, 'cpuMs', periodMs), 'ms');
  const floor = of('undici and execa alone', 'callAndHook');
  return [
    floor,
    compareAtMost(of('polling', 'hookPoll'), floor, 1.15),
    compareAtMost(of('events', 'hookEvents'), floor, 0.8),
    { group, name: 'the hook itself', value: mean(rates('hookEvents', 'childrenMs', periodMs)), unit: 'ms' },
  ];
}

function cpuFigures(rates: Rates): Figure[] {
  const group = 'at rest, no hook, CPU';
  const of = (what: string, name: Name) => ofSamples(group, what, rates(name, 'cpuMs', msPerHour / 1000), 's/h');
  const [timer, sameCalls, events] = [
    of('a timer alone', 'timer'),
    of('the same calls through undici', 'sameCalls'),
    of('events', 'events'),
  ];
  /** Medians hide what happens in only a few of the minutes, such as garbage collection. */
  const meanOf = (what: string, name: Name): Figure => ({
    group,
    name: `${what}, mean`,
    value: mean(rates(name, 'cpuMs', msPerHour / 1000)),
    unit: 's/h',
  });
  return [
    timer,
    of("undici's one call", 'oneCall'),
    sameCalls,
    { ...compare(events, timer), goal: atMost(1, events.value, '1') },
    meanOf('events', 'events'),
    compareAtMost(of('polling', 'poll'), sameCalls, 1.2),
    meanOf('polling', 'poll'),
  ];
}

function wakeUpFigures(rates: Rates): Figure[] {
  const of = (what: string, name: Name) => ofSamples('at rest, wake-ups', what, rates(name, 'wakeUps', 1000), '/s');
  const [timer, sameCalls, callAndHook] = [
    of('a timer alone', 'timer'),
    of('the same calls through undici', 'sameCalls'),
    of('undici and execa alone', 'callAndHook'),
  ];
  const [events, hookEvents] = [of('no hook, events', 'events'), of('with a hook, events', 'hookEvents')];
  return [
    timer,
    { ...compare(events, timer), goal: atMost(0.8, events.value, '0.8') },
    sameCalls,
    compare(of('no hook, polling', 'poll'), sameCalls),
    callAndHook,
    { ...compare(hookEvents, callAndHook), goal: atMost(1.5, hookEvents.value, '1.5') },
    compare(of('with a hook, polling', 'hookPoll'), callAndHook),
  ];
}

function memoryFigures(afterMs: number, memory: Readonly<Record<Name, Memory>>): Figure[] {
  const figure = (name: string, of: Name): Figure => ({
    group: `at rest after ${afterMs / 1000} s, private dirty`,
    name,
    value: memory[of].privateDirty,
    unit: 'MB',
  });
  const base = figure('bare Node', 'bareNode');
  const daemons = [
    figure('with a hook, events', 'hookEvents'),
    figure('with a hook, polling', 'hookPoll'),
    figure('no hook, events', 'events'),
    figure('no hook, polling', 'poll'),
  ];
  return [base, ...daemons.map((daemon) => compare(daemon, base))];
}

function wholeFigures(afterMs: number, { pss, rss }: Memory, pid: number): Figure[] {
  const group = `at rest after ${afterMs / 1000} s, with a hook, events`;
  return [
    { group, name: 'PSS', value: pss, unit: 'MB' },
    { group, name: 'RSS', value: rss, unit: 'MB' },
    { group, name: 'threads', value: fieldOf(pid, 'status', 'Threads'), unit: '' },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
