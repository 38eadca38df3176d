import type { Danger, executableWords, FileTrouble, LoadTrouble } from '../../shared/findings/executable.ts';
import type { FindingIn } from '../../shared/findings/words.ts';

/** The outcome of trying to run an executable. */
export type ExecutableEnd =
  | { readonly kind: 'absent' }
  | { readonly kind: 'not executable'; readonly why: FileTrouble }
  | { readonly kind: 'unsafe'; readonly why: Danger }
  | { readonly kind: 'not loadable'; readonly why: LoadTrouble }
  /** The system's name for the error. */
  | { readonly kind: 'not started'; readonly errno: string }
  /** The file was removed, or kept changing, while it ran. So what the run said does not count. */
  | { readonly kind: 'removed' }
  | { readonly kind: 'changes' }
  /**
   * A program of an earlier daemon may still run, and cannot be ended because its process group
   * cannot be identified for certain.
   */
  | { readonly kind: 'beside leftover' }
  /**
   * `isAlive`: SIGKILL did not end it. There is no output if that was an earlier run, beside which
   * no other is started.
   */
  | { readonly kind: 'timed out'; readonly isAlive: boolean; readonly output?: string }
  | { readonly kind: 'exited'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly output: string };

/** A run is repeated if its file was replaced meanwhile. A file that changes during every run cannot be trusted. */
export const maxRuns = 2;

/**
 * Whether a run's result counts: not if its file has been replaced meanwhile.
 *
 * @param end - of the run
 * @param run - 1 for the first
 * @param before - the file's fingerprint before the run
 * @param after - the file's fingerprint after the run
 * @returns undefined when the file is to be run once more
 */
export function judgeRun(end: ExecutableEnd, run: number, before: string, after: string): ExecutableEnd | undefined {
  if (before === after) return end;
  // It may be gone only until somebody has copied a new one.
  if (after === '') return { kind: 'removed' };
  return run < maxRuns ? undefined : { kind: 'changes' };
}

/**
 * What is wrong, if the executable did not exit with code 0.
 *
 * @param executable - with its timeout in milliseconds
 * @returns undefined for exit code 0, and for an absent executable
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

/** What the executable printed; undefined if it did not run. */
export function outputOf(end: ExecutableEnd): string | undefined {
  return 'output' in end ? end.output : undefined;
}
