import type { ProcessInfo, SupervisorClient } from '../../supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../supervisor/errors.ts';
import { failed, type RunStep, type StepResult } from '../step.ts';
import { GoodEnds } from './good-ends.ts';
import { judgeStart, judgeUnsettled } from './judge.ts';
import { StartProgramBook } from './programs.ts';

/** Processes may change while the configuration is read; then it is read once more, and that is all. */
const maxConfigReads = 2;

/** A reading on mere suspicion rests this many times its duration, so that it takes supervisord 1 % of its time at most. */
const suspicionRestFactor = 100;

/** But it is never older than this: a reread alone shows nothing in the processes. */
const oldestConfigMs = 60_000;

const changingTooFast = failed('StartNotFinished', "supervisord's programs change faster than they can be looked at");

/**
 * Calls of supervisord in one look, at the most: processes, after each reading of the configuration again, and once
 * more to see whether a good end lasts.
 */
export const maxCallsPerLook = 1 + 2 * maxConfigReads + 1;

/**
 * The start step: has every start.sh program of supervisord exited with code 0?
 *
 * @param supervisor - asked at each look; all that is remembered is which programs are start.sh, and which ends have lasted
 * @param now - the monotonic clock, milliseconds
 */
export function createStartStep(supervisor: SupervisorClient, now: () => number): RunStep {
  const book = new StartProgramBook();
  const goodEnds = new GoodEnds();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let readTookMs = 0;

  async function learn(processes: readonly ProcessInfo[], signal: AbortSignal): Promise<void> {
    const beganAtMs = now();
    book.learn(processes, await supervisor.getAllConfigInfo(signal));
    readAtMs = now();
    readTookMs = readAtMs - beganAtMs;
  }

  async function look(signal: AbortSignal): Promise<StepResult> {
    let configReads = 0;
    let hasAskedAgain = false;
    for (;;) {
      const processes = await supervisor.getAllProcessInfo(signal);
      const sinceReadMs = now() - readAtMs;
      const isCheap = sinceReadMs >= suspicionRestFactor * readTookMs;
      if (sinceReadMs >= oldestConfigMs || !book.isCurrent(processes, configReads > 0, isCheap)) {
        if (configReads === maxConfigReads) return changingTooFast;
        configReads++;
        await learn(processes, signal);
        continue;
      }
      const programs = book.sort(processes);
      const result = judgeStart(programs);
      if (result.outcome !== 'passed') return result;
      const lasting = goodEnds.look(programs.taken);
      if (lasting === 'yes') return result;
      if (lasting === 'not yet' || hasAskedAgain) return judgeUnsettled(programs.taken);
      hasAskedAgain = true;
    }
  }

  return async (signal) => {
    try {
      return await look(signal);
    } catch (error) {
      if (error instanceof SupervisorUnreachableError) return failed('SupervisorUnreachable', error.message);
      if (error instanceof SupervisorBadReplyError) return failed('SupervisorBadReply', error.message);
      throw error;
    }
  };
}
