import type { ProcessInfo } from '../../supervisor/client.ts';
import { keyOf } from '../../supervisor/names.ts';

/** What is known of start programs that have all exited with code 0. */
export type Lasting = 'yes' | 'ask again' | 'not yet';

/** XML-RPC has no larger integers: from 2038 on supervisord tells this for every time. */
const latestTime = 2 ** 31 - 1;

/** Where times tell nothing, so many sights of a good end in a row, two in each look, and never another state. */
const sightsWithoutTimes = 20;

interface Sights {
  readonly run: string;
  readonly count: number;
}

/**
 * Tells a good end of start.sh that lasts from one that autorestart=true, which no RPC tells of, will undo.
 *
 * supervisord starts such a program again in the next turn of its loop, and it turns between any two calls. So a run that
 * a second call still shows as exited has been left alone. Were it another run, as short as the first, its stop would
 * be no earlier than the first call, and that came in a later second than the first run's stop.
 */
export class GoodEnds {
  /** By program, how often the same run was seen exited in a later second than it stopped in. */
  #seen: ReadonlyMap<string, Sights> = new Map();

  /** @param exited - every start program, at one look, EXITED with code 0 */
  look(exited: readonly ProcessInfo[]): Lasting {
    const before = this.#seen;
    const seen = new Map<string, Sights>();
    let answer: Lasting = 'yes';
    for (const process of exited) {
      const key = keyOf(process);
      const run = runOf(process);
      const last = before.get(key);
      const count = last?.run === run ? last.count + 1 : 1;
      const hasTimes = process.now < latestTime;
      if (last?.run !== run && hasTimes && process.now === process.stop) {
        answer = 'not yet';
        continue;
      }
      seen.set(key, { run, count });
      if (count >= (hasTimes ? 2 : sightsWithoutTimes)) continue;
      if (answer === 'yes') answer = 'ask again';
    }
    this.#seen = seen;
    return answer;
  }

  /**
   * supervisord's events show that it has left them so: it told of each end, then two calls found them ended, and nothing at
   * all was told from before the first until after the second. What supervisord does to an ended program it does in the turn
   * of its loop in which it tells of the end, or before; so the first call came after that, and a program that had been started
   * since would have been told of before the second one was answered.
   */
  settle(exited: readonly ProcessInfo[]): Lasting {
    this.#seen = new Map(exited.map((process) => [keyOf(process), { run: runOf(process), count: sightsWithoutTimes }]));
    return 'yes';
  }

  /** One of them is not exited well. */
  forget(): void {
    this.#seen = new Map();
  }
}

/** What tells one run of a process from the next, as far as supervisord's whole seconds do. */
export function runOf({ start, stop }: ProcessInfo): string {
  return `${start} ${stop}`;
}
