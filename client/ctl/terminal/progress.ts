import type { Session } from '../session.ts';
import { clip, sizeOf } from './clip.ts';

/** Back to the first column, and erase to the end of the line (ECMA-48). */
const clearLine = '\r\u001B[K';

/** Overwrites one line on stderr. Does nothing where that is no terminal. */
export function showProgress({ stderr, showsProgress, ellipsis }: Session, line: string): void {
  // Leaves the last column free: some terminals already begin the next line there.
  if (showsProgress) stderr.write(clearLine + clip(line, sizeOf(stderr).columns - 1, ellipsis));
}

/** Removes the line before the answer is printed. */
export function endProgress({ stderr, showsProgress }: Session): void {
  if (showsProgress) stderr.write(clearLine);
}
