export const unitMs = { ms: 1, s: 1000, m: 60_000 } as const;

/**
 * Parses a duration as written in settings, `500ms`, `10s` or `2m`. Returns milliseconds, or NaN
 * when it is not a duration.
 */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9})(ms|s|m)$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}

/** Milliseconds as written in settings, in the largest unit that keeps them whole: `1500ms`, `10s`, `2m`. */
export function formatDuration(ms: number): string {
  if (ms % unitMs.m === 0 && ms > 0) return `${ms / unitMs.m}m`;
  return ms % unitMs.s === 0 ? `${ms / unitMs.s}s` : `${ms}ms`;
}

/** Milliseconds as a person says them: `45 ms`, `4.2 s`, `42 s`, `3 min 12 s`, `5 h 3 min`, `2 d 4 h`. */
export function sayDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return inTwo(seconds, 60, 'min', 's');
  const minutes = Math.floor(seconds / 60);
  return minutes < 1440 ? inTwo(minutes, 60, 'h', 'min') : inTwo(Math.floor(minutes / 60), 24, 'd', 'h');
}

function inTwo(amount: number, perLarger: number, larger: string, smaller: string): string {
  const rest = amount % perLarger;
  return `${Math.floor(amount / perLarger)} ${larger}${rest === 0 ? '' : ` ${rest} ${smaller}`}`;
}
