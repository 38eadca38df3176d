import { piecesOf, widthOf } from './width.ts';

/**
 * The start of a line that fits into this many columns. It ends the line's colours.
 *
 * @param ellipsis - what it ends with if something was cut, as far as that fits itself
 */
export function clip(line: string, columns: number, ellipsis = ''): string {
  const shown = line.replaceAll('\t', ' ');
  if (widthOf(shown) <= columns) return shown;
  const end = widthOf(ellipsis) <= columns ? ellipsis : '';
  let clipped = '';
  let left = columns - widthOf(end);
  let isCut = false;
  for (const { text, width, isColour } of piecesOf(shown)) {
    if (isColour) clipped += text;
    if (isColour || isCut) continue;
    left -= width;
    isCut = left < 0;
    clipped += isCut ? end : text;
  }
  return clipped;
}

/** Cuts a line into parts that fit into this many columns, also inside words. */
export function fold(line: string, columns: number): string[] {
  const parts = [''];
  let width = 0;
  for (const piece of piecesOf(line)) {
    if (width > 0 && width + piece.width > columns) {
      parts.push('');
      width = 0;
    }
    parts.push((parts.pop() ?? '') + piece.text);
    width += piece.width;
  }
  return parts;
}

/** A terminal's size. A terminal made by a container runtime may say 0 for a while, or always. */
export function sizeOf({ rows, columns }: NodeJS.WriteStream): { readonly rows: number; readonly columns: number } {
  return { rows: rows || 24, columns: columns || 80 };
}
