import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The text of a file, also in /proc; undefined where it cannot be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The target of a symbolic link, also in /proc; undefined where it cannot be read. */
export function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** All processes that are visible from here. */
export function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The program and the arguments of a process; empty where they cannot be read. */
export function argumentsOf(pid: number): string[] {
  return (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1);
}

/** The environment that a process was started with; undefined where it cannot be read. */
export function environmentOf(pid: number): NodeJS.ProcessEnv | undefined {
  const pairs = textOf(`/proc/${pid}/environ`)
    ?.split('\0')
    .filter((pair) => pair.includes('='));
  return pairs && Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** Whether a process is stopped, for example by SIGSTOP. */
export function isStopped(pid: number): boolean {
  return statusOf(pid, 'State')?.startsWith('T') === true;
}

export function parentOf(pid: number): number | undefined {
  const parent = statusOf(pid, 'PPid');
  return parent === undefined ? undefined : Number(parent);
}

/** The effective user of a process. */
export function userOf(pid: number): number | undefined {
  const [, user] = statusOf(pid, 'Uid')?.split(/\s+/) ?? [];
  return user === undefined ? undefined : Number(user);
}

/** Identifies the mount namespace of a process. */
export function mountsOf(pid: number | 'self'): string | undefined {
  return linkOf(`/proc/${pid}/ns/mnt`);
}

/** A field of /proc/PID/status (proc(5)). */
function statusOf(pid: number, field: string): string | undefined {
  return new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(textOf(`/proc/${pid}/status`) ?? '')?.[1];
}
