const minuteMs = 60_000;
const minutes = 60;

/** Counted since the start of the daemon. */
export interface Totals {
  readonly cycles: number;
  /** Changes of the verdict that probes are told. */
  readonly changes: number;
}

/** The same, counted over a time. */
export interface Span extends Totals {
  readonly overMs: number;
}

/** Counts over the last hour. Stores two numbers for each minute, and nothing else. */
export class Hour {
  readonly #startedAtMs: number;
  /** The totals at the beginning of each minute, in a ring. */
  readonly #cycles = new Float64Array(minutes + 1);
  readonly #changes = new Float64Array(minutes + 1);
  /** The last minute that has an entry, counted from the start. */
  #noted = 0;

  /** @param startedAtMs - when all totals were 0. All times here are by the monotonic clock. */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** Stores the totals for each minute that has begun since the last call. Call it before the totals grow. */
  note(nowMs: number, { cycles, changes }: Totals): void {
    const minute = this.#minuteAt(nowMs);
    for (let at = Math.max(this.#noted + 1, minute - minutes); at <= minute; at++) {
      this.#cycles[at % (minutes + 1)] = cycles;
      this.#changes[at % (minutes + 1)] = changes;
    }
    this.#noted = Math.max(this.#noted, minute);
  }

  /** Counts over the last hour, to the minute, or since the start if that is shorter. */
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
