import type { ProcessConfig, SupervisorClient } from '../../supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../supervisor/errors.ts';
import { keyOf, type NamedPrograms } from '../../supervisor/names.ts';
import { failed, type RunStep, type StepResult } from '../step.ts';
import { GoodEnds } from './good-ends.ts';
import { judgeStart, judgeUnsettled } from './judge.ts';
import { StartProgramBook } from './programs.ts';

/** Reading the configuration is rested from this many times its duration, so that it takes supervisord 1 % of its time at most. */
const configRestFactor = 100;

/** But it is never older than this at a look: a reread alone shows nothing in the processes. */
const oldestConfigMs = 15_000;

/** Nor than this where start is good, for then the next look comes after 10 s. */
const oldestGoodConfigMs = 5000;

const changingTooFast = failed('StartNotFinished', "supervisord's programs change faster than they can be looked at");

/** Calls of supervisord in one look, at the most: processes, configuration, and processes twice more. */
export const maxCallsPerLook = 4;

export interface StartStep {
  readonly run: RunStep;
  /** What tells the last good run of start.sh from any other; '' before the first. */
  lastRun(): string;
}

/**
 * The start step: has every start.sh program of supervisord exited with code 0?
 *
 * @param supervisor - asked at each look; all that is remembered is which programs are start.sh, and which ends have lasted
 * @param named - READINESSD_START_PROGRAMS, where it is set
 * @param now - the monotonic clock, milliseconds
 */
export function createStartStep(supervisor: SupervisorClient, named: NamedPrograms | undefined, now: () => number): StartStep {
  const book = new StartProgramBook(named);
  const goodEnds = new GoodEnds();
  let lastRun = '';
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

  async function look(signal: AbortSignal): Promise<StepResult> {
    let processes = await supervisor.getAllProcessInfo(signal);
    const hasNews = book.hasNews(processes);
    // First the processes and then the configuration, so that none runs a section newer than the one that is read.
    if (hasNews || now() >= configDueAtMs) book.learn(processes, await readConfigs(signal));
    if (hasNews) {
      // What is learnt in this look must be the same after the configuration was read.
      processes = await supervisor.getAllProcessInfo(signal);
      if (book.hasNews(processes)) return changingTooFast;
    }
    for (let hasAskedAgain = false; ; hasAskedAgain = true) {
      let programs = book.sort(processes);
      let result = judgeStart(programs);
      if (result.outcome !== 'failed' && now() > configDueWhenGoodAtMs) {
        book.learn(processes, await readConfigs(signal));
        programs = book.sort(processes);
        result = judgeStart(programs);
      }
      if (result.outcome !== 'passed') {
        goodEnds.forget();
        return result;
      }
      const lasting = goodEnds.look(programs.live);
      if (lasting === 'yes') {
        lastRun = programs.live.map((process) => `${keyOf(process)} ${process.start} ${process.stop}`).join();
        return result;
      }
      if (lasting === 'not yet' || hasAskedAgain) return judgeUnsettled(programs.live);
      processes = await supervisor.getAllProcessInfo(signal);
      if (book.hasNews(processes)) return changingTooFast;
    }
  }

  const run: RunStep = async (signal) => {
    try {
      return await look(signal);
    } catch (error) {
      if (error instanceof SupervisorUnreachableError) return failed('SupervisorUnreachable', error.message);
      if (error instanceof SupervisorBadReplyError) return failed('SupervisorBadReply', error.message);
      throw error;
    }
  };
  return { run, lastRun: () => lastRun };
}
