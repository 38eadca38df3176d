/** The few macros of man(7) that the pages need. Texts are plain; what roff would take for its own is escaped here. */

/** What a page is made of, written by the functions below. */
export type Roff = string;

/** Plain text in a line of roff: `\` and `-` as themselves, and no line that begins like a request. */
export function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

export const bold = (text: string): Roff => `\\fB${escapeRoff(text)}\\fR`;

export const italic = (text: string): Roff => `\\fI${escapeRoff(text)}\\fR`;

/** With what stands for a value in italics: capitals, and what is in `<>`. */
export function usage(text: string): Roff {
  return text
    .split(/(<[\w-]+>|\b[A-Z]{2,}(?:[:|][A-Z]+)*\b)/)
    .map((part, index) => (index % 2 === 1 ? italic(part.replaceAll(/[<>]/g, '').toUpperCase()) : escapeRoff(part)))
    .join('');
}

/** Its first paragraph needs no request of its own. */
export const section = (title: string, ...parts: readonly Roff[]): Roff =>
  `.SH ${quoted(title)}\n${parts.join('').replace(/^\.PP\n(?!\.)/, '')}`;

export const subsection = (title: string, ...parts: readonly Roff[]): Roff => `.SS ${quoted(title)}\n${parts.join('')}`;

/** Sentences in lines of their own, so that roff knows their ends. */
export function paragraph(text: string): Roff {
  return `.PP\n${sentences(escapeRoff(text.replaceAll(/\s*\n\s*/g, ' ')))}\n`;
}

/** A term, marked up already, and what it means. */
export const tagged = (term: Roff, text: string): Roff => `.TP\n${term}\n${sentences(escapeRoff(text))}\n`;

/** Lines as they are. */
export const example = (text: string): Roff => `.RS 4\n.nf\n${escapeRoff(text)}\n.fi\n.RE\n`;

/** The line that every page begins with, and its name and purpose. */
export function head({
  name,
  section: number,
  date,
  source,
  purpose,
}: Readonly<Record<'name' | 'section' | 'date' | 'source' | 'purpose', string>>): Roff {
  // mandoc reads the date before any escape.
  const title = [quoted(name.toUpperCase()), number, `"${date}"`, quoted(source)].join(' ');
  return `.TH ${title}\n${section('NAME', `${escapeRoff(name)} \\- ${escapeRoff(purpose)}\n`)}`;
}

function sentences(text: string): Roff {
  return text.replaceAll(/([a-z0-9)"][.:]) (?=[A-Z"])/g, '$1\n');
}

function quoted(text: string): string {
  return `"${escapeRoff(text).replaceAll('"', '\\(dq')}"`;
}
