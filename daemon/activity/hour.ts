const minuteMs = 60_000;
const minutes = 60;

/** What has been counted since the start. */
export interface Totals {
  readonly cycles: number;
  /** Of what probes were shown. */
  readonly changes: number;
}

/** The same of a time. */
export interface Span extends Totals {
  readonly overMs: number;
}

/** Knows the totals of an hour ago: a number of each for every minute, and no more. */
export class Hour {
  readonly #startedAtMs: number;
  /** The totals at the beginning of each minute, one behind the other, in a ring. */
  readonly #cycles = new Float64Array(minutes + 1);
  readonly #changes = new Float64Array(minutes + 1);
  /** Minutes since the start that have a note. */
  #noted = 0;

  /** @param startedAtMs - when there was nothing, by the monotonic clock, as all times here */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** Takes the totals down for each minute that has begun since the last call: call it before they grow. */
  note(nowMs: number, { cycles, changes }: Totals): void {
    const minute = this.#minuteAt(nowMs);
    for (let at = Math.max(this.#noted + 1, minute - minutes); at <= minute; at++) {
      this.#cycles[at % (minutes + 1)] = cycles;
      this.#changes[at % (minutes + 1)] = changes;
    }
    this.#noted = Math.max(this.#noted, minute);
  }

  /** Of the last hour, to the minute, or since the start. */
  last(nowMs: number, totals: Totals): Span {
    this.note(nowMs, totals);
    const minute = this.#minuteAt(nowMs);
    if (minute < minutes) return { ...totals, overMs: nowMs - this.#startedAtMs };
    const from = minute - minutes;
    const at = from % (minutes + 1);
    return {
      cycles: totals.cycles - (this.#cycles[at] ?? 0),
      changes: totals.changes - (this.#changes[at] ?? 0),
      overMs: nowMs - this.#startedAtMs - from * minuteMs,
    };
  }

  #minuteAt(nowMs: number): number {
    return Math.floor((nowMs - this.#startedAtMs) / minuteMs);
  }
}
