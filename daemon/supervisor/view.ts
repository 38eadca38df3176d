import type { ProcessConfig, ProcessInfo, SupervisorClient } from './client.ts';

/** What supervisord's newest answers say. */
export interface Snapshot {
  readonly processes: readonly ProcessInfo[];
  /** The configuration as last read; it may be older than the processes. */
  readonly configs: readonly ProcessConfig[];
  /** Tells one answer about the processes from the next. */
  readonly number: number;
  /** When the processes were answered, by the monotonic clock. */
  readonly answeredAtMs: number;
}

/** Told of each answer about the processes, with the moments at which it was asked for and came, by the monotonic clock. */
export type OnProcesses = (processes: readonly ProcessInfo[], askedAtMs: number, answeredAtMs: number) => void;

/** supervisord as one step asks it, and others then see it without asking again. */
export interface SupervisorView extends SupervisorClient {
  /** Undefined before the first answer. */
  snapshot(): Snapshot | undefined;
}

export function createView(client: SupervisorClient, now: () => number, onProcesses: OnProcesses): SupervisorView {
  let processes: readonly ProcessInfo[] = [];
  let configs: readonly ProcessConfig[] = [];
  let number = 0;
  let answeredAtMs = 0;
  return {
    async getAllProcessInfo(signal) {
      const askedAtMs = now();
      const answer = await client.getAllProcessInfo(signal);
      processes = answer;
      number++;
      answeredAtMs = now();
      onProcesses(answer, askedAtMs, answeredAtMs);
      return answer;
    },
    async getAllConfigInfo(signal) {
      const answer = await client.getAllConfigInfo(signal);
      configs = answer;
      return answer;
    },
    snapshot: () => (number === 0 ? undefined : { processes, configs, number, answeredAtMs }),
  };
}
