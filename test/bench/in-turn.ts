import { run } from '../support/run.ts';
import { type Bench, compile } from './setup.ts';

/** All runs of a program, in turn with the others. */
export interface Samples {
  readonly wallsMs: number[];
  readonly cpusMs: number[];
}

/**
 * Times programs that end at once, in turn, so that whatever the machine does affects all of them.
 *
 * @param programs - paths
 * @param env - beside PATH
 */
export async function timeInTurn<Name extends string>(
  bench: Bench,
  programs: Readonly<Record<Name, string>>,
  env: Record<string, string>,
): Promise<Record<Name, Samples>> {
  const names = Object.keys(programs) as Name[];
  const args = [bench.isQuick ? '20' : '500', ...names.map((name) => programs[name])];
  const { code, stdout, stderr } = await run(compile(bench, 'in-turn'), args, { env: { PATH: process.env['PATH'], ...env } });
  if (code !== 0) throw new Error(`cannot time ${names.join(', ')}: ${stderr}`);
  const samples = names.map((): Samples => ({ wallsMs: [], cpusMs: [] }));
  for (const line of stdout.trim().split('\n')) {
    const [index = -1, wallUs = Number.NaN, cpuUs = Number.NaN] = line.split(' ').map(Number);
    samples[index]?.wallsMs.push(wallUs / 1000);
    samples[index]?.cpusMs.push(cpuUs / 1000);
  }
  return Object.fromEntries(names.map((name, index) => [name, samples[index]])) as Record<Name, Samples>;
}
