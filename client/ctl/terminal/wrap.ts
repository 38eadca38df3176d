import type { Line } from '../../../shared/status-text.ts';
import { piecesOf, widthOf } from './width.ts';

/** Ends all colours (ECMA-48, SGR). */
const noColour = '\u001B[0m';

/** The columns that an indent must leave for text. */
const leastText = 24;

/** Leading blanks, and the mark of a list item or of output. */
const lead = /^ *(?:-> |- |\| )?/;

/**
 * Breaks a line between words so that it fits into a terminal. It ends colours before a break and continues
 * them after it. A word that is wider than the terminal stays whole, so that it can be copied. Blanks that
 * are not at a break stay.
 *
 * @param text - one line, with escapes for colour or without
 * @param columns - of the terminal
 * @param indent - what continuation lines begin with: so many blanks, or this text; two blanks where that
 * would leave too little
 * @returns one line or more, without newlines
 */
export function wrap(text: string, columns: number, indent: number | string = 0): string[] {
  const wanted = typeof indent === 'number' ? ' '.repeat(indent) : indent;
  const hang = columns - widthOf(wanted) < Math.min(leastText, columns / 2) ? '  ' : wanted;
  const lines: string[] = [];
  let line = '';
  let width = 0;
  let hasWord = false;
  /** The escapes that are in force where the line ends. */
  let colour = '';
  for (const { blanks, word, width: wordWidth, colour: after } of wordsOf(text)) {
    const isFull = hasWord && width + blanks.length + wordWidth > columns;
    if (isFull && wordWidth > 0) {
      lines.push(colour === '' ? line : line + noColour);
      line = hang + colour + word;
      width = widthOf(hang) + wordWidth;
    } else {
      const shownBlanks = isFull ? '' : blanks;
      line += shownBlanks + word;
      width += shownBlanks.length + wordWidth;
    }
    hasWord ||= wordWidth > 0;
    colour = after;
  }
  return [...lines, line];
}

/**
 * Breaks lines for a terminal of this width. A line that states no indent keeps its own, including the mark
 * of a list item or of output.
 */
export function wrapLines(lines: readonly Line[], columns: number): string[] {
  return lines.flatMap((line) => (typeof line === 'string' ? wrap(line, columns, hangOf(line)) : wrap(line.text, columns, line.hang)));
}

function hangOf(text: string): string {
  const [found = ''] = lead.exec(text) ?? [];
  return found.endsWith('| ') ? found : ' '.repeat(found.length);
}

interface Word {
  /** The blanks before the word. */
  readonly blanks: string;
  /** Includes its colours. */
  readonly word: string;
  readonly width: number;
  /** The escapes that are in force after it. */
  readonly colour: string;
}

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let [blanks, word, width, colour] = ['', '', 0, ''];
  const end = () => {
    words.push({ blanks, word, width, colour });
    [blanks, word, width] = ['', '', 0];
  };
  for (const piece of piecesOf(text.replaceAll('\t', ' '))) {
    if (piece.text === ' ') {
      if (word !== '') end();
      blanks += ' ';
      continue;
    }
    word += piece.text;
    width += piece.width;
    if (piece.isColour) colour = /^.\[0*m$/.test(piece.text) ? '' : colour + piece.text;
  }
  end();
  return words;
}
