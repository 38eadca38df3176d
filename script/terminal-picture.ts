/** Of a character, in a font of 14 pixels. */
const [columnWidth, rowHeight, margin] = [8.4, 19, 14];

/** What terminals usually show for the escapes that readinessctl uses (ECMA-48, SGR). */
const styles: Readonly<Record<string, string>> = {
  1: 'font-weight="bold"',
  2: 'fill="#8b949e"',
  31: 'fill="#ff7b72"',
  32: 'fill="#7ee787"',
  33: 'fill="#e3b341"',
};

/** A terminal's screen as SVG, from the text that was written to it, with ␛ for ESC. */
export function pictureOf(screen: string): string {
  const lines = screen.replaceAll(/␛\[[KJ]/g, '').split(/\r+\n/);
  const columns = Math.max(...lines.map((line) => line.replaceAll(/␛\[[\d;]*m/g, '').length));
  const width = Math.ceil(columns * columnWidth + 2 * margin);
  const height = lines.length * rowHeight + 2 * margin;
  const texts = lines.map((line, index) => {
    const y = margin + (index + 1) * rowHeight - 5;
    return `<text x="${margin}" y="${y}" xml:space="preserve">${spansOf(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="readinessctl status --watch in a terminal">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3">
${texts.join('\n')}
</g>
</svg>
`;
}

function spansOf(line: string): string {
  // Text and style alternate: the first text has none.
  return line
    .split(/␛\[(\d*)m/)
    .map((part, index, parts) => {
      if (index % 2 === 1) return '';
      const escaped = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      const style = styles[parts[index - 1] ?? ''];
      return style === undefined || part === '' ? escaped : `<tspan ${style}>${escaped}</tspan>`;
    })
    .join('');
}
