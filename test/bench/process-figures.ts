import { readdirSync, readFileSync } from 'node:fs';

/** Memory of a process as /proc/PID/smaps_rollup has it, MiB. */
export interface Memory {
  readonly privateDirty: number;
  readonly pss: number;
  readonly rss: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024;
  return { privateDirty: field('Private_Dirty'), pss: field('Pss'), rss: field('Rss') };
}

/** The most that it ever had resident, MiB. */
export function peakRssOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** What a process has used so far. */
export interface Use {
  /** Of its threads, milliseconds, to the nanosecond. */
  readonly cpuMs: number;
  /** Of the children that it has waited for, milliseconds, to the clock tick. */
  readonly childrenMs: number;
  /** How often a thread went to sleep by itself, which is as often as one was woken. */
  readonly wakeUps: number;
}

const msPerTick = 10;

/** The threads that live: those of Node last as long as the process. */
export function useOf(pid: number): Use {
  const threads = readdirSync(`/proc/${pid}/task`);
  const sum = (read: (thread: string) => number) => threads.reduce((total, thread) => total + read(`/proc/${pid}/task/${thread}`), 0);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return {
    cpuMs: sum((thread) => Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6),
    childrenMs: (Number(fields[13]) + Number(fields[14])) * msPerTick,
    wakeUps: sum((thread) => Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`${thread}/status`, 'utf8'))?.[1])),
  };
}

export function threadsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}
