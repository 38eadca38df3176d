import { setTimeout as sleep } from 'node:timers/promises';
import type { Form } from '../support/form.ts';
import { TestSupervisord } from '../support/supervisord.ts';
import { atMost, type Figure, type Unit } from './figures.ts';
import { type StartedForm, startForm, wordOf } from './form.ts';
import { useOf } from './process-figures.ts';
import { type Bench, pidOf, programs } from './setup.ts';

const group = 'nothing happens, ready, no hook';

/** What each form costs while nothing happens and there is no hook: its own time, and what it asks of supervisord. */
export async function measureQuiet(bench: Bench): Promise<Figure[]> {
  const [settleMs, untilMs] = bench.isQuick ? [500, 2500] : [60_000, 600_000];
  const [events, polling] = await Promise.all([startForm(bench, 'events'), startForm(bench, 'poll')]);
  const alone = await TestSupervisord.start(bench, programs(20));
  await Promise.all([events, polling].map(beReady));
  bench.log(`nothing happens for ${untilMs / 1000} s`);
  const [eventsUse, pollingUse] = [await useOfForm(events), await useOfForm(polling)];
  const read = () => ({
    events: eventsUse(),
    poll: pollingUse(),
    alone: useOf(pidOf(alone)),
    atMs: performance.now(),
  });
  await sleep(settleMs);
  const early = read();
  await sleep(untilMs - settleMs);
  const late = read();

  const figuresOf = (form: Form): Figure[] => {
    const hours = (late.atMs - early.atMs) / 3_600_000;
    const perHour = (read: (at: typeof late) => number) => (read(late) - read(early)) / hours;
    const cpu = perHour((at) => at[form].daemon.cpuMs) / 1000;
    const wakeUps = perHour((at) => at[form].daemon.wakeUps) / 3600;
    const calls = perHour((at) => at[form].calls);
    const events = perHour((at) => at[form].events);
    const added = perHour((at) => at[form].supervisord.cpuMs - at.alone.cpuMs) / 1000;
    const figure = (name: string, value: number, unit: Unit): Figure => ({ group, name: `${wordOf[form]}, ${name}`, value, unit });
    return [
      { ...figure("the daemon's CPU", cpu, 's/h'), ...(form === 'events' ? { goal: atMost(1, cpu, '1') } : {}) },
      figure('its wake-ups', wakeUps, '/s'),
      figure('calls of supervisord', calls, '/h'),
      figure("supervisord's events", events, '/h'),
      figure("added to supervisord's CPU", added, 's/h'),
    ];
  };
  return [...figuresOf('events'), ...figuresOf('poll')];
}

async function beReady(form: StartedForm): Promise<void> {
  await form.endStart(0);
  await form.firstSaying(/^0 /);
}

/** Calls and events as supervisord's own log counts them. */
async function useOfForm({ status, supervisord }: StartedForm) {
  const { pid } = await status();
  const count = (pattern: RegExp) => supervisord.log().match(pattern)?.length ?? 0;
  return () => ({
    daemon: useOf(pid),
    supervisord: useOf(pidOf(supervisord)),
    calls: count(/XML-RPC method called/g),
    events: count(/event \d+ sent to listener readinessd/g),
  });
}
