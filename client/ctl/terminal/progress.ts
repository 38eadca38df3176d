import type { Session } from '../session.ts';
import { clip, sizeOf } from './clip.ts';

/** Back to the first column, and erase to the end of the line (ECMA-48). */
const clearLine = '\r\u001B[K';

/** One line on stderr, written over again; nothing where that is no terminal. */
export function showProgress({ stderr, showsProgress, ellipsis }: Session, line: string): void {
  // The last column is left free: in it some terminals have begun the next line already.
  if (showsProgress) stderr.write(clearLine + clip(line, sizeOf(stderr).columns - 1, ellipsis));
}

/** Takes it away: what comes now is the answer. */
export function endProgress({ stderr, showsProgress }: Session): void {
  if (showsProgress) stderr.write(clearLine);
}
