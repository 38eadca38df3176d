import type { About, Finding, Found } from '../../shared/report.ts';

/** It keeps the container from being ready, or will, for certain. */
export function problem(about: About, finding: Finding): Found {
  return { level: 'problem', about, finding };
}

/** It is not ready yet, and that may be as it should be. */
export function waiting(about: About, finding: Finding): Found {
  return { level: 'waiting', about, finding };
}

/** It does no harm now. */
export function warning(about: About, finding: Finding): Found {
  return { level: 'warning', about, finding };
}

/** It is as it should be. */
export function fine(about: About, what: string): Found {
  return { level: 'ok', about, finding: { kind: 'fine', what } };
}
