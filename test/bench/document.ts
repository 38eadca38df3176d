import { type Figure, formatTable } from './figures.ts';

/** The parts of docs/performance.md that a run writes. */
export interface Written {
  readonly machine: string;
  readonly figures: readonly Figure[];
  readonly freshness: readonly Figure[];
}

/** Replaces the text between the document's marker lines. Throws when there are none. */
export function withFigures(document: string, { machine, figures, freshness }: Written): string {
  const parts = { machine: wrapped(machine), table: formatTable(figures), 'freshness table': formatTable(freshness) };
  return Object.entries(parts).reduce(replacePart, document);
}

function replacePart(document: string, [name, text]: readonly [string, string]): string {
  const part = new RegExp(`(?<=^<!-- ${name} -->\n)[^]*?(?=^<!-- end -->$)`, 'm');
  if (!part.test(document)) throw new Error(`cannot write figures: the document has no lines <!-- ${name} --> and <!-- end --> after it`);
  return document.replace(part, () => `${text}\n`);
}

/** Breaks a list behind commas, as wide as the document's prose. */
function wrapped(list: string): string {
  return list.replaceAll(/(.{1,99},)(?: |$)|(.+$)/g, (_all, line = '', last = '') => (last === '' ? `${line}\n` : last));
}
