import { setMaxListeners } from 'node:events';
import { cycleBounds, cycleOf, hasFailed, runCycle } from './cycle.ts';
import { throttle } from './rate/throttle.ts';
import { failed, type Stage, type Step, type StepResult } from './steps/step.ts';
import {
  alivePeriodMs,
  type Cycle,
  earnedRest,
  oldestAt,
  type Published,
  type RestRules,
  restAfter,
  restBeforeDemand,
  type StepReport,
  staleLimit,
} from './verdict/verdict.ts';

export interface LoopOptions {
  readonly stages: readonly Stage[];
  readonly periodReadyMs: number;
  readonly periodNotReadyMs: number;
  /** Set if it is lower than the limit that follows from the bounds. */
  readonly staleLimitMs: number | undefined;
  /** The monotonic clock, milliseconds. */
  readonly now: () => number;
  /** Called when a cycle begins. */
  readonly onBegin: () => void;
  /** Called regularly during a cycle: the daemon gets processor time. */
  readonly onAlive: () => void;
  /** Called with a new result, from a cycle, an event, or a look for an event. */
  readonly onCycle: (cycle: Published) => void;
  /** Called when the running cycle has ended. Its result has been published before, or does not count. */
  readonly onEnd: () => void;
  /** Called with what a step threw. */
  readonly onBug: (error: unknown, step: string) => void;
}

/** The loop has been stopped, so nothing more is checked. */
export class StoppedError extends Error {}

interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The most looks for events, however many events come. */
const looks = { burst: 5, perSecond: 2 };

