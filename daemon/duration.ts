export const unitMs = { ms: 1, s: 1000, m: 60_000 } as const;

/** Milliseconds the way settings are written, in the largest unit that keeps them whole: `1500ms`, `10s`, `2m`. */
export function formatDuration(ms: number): string {
  if (ms % unitMs.m === 0 && ms > 0) return `${ms / unitMs.m}m`;
  return ms % unitMs.s === 0 ? `${ms / unitMs.s}s` : `${ms}ms`;
}
