/** One thing that was looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  /** What it is about, in a word. */
  readonly about: string;
  readonly message: string;
  /** How to mend it. */
  readonly cure?: string;
}

export function ok(about: string, message: string): Finding {
  return { level: 'ok', about, message };
}

export function warning(about: string, message: string, cure: string): Finding {
  return { level: 'warning', about, message, cure };
}

export function problem(about: string, message: string, cure: string): Finding {
  return { level: 'problem', about, message, cure };
}
