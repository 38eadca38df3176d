export interface ThrottleOptions {
  /** So many runs may follow one another at once, */
  readonly burst: number;
  /** and then so many a second. */
  readonly perSecond: number;
  /** The monotonic clock, milliseconds. */
  readonly now: () => number;
}

export interface Throttled {
  /** Asks for a run that begins after this call: at once, or as soon as the one that runs, or too many before it, allow. */
  ask(): void;
  /** Waits for a running one's end; none begins any more. */
  stop(): Promise<void>;
}

/** Runs an action when it is asked for, never beside itself, and only so often however often it is asked for. */
export function throttle(action: () => Promise<void>, { burst, perSecond, now }: ThrottleOptions): Throttled {
  let left = burst;
  let countedAtMs = now();
  let running: Promise<void> | undefined;
  let isAsked = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  function runIfAsked(): void {
    if (!isAsked || isStopped || running !== undefined || timer !== undefined) return;
    const nowMs = now();
    left = Math.min(burst, left + ((nowMs - countedAtMs) / 1000) * perSecond);
    countedAtMs = nowMs;
    if (left < 1) {
      const waitMs = Math.ceil(((1 - left) / perSecond) * 1000);
      timer = setTimeout(() => {
        timer = undefined;
        runIfAsked();
      }, waitMs);
      return;
    }
    left--;
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
