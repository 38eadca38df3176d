/** supervisord's process states (http://supervisord.org/subprocess.html#process-states). */
export const processState = {
  STOPPED: 0,
  STARTING: 10,
  RUNNING: 20,
  BACKOFF: 30,
  STOPPING: 40,
  EXITED: 100,
  FATAL: 200,
  UNKNOWN: 1000,
} as const;

/** supervisord's own names of its states, by number. */
export const stateNames: ReadonlyMap<number, string> = new Map(Object.entries(processState).map(([name, number]) => [number, name]));

/** exitstatus of a process that died of a signal; supervisord does not tell which. */
export const killedStatus = -1;

/** What spawnerr begins with when a program has ended sooner than startsecs (supervisor/process.py). */
export const endedTooSoon = 'Exited too quickly';

/** Fault codes of its RPC (supervisor/xmlrpc.py). */
export const faults = { UNKNOWN_METHOD: 1, SHUTDOWN_STATE: 6 } as const;
