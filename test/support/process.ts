import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds at one moment. */
export interface Holdings {
  readonly rssKb: number;
  readonly privateDirtyKb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
  readonly zombies: number;
}

/** Reads it from /proc. */
export function holdingsOf(pid: number): Holdings {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat?.parent === pid);
  return {
    rssKb: fieldOf(pid, 'smaps_rollup', 'Rss'),
    privateDirtyKb: fieldOf(pid, 'smaps_rollup', 'Private_Dirty'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: fieldOf(pid, 'status', 'Threads'),
    children: children.length,
    zombies: children.filter((stat) => stat?.state === 'Z').length,
  };
}

/** Whether a process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  return !['Z', 'X', undefined].includes(statOf(pid)?.state);
}

/** Its words with a blank after each, or '' when it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/**
 * The number beside a name in a file under /proc.
 *
 * @param of - a process, or a thread of one as `PID/task/TID`
 */
export function fieldOf(of: number | string, file: 'smaps_rollup' | 'status', name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${of}/${file}`, 'utf8'))?.[1]);
}

/**
 * The fields of /proc/PID/stat from the third one on. The second is a name in parentheses, which may contain
 * anything.
 */
export function statFieldsOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const [state = '', parent] = statFieldsOf(pid);
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
