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
  /** Where it is lower than the one that follows from the bounds. */
  readonly staleLimitMs: number | undefined;
  /** The monotonic clock, milliseconds. */
  readonly now: () => number;
  /** A cycle begins. */
  readonly onBegin: () => void;
  /** Time has passed in it, and the daemon has had its share. */
  readonly onAlive: () => void;
  /** A cycle has found something, or an event, or a look for one. */
  readonly onCycle: (cycle: Published) => void;
  /** The running cycle has ended: what it found has been told, or does not count. */
  readonly onEnd: () => void;
  /** Told of what a step threw. */
  readonly onBug: (error: unknown, step: string) => void;
}

/** The loop has been stopped: nothing more is checked. */
export class StoppedError extends Error {}

interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** However many events come, they are looked into no more often than this. */
const looks = { burst: 5, perSecond: 2 };

/** Runs cycles for ever, one after the other: the next is armed when one has ended. What events tell comes between. */
export class Loop {
  readonly #options: LoopOptions;
  readonly #cancel = new AbortController();
  readonly #rules: RestRules;
  readonly #bounds;
  /** Those that events tell of. */
  readonly #watched: readonly Stage[];
  readonly #looks;
  /** Undefined while a cycle runs. */
  #timer: NodeJS.Timeout | undefined;
  #nextAtMs: number;
  #demandAtMs: number;
  /** Until then a step rests that has earned it. */
  #restedAtMs: number;
  #newest: Published | undefined;
  /** Something has been told since the last cycle began. */
  #isOvertaken = false;
  #callers: Caller[] = [];
  #running: Promise<void>;

  /** Begins the first cycle. */
  constructor(options: LoopOptions) {
    const { stages, now } = options;
    // Each check listens to it, however many there are.
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
   * Asks for a cycle that begins after this call, sooner than its time if the rest that callers must leave is over. Callers
   * who wait at once share one.
   *
   * @returns when its verdict has been published
   * @throws StoppedError when the loop is stopped before
   */
  check(): Promise<void> {
    if (this.#cancel.signal.aborted) return Promise.reject(stopped());
    if (this.#timer !== undefined && this.#nextAtMs > this.#demandAtMs) this.#arm(this.#demandAtMs);
    return new Promise((resolve, reject) => this.#callers.push({ resolve, reject }));
  }

  /** An event says for sure that a step fails: what was found before does not count as ready any more. */
  worsen(step: string, result: StepResult): void {
    if (this.#cancel.signal.aborted) return;
    // Also where it says nothing new: a running cycle has begun before it.
    this.#isOvertaken = true;
    if (isFailedIn(this.#newest, step)) return;
    const atMs = this.#options.now();
    this.#tell(cycleOf([{ name: step, result, startedAtMs: atMs, durationMs: 0 }], atMs, atMs));
  }

  /** An event is a reason to look at what events are about: at once, though a hook runs or rests. */
  look(): void {
    this.#looks.ask();
  }

  /** Cancels a running cycle and waits for its end; its result is not published. */
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
    // One that was overtaken may not know what was told; but what fails of that, it has found for itself.
    const counts = !this.#isOvertaken || this.#isWatchedFailedIn(cycle);
    if (counts) this.#publish(cycle, restMs);
    onEnd();
    for (const { resolve } of served) resolve();
    this.#demandAtMs = Math.max(this.#restedAtMs, now() + Math.min(restMs, restBeforeDemand(cycle)));
    if (!counts) this.#arm(now());
    else this.#arm(this.#callers.length > 0 ? this.#demandAtMs : now() + restMs);
  }

  /** Takes the steps that events tell of, be it beside a running cycle, or while others rest. */
  async #lookOnce(): Promise<void> {
    const { now, onBug } = this.#options;
    const cycle = await runCycle(this.#watched, this.#cancel.signal, now, onBug);
    if (this.#cancel.signal.aborted) return;
    if (cycle.verdict.code !== 0) return this.#tell(cycle);
    // A cycle that runs will tell by itself; and where nothing was wrong with these steps, nothing has become better.
    if (this.#timer === undefined || !this.#isWatchedFailedIn(this.#newest)) return;
    if (now() >= this.#restedAtMs) return this.#arm(now());
    // The cycle that then begins will tell it better.
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

  /** Tells at once what an event, or a look for one, says is wrong; unless what comes before it in order was wrong already. */
  #tell(found: Cycle): void {
    const { periodNotReadyMs, now } = this.#options;
    const isCycleRunning = this.#timer === undefined;
    this.#isOvertaken = true;
    const cycle = this.#withOthers(found);
    const first = cycle.steps.find(hasFailed)?.name;
    if (!found.steps.some(({ name }) => name === first)) return;
    // The next cycle begins when the running one has ended.
    this.#publish(cycle, periodNotReadyMs + (isCycleRunning ? this.#bounds.worstMs : 0));
    // Never later than it was to begin: there may be reasons to look for ever.
    if (!isCycleRunning) this.#arm(Math.min(this.#nextAtMs, now() + periodNotReadyMs));
  }

  /** What was found of some steps, beside what the newest cycle has found of the others. */
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
    // What an event has told has cut the hook's rest short: it goes on resting, and the others are looked at.
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

/** A hook that ran long may rest longer than start.sh takes to run again. */
function notYet(step: Step, found: string): StepResult {
  return step.notYet?.(found) ?? failed('StartNotFinished', { kind: 'start-hook-rests', found });
}
