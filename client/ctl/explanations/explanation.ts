/** What an operator needs to know of a reason, who has never heard of it. */
export interface Explanation {
  /** What it is about, where in the chain to look. */
  readonly about: 'all' | 'start' | 'hook' | 'checks' | 'supervisord' | 'daemon' | 'probe';
  readonly meaning: string;
  readonly causes: readonly string[];
  readonly actions: readonly string[];
}
