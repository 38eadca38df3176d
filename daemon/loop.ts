import { cycleBounds, runCycle } from './cycle.ts';
import type { Step } from './steps/step.ts';
import { alivePeriodMs, type Published, type RestRules, restAfter, restBeforeDemand, staleLimit } from './verdict.ts';

export interface LoopOptions {
  readonly steps: readonly Step[];
  readonly periodReadyMs: number;
  readonly periodNotReadyMs: number;
  /** Where it is lower than the one that follows from the bounds. */
  readonly staleLimitMs: number | undefined;
  /** The monotonic clock, milliseconds. */
  readonly now: () => number;
  /** A cycle begins. */
  readonly onBegin: () => void;
  /** Time has passed in it, and the daemon has had its share. */
  readonly onAlive: () => void;
  readonly onCycle: (cycle: Published) => void;
  /** Told of what a step threw. */
  readonly onBug: (error: unknown, step: string) => void;
}

export interface Loop {
  /** Milliseconds to the next cycle; 0 while one runs. */
  nextInMs(): number;
  /**
   * Asks for a cycle that begins after this call, sooner than its time if the rest that callers must leave is over. Callers
   * who wait at once share one.
   *
   * @returns when its verdict has been published
   * @throws StoppedError when the loop is stopped before
   */
  check(): Promise<void>;
  /** Cancels a running cycle and waits for its end; its result is not published. */
  stop(): Promise<void>;
}

/** The loop has been stopped: nothing more is checked. */
export class StoppedError extends Error {}

interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Runs cycles for ever, one after the other: the next is armed when one has ended. */
export function startLoop(options: LoopOptions): Loop {
  const { steps, now } = options;
  const cancel = new AbortController();
  const rules: RestRules = { ...options, restFactors: new Map(steps.map(({ name, restFactor }) => [name, restFactor])) };
  /** Undefined while a cycle runs. */
  let timer: NodeJS.Timeout | undefined;
  let nextAtMs = now();
  let demandAtMs = nextAtMs;
  let callers: Caller[] = [];
  let running = runOnce();

  async function runOnce(): Promise<void> {
    const served = callers;
    callers = [];
    options.onBegin();
    const ticker = setInterval(options.onAlive, alivePeriodMs);
    const cycle = await runCycle(steps, cancel.signal, now, options.onBug).finally(() => clearInterval(ticker));
    if (cancel.signal.aborted) return refuse(served);
    const restMs = restAfter(cycle, rules);
    const limitMs = staleLimit(cycle, restMs, cycleBounds(steps));
    const staleLimitMs = Math.min(limitMs, options.staleLimitMs ?? limitMs);
    options.onCycle({ ...cycle, staleLimitMs, nextAtMs: cycle.endedAtMs + restMs });
    for (const { resolve } of served) resolve();
    demandAtMs = now() + Math.min(restMs, restBeforeDemand(cycle));
    arm(callers.length > 0 ? demandAtMs : now() + restMs);
  }

  function arm(atMs: number): void {
    clearTimeout(timer);
    nextAtMs = atMs;
    timer = setTimeout(
      () => {
        timer = undefined;
        running = runOnce();
      },
      Math.max(0, atMs - now()),
    );
  }

  function refuse(refused: readonly Caller[]): void {
    for (const { reject } of refused) reject(new StoppedError('readinessd is stopping'));
  }

  return {
    nextInMs: () => Math.max(0, nextAtMs - now()),
    check() {
      if (cancel.signal.aborted) return Promise.reject(new StoppedError('readinessd is stopping'));
      if (timer !== undefined && nextAtMs > demandAtMs) arm(demandAtMs);
      return new Promise((resolve, reject) => callers.push({ resolve, reject }));
    },
    async stop() {
      cancel.abort();
      clearTimeout(timer);
      refuse(callers);
      await running;
    },
  };
}
