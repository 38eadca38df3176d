import { sayDuration } from '../../../shared/duration.ts';
import { type Answer, firstLine } from '../../../shared/reply.ts';
import { answerOf, askProbe, NoAnswerError, orNoAnswer } from '../ask.ts';
import { explanationOf } from '../explanations/explanations.ts';
import { type Command, type Session, writeJson, writeLines } from '../session.ts';
import { endProgress, showProgress } from '../terminal/progress.ts';

/** Often enough for a script, and next to nothing for the daemon, which answers from memory. */
const pollMs = 250;
/**
 * What each probe is given, as readiness_probe.sh gives it. Also the last one, which may begin when the time is nearly over: cut
 * short, it would say 101 of a daemon that answers.
 */
const probeTimeoutMs = 500;

/** What --for not-ready exits with when the time is over: the last probe's code is 0 then, which would say that it was reached. */
const stillReadyCode = 1;

export interface WaitOptions {
  readonly timeout: number;
  readonly for: 'ready' | 'not-ready';
}

/**
 * Waits for a verdict, as the probe is told it. Time counts on the monotonic clock.
 *
 * @returns 0 when it was reached, else the last probe's code
 */
export const wait: Command<WaitOptions> = async (session, { timeout: timeoutMs, for: wanted }) => {
  const { paint, stderr } = session;
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
    else if (!isReached) stderr.write(`readinessctl: ${inVain(found, wanted, timeoutMs)}\n`);
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
