import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { version } from '../../shared/version.ts';
import { type Figure, formatTable } from './figures.ts';
import { measureFreshness } from './freshness.ts';
import { measureGrowth } from './growth.ts';
import { measureHttpGet } from './http-get.ts';
import { measureInContainer } from './in-container.ts';
import { measureLoad } from './load.ts';
import { measureMigrate } from './migrate.ts';
import { drawPicture } from './picture.ts';
import { measureProbe } from './probe.ts';
import { measureRest, measureSwitch } from './rest.ts';
import type { Bench } from './setup.ts';
import { measureStart } from './start.ts';
import { measureStorm } from './storm.ts';

/**
 * npm run bench: all that the product costs, in one run, beside what it is to be judged against.
 * The last line on stdout is the end of a Markdown table, or of JSON; what it is at goes to stderr.
 */

const groups = {
  probe: measureProbe,
  container: measureInContainer,
  httpget: measureHttpGet,
  storm: measureStorm,
  socket: measureLoad,
  migrate: measureMigrate,
  start: measureStart,
  freshness: measureFreshness,
  growth: measureGrowth,
  switch: measureSwitch,
  rest: measureRest,
} satisfies Record<string, (bench: Bench) => Promise<Figure[]>>;

const usage = `usage: npm run bench -- [--quick] [--json] [--only GROUP,...] [--picture FILE.svg]
groups: ${Object.keys(groups).join(', ')}; all take 40 minutes, 20 of them at rest`;

type Group = keyof typeof groups;

async function main(): Promise<void> {
  const { quick, json, only, picture, help } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      picture: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
  if (help) return console.log(usage);
  const wanted = only?.split(',') ?? Object.keys(groups);
  const unknown = wanted.filter((name) => !Object.hasOwn(groups, name));
  if (unknown.length > 0) throw new Error(`cannot measure ${unknown.join(', ')}\n${usage}`);

  const figures: Figure[] = [];
  for (const name of wanted as Group[]) {
    try {
      figures.push(...(await measure(name, quick)));
    } catch (error) {
      // What the others have measured is not lost.
      console.error(`bench: cannot measure ${name}: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  if (picture !== undefined) writeFileSync(picture, drawPicture(figures));
  console.log(json ? JSON.stringify({ machine: machine(), figures }, undefined, 2) : `${formatMachine()}\n\n${formatTable(figures)}`);
}

/** A group, with all that it has started ended after it. */
async function measure(name: Group, isQuick: boolean): Promise<Figure[]> {
  const afterwards: (() => unknown)[] = [];
  const log = (text: string) => console.error(`${name}: ${text}`);
  const bench: Bench = { isQuick, log, after: (action) => afterwards.push(action) };
  log('measuring');
  try {
    return await groups[name](bench);
  } finally {
    for (const action of afterwards) await action();
  }
}

function machine() {
  const output = (file: string, ...args: string[]) => execFileSync(file, args, { encoding: 'utf8' }).trim().split('\n')[0] ?? '';
  return {
    readinessd: version,
    node: output('node', '--version'),
    supervisor: output('supervisord', '--version'),
    python: output('python3', '--version'),
    kernel: release(),
    processor: cpus()[0]?.model ?? 'unknown',
    processors: cpus().length,
    date: new Date().toISOString().slice(0, 10),
  };
}

function formatMachine(): string {
  return Object.entries(machine())
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

main().catch((error: Error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
