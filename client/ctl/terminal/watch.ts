import { firstLine } from '../../../shared/reply.ts';
import { historyLines } from '../../../shared/status-text.ts';
import { answerOf, askHistory, askStatus, NoAnswerError, orNoAnswer } from '../ask.ts';
import { describe, showStatus } from '../commands/show.ts';
import type { Session } from '../session.ts';
import { writeChanges } from './changes.ts';
import { showPictures } from './picture.ts';

/** The code that a shell uses when Ctrl-C ended something. */
export const interruptedCode = 130;

/**
 * Shows the status again and again until it is ended. A terminal shows it in place, with the past verdicts
 * below. Anything else gets it once for each change of the verdict.
 *
 * @returns the code of the verdict shown last, if `q` ended it
 */
export async function watch(session: Session): Promise<number> {
  if (!session.isTerminal) {
    await writeChanges(async () => {
      const found = await orNoAnswer(askStatus(session.socketPath));
      return { shown: firstLine(answerOf(found)), write: () => showStatus(session, found) };
    });
    return interruptedCode;
  }
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
