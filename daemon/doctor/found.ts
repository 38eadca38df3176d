import type { About, Finding, Found } from '../../shared/report.ts';

/** It certainly keeps, or will keep, the container from being ready. */
export function problem(about: About, finding: Finding): Found {
  return { level: 'problem', about, finding };
}

/** It is not ready yet, but that may be normal. */
export function waiting(about: About, finding: Finding): Found {
  return { level: 'waiting', about, finding };
}

/** It does no harm now. */
export function warning(about: About, finding: Finding): Found {
  return { level: 'warning', about, finding };
}

/** It is good. */
export function fine(about: About, what: string): Found {
  return { level: 'ok', about, finding: { kind: 'fine', what } };
}
