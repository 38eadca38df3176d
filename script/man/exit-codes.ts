import { exitCodeTable, spellCodes } from '../../shared/exit-codes.ts';
import { bold, type Roff, tagged } from './roff.ts';

/** The table of exit codes as tagged paragraphs. */
export function exitCodeParts(): Roff[] {
  return exitCodeTable.map(({ codes, reason, when }) => tagged(`${bold(spellCodes(codes))} ${reason}`, `${when}.`));
}
