import { exitCodeTable } from '../../shared/exit-codes.ts';
import { bold, type Roff, tagged } from './roff.ts';

/** The table of exit codes as tagged paragraphs. */
export function exitCodeParts(): Roff[] {
  return exitCodeTable.map(({ codes: [first, last], reason, when }) =>
    tagged(`${bold(first === last ? `${first}` : `${first}-${last}`)} ${reason}`, `${when}.`),
  );
}
