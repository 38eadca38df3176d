import { piecesOf, widthOf } from './width.ts';

/**
 * The start of a line that fits into so many columns, with its colours, which it ends.
 *
 * @param ellipsis - its end where something was cut, as far as that fits itself
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

/** A line in parts that fit into so many columns, wherever that cuts it. */
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

/** A terminal's size; one that a container runtime has made may say 0 for a while, or for good. */
export function sizeOf({ rows, columns }: NodeJS.WriteStream): { readonly rows: number; readonly columns: number } {
  return { rows: rows || 24, columns: columns || 80 };
}
