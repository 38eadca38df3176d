import { historyLines } from '../../../shared/status-text.ts';
import { askHistory, NoAnswerError, orNoAnswer } from '../ask.ts';
import { type Command, writeJson, writeLines } from '../session.ts';
import { showStatus } from './show.ts';

/** Prints the last changes of the verdict, newest first. */
export const history: Command<object> = async (session) => {
  const found = await orNoAnswer(askHistory(session.socketPath));
  if (found instanceof NoAnswerError) {
    showStatus(session, found);
    return found.answer.code;
  }
  if (session.json) writeJson(session, found);
  else
    writeLines(session, [
      session.paint('dim', 'since (UTC)          lasted               verdict'),
      ...historyLines(found, session.paint, Number.POSITIVE_INFINITY),
    ]);
  return 0;
};
