import { TokenBucket, type TokenBucketOptions } from './token-bucket.ts';

export interface Throttled {
  /** Asks for a run that begins after this call: at once, or as soon as the one that runs, or too many before it, allow. */
  ask(): void;
  /** Waits for a running one's end; none begins any more. */
  stop(): Promise<void>;
}

/**
 * Runs an action when it is asked for, never beside itself, and only so often however often it is asked for.
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
