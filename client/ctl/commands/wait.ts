import { sayDuration } from '../../../shared/duration.ts';
import { type Answer, firstLine } from '../../../shared/reply.ts';
import { answerOf, askProbe, NoAnswerError, orNoAnswer } from '../ask.ts';
import { explanationOf } from '../explanations/explanations.ts';
import { type Command, type Session, writeError, writeJson, writeLines } from '../session.ts';
import { endProgress, showProgress } from '../terminal/progress.ts';

/** Often enough for a script. It costs the daemon next to nothing, since it answers from memory. */
const pollMs = 250;
/**
 * The time for each probe, the same as readiness_probe.sh has. The last probe gets it too, even when the time
 * is nearly over: with less it could say 101 although the daemon answers.
 */
const probeTimeoutMs = 500;

/**
 * The exit code of --for not-ready when the time is over. The last probe's code is 0 then, which would mean
 * success.
 */
const stillReadyCode = 1;

export interface WaitOptions {
  readonly timeout: number;
  readonly for: 'ready' | 'not-ready';
}

/**
 * Waits until the probe would get the wanted verdict. It measures time on the monotonic clock.
 *
 * @returns 0 when it got that verdict, else the last probe's code
 */
export const wait: Command<WaitOptions> = async (session, { timeout: timeoutMs, for: wanted }) => {
  const { paint } = session;
  const startedAtMs = performance.now();
  const elapsedMs = () => performance.now() - startedAtMs;
  for (;;) {
    const found = await orNoAnswer(askProbe(session.socketPath, probeTimeoutMs));
    const answer = answerOf(found);
    const isReached = (answer.code === 0) === (wanted === 'ready');
    const isOver = elapsedMs() >= timeoutMs;
    if (!isReached && !isOver) {
      showProgress(session, progressLine(session, wanted, answer, elapsedMs(), timeoutMs));
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, Math.max(0, timeoutMs - elapsedMs()))));
      continue;
    }
    endProgress(session);
    const { code, reason, message } = answer;
    if (session.json) writeJson(session, { reached: isReached, for: wanted, elapsedMs: Math.round(elapsedMs()), code, reason, message });
    else if (!isReached) writeError(session, `readinessctl: ${inVain(found, wanted, timeoutMs)}`);
    else if (session.stdout.isTTY)
      writeLines(session, [`${paint('good', wanted)} after ${sayDuration(elapsedMs())}: ${firstLine(answer)}`]);
    if (isReached) return 0;
    return code === 0 ? stillReadyCode : code;
  }
};

function inVain(found: Answer | NoAnswerError, wanted: string, timeoutMs: number): string {
  const time = sayDuration(timeoutMs);
  const line = firstLine(answerOf(found));
  if (wanted === 'not-ready') return `still ready after ${time}: ${line}`;
  const help = found instanceof NoAnswerError ? 'doctor" says what is wrong and how to fix it' : 'explain" says what to do';
  return `not ready within ${time}: ${line}; "readinessctl ${help}`;
}

function progressLine({ paint }: Session, wanted: string, answer: Answer, elapsedMs: number, timeoutMs: number): string {
  const { about } = explanationOf(answer.reason);
  const times = `${sayDuration(elapsedMs)} of ${sayDuration(timeoutMs)}`;
  return `waiting for ${wanted} (${times}), ${about}: ${paint('warn', firstLine(answer))}`;
}
