import { readdirSync, readFileSync } from 'node:fs';
import { fieldOf, statFieldsOf } from '../support/process.ts';

const kibPerMib = 1024;

/** Memory of a process, in MiB. */
export interface Memory {
  readonly privateDirty: number;
  readonly pss: number;
  readonly rss: number;
}

export function memoryOf(pid: number): Memory {
  const field = (name: string) => fieldOf(pid, 'smaps_rollup', name) / kibPerMib;
  return { privateDirty: field('Private_Dirty'), pss: field('Pss'), rss: field('Rss') };
}

/** The highest resident memory so far, in MiB. */
export function peakRssOf(pid: number): number {
  return fieldOf(pid, 'status', 'VmHWM') / kibPerMib;
}

/** What a process has used so far. */
export interface Use {
  /** Of its threads, in milliseconds, exact to the nanosecond. */
  readonly cpuMs: number;
  /** Of the children that it has waited for, in milliseconds, exact to the clock tick. */
  readonly childrenMs: number;
  /** How often a thread went to sleep by itself, which is as often as one was woken. */
  readonly wakeUps: number;
}

const msPerTick = 10;

/** Counts the live threads. Those of Node last as long as the process. */
export function useOf(pid: number): Use {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => `${pid}/task/${thread}`);
  const sum = (read: (thread: string) => number) => threads.reduce((total, thread) => total + read(thread), 0);
  const [childrenUser, childrenSystem] = statFieldsOf(pid).slice(13, 15);
  return {
    cpuMs: sum((thread) => Number(readFileSync(`/proc/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6),
    childrenMs: (Number(childrenUser) + Number(childrenSystem)) * msPerTick,
    wakeUps: sum((thread) => fieldOf(thread, 'status', 'voluntary_ctxt_switches')),
  };
}