/**
 * Runs cycles for ever. The next one is only scheduled when one has ended. Events may change the
 * result in between.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #cancel = new AbortController();
  readonly #rules: RestRules;
  readonly #bounds;
  /** The steps that events are about. */
  readonly #watched: readonly Stage[];
  readonly #looks;
  /** Undefined while a cycle runs. */
  #timer: NodeJS.Timeout | undefined;
  #nextAtMs: number;
  #demandAtMs: number;
  /** Until then a slow step must wait. */
  #restedAtMs: number;
  #newest: Published | undefined;
  /** An event, or a look for one, has reported a failure since the last cycle began. */
  #isOvertaken = false;
  #callers: Caller[] = [];
  #running: Promise<void>;

  /** Begins the first cycle. */
  constructor(options: LoopOptions) {
    const { stages, now } = options;
    // Any number of checks may listen to it.
    setMaxListeners(0, this.#cancel.signal);
    this.#options = options;
    this.#rules = { ...options, restFactors: new Map(stages.flat().map(({ name, restFactor }) => [name, restFactor])) };
    this.#bounds = cycleBounds(stages);
    this.#watched = stages.map((stage) => stage.filter(({ lookAgain }) => lookAgain === true));
    this.#looks = throttle(() => this.#lookOnce(), { ...looks, now });
    this.#nextAtMs = now();
    this.#demandAtMs = this.#nextAtMs;
    this.#restedAtMs = this.#nextAtMs;
    this.#running = this.#runOnce();
  }

  /** Milliseconds to the next cycle; 0 while one runs. */
  nextInMs(): number {
    return Math.max(0, this.#nextAtMs - this.#options.now());
  }

  /**
   * Asks for a cycle that begins after this call. It begins early, if the wait that callers must
   * leave is over. Callers who wait at the same time share one.
   *
   * @returns when its verdict has been published
   * @throws StoppedError when the loop is stopped first
   */
  check(): Promise<void> {
    if (this.#cancel.signal.aborted) return Promise.reject(stopped());
    if (this.#timer !== undefined && this.#nextAtMs > this.#demandAtMs) this.#arm(this.#demandAtMs);
    return new Promise((resolve, reject) => this.#callers.push({ resolve, reject }));
  }

  /** An event proves that a step fails: whatever was found before no longer counts as ready. */
  worsen(step: string, result: StepResult): void {
    if (this.#cancel.signal.aborted) return;
    // Even if the failure is known already: a running cycle may have looked before the event.
    this.#isOvertaken = true;
    if (isFailedIn(this.#newest, step)) return;
    const atMs = this.#options.now();
    this.#tell(cycleOf([{ name: step, result, startedAtMs: atMs, durationMs: 0 }], atMs, atMs));
  }

  /**
   * An event is a reason to look at the steps that events are about. Looks at once, even while a
   * hook runs or waits.
   */
  look(): void {
    this.#looks.ask();
  }

  /** Cancels the running cycle and waits for its end. Its result is not published. */
  async stop(): Promise<void> {
    this.#cancel.abort();
    clearTimeout(this.#timer);
    refuse(this.#callers);
    await Promise.all([this.#running, this.#looks.stop()]);
  }

  async #runOnce(): Promise<void> {
    const { stages, now, onBegin, onAlive, onBug, onEnd } = this.#options;
    const served = this.#callers;
    this.#callers = [];
    this.#isOvertaken = false;
    onBegin();
    const ticker = setInterval(onAlive, alivePeriodMs);
    const cycle = await runCycle(stages, this.#cancel.signal, now, onBug, served.length > 0).finally(() => clearInterval(ticker));
    if (this.#cancel.signal.aborted) return refuse(served);
    const restMs = restAfter(cycle, this.#rules);
    this.#restedAtMs = cycle.endedAtMs + earnedRest(cycle, this.#rules);
    // A cycle that was overtaken by an event may not have seen its failure. It only counts if it
    // has found a failure of such a step itself.
    const counts = !this.#isOvertaken || this.#isWatchedFailedIn(cycle);
    if (counts) this.#publish(cycle, restMs);
    onEnd();
    for (const { resolve } of served) resolve();
    this.#demandAtMs = Math.max(this.#restedAtMs, now() + Math.min(restMs, restBeforeDemand(cycle)));
    if (!counts) this.#arm(now());
    else this.#arm(this.#callers.length > 0 ? this.#demandAtMs : now() + restMs);
  }

  /** Runs the steps that events are about, beside a running cycle or while other steps wait. */
  async #lookOnce(): Promise<void> {
    const { now, onBug } = this.#options;
    const cycle = await runCycle(this.#watched, this.#cancel.signal, now, onBug);
    if (this.#cancel.signal.aborted) return;
    if (cycle.verdict.code !== 0) return this.#tell(cycle);
    // A running cycle will publish its own result. And if these steps had not failed, nothing has
    // improved.
    if (this.#timer === undefined || !this.#isWatchedFailedIn(this.#newest)) return;
    if (now() >= this.#restedAtMs) return this.#arm(now());
    // The next cycle is so near that it can publish the result.
    if (this.#restedAtMs - now() <= this.#options.periodNotReadyMs) return this.#arm(this.#restedAtMs);
    const waiting = this.#watched.flat().filter(({ name }) => isFailedIn(this.#newest, name));
    const steps = cycle.steps.map((report) => {
      const step = waiting.find(({ name }) => name === report.name);
      return step === undefined ? report : { ...report, result: notYet(step, report.result.message) };
    });
    this.#publish(this.#withOthers({ ...cycle, steps }), this.#restedAtMs - cycle.endedAtMs);
    this.#arm(this.#restedAtMs);
  }

  #isWatchedFailedIn(cycle: Cycle | undefined): boolean {
    return this.#watched.flat().some(({ name }) => isFailedIn(cycle, name));
  }

  /**
   * Publishes a failure from an event, or from a look for one, at once. But not if an earlier step
   * has already failed.
   */
  #tell(found: Cycle): void {
    const { periodNotReadyMs, now } = this.#options;
    const isCycleRunning = this.#timer === undefined;
    this.#isOvertaken = true;
    const cycle = this.#withOthers(found);
    const first = cycle.steps.find(hasFailed)?.name;
    if (!found.steps.some(({ name }) => name === first)) return;
    // The next cycle begins when the running one has ended.
    this.#publish(cycle, periodNotReadyMs + (isCycleRunning ? this.#bounds.worstMs : 0));
    // Never schedule it later than before: there may be reasons to look for ever.
    if (!isCycleRunning) this.#arm(Math.min(this.#nextAtMs, now() + periodNotReadyMs));
  }

  /** These results, completed by the newest results of all other steps. */
  #withOthers({ steps, startedAtMs, endedAtMs }: Cycle): Cycle {
    const reports: StepReport[] = [];
    for (const stage of this.#options.stages) {
      for (const { name } of stage) {
        const report = [...steps, ...(this.#newest?.steps ?? [])].find((one) => one.name === name);
        if (report !== undefined) reports.push(report);
      }
      if (reports.some(hasFailed)) break;
    }
    return cycleOf(reports, startedAtMs, endedAtMs);
  }

  #publish(cycle: Cycle, restMs: number): void {
    const limitMs = staleLimit(cycle, restMs, this.#bounds);
    // A good result that stands for its period makes the verdict older than its cycle.
    const olderMs = cycle.verdict.code === 0 ? cycle.startedAtMs - oldestAt(cycle) : 0;
    const staleLimitMs = Math.min(limitMs, (this.#options.staleLimitMs ?? Number.POSITIVE_INFINITY) - olderMs);
    this.#newest = { ...cycle, staleLimitMs, nextAtMs: cycle.endedAtMs + restMs };
    this.#options.onCycle(this.#newest);
  }

  #arm(atMs: number): void {
    const { now, periodNotReadyMs } = this.#options;
    clearTimeout(this.#timer);
    this.#nextAtMs = atMs;
    const begin = () => {
      this.#timer = undefined;
      this.#running = this.#runOnce();
    };
    // The hook must still wait, although an event has made the verdict not ready. Until then only
    // look at the other steps.
    const lookMeanwhile = () => {
      this.look();
      this.#arm(now() + periodNotReadyMs);
    };
    this.#timer = setTimeout(atMs < this.#restedAtMs ? lookMeanwhile : begin, Math.max(0, atMs - now()));
  }
}

function stopped(): StoppedError {
  return new StoppedError('readinessd is stopping');
}

function refuse(callers: readonly Caller[]): void {
  for (const { reject } of callers) reject(stopped());
}

function isFailedIn(cycle: Cycle | undefined, step: string): boolean {
  return cycle?.steps.some((report) => report.name === step && hasFailed(report)) === true;
}

/** A slow hook may have to wait for longer than start.sh takes to run again. */
function notYet(step: Step, found: string): StepResult {
  return step.notYet?.(found) ?? failed('StartNotFinished', { kind: 'start-hook-rests', found });
}
