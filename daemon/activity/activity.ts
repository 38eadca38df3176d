import type { Pipeline } from '../steps/pipeline.ts';
import type { Stage } from '../steps/step.ts';
import type { SeenProgram } from '../supervisor/seen.ts';
import type { VerdictCache } from '../verdict/verdict-cache.ts';
import { Hour, type Span } from './hour.ts';
import { noteRunning, type RunningStep } from './running.ts';

/** What happens now and what has happened. For people only: no verdict depends on it. */
export interface Activity {
  readonly running: readonly RunningStep[];
  readonly startPrograms: readonly SeenProgram[];
  readonly lastHour: Span;
}

export interface NotedActivity {
  /** To be run instead of the pipeline's. */
  readonly stages: Stage[];
  /** To be called when a cycle begins. */
  begin(): void;
  read(): Activity;
}

/** @param now - the monotonic clock, milliseconds */
export function noteActivity(pipeline: Omit<Pipeline, 'watchers'>, cache: VerdictCache, now: () => number): NotedActivity {
  const { stages, running } = noteRunning(pipeline.stages, now);
  const hour = new Hour(now());
  const totals = () => ({ cycles: cache.read().cycles, changes: cache.history().count });
  return {
    stages,
    begin: () => hour.note(now(), totals()),
    read: () => ({ running: running(), startPrograms: pipeline.startPrograms(), lastHour: hour.last(now(), totals()) }),
  };
}
