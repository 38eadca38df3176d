import { setImmediate } from 'node:timers/promises';
import type { ProcessConfig, SupervisorClient } from '../../supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../supervisor/errors.ts';
import { type EventFlow, noEvents } from '../../supervisor/event-feed.ts';
import { keyOf, type NamedPrograms, type ProcessName } from '../../supervisor/names.ts';
import { failed, type RunStep, type StepResult, type Watcher } from '../step.ts';
import { GoodEnds, runOf } from './good-ends.ts';
import { judgeStart, judgeUnsettled } from './judge.ts';
import { StartProgramBook } from './start-programs.ts';
import { Told } from './told.ts';

/**
 * After reading the configuration, wait this many times as long as it took. Then the reads take at
 * most 1 % of supervisord's time.
 */
const configRestFactor = 100;

/** But at a look it is never older than this, because processes do not show a reread. */
const oldestConfigMs = 15_000;

/** While start is good it must be newer than this, because the next look comes only after 10 s. */
const oldestGoodConfigMs = 5000;

const changingTooFast = failed('StartNotFinished', { kind: 'programs-change' });

/** Most calls of supervisord in one look: processes, configuration, and processes twice more. */
export const maxCallsPerLook = 4;

/** A look is repeated when events report a change while it runs, up to this many looks. */
const maxLooks = 2;

/** Most calls of supervisord in one run of the step. Without events, a run is one look. */
export const maxCallsPerRun = maxLooks * maxCallsPerLook;

export interface StartStep {
  readonly run: RunStep;
  /** Identifies the last good run of start.sh; '' before the first. */
  lastRun(): string;
  /** Like lastRun(), but also changes with events: two runs in one second have the same times. */
  lastRunTold(): string;
  /**
   * Whether another look would find the same: events are known to flow, and none has come since the
   * last look began.
   */
  isCurrent(): boolean;
  readonly hear: Watcher['hear'];
  forgetEvents(): void;
  /** Whether a program is start.sh or may be. It may be live, or only in the configuration. */
  mayBeStart(program: ProcessName): boolean;
}

/**
 * The start step: has every start.sh program of supervisord exited with code 0?
 *
 * @param supervisor - asked at each look, unless events say that nothing has happened. The step
 * remembers only which programs are start.sh, and which ends have lasted.
 * @param named - READINESSD_START_PROGRAMS, if it is set
 * @param now - the monotonic clock, milliseconds
 * @param events - whether they flow, and whether any came
 * @param asksAlways - other steps use these answers to see which programs run. Silence proves
 * nothing for them, since supervisord may hang.
 */
export function createStartStep(
  supervisor: SupervisorClient,
  named: NamedPrograms | undefined,
  now: () => number,
  events: EventFlow = noEvents,
  asksAlways = false,
): StartStep {
  const book = new StartProgramBook(named);
  const told = new Told(book);
  const look = createLook({ supervisor, now, events, book, told });
  /** A result that holds until something happens, and the moment at which its look began. */
  let found: { readonly result: StepResult; readonly mark: number } | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let lastRun = '';

  const isCurrent = () => found !== undefined && events.isQuietSince(found.mark);

  /** Looks until no event that matters came during a look. */
  async function run(signal: AbortSignal, isDemanded: boolean): Promise<StepResult> {
    if (!isDemanded && !asksAlways && found !== undefined && isCurrent()) return found.result;
    for (let looks = 1; ; looks++) {
      const { news } = told;
      const mark = events.mark();
      found = undefined;
      const { result, isSure, goodRun = lastRun } = await look(signal, isDemanded);
      lastRun = goodRun;
      if (isSure) found = { result, mark };
      if (told.news === news || (isSure && result.outcome === 'failed')) return result;
      if (looks === maxLooks) return changingTooFast;
    }
  }

  async function runOrSayWhyNot(signal: AbortSignal, isDemanded: boolean): Promise<StepResult> {
    try {
      return await run(signal, isDemanded);
    } catch (error) {
      if (error instanceof SupervisorUnreachableError) return failed('SupervisorUnreachable', error.finding);
      if (error instanceof SupervisorBadReplyError) return failed('SupervisorBadReply', error.finding);
      throw error;
    }
  }

  return {
    run(signal, isDemanded = false) {
      // A look for an event may still run, and two looks must not share what is remembered.
      const next = running.then(() => runOrSayWhyNot(signal, isDemanded));
      running = next.catch(() => {});
      return next;
    },
    lastRun: () => lastRun,
    lastRunTold: () => `${lastRun} ${told.news}`,
    isCurrent,
    hear: (event, mayBeOver) => told.hear(event, mayBeOver),
    forgetEvents() {
      told.forget();
      found = undefined;
    },
    mayBeStart: (program) => book.mayBeStart(program),
  };
}

