import { basename } from 'node:path';
import { argumentsOf, mountsOf, parentOf, processes } from '../proc/processes.ts';

/** How supervisord was called: its own name and its arguments. Undefined for any other process. */
export function supervisordCall(pid: number): { readonly program: string; readonly args: readonly string[] } | undefined {
  const argv = argumentsOf(pid);
  // Python may come first, with options. A launcher (tini, sh) also has supervisord among its
  // arguments, but is not supervisord.
  const first = /^(?:python|pypy)/.test(basename(argv[0] ?? '')) ? maxPythonWords : 1;
  const index = argv.slice(0, first).findIndex((word) => basename(word) === 'supervisord' || word === 'supervisor.supervisord');
  const program = argv[index];
  return program === undefined ? undefined : { program, args: argv.slice(index + 1) };
}

/** python3 -u -W ignore -m supervisor.supervisord */
const maxPythonWords = 6;

/** With more, process ids were reused and form a loop. */
const maxAncestors = 50;

/**
 * The supervisord that a process runs under, with any number of launchers between. If there is
 * none, the only supervisord that sees the same files as this process.
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

/** Whether another process certainly sees other files. */
function isElsewhere(pid: number): boolean {
  const mounts = mountsOf(pid);
  return mounts !== undefined && mounts !== mountsOf('self');
}
