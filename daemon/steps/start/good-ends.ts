import type { ProcessInfo } from '../../supervisor/client.ts';
import { keyOf } from '../../supervisor/names.ts';

/** Whether supervisord leaves start programs that have all exited with code 0 as they are. */
export type Lasting = 'yes' | 'ask again' | 'not yet';

/** The largest integer of XML-RPC. From 2038 on, supervisord sends it as every time. */
const latestTime = 2 ** 31 - 1;

/**
 * When times say nothing, the same good end must be seen this often in a row, twice in each look,
 * with no other state between.
 */
const sightsWithoutTimes = 20;

interface Sights {
  readonly run: string;
  readonly count: number;
}

/**
 * Tells a good end of start.sh that lasts from one that autorestart=true will undo. (No RPC reports
 * autorestart.)
 *
 * supervisord restarts such a program in the next turn of its loop, and its loop turns between any
 * two calls. So if a second call still shows the same run as exited, supervisord has left it alone.
 * Could it be another run that was just as short? No: that run would have stopped after the first
 * call, and the first call was made in a later second than the one in which the first run stopped.
 */
export class GoodEnds {
  /** For each program, how often the same run was seen exited, in a later second than it stopped in. */
  #seen: ReadonlyMap<string, Sights> = new Map();

  /** @param exited - all start programs at one look; each is EXITED with code 0 */
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
   * Takes the ends as lasting, because supervisord's events prove it: supervisord reported each
   * end, then two calls found all of them ended, and it reported nothing from before the first call
   * until after the second.
   *
   * supervisord restarts an ended program in the turn of its loop that reports the end, or an
   * earlier one. So the first call came after that turn. If supervisord had started a program
   * since, it would have reported that before it answered the second call.
   */
  settle(exited: readonly ProcessInfo[]): Lasting {
    this.#seen = new Map(exited.map((process) => [keyOf(process), { run: runOf(process), count: sightsWithoutTimes }]));
    return 'yes';
  }

  /** A start program is no longer exited with code 0. */
  forget(): void {
    this.#seen = new Map();
  }
}

/** Identifies a run of a process, as far as supervisord's whole seconds can. */
export function runOf({ start, stop }: ProcessInfo): string {
  return `${start} ${stop}`;
}
