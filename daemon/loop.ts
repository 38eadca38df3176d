import { cycleBound, runCycle } from './cycle.ts';
import type { Step } from './steps/step.ts';
import { type Published, type RestRules, restAfter, staleLimit } from './verdict.ts';

export interface LoopOptions {
  readonly steps: readonly Step[];
  readonly periodReadyMs: number;
  readonly periodNotReadyMs: number;
  /** Instead of the one that follows from the bounds. */
  readonly staleLimitMs: number | undefined;
  /** The monotonic clock, milliseconds. */
  readonly now: () => number;
  readonly onCycle: (cycle: Published) => void;
  /** Told of what a step threw. */
  readonly onBug: (error: unknown, step: string) => void;
}

export interface Loop {
  /** Milliseconds to the next cycle; 0 while one runs. */
  nextInMs(): number;
  /** Cancels a running cycle and waits for its end; its result is not published. */
  stop(): Promise<void>;
}

/** Runs cycles for ever, one after the other: the next is armed when one has ended. */
export function startLoop(options: LoopOptions): Loop {
  const { steps, now } = options;
  const cancel = new AbortController();
  const rules: RestRules = { ...options, restFactors: new Map(steps.map(({ name, restFactor }) => [name, restFactor ?? 0])) };
  let timer: NodeJS.Timeout | undefined;
  let nextAtMs = now();
  let running = runOnce();

  async function runOnce(): Promise<void> {
    const cycle = await runCycle(steps, cancel.signal, now, options.onBug);
    if (cancel.signal.aborted) return;
    const restMs = restAfter(cycle, rules);
    options.onCycle({ ...cycle, staleLimitMs: options.staleLimitMs ?? staleLimit(cycle, restMs, cycleBound(steps)) });
    nextAtMs = now() + restMs;
    timer = setTimeout(() => {
      running = runOnce();
    }, restMs);
  }

  return {
    nextInMs: () => Math.max(0, nextAtMs - now()),
    async stop() {
      cancel.abort(new Error('readinessd is stopping'));
      clearTimeout(timer);
      await running;
    },
  };
}
