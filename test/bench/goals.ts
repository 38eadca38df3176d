/** In milliseconds. */
export interface Limits {
  readonly medianMs?: number;
  readonly longestMs?: number;
}

/** From a fact to the first probe that tells it: the goals of the shipped form. */
export const goals = {
  "start.sh exits, to supervisord's event": {},
  'start.sh exits 0, to the first 0': { medianMs: 1100, longestMs: 2100 },
  "supervisord's event of it, to the first 0": { longestMs: 50 },
  'start.sh is run again by RPC, to the first that is not 0': { longestMs: 100 },
  'start.sh exits 1, to the first 112': {},
  "supervisord's event of it, to the first 112": { longestMs: 50 },
  'update adds start.sh, to the first that is not 0': { longestMs: 200 },
  'update changes start.sh, to the first that is not 0': { longestMs: 200 },
  'update removes start.sh that failed, to the first 0': { longestMs: 200 },
  "reload or shutdown by RPC, to supervisord's event": {},
  'reload or shutdown by RPC, to the first that is not 0': { longestMs: 200 },
  "reload or shutdown by a signal, to supervisord's event": {},
  'reload or shutdown by a signal, to the first that is not 0': { longestMs: 2100 },
  "supervisord's event of it, to the first that is not 0": {},
  'hook turns bad, to the first that is not 0': {},
} satisfies Record<string, Limits>;

export type Fact = keyof typeof goals;

/** Notes how long it took until a fact was shown. */
export type Note = (fact: Fact, ms: number) => void;
