import type { ProcessInfo } from '../../supervisor/client.ts';
import { keyOf } from './programs.ts';

/** What is known of start programs that have all exited with code 0. */
export type Lasting = 'yes' | 'ask again' | 'not yet';

/**
 * Tells a good end of start.sh that lasts from one that autorestart=true, which no RPC tells of, will undo.
 *
 * supervisord starts such a program again in the next turn of its loop, and it turns between any two calls. So a run that
 * a second call still shows as exited has been left alone. Were it another run, as short as the first, its stop would
 * be no earlier than the first call, and that came in a later second than the first run's stop.
 */
export class GoodEnds {
  /** By program, the run that was seen exited in a later second than it stopped in; a second sight confirms it. */
  readonly #seen = new Map<string, string>();

  /** @param exited - every start program, at one look, EXITED with code 0 */
  look(exited: readonly ProcessInfo[]): Lasting {
    let answer: Lasting = 'yes';
    for (const process of exited) {
      const key = keyOf(process);
      const run = `${process.start} ${process.stop}`;
      if (this.#seen.get(key) === run) continue;
      if (process.now === process.stop) answer = 'not yet';
      else {
        this.#seen.set(key, run);
        if (answer === 'yes') answer = 'ask again';
      }
    }
    return answer;
  }
}
