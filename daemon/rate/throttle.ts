import { TokenBucket, type TokenBucketOptions } from './token-bucket.ts';

export interface Throttled {
  /**
   * Asks for a run that begins after this call. It begins at once, or as soon as the running one
   * has ended and the rate allows it.
   */
  ask(): void;
  /** Begins no more runs, and waits for the end of a running one. */
  stop(): Promise<void>;
}

/**
 * Runs an action on request, but never twice at the same time, and not more often than the rate
 * allows.
 *
 * @param rate - of runs
 */
export function throttle(action: () => Promise<void>, rate: TokenBucketOptions): Throttled {
  const bucket = new TokenBucket(rate);
  let running: Promise<void> | undefined;
  let isAsked = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  function runIfAsked(): void {
    if (!isAsked || isStopped || running !== undefined || timer !== undefined) return;
    if (bucket.left < 1) {
      timer = setTimeout(() => {
        timer = undefined;
        runIfAsked();
      }, Math.ceil(bucket.waitMs));
      return;
    }
    bucket.spend(1);
    isAsked = false;
    running = action().finally(() => {
      running = undefined;
      runIfAsked();
    });
  }

  return {
    ask() {
      isAsked = true;
      runIfAsked();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
