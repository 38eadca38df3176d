import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitions } from '../daemon/settings/definitions.ts';
import { StatusSchema } from '../shared/api.ts';
import { exitCodeTable } from '../shared/exit-codes.ts';

/** Writes the README's tables from the data that they describe: `npm run docs`. A test checks that they are equal. */

const path = join(import.meta.dirname, '../README.md');

const tables: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'exit codes': exitCodeTable.map(({ codes: [first, last], reason, saidBy, when }) => [
    first === last ? `${first}` : `${first}-${last}`,
    reason,
    saidBy,
    when,
  ]),
  settings: Object.values(definitions).map(({ flag, placeholder, variable, defaultText, help }) => [
    `\`--${flag} ${placeholder}\``.replaceAll('|', '\\|'),
    `\`${variable}\``,
    defaultText === undefined ? '' : `\`${defaultText}\``,
    help,
  ]),
  status: Object.entries(StatusSchema.properties).map(([name, schema]) => [
    `\`${name}\``,
    (schema as { description?: string }).description ?? '',
  ]),
};

/** The README with its tables made anew. */
export function withTables(readme: string): string {
  return Object.entries(tables).reduce((text, [name, rows]) => {
    const section = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n\\|[^\\n]*\\n\\|[-|]*\\n)(.*?)(<!-- end -->)`, 's');
    if (!section.test(text)) throw new Error(`README.md has no table "${name}"`);
    return text.replace(
      section,
      (_all, head: string, _rows: string, end: string) => `${head}${rows.map((row) => `| ${row.join(' | ')} |\n`).join('')}${end}`,
    );
  }, readme);
}

if (process.argv[1] === import.meta.filename) writeFileSync(path, withTables(readFileSync(path, 'utf8')));
