import { answerOf, askStatus, orNoAnswer } from './ask.ts';
import type { Command } from './session.ts';
import { showStatus } from './show.ts';

/** A fresh cycle, and what it found; exits with its verdict's code. */
export const check: Command<{ readonly timeout: number }> = async (session, { timeout: timeoutMs }) => {
  const found = await orNoAnswer(askStatus(session.socketPath, { method: 'POST', path: '/check', timeoutMs }));
  showStatus(session, found);
  return answerOf(found).code;
};
