import type { ProcessConfig, ProcessInfo, SupervisorClient } from './client.ts';

/** supervisord's last answers. */
export interface Snapshot {
  readonly processes: readonly ProcessInfo[];
  /** The configuration as last read. It may be older than the processes. */
  readonly configs: readonly ProcessConfig[];
  /** Counts the answers about processes. */
  readonly number: number;
  /** When the answer about processes came, by the monotonic clock. */
  readonly answeredAtMs: number;
}

/** Called with each answer about processes, and with the times of request and answer by the monotonic clock. */
export type OnProcesses = (processes: readonly ProcessInfo[], askedAtMs: number, answeredAtMs: number) => void;

/** supervisord as one step asks it. Other steps then use the same answers without asking again. */
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
