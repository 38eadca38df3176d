/** An escape for colour, which takes no place. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes begin with one
const colour = /\u001B\[[\d;]*m/y;

/** The start of a line that fits into so many columns, with its colours, which it ends. */
export function clip(line: string, columns: number): string {
  let clipped = '';
  let width = 0;
  for (let at = 0; at < line.length; ) {
    colour.lastIndex = at;
    const [found] = colour.exec(line) ?? [];
    if (found !== undefined) {
      clipped += found;
      at += found.length;
      continue;
    }
    const character = String.fromCodePoint(line.codePointAt(at) ?? 0);
    if (++width <= columns) clipped += character === '\t' ? ' ' : character;
    at += character.length;
  }
  return clipped;
}

/** A terminal's size; one that a container runtime has made may say 0 for a while, or for good. */
export function sizeOf({ rows, columns }: NodeJS.WriteStream): { readonly rows: number; readonly columns: number } {
  return { rows: rows || 24, columns: columns || 80 };
}
