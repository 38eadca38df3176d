/** What an operator who has never heard of a reason needs to know. */
export interface Explanation {
  /** The part of the chain to look at. */
  readonly about: 'all' | 'start' | 'hook' | 'checks' | 'supervisord' | 'daemon' | 'probe';
  readonly meaning: string;
  readonly causes: readonly string[];
  readonly actions: readonly string[];
}
