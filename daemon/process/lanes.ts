import { settleLeftover } from './leftover.ts';

/**
 * The number of commands that run at the same time. Each may use a whole processor, and the machine
 * is there for others.
 */
const laneCount = 2;

/**
 * Runs a job when its turn comes.
 *
 * @param job - gets the path of its own note (leftover.ts)
 */
export type Runner = <T>(job: (notePath: string) => Promise<T>) => Promise<T>;

/**
 * Lanes in which jobs run one after the other, in the order in which they were given.
 *
 * @param notePaths - the beginning of the path of each lane's note
 */
export function createLanes(notePaths: string): Runner {
  const all = Array.from({ length: laneCount }, (_none, lane) => `${notePaths}-${lane + 1}`);
  const free = [...all];
  const waiting: ((notePath: string) => void)[] = [];
  return async (job) => {
    // An earlier daemon may have run this job's command in another lane.
    const [unsettled] = all.filter((notePath) => !settleLeftover(notePath));
    // Then what is left may be this job's command, so this job must not run in another lane either.
    if (unsettled !== undefined) return job(unsettled);
    const notePath = free.shift() ?? (await new Promise<string>((resolve) => waiting.push(resolve)));
    try {
      return await job(notePath);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(notePath);
      else next(notePath);
    }
  };
}

/**
 * When each job ends at the latest, if all are given at once. A job that ends early does not make
 * any other end later.
 *
 * @param boundsMs - the longest that each job can run, in their order
 * @returns milliseconds from the moment at which they were given
 */
export function laneEnds(boundsMs: readonly number[]): number[] {
  const lanes = new Array<number>(laneCount).fill(0);
  return boundsMs.map((boundMs) => {
    const first = lanes.indexOf(Math.min(...lanes));
    lanes[first] = (lanes[first] ?? 0) + boundMs;
    return lanes[first];
  });
}
