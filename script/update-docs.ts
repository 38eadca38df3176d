import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../client/ctl/program.ts';
import { renderMetrics } from '../daemon/metrics/render.ts';
import { createTally } from '../daemon/metrics/tally.ts';
import { definitions } from '../daemon/settings/definitions.ts';
import { commonFields } from '../daemon/steps/checks/check.ts';
import type { Kind } from '../daemon/steps/checks/kind.ts';
import { kinds } from '../daemon/steps/checks/kinds.ts';
import type { Fields } from '../daemon/steps/checks/value.ts';
import { createVerdictCache } from '../daemon/verdict/verdict-cache.ts';
import { HistorySchema, StatusSchema } from '../shared/api.ts';
import { formatDuration } from '../shared/duration.ts';
import { type Endpoint, socketEndpoints, tcpEndpoints } from '../shared/endpoints.ts';
import { codeOf, exitCodeTable, spellCodes } from '../shared/exit-codes.ts';
import { drawArchitecture } from './architecture.ts';

/** Writes the documents' tables and the picture of the imports from what they describe: `npm run docs`. A test checks that they are equal. */

const root = join(import.meta.dirname, '..');

/** Those that have tables. */
export const documents = ['README.md', 'docs/api.md', 'docs/checks.md', 'docs/exit-codes.md', 'docs/readinessctl.md', 'docs/settings.md'];

/** What drawArchitecture gives. */
export const architecturePicture = 'docs/architecture.svg';

/** What people meet: a container that starts, programs that crash, hooks and checks that fail. */
const commonCodes: readonly (typeof exitCodeTable)[number]['codes'][0][] = [0, 1, 2, 3, 100, 112, 113, 116, 117, 122];

type Rows = readonly (readonly string[])[];

const tables: Readonly<Record<string, Rows>> = {
  'common exit codes': exitCodeTable
    .filter(({ codes: [first] }) => commonCodes.includes(first))
    .map(({ codes, reason, when }) => [spellCodes(codes), reason, when]),
  'exit codes': exitCodeTable.map(({ codes, reason, saidBy, when }) => [spellCodes(codes), reason, saidBy, when]),
  settings: Object.values(definitions).map(({ flag, placeholder, variable, defaultText, help }) => [
    `\`${`--${flag} ${placeholder}`.trimEnd()}\``.replaceAll('|', '\\|'),
    `\`${variable}\``,
    defaultText === undefined ? '' : `\`${defaultText}\``,
    help,
  ]),
  readinessctl: exitCodes,
  'socket endpoints': endpointRows(socketEndpoints),
  'tcp endpoints': endpointRows(tcpEndpoints),
  status: fieldRows(StatusSchema),
  steps: fieldRows(StatusSchema.properties.steps.items),
  running: fieldRows(StatusSchema.properties.running.items),
  'start programs': fieldRows(StatusSchema.properties.startPrograms.items),
  'last hour': fieldRows(StatusSchema.properties.lastHour),
  events: fieldRows(StatusSchema.properties.events),
  history: fieldRows(HistorySchema),
  changes: fieldRows(HistorySchema.properties.changes.items),
  metrics: metricRows(),
  'kinds of checks': Object.entries(kinds).map(kindRow),
  'keys of every check': keyRows(commonFields),
  ...Object.fromEntries(Object.entries(kinds).map(([key, { beside, fields }]) => [`keys of ${key}`, keyRows({ ...beside, ...fields })])),
};

function kindRow([key, { what, example, defaultTimeoutMs, reason }]: readonly [string, Kind]): readonly string[] {
  const timeout = defaultTimeoutMs === undefined ? '' : `\`${formatDuration(defaultTimeoutMs)}\``;
  return [`\`${key}\``, what, `\`${key}: ${example}\``, timeout, `${codeOf(reason)} ${reason}`];
}

function keyRows(fields: Fields): Rows {
  return Object.entries(fields).map(([key, { what, example }]) => [`\`${key}\``, what, `\`${key}: ${example}\``]);
}

function endpointRows(endpoints: readonly Endpoint[]): Rows {
  return endpoints.map(({ method, path, what }) => [`\`${method} ${path}\``, what]);
}

function fieldRows({ properties, required }: { readonly properties: object; readonly required?: readonly string[] }): Rows {
  return Object.entries(properties).map(([name, { type = 'string', description }]) => [
    `\`${name}\``,
    `${type}${required?.includes(name) ? '' : ', not always'}`,
    description ?? '',
  ]);
}

/** From what /metrics itself says of them. */
function metricRows(): Rows {
  const cache = createVerdictCache(() => 0);
  cache.publish({
    startedAtMs: 0,
    endedAtMs: 0,
    staleLimitMs: 0,
    nextAtMs: 0,
    steps: [],
    verdict: { code: 0, reason: 'Ready', message: '' },
  });
  const events = { state: 'flowing', count: 1, silentForMs: 0 } as const;
  const text = renderMetrics(cache.read(), createTally(['start']), 0, { startedAtS: 0, cpuS: 0, residentBytes: 0 }, events);
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n\S+?(?:\{(.*?)\})? /gm)].map(
    ([, name, help = '', type = '', labels = '']) => [
      `\`${name}\``,
      type,
      [...labels.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``).join(', '),
      help,
    ],
  );
}

/** Every metric that there is. */
export const metricNames = metricRows().map(([name = '']) => name.replaceAll('`', ''));

/** The document with its tables made again. */
export function withTables(document: string): string {
  return document.replace(
    /(<!-- ([\w ]+): checked [^\n]*-->\n\|[^\n]*\n\|[-|]*\n)(?:\|[^\n]*\n)*(<!-- end -->)/g,
    (_all, head: string, name: string, end: string) => {
      const rows = tables[name];
      if (rows === undefined) throw new Error(`nothing is known of a table "${name}"`);
      return `${head}${rows.map((row) => `| ${row.join(' | ')} |\n`).join('')}${end}`;
    },
  );
}

/** The names of the tables in a document. */
export function tablesIn(document: string): string[] {
  return [...document.matchAll(/<!-- ([\w ]+): checked /g)].map(([, name = '']) => name);
}

/** Of all tables. */
export const tableNames = Object.keys(tables);

if (process.argv[1] === import.meta.filename) {
  for (const name of documents) {
    const path = join(root, name);
    writeFileSync(path, withTables(readFileSync(path, 'utf8')));
  }
  writeFileSync(join(root, architecturePicture), drawArchitecture(root));
}
