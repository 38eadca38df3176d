export interface TokenBucketOptions {
  /** So much may be spent at once, */
  readonly burst: number;
  /** and then so much a second. */
  readonly perSecond: number;
  /** The monotonic clock, milliseconds. */
  readonly now: () => number;
}

/** What may be spent on something that can be asked for at any rate. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #left: number;
  #countedAtMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#left = options.burst;
    this.#countedAtMs = options.now();
  }

  /** How much may be spent now; below 0 when more has been. */
  get left(): number {
    const { burst, perSecond, now } = this.#options;
    const nowMs = now();
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#countedAtMs) / 1000) * perSecond);
    this.#countedAtMs = nowMs;
    return this.#left;
  }

  /** Milliseconds until one may be spent. */
  get waitMs(): number {
    return Math.max(0, ((1 - this.left) / this.#options.perSecond) * 1000);
  }

  /** Spends, if need be more than there is; no debt is larger than what a second brings. */
  spend(cost: number): void {
    this.#left = Math.max(-this.#options.perSecond, this.left - cost);
  }
}
