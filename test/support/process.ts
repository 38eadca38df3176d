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

/** Reads it off /proc. */
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

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  return !['Z', 'X', undefined].includes(statOf(pid)?.state);
}

/** Its words with a blank after each; '' when it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function fieldOf(pid: number, file: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1]);
}

function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, a name in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', parent: Number(fields[1]) };
  } catch {
    return undefined;
  }
}
