import { socketVariable } from '../../../shared/defaults.ts';
import { closeFile, isGone } from './files.ts';
import { enter, type Namespace, type Process, readStrings } from './process.ts';

/** How many processes of a container are looked at at the same time. */
const atOnce = 8;

/** A running daemon, as its process describes itself. */
export interface Daemon {
  readonly pid: number;
  /** The path of its socket, if its arguments or environment name one. */
  readonly path?: string | undefined;
}

/**
 * Looks for a process of readinessd.
 *
 * @returns 'unknown' when it found none, but could not look at some processes
 */
export async function findDaemon(namespace: Namespace): Promise<Daemon | 'unknown' | undefined> {
  let isUnknown = false;
  for (let first = 0; first < namespace.pids.length; first += atOnce) {
    const found = await Promise.all(namespace.pids.slice(first, first + atOnce).map((pid) => asDaemon(pid, namespace)));
    const daemon = found.find((one) => one !== undefined && one !== 'unknown');
    if (daemon !== undefined) return daemon;
    isUnknown ||= found.includes('unknown');
  }
  return isUnknown ? 'unknown' : undefined;
}

async function asDaemon(pid: number, namespace: Namespace): Promise<Daemon | 'unknown' | undefined> {
  const process = enter(pid, namespace);
  if (process === undefined) return undefined;
  try {
    const words = await readStrings(process, 'cmdline');
    if (words === undefined) return 'unknown';
    return isDaemon(words) ? { pid, path: socketIn(words) ?? (await socketInEnvironment(process)) } : undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    return 'unknown';
  } finally {
    closeFile(process.fd);
  }
}

/** Whether a command line is the launcher's (daemon/bin/readinessd). */
export function isDaemon(words: readonly string[]): boolean {
  return words.some((word) => /(?:^|\/)readinessd\/entry\.cjs$/.test(word));
}

/** The socket path in the daemon's arguments. */
export function socketIn(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => /^--socket(?:=|$)/.test(word));
  const word = words[at];
  return word === '--socket' ? words[at + 1] : word?.slice('--socket='.length);
}

async function socketInEnvironment(process: Process): Promise<string | undefined> {
  return variableIn((await readStrings(process, 'environ')) ?? [], socketVariable);
}

/** A variable's value, as getenv(3) finds it. */
export function variableIn(environment: readonly string[], name: string): string | undefined {
  return environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}
