import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { below, isGone, listDirectory, openProcess, readWhole } from './files.ts';

/** Many times what processes have. Linux allows 6 MB for arguments and environment together. */
const maxMemoryBytes = 4 * 2 ** 20;

/** Processes with the same root and table of mounts: those of a container, and those that have entered it. */
export interface Namespace {
  /** As /proc/PID/ns/mnt shows it. */
  readonly id: string;
  /** Whether this process is in it. */
  readonly isOwn: boolean;
  /** The oldest first. */
  readonly pids: readonly number[];
}

/** A process, held by its directory in /proc. */
export interface Process {
  readonly pid: number;
  readonly fd: number;
}

/**
 * All mount namespaces of the machine that have a process. Only the kernel itself is asked, so nothing here
 * can hang.
 *
 * @returns the namespaces, and how many processes may not be looked at
 */
export function findNamespaces(): { readonly namespaces: Namespace[]; readonly hidden: number } {
  const byId = new Map<string, number[]>();
  let hidden = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const id = readlinkSync(`/proc/${name}/ns/mnt`);
      const pids = byId.get(id);
      if (pids === undefined) byId.set(id, [Number(name)]);
      else pids.push(Number(name));
    } catch (error) {
      if (!isGone(error)) hidden++;
    }
  }
  // The oldest process of this machine's own namespace is number 1.
  const ownId = readlinkSync('/proc/self/ns/mnt');
  const namespaces = [...byId].map(([id, pids]) => {
    const isOwn = id === ownId;
    return { id, isOwn, pids: isOwn ? pids.sort((one, other) => one - other) : oldestFirst(pids) };
  });
  return { namespaces, hidden };
}

/** Opens a process of this namespace. Returns undefined when it has ended. */
export function enter(pid: number, { id }: Namespace): Process | undefined {
  try {
    const process = { pid, fd: openProcess(pid) };
    // Another process may have its number by now.
    if (readlinkSync(below(process.fd, 'ns/mnt')) === id) return process;
    closeSync(process.fd);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return undefined;
}

/** Reads a file of /proc/PID that the kernel makes without reading the process's memory. Throws as read(2). */
export function readKernelFile({ fd }: Process, name: 'cgroup' | 'mountinfo' | 'stat' | 'uid_map'): string {
  return readFileSync(below(fd, name), 'latin1');
}

/**
 * The environment or the arguments of a process, as its memory has them now.
 *
 * @returns the strings, or undefined when they cannot be read without danger; rejects as read(2)
 */
export async function readStrings(process: Process, name: 'environ' | 'cmdline'): Promise<string[] | undefined> {
  if (!(await isPlainMemory(process))) return undefined;
  const bytes = await readWhole(below(process.fd, name), maxMemoryBytes);
  return bytes?.toString().split('\0');
}

/**
 * Whether arguments and environment lie in memory that belongs to no file. The kernel reads a file's page
 * from its file system. That may be the container's own and hang, and a process that waits for it cannot be
 * killed.
 */
async function isPlainMemory(process: Process): Promise<boolean> {
  // arg_start, arg_end, env_start, env_end (proc_pid_stat(5)).
  const addresses = statFields(readKernelFile(process, 'stat')).slice(45, 49).map(Number);
  const [from, to] = [Math.min(...addresses), Math.max(...addresses)];
  // One link for each mapped file, named by its addresses.
  const mappings = await listDirectory(below(process.fd, 'map_files'));
  return mappings.every((name) => {
    const [start = 0, end = Number.POSITIVE_INFINITY] = name.split('-').map((address) => Number.parseInt(address, 16));
    return end <= from || start >= to;
  });
}

function oldestFirst(pids: readonly number[]): readonly number[] {
  if (pids.length === 1) return pids;
  const startOf = (pid: number): number => {
    try {
      return Number(statFields(readFileSync(`/proc/${pid}/stat`, 'latin1'))[19]);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  };
  const starts = new Map(pids.map((pid) => [pid, startOf(pid)]));
  return [...pids].sort((one, other) => (starts.get(one) ?? 0) - (starts.get(other) ?? 0) || one - other);
}

/**
 * The fields of /proc/PID/stat from the third one on. The second is a name in parentheses, which may contain
 * anything.
 */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