interface LookParts {
  readonly supervisor: SupervisorClient;
  readonly now: () => number;
  readonly events: EventFlow;
  readonly book: StartProgramBook;
  readonly told: Told;
}

interface Finding {
  readonly result: StepResult;
  /** The result holds until something happens. */
  readonly isSure: boolean;
  /** Identifies the runs that were good. */
  readonly goodRun?: string;
}

/** One look at supervisord. It throws what supervisord's client throws. */
function createLook({ supervisor, now, events, book, told }: LookParts) {
  const goodEnds = new GoodEnds();
  let newsAtLast = told.news;
  let configDueAtMs = Number.NEGATIVE_INFINITY;
  let configDueWhenGoodAtMs = Number.NEGATIVE_INFINITY;

  async function readConfigs(signal: AbortSignal): Promise<ProcessConfig[]> {
    const beganAtMs = now();
    const configs = await supervisor.getAllConfigInfo(signal);
    const readAtMs = now();
    configDueAtMs = readAtMs + Math.min(oldestConfigMs, configRestFactor * (readAtMs - beganAtMs));
    configDueWhenGoodAtMs = readAtMs + oldestGoodConfigMs;
    return configs;
  }

  /** What supervisord reported before the first of two calls is in the pipe when it answers the second. */
  async function isQuietSince(mark: number): Promise<boolean> {
    if (!events.isQuietSince(mark)) return false;
    await setImmediate();
    return events.isQuietSince(mark);
  }

  return async (signal: AbortSignal, isDemanded: boolean): Promise<Finding> => {
    // Another program may have replaced one whose end had lasted.
    if (told.news !== newsAtLast) goodEnds.forget();
    newsAtLast = told.news;
    let mark = events.mark();
    let processes = await supervisor.getAllProcessInfo(signal);
    const hasNews = book.hasNews(processes);
    // Processes first, configuration second: then no process runs a section newer than the one
    // read.
    if (hasNews || isDemanded || now() >= configDueAtMs) {
      book.learn(processes, await readConfigs(signal));
      told.isCaughtUp = (await isQuietSince(mark)) || (!hasNews && told.isCaughtUp);
    }
    if (hasNews) {
      // After the configuration was read, the processes must still be the same.
      mark = events.mark();
      processes = await supervisor.getAllProcessInfo(signal);
    }
    for (let hasAskedAgain = false; ; hasAskedAgain = true) {
      if (book.hasNews(processes)) return { result: changingTooFast, isSure: false };
      let programs = book.sort(processes);
      let result = judgeStart(programs);
      if (result.outcome !== 'failed' && now() > configDueWhenGoodAtMs) {
        book.learn(processes, await readConfigs(signal));
        programs = book.sort(processes);
        result = judgeStart(programs);
      }
      if (result.outcome !== 'passed') {
        goodEnds.forget();
        return { result, isSure: true };
      }
      const { live } = programs;
      let lasting = goodEnds.look(live);
      if (lasting !== 'yes' && hasAskedAgain && told.endsOf(live) && (await isQuietSince(mark))) lasting = goodEnds.settle(live);
      if (lasting === 'yes') {
        return { result, isSure: true, goodRun: live.map((process) => `${keyOf(process)} ${runOf(process)}`).join() };
      }
      const mayAskAgain = lasting === 'ask again' || told.endsOf(live);
      if (hasAskedAgain || !mayAskAgain) return { result: judgeUnsettled(live), isSure: false };
      processes = await supervisor.getAllProcessInfo(signal);
    }
  };
}
