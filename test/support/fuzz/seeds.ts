import { isLong } from '../long.ts';
import { Random } from './random.ts';

/** The least number of cases that each fuzz test runs for each of its seeds. */
const casesPerSeed = 100_000;

interface Kept {
  /** Run in full, in every run. */
  readonly seeds: readonly number[];
  /** Single cases that once found something, `[seed, index]` as the failure named them. They run in every run. */
  readonly found: readonly (readonly [seed: number, index: number])[];
}

/**
 * The seeds and cases kept for each fuzz test. To keep a failure, add its `[seed, index]` to `found`: that
 * costs one case. Another seed costs a full run. A change of a generator changes the meaning of both, so a
 * plain test should also cover each bug.
 */
const kept = {
  client: { seeds: [1], found: [] },
  xmlRpc: { seeds: [1], found: [] },
  settings: { seeds: [1], found: [] },
  reply: { seeds: [1], found: [] },
} satisfies Record<string, Kept>;

/** One case, and its name, by which it can be made again. */
export interface Draw {
  readonly name: string;
  readonly random: Random;
}

export interface Run {
  readonly title: string;
  readonly draws: () => Iterable<Draw>;
  readonly isSample: boolean;
}

/**
 * What to run: the kept seeds and cases, and with `script/test --long` also a new seed.
 *
 * @returns for each run its title and its cases; a sample is too small to say anything about shares
 */
export function runsOf(fuzzer: keyof typeof kept): readonly Run[] {
  const { seeds, found }: Kept = kept[fuzzer];
  const fresh = isLong ? [Date.now() % 2 ** 32] : [];
  const runs = [...seeds, ...fresh].map((seed) => ({ title: `seed ${seed}`, draws: () => drawsOf(seed), isSample: false }));
  if (found.length === 0) return runs;
  return [...runs, { title: 'found before', draws: () => found.map(([seed, index]) => draw(seed, index)), isSample: true }];
}

function* drawsOf(seed: number): Generator<Draw> {
  for (let index = 0; index < casesPerSeed; index++) yield draw(seed, index);
}

function draw(seed: number, index: number): Draw {
  return { name: `seed ${seed}, index ${index}`, random: new Random(seed, index) };
}
