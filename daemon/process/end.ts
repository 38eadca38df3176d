/** How it ended that an executable was to be run; data only, but for the `why` of whoever looked. */
export type ExecutableEnd =
  | { readonly kind: 'absent' }
  /** `byMode`: its mode alone keeps it from being run, as it does with every file that is not meant to be. */
  | { readonly kind: 'not executable'; readonly why: string; readonly byMode?: true }
  | { readonly kind: 'unsafe'; readonly why: string }
  | { readonly kind: 'not started'; readonly why: string }
  /** Its file, while it ran: what it said does not count. */
  | { readonly kind: 'removed' }
  | { readonly kind: 'changes' }
  /** What an earlier daemon started may still run, since it cannot be told from others to be ended. */
  | { readonly kind: 'beside leftover' }
  /** `isAlive`: SIGKILL did not end it. Without output when that was an earlier run, which no other is started beside. */
  | { readonly kind: 'timed out'; readonly isAlive: boolean; readonly output?: string }
  | { readonly kind: 'exited'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly output: string };

/** Runs of a file that was replaced while it ran; one that changes at every run is none to believe. */
export const maxRuns = 2;

/**
 * Whether what a run found counts: not when another file is in its file's place after it.
 *
 * @param end - of the run
 * @param run - the first is 1
 * @param before - fingerprint of the file before the run
 * @param after - the same after it
 * @returns undefined when it is to be run once more
 */
export function judgeRun(end: ExecutableEnd, run: number, before: string, after: string): ExecutableEnd | undefined {
  if (before === after) return end;
  // It may be on its way back, in a copy that is not there yet.
  if (after === '') return { kind: 'removed' };
  return run < maxRuns ? undefined : { kind: 'changes' };
}
