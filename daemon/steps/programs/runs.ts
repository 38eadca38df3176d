import type { ProcessInfo } from '../../supervisor/client.ts';
import { keyOf } from '../../supervisor/names.ts';

/** A program's first run has settled after this. */
const firstRunSettledAfterMs = 1000;

interface Run {
  /** Tells this run from the program's other runs. */
  readonly id: string;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  /** How many runs in a row before this one ended before they had settled. */
  readonly unsettledBefore: number;
  readonly settledAfterMs: number;
}

/**
 * How long each program has been seen to run without a restart. supervisord's times are from the
 * wall clock, which may be set forward at any time, especially in the first minute after boot. So
 * this measures what was seen, by the monotonic clock.
 */
export class Runs {
  readonly #settledAfterMs: number;
  #runs: ReadonlyMap<string, Run> = new Map();

  /** @param settledAfterMs - READINESSD_SETTLED_AFTER, for a program that has run before */
  constructor(settledAfterMs: number) {
    this.#settledAfterMs = settledAfterMs;
  }

  /**
   * Takes in supervisord's answer about its processes. The answer is true for some moment between
   * the two times.
   *
   * @param askedAtMs - when supervisord was asked
   * @param answeredAtMs - when it had answered
   */
  observe(processes: readonly ProcessInfo[], askedAtMs: number, answeredAtMs: number): void {
    const before = this.#runs;
    this.#runs = new Map(
      processes.flatMap((process) => {
        const key = keyOf(process);
        const last = before.get(key);
        // It does not run now. Keep its last run, because the next one must know whether that had
        // settled.
        const run = process.pid === 0 ? last : this.#next(process, last, askedAtMs, answeredAtMs);
        return run === undefined ? [] : [[key, run]];
      }),
    );
  }

  isSettled(process: ProcessInfo): boolean {
    const run = this.#runs.get(keyOf(process));
    return run !== undefined && run.id === idOf(process) && isSettled(run);
  }

  /** Whether the run before its last one also ended before it had settled. */
  keepsRestarting(process: ProcessInfo): boolean {
    return (this.#runs.get(keyOf(process))?.unsettledBefore ?? 0) > 0;
  }

  #next(process: ProcessInfo, last: Run | undefined, askedAtMs: number, answeredAtMs: number): Run {
    const id = idOf(process);
    if (last?.id === id) return { ...last, lastSeenAtMs: Math.max(last.lastSeenAtMs, askedAtMs) };
    return {
      id,
      firstSeenAtMs: answeredAtMs,
      lastSeenAtMs: answeredAtMs,
      unsettledBefore: last === undefined || isSettled(last) ? 0 : last.unsettledBefore + 1,
      settledAfterMs: hasRunBefore(process) ? this.#settledAfterMs : Math.min(firstRunSettledAfterMs, this.#settledAfterMs),
    };
  }
}

export function hasRunBefore({ stop }: ProcessInfo): boolean {
  return stop !== 0;
}

function isSettled({ firstSeenAtMs, lastSeenAtMs, settledAfterMs }: Run): boolean {
  return lastSeenAtMs - firstSeenAtMs >= settledAfterMs;
}

/** A run keeps its process id and its start time. The stop time is that of the run before it. */
function idOf({ pid, start, stop }: ProcessInfo): string {
  return `${pid} ${start} ${stop}`;
}
