import type { ProcessInfo, SupervisorClient } from '../../supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../supervisor/errors.ts';
import { failed, type RunStep, type StepResult } from '../step.ts';
import { judgeStart } from './judge.ts';
import { StartProgramBook } from './programs.ts';

/** Processes may change while the configuration is read; then it is read once more, and that is all. */
const maxConfigReads = 2;

/** A reading on mere suspicion rests this many times its duration, so that it takes supervisord 1 % of its time at most. */
const configReadRest = 100;

/** Calls of supervisord in one look, at the most: processes, and after each reading of the configuration again. */
export const maxCallsPerLook = 1 + 2 * maxConfigReads;

/**
 * The start step: has every start.sh program of supervisord exited with code 0?
 *
 * @param supervisor - asked at each look; nothing is remembered but which programs are start.sh
 */
export function createStartStep(supervisor: SupervisorClient): RunStep {
  const book = new StartProgramBook();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let readTookMs = 0;

  async function learn(processes: readonly ProcessInfo[], signal: AbortSignal): Promise<void> {
    const beganAtMs = performance.now();
    book.learn(processes, await supervisor.getAllConfigInfo(signal));
    readAtMs = performance.now();
    readTookMs = readAtMs - beganAtMs;
  }

  async function look(signal: AbortSignal): Promise<StepResult> {
    for (let configReads = 0; ; configReads++) {
      const processes = await supervisor.getAllProcessInfo(signal);
      const isCheap = performance.now() - readAtMs >= configReadRest * readTookMs;
      if (book.isCurrent(processes, configReads > 0, isCheap)) return judgeStart(book.sort(processes));
      if (configReads === maxConfigReads) {
        return failed('StartNotFinished', "supervisord's programs change faster than they can be looked at");
      }
      await learn(processes, signal);
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
