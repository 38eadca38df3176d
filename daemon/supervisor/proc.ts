import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Also of files under /proc; undefined where it may not be read, or is not there. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The environment that a process was started with; undefined where it may not be looked at. */
export function environmentOf(pid: number): NodeJS.ProcessEnv | undefined {
  const pairs = textOf(`/proc/${pid}/environ`)
    ?.split('\0')
    .filter((pair) => pair.includes('='));
  return pairs && Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** Whether a process is stopped, as by SIGSTOP (proc(5)). */
export function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(textOf(`/proc/${pid}/status`) ?? '');
}

export function workingDirectoryOf(pid: number): string | undefined {
  return linkOf(`/proc/${pid}/cwd`);
}

/** How supervisord was called: its own name, and what follows it. Undefined for a process that is none. */
export function supervisordCall(pid: number): { readonly program: string; readonly args: readonly string[] } | undefined {
  const argv = (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1);
  // Python comes first, perhaps with options. A launcher (tini, sh) names supervisord as well, and is none.
  const first = /^(?:python|pypy)/.test(basename(argv[0] ?? '')) ? maxPythonWords : 1;
  const index = argv.slice(0, first).findIndex((word) => basename(word) === 'supervisord' || word === 'supervisor.supervisord');
  const program = argv[index];
  return program === undefined ? undefined : { program, args: argv.slice(index + 1) };
}

/** python3 -u -W ignore -m supervisor.supervisord */
const maxPythonWords = 6;

/** More is a loop of numbers that were given out again. */
const maxAncestors = 50;

/**
 * The supervisord that a process runs under, however many launchers are between; else the only one whose files are those that
 * are seen here.
 */
export function findSupervisord(pid: number | undefined): number | undefined {
  let ancestor = pid === undefined ? undefined : parentOf(pid);
  for (let count = 0; ancestor !== undefined && ancestor > 0 && count < maxAncestors; count++) {
    if (supervisordCall(ancestor) !== undefined) return isElsewhere(ancestor) ? undefined : ancestor;
    ancestor = parentOf(ancestor);
  }
  const here = mountsOf('self');
  const others = processes().filter((other) => supervisordCall(other) !== undefined && here !== undefined && mountsOf(other) === here);
  return others.length === 1 ? others[0] : undefined;
}

/** Whether another process is known to see other files. */
function isElsewhere(pid: number): boolean {
  const mounts = mountsOf(pid);
  return mounts !== undefined && mounts !== mountsOf('self');
}

function parentOf(pid: number): number | undefined {
  const parent = /^PPid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function mountsOf(pid: number | 'self'): string | undefined {
  return linkOf(`/proc/${pid}/ns/mnt`);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
