import type { Danger, executableWords, FileTrouble, LoadTrouble } from '../../shared/findings/executable.ts';
import type { FindingIn } from '../../shared/findings/words.ts';

/** How it ended that an executable was to be run. */
export type ExecutableEnd =
  | { readonly kind: 'absent' }
  | { readonly kind: 'not executable'; readonly why: FileTrouble }
  | { readonly kind: 'unsafe'; readonly why: Danger }
  | { readonly kind: 'not loadable'; readonly why: LoadTrouble }
  /** The system's name of the error. */
  | { readonly kind: 'not started'; readonly errno: string }
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

/**
 * What is wrong, when a run of the executable did not end with code 0.
 *
 * @param executable - and its timeout, milliseconds
 * @returns undefined for a good end, and for an executable that is absent
 */
export function findingOf(
  end: ExecutableEnd,
  { path, isHook, timeoutMs }: { readonly path: string; readonly isHook: boolean; readonly timeoutMs: number },
): FindingIn<typeof executableWords> | undefined {
  const file = { path, isHook };
  switch (end.kind) {
    case 'absent':
      return undefined;
    case 'not executable':
      return { kind: 'not-executable', ...file, ...end.why };
    case 'unsafe':
      return { kind: 'unsafe', ...file, ...end.why };
    case 'not loadable':
      return { kind: 'not-loadable', ...file, ...end.why };
    case 'not started':
      return { kind: 'not-started', ...file, errno: end.errno };
    case 'removed':
      return { kind: 'removed-meanwhile', ...file };
    case 'changes':
      return { kind: 'changed-meanwhile', ...file };
    case 'beside leftover':
      return { kind: 'runs-already', isHook };
    case 'timed out':
      return { kind: 'timed-out', ...file, timeoutMs, isAlive: end.isAlive };
    case 'killed':
      return { kind: 'killed', ...file, signal: end.signal };
    case 'exited':
      return end.code === 0 ? undefined : { kind: 'exited', ...file, code: end.code };
  }
}

/** What an executable printed; undefined where it did not run. */
export function outputOf(end: ExecutableEnd): string | undefined {
  return 'output' in end ? end.output : undefined;
}
