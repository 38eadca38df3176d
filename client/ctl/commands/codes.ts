import { exitCodeTable, spellCodes } from '../../../shared/exit-codes.ts';
import { type Command, writeJson, writeLines } from '../session.ts';

/** Prints the table of exit codes. */
export const codes: Command<object> = async (session) => {
  if (session.json) {
    writeJson(
      session,
      exitCodeTable.map(({ codes: [first, last], reason, saidBy, when }) => ({ first, last, reason, saidBy, when })),
    );
    return 0;
  }
  const rows = exitCodeTable.map(({ codes: range, reason, when }) => [spellCodes(range), reason, when] as const);
  writeLines(
    session,
    rows.map(([code, reason, when]) => ({
      text: `${code.padEnd(8)} ${session.paint('bold', reason.padEnd(21))} ${when}`,
      hang: ' '.repeat(31),
    })),
  );
  return 0;
};
