/** A piece of a line: a character as people see it (a grapheme cluster), or an escape for colour. */
export interface Piece {
  readonly text: string;
  /** Columns of a terminal. */
  readonly width: number;
  readonly isColour: boolean;
}

/** Escapes for colour (ECMA-48, SGR), which take no space. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes begin with one
const colours = /(\u001B\[[\d;]*m)/;

const asciiOnly = /^[ -~]*$/;

/**
 * Characters without a width of their own: combining marks, format characters, the later parts of a Hangul
 * syllable, control characters. A soft hyphen does show.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they take no place
const zero = /^(?!\u00AD)[\p{Mn}\p{Me}\p{Cf}\u1160-\u11FF\uD7B0-\uD7FB\0-\u001F\u007F-\u009F]/u;

/**
 * East_Asian_Width W and F (Unicode's EastAsianWidth.txt). JavaScript has no property for it. Outside the
 * scripts of East Asia such characters are all emoji, for which it has one. A regional indicator is half of a
 * flag, and so half as wide.
 */
const wide =
  /^(?:[\u1100-\u115F\u2329\u232A\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6B\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{1B2FF}\u{1F200}-\u{1F265}\u{20000}-\u{3FFFD}]|(?![\u{1F1E6}-\u{1F1FF}])\p{Emoji_Presentation})/u;

/**
 * A variation selector asks for the picture of a character that also has a narrow form. Keycaps are made this
 * way too.
 */
const asPicture = /^[\p{Extended_Pictographic}\d#*]\uFE0F/u;

let segmenter: Intl.Segmenter | undefined;

/** The pieces of a line, in order. */
export function piecesOf(line: string): Piece[] {
  return line.split(colours).flatMap((part, index) => (index % 2 === 1 ? [{ text: part, width: 0, isColour: true }] : charactersOf(part)));
}

/** How many columns a text takes on a terminal, without its colours. */
export function widthOf(text: string): number {
  return piecesOf(text).reduce((sum, { width }) => sum + width, 0);
}

function charactersOf(text: string): Piece[] {
  if (asciiOnly.test(text)) return [...text].map((character) => ({ text: character, width: 1, isColour: false }));
  segmenter ??= new Intl.Segmenter();
  return [...segmenter.segment(text)].map(({ segment }) => ({ text: segment, width: clusterWidth(segment), isColour: false }));
}

/**
 * Where terminals differ, it takes the widest result, so that no line is too long. Many terminals show an
 * emoji and its skin tone, or several joined emoji, side by side.
 */
function clusterWidth(cluster: string): number {
  const sum = [...cluster].reduce((width, character) => width + (zero.test(character) ? 0 : wide.test(character) ? 2 : 1), 0);
  return asPicture.test(cluster) ? Math.max(2, sum) : sum;
}
