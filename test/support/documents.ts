import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const projectRoot = join(import.meta.dirname, '../..');

/** A Markdown file, with its path from the project's root. */
export interface TextDocument {
  readonly path: string;
  readonly text: string;
}

/** The text between two fences. */
export interface Block {
  /** FILE:LINE of its first fence. */
  readonly place: string;
  /** The word behind the fence, or ''. */
  readonly language: string;
  readonly text: string;
  /** The reason in a comment before it, `<!-- not run: REASON -->`. */
  readonly notRun: string | undefined;
}

/** All documents of the project. */
export function findDocuments(): readonly TextDocument[] {
  const isOurs = (name: string) => !name.startsWith('.') && name !== 'node_modules' && name !== 'dist';
  const below = (folder: string): string[] =>
    readdirSync(join(projectRoot, folder), { withFileTypes: true })
      .filter(({ name }) => isOurs(name))
      .flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? below(path) : path.endsWith('.md') ? [path] : [];
      });
  return below('')
    .sort()
    .map((path) => ({ path, text: readFileSync(join(projectRoot, path), 'utf8') }));
}

/** A document's blocks of code, without the indentation of a list around them. */
export function blocksOf({ path, text }: TextDocument): readonly Block[] {
  return [...text.matchAll(fenced)].map(({ index, 1: indent = '', 3: language = '', 4: content = '' }) => {
    const before = text.slice(0, index);
    const [, notRun] = /<!-- not run: (.+?) -->\s*$/.exec(before) ?? [];
    return {
      place: `${path}:${before.split('\n').length}`,
      language,
      text: content.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      notRun,
    };
  });
}

const fenced = /^( *)(```+|~~~+)([^\s`]*)[^\n`]*\n([\s\S]*?)^\1\2 *$/gm;

/** The lines of a document. Blocks of code and comments are empty lines. */
export function proseOf(text: string): readonly string[] {
  const blank = (part: string) => part.replaceAll(/[^\n]/g, '');
  return text
    .replaceAll(fenced, blank)
    .replaceAll(/<!--[\s\S]*?-->/g, blank)
    .split('\n');
}

/** Lines of prose that are wider than so many columns and could be broken: no rows of tables, and no single word. */
export function wideLinesOf(text: string, columns: number): readonly string[] {
  const isTableRow = (line: string) => /^\s*\|/.test(line);
  const isOneWord = (line: string) => /^\s*([-*>]\s+|\d+\.\s+)*\S+$/.test(line);
  return proseOf(text).flatMap((line, index) =>
    [...line.trimEnd()].length <= columns || isTableRow(line) || isOneWord(line.trimEnd()) ? [] : [`${index + 1}: ${line}`],
  );
}

/** The targets of a document's links and pictures. */
export function linksOf(text: string): readonly string[] {
  const prose = proseOf(text)
    .join('\n')
    .replaceAll(/(`+)[^`\n]+?\1/g, '``');
  const found = [
    ...prose.matchAll(/\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...prose.matchAll(/^ {0,3}\[[^\]]+\]: +<?([^\s>]+)/gm),
    ...prose.matchAll(/<(?:a|img|source)\s[^>]*?(?:href|src|srcset)="([^"]*)"/g),
  ];
  return found.map(([, target = '']) => target);
}

/** What a link may name behind "#": GitHub's names of the headings, and names in HTML. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const line of proseOf(text)) {
    const [, heading] = /^ {0,3}#{1,6} +(.*?)(?: +#+)? *$/.exec(line) ?? [];
    for (const [, name = ''] of line.matchAll(/<\w+\s[^>]*?(?:id|name)="([^"]+)"/g)) anchors.add(name);
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    let unique = slug;
    for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/**
 * Lower case letters, digits, "_" and "-". A blank becomes "-", and everything else goes, also links and
 * emphasis around words.
 */
export function slugOf(heading: string): string {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll(/(?<!\w)_(.+?)_(?!\w)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}
