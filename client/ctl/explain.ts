import { codeOf, exitCodeTable, type Reason, spellCodes } from '../../shared/exit-codes.ts';
import { firstLine, oneLine } from '../../shared/reply.ts';
import { answerOf, askProbe, orNoAnswer } from './ask.ts';
import { explanationOf, hookCodeNotes } from './explanations.ts';
import { type Command, type Session, writeJson, writeLines } from './session.ts';

const usageCode = codeOf('ClientUsage');

/** What a code or reason means, what it usually comes from, and what to do; without one, of the current verdict. */
export const explain: Command<{ readonly subject?: string | undefined }> = async (session, { subject }) => {
  if (subject === undefined) {
    const answer = answerOf(await orNoAnswer(askProbe(session.socketPath)));
    if (!session.json)
      writeLines(session, [
        session.paint('bold', firstLine(answer)),
        ...(answer.detail?.split('\n').map((line) => `  | ${line}`) ?? []),
        '',
      ]);
    return show(session, answer.code, answer.reason as Reason, answer.message);
  }
  const row = exitCodeTable.find(
    ({ codes: [first, last], reason }) =>
      reason.toLowerCase() === subject.toLowerCase() || (/^\d{1,3}$/.test(subject) && first <= Number(subject) && Number(subject) <= last),
  );
  if (row === undefined) {
    session.stderr.write(
      `readinessctl: cannot explain ${JSON.stringify(oneLine(subject, 60))}: there is no such code or reason; "readinessctl codes" lists them\n`,
    );
    return usageCode;
  }
  return show(session, /^\d/.test(subject) ? Number(subject) : row.codes[0], row.reason, undefined, !/^\d/.test(subject));
};

function show(session: Session, code: number, reason: Reason, message?: string, isWhole = false): number {
  const { meaning, causes, actions } = explanationOf(reason);
  const note = isWhole ? undefined : hookCodeNotes.find(({ codes: [first, last] }) => first <= code && code <= last)?.note(code);
  const rows = exitCodeTable.filter((row) => row.reason === reason);
  if (session.json) {
    writeJson(session, {
      code,
      reason,
      ...(message === undefined ? {} : { message }),
      meaning,
      ...(note === undefined ? {} : { note }),
      causes,
      actions,
    });
    return 0;
  }
  const { paint } = session;
  const shownCode = isWhole ? rows.map(({ codes }) => spellCodes(codes)).join(', ') : String(code);
  writeLines(session, [
    `${paint('bold', `${shownCode} ${reason}`)}: ${meaning}`,
    ...(note === undefined ? [] : ['', note]),
    ...list(paint('bold', 'Likely causes'), causes),
    ...list(paint('bold', 'What to do'), actions),
  ]);
  return 0;
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : ['', title, ...items.map((item) => `  - ${item}`)];
}
