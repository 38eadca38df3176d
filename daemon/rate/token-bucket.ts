export interface TokenBucketOptions {
  /** The most that may be spent at once. */
  readonly burst: number;
  /** What is added per second. */
  readonly perSecond: number;
  /** The monotonic clock, milliseconds. */
  readonly now: () => number;
}

/** Limits the rate of something that may be requested at any rate. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #left: number;
  #countedAtMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#left = options.burst;
    this.#countedAtMs = options.now();
  }

  /** How much may be spent now; below 0 when too much has been spent. */
  get left(): number {
    const { burst, perSecond, now } = this.#options;
    const nowMs = now();
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#countedAtMs) / 1000) * perSecond);
    this.#countedAtMs = nowMs;
    return this.#left;
  }

  /** Milliseconds until 1 may be spent. */
  get waitMs(): number {
    return Math.max(0, ((1 - this.left) / this.#options.perSecond) * 1000);
  }

  /** Spends, even more than is left. The debt is limited to what one second adds. */
  spend(cost: number): void {
    this.#left = Math.max(-this.#options.perSecond, this.left - cost);
  }
}
