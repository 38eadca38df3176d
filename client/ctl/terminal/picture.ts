import { type Line, textOf } from '../../../shared/status-text.ts';
import type { Session } from '../session.ts';
import { clip, fold, sizeOf } from './clip.ts';
import { takeScreen } from './screen.ts';
import { widthOf } from './width.ts';
import { wrapLines } from './wrap.ts';

/** The time between two pictures. */
export const refreshMs = 1000;

/** Escapes of a terminal (ECMA-48). */
const home = '\u001B[H';
const eraseToEndOfLine = '\u001B[K';
const eraseBelow = '\u001B[J';

/** Makes a picture for a terminal of this size. Lines that are too long or too many are cut when they are shown. */
export type Draw = (columns: number, rows: number) => readonly Line[] | Promise<readonly Line[]>;

/**
 * Shows a picture on the terminal, each second and whenever the terminal changes, until `q` or Ctrl-C. `w`
 * switches between breaking long lines and cutting them.
 *
 * @param draw - never called while an earlier call still runs
 * @returns whether it was ended by `q`, or interrupted
 */
export async function showPictures(session: Session, draw: Draw): Promise<'quit' | 'interrupted'> {
  const { stdout } = session;
  let lines: readonly Line[] | undefined;
  let isWrapped = false;
  let ended: 'quit' | 'interrupted' | undefined;
  let isDue = true;
  let wake = () => {};

  /** Shows the last drawing at once, because drawing it again may take time. */
  const show = () => {
    if (lines !== undefined && ended === undefined) stdout.write(frame(session, lines, isWrapped));
  };
  const release = takeScreen(session, {
    onKey(key) {
      if (key === 'q' || key === 'Q') end('quit');
      if (key === 'w') isWrapped = !isWrapped;
      show();
    },
    onChange() {
      show();
      isDue = true;
      wake();
    },
    onInterrupt: () => end('interrupted'),
  });
  function end(how: 'quit' | 'interrupted'): void {
    ended ??= how;
    wake();
  }

  try {
    while (ended === undefined) {
      isDue = false;
      const { columns, rows } = sizeOf(stdout);
      const interrupted = new Promise<undefined>((resolve) => {
        wake = () => ended !== undefined && resolve(undefined);
      });
      // Ctrl-C does not wait for an answer.
      lines = (await Promise.race([draw(columns, rows), interrupted])) ?? lines;
      show();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, isDue || ended !== undefined ? 0 : refreshMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return ended;
  } finally {
    release();
  }
}

/** One picture. It overwrites the one before without a flicker, and is never larger than the terminal. */
function frame({ stdin, stdout, paint, ellipsis }: Session, lines: readonly Line[], isWrapped: boolean): string {
  const { rows, columns } = sizeOf(stdout);
  const all = isWrapped
    ? wrapLines(lines, columns).flatMap((line) => fold(line, columns))
    : lines.map((line) => clip(textOf(line), columns, ellipsis));
  const body = all.length + 2 <= rows ? [...all, ''] : all.slice(0, rows - 1);
  const more = all.length > body.length ? `${all.length - body.length} lines more; ` : '';
  const keys = stdin.isTTY ? `q or Ctrl-C ends this, w ${isWrapped ? 'cuts' : 'wraps'} long lines` : 'Ctrl-C ends this';
  // One column less than the terminal, so that everything behind it can be erased.
  const foot = clip(paint('dim', more + keys), columns - 1, ellipsis);
  return home + [...body, foot].map((line) => withoutRest(line, columns)).join('\r\n') + eraseBelow;
}

/**
 * When a line is as long as the terminal is wide, the cursor still stands on its last character. Erasing
 * would remove that.
 */
function withoutRest(line: string, columns: number): string {
  return widthOf(line) < columns ? line + eraseToEndOfLine : line;
}
