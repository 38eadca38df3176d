import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/run.ts';
import { scratchDirectory } from '../support/scratch.ts';
import { median } from './figures.ts';
import type { Bench } from './setup.ts';

/** Medians over all runs of a whole process. */
export interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** About how long each command runs in all. */
const perCommandMs = 1000;

/**
 * Times commands with hyperfine, in rounds, so that a busy moment of the machine affects all of them.
 *
 * @param env - beside PATH
 */
export async function timeAll<Name extends string>(
  bench: Bench,
  commands: Record<Name, string>,
  env: Record<string, string> = {},
): Promise<Record<Name, Times>> {
  const names = Object.keys(commands) as Name[];
  const gathered = new Map(names.map((name) => [name, { wallsMs: [] as number[], cpusMs: [] as number[] }]));
  const counts = new Map<Name, number>();
  for (let round = 0; round < (bench.isQuick ? 1 : 5); round++) {
    for (const [name, { wallsMs, cpusMs }] of gathered) {
      const result = await time(bench, commands[name], counts.get(name) ?? (bench.isQuick ? 2 : 5), env);
      wallsMs.push(...result.times.map((seconds) => seconds * 1000));
      cpusMs.push((result.user + result.system) * 1000);
      counts.set(name, Math.min(100, Math.max(5, Math.round(perCommandMs / median(wallsMs)))));
    }
  }
  return Object.fromEntries(
    [...gathered].map(([name, { wallsMs, cpusMs }]): [Name, Times] => [name, { wallMs: median(wallsMs), cpuMs: median(cpusMs) }]),
  ) as Record<Name, Times>;
}

async function time(bench: Bench, command: string, count: number, env: Record<string, string>) {
  const output = join(scratchDirectory(bench), 'hyperfine.json');
  const args = ['--shell=none', '--style=none', '--warmup=2', `--runs=${count}`, `--export-json=${output}`, command];
  const { code, stderr } = await run('hyperfine', args, { env: { PATH: process.env['PATH'], ...env }, timeout: 300_000 });
  if (code !== 0) throw new Error(`cannot time ${command}: ${stderr}`);
  const { results } = JSON.parse(readFileSync(output, 'utf8')) as { results: [{ times: number[]; user: number; system: number }] };
  return results[0];
}
