import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { quickSettings } from '../support/daemon.ts';
import { run } from '../support/run.ts';
import { scratchDirectory, tree } from '../support/scratch.ts';
import { compare, compareAtMost, type Figure, ofSamples } from './figures.ts';
import { type Bench, startSupervisord } from './setup.ts';

interface Times {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** Without a code cache, and with one. */
const cpuLimits = [2.7, 2];

/** The message of the log line for the first verdict. */
const firstVerdict = 'verdict changed';

/** Like a file name, a word that nothing prints. */
const nothing = '/';

/**
 * Measures from exec to the first verdict, without a code cache and with one, beside the least that Node
 * needs, in turns.
 */
export async function measureStart(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const env = { PATH: process.env['PATH'], ...quickSettings(scratchDirectory(bench)), READINESSD_SUPERVISOR_URL: supervisord.url };
  const cached = await treeWithCache(bench);
  const commands: Record<string, readonly string[]> = {
    'node -e 0': [nothing, 'node', '-e', '0'],
    'to the first verdict': [firstVerdict, join(tree, 'usr/bin/readinessd')],
    ...(cached === undefined ? {} : { 'to the first verdict, with a code cache': [firstVerdict, join(cached, 'usr/bin/readinessd')] }),
  };
  const samples = new Map(Object.keys(commands).map((name): [string, Times[]] => [name, []]));
  for (let round = 0; round < (bench.isQuick ? 3 : 20); round++) {
    for (const [name, times] of samples) {
      // The one before was killed, and left its socket.
      rmSync(env.READINESSD_SOCKET, { force: true });
      times.push(await timeStart(commands[name] ?? [], env));
    }
  }
  const figuresOf = (what: keyof Times): [base: Figure, ...starts: Figure[]] => {
    const group = `start, ${what === 'cpuMs' ? 'CPU' : 'wall'}`;
    const of = ([name, times]: readonly [string, readonly Times[]]) =>
      ofSamples(
        group,
        name,
        times.map((own) => own[what]),
        'ms',
      );
    return [...samples].map(of) as [Figure, ...Figure[]];
  };
  const [cpuBase, ...cpu] = figuresOf('cpuMs');
  const [wallBase, ...wall] = figuresOf('wallMs');
  return [
    cpuBase,
    ...cpu.map((start, index) => compareAtMost(start, cpuBase, cpuLimits[index] ?? Number.NaN)),
    wallBase,
    ...wall.map((start) => compare(start, wallBase)),
  ];
}

async function timeStart(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Times> {
  const { code, stdout, stderr } = await run('python3', [join(import.meta.dirname, 'start.py'), ...args], { env });
  if (code !== 0) throw new Error(`cannot time a start: ${stderr}`);
  return JSON.parse(stdout) as Times;
}

/** A copy of the built tree with a code cache. Undefined where none can be made. */
async function treeWithCache(bench: Bench): Promise<string | undefined> {
  const copy = join(scratchDirectory(bench), 'tree');
  cpSync(tree, copy, { recursive: true, verbatimSymlinks: true });
  const { code, stderr } = await run(join(copy, 'usr/bin/readinessd'), ['--make-code-cache'], { timeout: 30_000 });
  if (code === 0) return copy;
  bench.log(`cannot make a code cache, so there is no start with one: ${stderr.trim()}`);
  return undefined;
}
