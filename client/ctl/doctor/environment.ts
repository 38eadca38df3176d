import { textOf } from './files.ts';

/** The environment that a process was started with; undefined where it may not be looked at. */
export function environmentOf(pid: number): NodeJS.ProcessEnv | undefined {
  const pairs = textOf(`/proc/${pid}/environ`)
    ?.split('\0')
    .filter((pair) => pair.includes('='));
  return pairs && Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
