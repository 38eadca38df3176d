import type { Status } from '../../../shared/api.ts';
import { codeOf, exitCodeTable, type Reason, spellCodes } from '../../../shared/exit-codes.ts';
import { noteOfCode } from '../../../shared/findings/executable.ts';
import type { Words } from '../../../shared/findings/words.ts';
import { firstLine, oneLine, whole } from '../../../shared/reply.ts';
import { type Finding, wordsOfFound } from '../../../shared/report.ts';
import type { Line } from '../../../shared/status-text.ts';
import { version } from '../../../shared/version.ts';
import { type Answered, answerOf, askStatus, NoAnswerError, orNoAnswer } from '../ask.ts';
import { explanationOf } from '../explanations/explanations.ts';
import { type Command, type Session, writeJson, writeLines } from '../session.ts';

/** An explanation: all possible causes of a code or reason, or the actual cause of a verdict. */
interface Explained {
  readonly code: number;
  readonly reason: string;
  readonly meaning: string;
  readonly note?: string | undefined;
  readonly causes: readonly string[];
  readonly actions: readonly string[];
}

/**
 * Explains a code or reason: what it means, what usually causes it, and what to do. Without one it explains
 * the current verdict.
 */
export const explain: Command<{ readonly subject?: string | undefined }> = async (session, { subject }) => {
  if (subject === undefined) return explainVerdict(session);
  const row = exitCodeTable.find(
    ({ codes, reason }) =>
      reason.toLowerCase() === subject.toLowerCase() ||
      spellCodes(codes) === subject ||
      (/^\d{1,3}$/.test(subject) && codes[0] <= Number(subject) && Number(subject) <= codes[1]),
  );
  if (row === undefined) {
    session.stderr.write(
      `readinessctl: cannot explain ${JSON.stringify(oneLine(subject, 60))}: there is no such code or reason; "readinessctl codes" lists them\n`,
    );
    return codeOf('ClientUsage');
  }
  const isOne = /^\d+$/.test(subject);
  const code = isOne ? Number(subject) : row.codes[0];
  const { meaning, causes, actions } = explanationOf(row.reason);
  const isHooks = row.reason === 'HookFailed' || row.reason === 'HookCrashed';
  const explained = { code, reason: row.reason, meaning, note: isOne && isHooks ? noteOfCode(code) : undefined, causes, actions };
  if (session.json) writeJson(session, explained);
  else writeLines(session, lines(session, isOne ? String(code) : codesOf(row.reason), explained, 'Likely causes'));
  return 0;
};

async function explainVerdict(session: Session): Promise<number> {
  const found = await orNoAnswer(askStatus(session.socketPath));
  const { code, reason, message, detail } = answerOf(found);
  const words = wordsFor(found);
  const { meaning, causes, actions } = explanationOf(reason);
  const explained: Explained =
    words === undefined
      ? { code, reason, meaning, causes, actions }
      : { code, reason, meaning, causes: words.cause === undefined ? [] : [words.cause], actions: words.fix };
  if (session.json) {
    writeJson(session, { ...explained, message, ...('finding' in found ? { finding: found.finding } : {}) });
    return 0;
  }
  const { paint } = session;
  writeLines(session, [
    paint('bold', firstLine({ code, reason, message })),
    ...(detail?.trim() ? detail.trimEnd().split('\n') : []).map((line) => ({ text: `  | ${whole(line)}`, hang: '  | ' })),
    '',
    ...lines(session, String(code), explained, words === undefined ? 'Likely causes' : 'Cause'),
    ...(words === undefined ? [] : ['', paint('dim', `"readinessctl explain ${code}" lists everything that can cause ${code}.`)]),
  ]);
  return 0;
}

/** The words for a finding. Undefined when there is no finding, or only another version knows it. */
function wordsFor(found: Answered | Status): Words | undefined {
  if (found instanceof NoAnswerError || !('finding' in found) || found.version !== version) return undefined;
  return wordsOfFound(found.finding as Finding);
}

function codesOf(reason: Reason): string {
  return exitCodeTable
    .filter((row) => row.reason === reason)
    .map(({ codes }) => spellCodes(codes))
    .join(', ');
}

function lines({ paint }: Session, codes: string, explained: Explained, causesTitle: string): Line[] {
  const { reason, meaning, note, causes, actions } = explained;
  return [
    `${paint('bold', `${codes} ${reason}`)}: ${meaning}`,
    ...(note === undefined ? [] : ['', note]),
    ...list(paint('bold', causesTitle), causes),
    ...list(paint('bold', 'What to do'), actions),
  ];
}

function list(title: string, items: readonly string[]): Line[] {
  return items.length === 0 ? [] : ['', title, ...items.map((item) => `  - ${whole(item)}`)];
}
