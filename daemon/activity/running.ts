import type { Stage, Step } from '../steps/step.ts';

/** A step that has begun but not ended. */
export interface RunningStep {
  readonly name: string;
  readonly forMs: number;
  /** See Step. */
  readonly boundMs: number;
}

/**
 * Notes which steps run now. For people only: results pass through unchanged.
 *
 * @param now - the monotonic clock, milliseconds
 * @returns the same stages, to be run instead, and a function that lists the running steps in their
 * order
 */
export function noteRunning(stages: readonly Stage[], now: () => number): { stages: Stage[]; running(): RunningStep[] } {
  const notes: Note[] = [];
  return {
    stages: stages.map((stage) =>
      stage.map((step) => {
        const note: Note = { step, count: 0, sinceMs: 0 };
        notes.push(note);
        return noted(step, note, now);
      }),
    ),
    running: () =>
      notes
        .filter(({ count }) => count > 0)
        .map(({ step: { name, boundMs }, sinceMs }) => ({ name, forMs: Math.max(0, now() - sinceMs), boundMs })),
  };
}

interface Note {
  readonly step: Step;
  /** A look for an event may run beside a cycle. */
  count: number;
  /** When the first of them began. */
  sinceMs: number;
}

function noted(step: Step, note: Note, now: () => number): Step {
  return {
    ...step,
    async run(signal, isDemanded) {
      if (note.count === 0) note.sinceMs = now();
      note.count++;
      try {
        return await step.run(signal, isDemanded);
      } finally {
        note.count--;
      }
    },
  };
}
