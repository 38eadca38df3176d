import type { Status } from '../../../shared/api.ts';
import { firstLine } from '../../../shared/reply.ts';
import { type Line, statusLines } from '../../../shared/status-text.ts';
import { NoAnswerError } from '../ask.ts';
import { type Session, writeJson, writeLines } from '../session.ts';

/** Prints a status, or the error that came instead. */
export function showStatus(session: Session, found: Status | NoAnswerError): void {
  if (session.json) writeJson(session, found instanceof NoAnswerError ? { ready: false, ...found.answer } : found);
  else writeLines(session, describe(session, found));
}

/** The same, as lines. */
export function describe({ paint }: Session, found: Status | NoAnswerError): Line[] {
  if (found instanceof NoAnswerError) {
    return [
      `${paint('bad', 'NOT READY')}  ${paint('bold', firstLine(found.answer))}`,
      '',
      paint('dim', '"readinessctl doctor" says what is wrong and how to fix it.'),
    ];
  }
  const hint = found.ready ? [] : ['', paint('dim', '"readinessctl explain" says what that means and what to do.')];
  return [...statusLines(found, paint), ...hint];
}
