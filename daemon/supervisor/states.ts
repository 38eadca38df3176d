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

/** supervisord's names of the states, by number. */
export const stateNames: ReadonlyMap<number, string> = new Map(Object.entries(processState).map(([name, number]) => [number, name]));

/** exitstatus of a process that a signal killed. supervisord does not say which signal. */
export const killedStatus = -1;

/** How spawnerr begins when a program has ended within startsecs (supervisor/process.py). */
export const endedTooSoon = 'Exited too quickly';

/** Fault codes of supervisord's RPC (supervisor/xmlrpc.py). */
export const faults = { UNKNOWN_METHOD: 1, SHUTDOWN_STATE: 6 } as const;
