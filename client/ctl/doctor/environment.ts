import { readFileSync } from 'node:fs';

/** The environment that a process was started with; undefined where it may not be looked at. */
export function environmentOf(pid: number): NodeJS.ProcessEnv | undefined {
  try {
    const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return Object.fromEntries(
      pairs.filter((pair) => pair.includes('=')).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
  } catch {
    return undefined;
  }
}
