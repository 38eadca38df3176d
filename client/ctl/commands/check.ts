import { setTimeout as sleep } from 'node:timers/promises';
import { runningText } from '../../../shared/activity-text.ts';
import type { Status } from '../../../shared/api.ts';
import { sayDuration } from '../../../shared/duration.ts';
import { answerOf, askStatus, NoAnswerError, orNoAnswer } from '../ask.ts';
import type { Command, Session } from '../session.ts';
import { endProgress, showProgress } from '../terminal/progress.ts';
import { showStatus } from './show.ts';

/** Short enough to show each second. */
const progressMs = 250;

/** For the status request that feeds the progress line. It must not delay the answer. */
const statusTimeoutMs = 500;

/** Runs a new cycle, shows what it found, and exits with the verdict's code. */
export const check: Command<{ readonly timeout: number }> = async (session, { timeout: timeoutMs }) => {
  const answered = new AbortController();
  const checking = orNoAnswer(askStatus(session.socketPath, { method: 'POST', path: '/check', timeoutMs })).finally(() => answered.abort());
  const [found] = await Promise.all([checking, session.showsProgress ? tellProgress(session, answered.signal) : undefined]);
  showStatus(session, found);
  return answerOf(found).code;
};

/** @param answered - aborted when there is nothing more to wait for */
async function tellProgress(session: Session, answered: AbortSignal): Promise<void> {
  const startedAtMs = performance.now();
  while (!answered.aborted) {
    await sleep(progressMs, undefined, { signal: answered }).catch(() => {});
    if (answered.aborted) break;
    const status = await orNoAnswer(askStatus(session.socketPath, { path: '/status', timeoutMs: statusTimeoutMs }));
    // The request for the check itself reports such errors.
    if (status instanceof NoAnswerError || answered.aborted) continue;
    showProgress(session, `checking (${sayDuration(performance.now() - startedAtMs)}), ${whatHappens(status)}`);
  }
  endProgress(session);
}

function whatHappens({ nextCycleInMs, running = [] }: Status): string {
  if (nextCycleInMs > 0) return `the next cycle begins in ${sayDuration(nextCycleInMs)}`;
  return running.length === 0 ? 'a cycle runs' : runningText(running);
}
