import type { Form } from '../support/form.ts';
import { measureHook, measureRuns, measureStops, measureUpdates } from './changes.ts';
import { atMost, type Figure, median } from './figures.ts';
import { startForm, wordOf } from './form.ts';
import { type Fact, goals, type Limits, type Note } from './goals.ts';
import type { Bench } from './setup.ts';

/**
 * Measures how long the probe says what is no longer true, both forms side by side. rest.ts measures what
 * that speed costs.
 */
export async function measureFreshness(bench: Bench): Promise<Figure[]> {
  const times: Record<Form, Map<Fact, number[]>> = { events: new Map(), poll: new Map() };
  const measureForm = async (form: Form, rounds: number) => {
    const note: Note = (fact, ms) => void times[form].set(fact, [...(times[form].get(fact) ?? []), ms]);
    const started = await startForm(bench, form);
    bench.log(`${wordOf[form]}: start.sh runs`);
    await measureRuns(started, rounds * 2, form, note);
    bench.log(`${wordOf[form]}: start.sh is updated`);
    await measureUpdates(started, rounds, note);
    bench.log(`${wordOf[form]}: supervisord stops`);
    await measureStops(started, rounds, form, note);
    await started.stop();
    bench.log(`${wordOf[form]}: the hook turns bad`);
    await measureHook(bench, form, rounds, note);
  };
  const rounds = bench.isQuick ? 1 : 5;
  await Promise.all([measureForm('events', rounds), measureForm('poll', rounds)]);
  return (Object.keys(goals) as Fact[]).flatMap((fact) => [...figuresOf(fact, 'events', times), ...figuresOf(fact, 'poll', times)]);
}

function figuresOf(fact: Fact, form: Form, times: Record<Form, Map<Fact, number[]>>): Figure[] {
  const ms = times[form].get(fact);
  if (ms === undefined) return [];
  const { medianMs, longestMs }: Limits = form === 'events' ? goals[fact] : {};
  const figure = (name: string, value: number, limitMs: number | undefined): Figure => ({
    group: fact,
    name: `${wordOf[form]}, ${name}`,
    value,
    unit: 'ms',
    ...(limitMs === undefined ? {} : { goal: atMost(limitMs, value, String(limitMs)) }),
  });
  return [figure('median', median(ms), medianMs), figure('longest', Math.max(...ms), longestMs)];
}
