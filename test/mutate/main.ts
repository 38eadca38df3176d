import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { equivalents } from './equivalents.ts';
import { reachedBy } from './imports.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { Sandbox } from './sandbox.ts';

/**
 * Breaks each decision on the way to a verdict in turn, and runs the pure tests that reach it. A mutant must
 * die, or be known to be equivalent.
 * usage: script/mutate [FILE[:LINE]]...
 */

const root = join(import.meta.dirname, '../..');

/** All modules that make and report a verdict, except those that ask supervisord and run the hook. */
const usualFiles = [
  ...['verdict/verdict', 'verdict/verdict-cache', 'verdict/history', 'cycle', 'loop', 'steps/step', 'process/end', 'steps/hook/judge'].map(
    (name) => `daemon/${name}.ts`,
  ),
  ...readdirSync(join(root, 'daemon/steps/start')).map((name) => `daemon/steps/start/${name}`),
  'shared/reply.ts',
];

/** Slow tests, which run only on mutants that nothing else has killed. */
const lastTests = ['test/pure/histories.test.ts'];

/** Tests that compare documents with the code and do not run it. */
const otherTests = ['docs.test.ts', 'documents.test.ts'];

/**
 * For mutants that would never end. The tests take half a second, and this is far more, however busy the
 * machine is.
 */
const limitMs = 30_000;
const lastLimitMs = 600_000;

interface Subject {
  readonly file: string;
  readonly source: string;
  readonly tests: readonly string[];
  readonly lastTests: readonly string[];
  readonly mutants: readonly Mutant[];
}

type Fate = 'killed' | 'timed out' | 'refused by the compiler' | 'equivalent' | 'survived';

interface Result {
  readonly file: string;
  readonly fate: Fate;
  readonly lines: string;
}

const names = readdirSync(join(root, 'test/pure')).filter((name) => !otherTests.includes(name));
const tests = names.map((name) => ({
  path: `test/pure/${name}`,
  reached: reachedBy(root, `test/pure/${name}`),
}));

/** @param name - FILE or FILE:LINE */
function subjectOf(name: string): Subject {
  const [file = '', line] = name.split(':');
  const source = readFileSync(join(root, file), 'utf8');
  const reaching = tests.filter(({ reached }) => reached.includes(file));
  if (reaching.length === 0) throw new Error(`no pure test reaches ${file}`);
  // The nearest test is the most likely to fail.
  reaching.sort((one, other) => one.reached.indexOf(file) - other.reached.indexOf(file));
  const paths = reaching.map(({ path }) => path);
  const isWanted = ({ start }: Mutant) => line === undefined || lineOf(source, start) === Number(line);
  return {
    file,
    source,
    tests: paths.filter((path) => !lastTests.includes(path)),
    lastTests: paths.filter((path) => lastTests.includes(path)),
    mutants: mutantsOf(file, source).filter(isWanted),
  };
}

function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

const inOneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

/** The lines that a mutant changes, before and after. */
function linesOf({ source }: Subject, { start, end, replacement }: Mutant): [from: string, to: string] {
  const first = source.lastIndexOf('\n', start - 1) + 1;
  const last = source.indexOf('\n', end);
  return [inOneLine(source.slice(first, last)), inOneLine(source.slice(first, start) + replacement + source.slice(end, last))];
}

function isListed(file: string, [from, to]: readonly [string, string]): boolean {
  return equivalents.some((group) => group.file === file && group.mutants.some((known) => known[0] === from && known[1] === to));
}

async function tryOut(sandbox: Sandbox, subject: Subject, mutant: Mutant): Promise<Fate> {
  const { file, source } = subject;
  sandbox.write(file, source.slice(0, mutant.start) + mutant.replacement + source.slice(mutant.end));
  try {
    const outcome = await sandbox.test(subject.tests, limitMs);
    if (outcome !== 'passed') return outcome === 'failed' ? 'killed' : outcome;
    if ((await sandbox.compile(limitMs)) !== 'passed') return 'refused by the compiler';
    if (isListed(file, linesOf(subject, mutant))) return 'equivalent';
    const last = subject.lastTests.length === 0 ? 'passed' : await sandbox.test(subject.lastTests, lastLimitMs);
    return last === 'passed' ? 'survived' : last === 'failed' ? 'killed' : last;
  } finally {
    sandbox.write(file, source);
  }
}

function describe({ file, source }: Subject, { start, end, replacement }: Mutant): string {
  return `${file}:${lineOf(source, start)}: ${inOneLine(source.slice(start, end))} -> ${inOneLine(replacement) || '(nothing)'}`;
}

/** Takes the mutants from one queue, as many at the same time as there are sandboxes. */
async function tryAll(sandboxes: readonly Sandbox[], subjects: readonly Subject[]): Promise<Result[]> {
  const queue = subjects.flatMap((subject) => subject.mutants.map((mutant) => ({ subject, mutant })));
  const results: Result[] = [];
  async function work(sandbox: Sandbox): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { subject, mutant } = next;
      const fate = await tryOut(sandbox, subject, mutant);
      if (fate === 'survived') console.log(describe(subject, mutant));
      results.push({ file: subject.file, fate, lines: linesOf(subject, mutant).join('\n') });
    }
  }
  await Promise.all(sandboxes.map(work));
  return results;
}

/** Entries of the list that match no mutant: the code has changed, or a test was added. */
function staleEntries(files: readonly string[], results: readonly Result[]): string[] {
  const proven = new Set(results.filter(({ fate }) => fate === 'equivalent').map(({ file, lines }) => `${file}\n${lines}`));
  return equivalents
    .filter(({ file }) => files.includes(file))
    .flatMap(({ file, mutants }) =>
      mutants.filter((lines) => !proven.has([file, ...lines].join('\n'))).map((lines) => `${file}: ${lines.join(' -> ')}`),
    );
}

function report(file: string, results: readonly Result[]): string {
  const count = (fate: Fate) => results.filter((result) => result.file === file && result.fate === fate).length;
  const dead = count('killed') + count('timed out') + count('refused by the compiler');
  const how = `${count('refused by the compiler')} by the compiler, ${count('timed out')} by the time limit`;
  return `${file}: ${dead} dead (${how}), ${count('equivalent')} equivalent, ${count('survived')} survived`;
}

async function main(args: readonly string[]): Promise<boolean> {
  const startedAtMs = performance.now();
  const subjects = (args.length > 0 ? args : usualFiles).map(subjectOf);
  const sandboxes = Array.from({ length: availableParallelism() }, () => new Sandbox(root));
  process.on('exit', () => {
    for (const sandbox of sandboxes) sandbox.remove();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  const [first] = sandboxes as [Sandbox];
  const used = new Set(subjects.flatMap((subject) => [...subject.tests, ...subject.lastTests]));
  if ((await first.test([...used], lastLimitMs)) !== 'passed') throw new Error('the tests fail without any mutant');
  const results = await tryAll(sandboxes, subjects);
  const stale = args.some((arg) => arg.includes(':'))
    ? []
    : staleEntries(
        subjects.map(({ file }) => file),
        results,
      );
  for (const entry of stale) console.log(`not a survivor, but listed in test/mutate/equivalents.ts: ${entry}`);
  for (const file of new Set(subjects.map((subject) => subject.file))) console.log(report(file, results));
  console.log(`${results.length} mutants in ${((performance.now() - startedAtMs) / 60_000).toFixed(1)} minutes`);
  return stale.length === 0 && !results.some(({ fate }) => fate === 'survived');
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
