import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { withFigures } from './document.ts';
import { type Figure, formatTable } from './figures.ts';
import { measureFreshness } from './freshness.ts';
import { measureGrowth } from './growth.ts';
import { measureHttpGet } from './http-get.ts';
import { measureInContainer } from './in-container.ts';
import { measureLoad } from './load.ts';
import { describeMachine, formatMachine, loadNow } from './machine.ts';
import { measureMigrate } from './migrate.ts';
import { drawPicture } from './picture.ts';
import { beforeAll, createWatch, type Watch, whyNotQuiet } from './pressure.ts';
import { measureProbe } from './probe.ts';
import { measureRest } from './rest.ts';
import { measureServed } from './served.ts';
import type { Bench } from './setup.ts';
import { measureSoak } from './soak.ts';
import { measureStart } from './start.ts';
import { measureStorm } from './storm.ts';
import { measureSwitch } from './switch.ts';

/**
 * npm run bench: measures all that the product costs, in one run, beside what to compare it with.
 * stdout ends with a Markdown table, or JSON. Progress goes to stderr.
 */

const groups = {
  probe: measureProbe,
  container: measureInContainer,
  httpget: measureHttpGet,
  storm: measureStorm,
  socket: measureLoad,
  served: measureServed,
  migrate: measureMigrate,
  start: measureStart,
  freshness: measureFreshness,
  growth: measureGrowth,
  switch: measureSwitch,
  rest: measureRest,
  soak: measureSoak,
} satisfies Record<string, (bench: Bench) => Promise<Figure[]>>;

type Group = keyof typeof groups;

const usage = `usage: npm run bench -- [--quick] [--anyway] [--json] [--only GROUP,...] [--picture FILE.svg] [--write]
groups: ${Object.keys(groups).join(', ')}; all but soak take 35 minutes, 10 of them at rest
--anyway: measure also on a machine that is not quiet
--write: write docs/performance.md and its picture, from a whole run on a quiet machine`;

const docs = join(import.meta.dirname, '../../docs');

/**
 * How long the machine is observed before everything, and after each group. Ended processes get a second to
 * go first.
 */
const [beforeMs, goneMs, afterGroupMs] = [5000, 1000, 2000];

async function main(): Promise<void> {
  const { quick, anyway, json, only, picture, write, help } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      anyway: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      picture: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
  if (help) return console.log(usage);
  const wanted = only?.split(',') ?? Object.keys(groups).filter((name) => name !== 'soak');
  const unknown = wanted.filter((name) => !Object.hasOwn(groups, name));
  if (unknown.length > 0) throw new Error(`cannot measure ${unknown.join(', ')}\n${usage}`);
  if (write && (quick || only !== undefined))
    throw new Error(`cannot write figures of --quick or --only: the document has those of a whole run`);
  // Fails now if the document has no markers. Otherwise half an hour would be lost.
  if (write) documentWith('', [], []);

  const [watch, loadBefore] = [createWatch(), loadNow()];
  await watch.idle(beforeAll, beforeMs);
  const whyNotNow = whyNotQuiet(watch.shares());
  if (whyNotNow !== undefined && !anyway) throw new Error(`${whyNotNow}, or measure with --anyway, and the figures will say so`);

  const measured = new Map<Group, Figure[]>();
  for (const name of wanted as Group[]) {
    try {
      measured.set(name, await measure(name, quick, watch));
    } catch (error) {
      // The figures of the other groups are kept.
      console.error(`bench: cannot measure ${name}: ${(error as Error).message}`);
      process.exitCode = 1;
    }
    await sleep(goneMs);
    await watch.idle(`after ${name}`, afterGroupMs);
  }
  const figures = [...measured.values()].flat();
  const machine = describeMachine(loadBefore, watch.shares());
  if (picture !== undefined) writeFileSync(picture, drawPicture(figures));
  console.log(json ? JSON.stringify({ machine, figures }, undefined, 2) : `${formatMachine(machine)}\n\n${formatTable(figures)}`);

  const whyNot = whyNotQuiet(watch.shares());
  if (whyNot !== undefined && (write || !anyway))
    throw new Error(`${write ? 'cannot write figures' : 'these figures cannot be relied on'}: ${whyNot}`);
  if (!write) return;
  if (measured.size < wanted.length) throw new Error('cannot write figures: some groups could not be measured');
  const main = [...measured].filter(([name]) => name !== 'freshness').flatMap(([, own]) => own);
  writeFileSync(join(docs, 'performance.md'), documentWith(formatMachine(machine), main, measured.get('freshness') ?? []));
  writeFileSync(join(docs, 'performance.svg'), drawPicture(figures));
}

function documentWith(machine: string, figures: readonly Figure[], freshness: readonly Figure[]): string {
  return withFigures(readFileSync(join(docs, 'performance.md'), 'utf8'), { machine, figures, freshness });
}

/** Measures a group, and then ends everything that it started. */
async function measure(name: Group, isQuick: boolean, watch: Watch): Promise<Figure[]> {
  const afterwards: (() => unknown)[] = [];
  const log = (text: string) => console.error(`${name}: ${text}`);
  const idle = (ms: number) => watch.idle('at rest', ms);
  const bench: Bench = { isQuick, log, idle, after: (action) => afterwards.push(action) };
  log('measuring');
  try {
    return await groups[name](bench);
  } finally {
    for (const action of afterwards) await action();
  }
}

main().catch((error: Error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
