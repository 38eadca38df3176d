import { settleLeftover } from './leftover.ts';

/** So many commands run at the same time: each may take a processor, and the machine is there for others. */
const laneCount = 2;

/**
 * Runs a job when its turn comes.
 *
 * @param job - is given a path of its own for its note (leftover.ts)
 */
export type Runner = <T>(job: (notePath: string) => Promise<T>) => Promise<T>;

/**
 * Lanes in which jobs run one after the other, in the order in which they were given.
 *
 * @param notePaths - begins the path of each lane's note
 */
export function createLanes(notePaths: string): Runner {
  const all = Array.from({ length: laneCount }, (_none, lane) => `${notePaths}-${lane + 1}`);
  const free = [...all];
  const waiting: ((notePath: string) => void)[] = [];
  return async (job) => {
    // What an earlier daemon ran in another lane than this one will.
    const [unsettled] = all.filter((notePath) => !settleLeftover(notePath));
    // It may be what this job would run, so the other lane is no place for it either.
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
 * When each job has ended at the latest, if all are given at once: one that takes less than its bound lets nobody end later.
 *
 * @param boundsMs - the longest that each job can take once its turn has come, in their order
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
