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

/** Reading the configuration is rested from this many times its duration, so that it takes supervisord 1 % of its time at most. */
const configRestFactor = 100;

/** But it is never older than this at a look: a reread alone shows nothing in the processes. */
const oldestConfigMs = 15_000;

/** Nor than this where start is good, for then the next look comes after 10 s. */
const oldestGoodConfigMs = 5000;

const changingTooFast = failed('StartNotFinished', { kind: 'programs-change' });

/** Calls of supervisord in one look, at the most: processes, configuration, and processes twice more. */
export const maxCallsPerLook = 4;

/** So often a look is taken anew because events told of a change while it ran. */
const maxLooks = 2;

/** Calls of supervisord in one run of the step, at the most; without events a run is one look. */
export const maxCallsPerRun = maxLooks * maxCallsPerLook;

export interface StartStep {
  readonly run: RunStep;
  /** What tells the last good run of start.sh from any other; '' before the first. */
  lastRun(): string;
  /** The same, and it changes with what events tell: two runs in one second have the same times. */
  lastRunTold(): string;
  /** Whether events are known to come, and none has come since the last look began: another would find the same. */
  isCurrent(): boolean;
  readonly hear: Watcher['hear'];
  forgetEvents(): void;
  /** Whether a program, live or only of the configuration, is start.sh or may be. */
  mayBeStart(program: ProcessName): boolean;
}

/**
 * The start step: has every start.sh program of supervisord exited with code 0?
 *
 * @param supervisor - asked at each look, unless events say that nothing has happened; all that is remembered is which programs
 * are start.sh, and which ends have lasted
 * @param named - READINESSD_START_PROGRAMS, where it is set
 * @param now - the monotonic clock, milliseconds
 * @param events - what is known of their flow
 * @param asksAlways - others go by what is seen here of programs that run: then silence is no proof, for supervisord may hang
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
  /** A sure finding, and the moment at which its look began. */
  let found: { readonly result: StepResult; readonly mark: number } | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let lastRun = '';

  const isCurrent = () => found !== undefined && events.isQuietSince(found.mark);

  /** Looks until nothing that matters has been told meanwhile. */
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
      // What is remembered belongs to one look at a time, and one for an event may still run.
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
  /** It stays so until something happens. */
  readonly isSure: boolean;
  /** What tells the runs that were good from others. */
  readonly goodRun?: string;
}

/** One look at supervisord: throws what its client throws. */
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

  /** What was told before the first of two calls is in the pipe when the second is answered. */
  async function isQuietSince(mark: number): Promise<boolean> {
    if (!events.isQuietSince(mark)) return false;
    await setImmediate();
    return events.isQuietSince(mark);
  }

  return async (signal: AbortSignal, isDemanded: boolean): Promise<Finding> => {
    // Another program may have taken the place of one whose end had lasted.
    if (told.news !== newsAtLast) goodEnds.forget();
    newsAtLast = told.news;
    let mark = events.mark();
    let processes = await supervisor.getAllProcessInfo(signal);
    const hasNews = book.hasNews(processes);
    // First the processes and then the configuration, so that none runs a section newer than the one that is read.
    if (hasNews || isDemanded || now() >= configDueAtMs) {
      book.learn(processes, await readConfigs(signal));
      told.isCaughtUp = (await isQuietSince(mark)) || (!hasNews && told.isCaughtUp);
    }
    if (hasNews) {
      // What is learnt in this look must be the same after the configuration was read.
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
