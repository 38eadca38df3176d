import { answerOf, askStatus, orNoAnswer } from '../ask.ts';
import type { Command } from '../session.ts';
import { watch } from '../terminal/watch.ts';
import { showStatus } from './show.ts';

/** Prints the verdict and its causes, and exits with the verdict's code. */
export const status: Command<{ readonly watch?: boolean }> = async (session, options) => {
  if (options.watch === true) return watch(session);
  const found = await orNoAnswer(askStatus(session.socketPath));
  showStatus(session, found);
  return answerOf(found).code;
};
