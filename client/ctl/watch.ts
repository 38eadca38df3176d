import { historyLines } from '../../shared/status-text.ts';
import { answerOf, askHistory, askStatus, NoAnswerError, orNoAnswer } from './ask.ts';
import { refreshMs, showPictures } from './picture.ts';
import type { Session } from './session.ts';
import { describe, showStatus } from './show.ts';

/** As a shell says that Ctrl-C has ended something. */
const interruptedCode = 130;

/**
 * Shows the status again and again until it is ended: in place on a terminal, with the past verdicts below; else once for each
 * change of the verdict.
 *
 * @returns the code of the verdict that was shown last where `q` has ended it
 */
export async function watch(session: Session): Promise<number> {
  if (!session.isTerminal) return writeChanges(session);
  let code = interruptedCode;
  const ended = await showPictures(session, async () => {
    const found = await orNoAnswer(askStatus(session.socketPath));
    const history = found instanceof NoAnswerError ? found : await orNoAnswer(askHistory(session.socketPath));
    ({ code } = answerOf(found));
    const title = ['', session.paint('dim', 'past verdicts (UTC)')];
    const past = history instanceof NoAnswerError ? [] : [...title, ...historyLines(history, session.paint)];
    return [...describe(session, found), ...past];
  });
  return ended === 'quit' ? code : interruptedCode;
}

async function writeChanges(session: Session): Promise<number> {
  let last = '';
  let isOver = false;
  let wake = () => {};
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      isOver = true;
      wake();
    });
  }
  while (!isOver) {
    const found = await orNoAnswer(askStatus(session.socketPath));
    const { code, reason, message } = answerOf(found);
    const shown = `${code} ${reason} ${message}`;
    if (shown !== last) showStatus(session, found);
    last = shown;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, isOver ? 0 : refreshMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  return interruptedCode;
}
