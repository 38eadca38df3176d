import { existsSync, lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Configuration, Section } from './configuration.ts';
import { hasWildcards, isLike } from './glob.ts';

export interface NamedSection {
  /** As it is between the brackets. */
  readonly name: string;
  readonly options: Section;
}

/** Whether a program is the daemon, by its name or its command. */
export function isDaemonCommand(name: string, command: string | undefined): boolean {
  return name === 'readinessd' || /(?:^|[\s/"'])readinessd(?:$|[\s"'])/.test(command ?? '');
}

/** The section that runs the daemon. */
export function daemonSection({ sections }: Configuration): NamedSection | undefined {
  for (const [name, options] of sections) {
    const [, program] = /^(?:program|eventlistener):(.*)$/s.exec(name) ?? [];
    if (program !== undefined && isDaemonCommand(program, options.get('command'))) return { name, options };
  }
  return undefined;
}

/** Names for a new file. Nobody else is likely to use the second. */
const names = ['readinessd', 'readinessd-entry'];

/**
 * Where supervisord would read a new file by these patterns of [include]: in the first folder that
 * exists, else in the first that is named.
 *
 * @returns undefined where no pattern matches one of our names
 */
export function placeForEntry(include: readonly string[]): string | undefined {
  const places = include.flatMap(freePath);
  return places.find((path) => existsSync(dirname(path))) ?? places[0];
}

function freePath(pattern: string): string[] {
  const directory = dirname(pattern);
  const part = basename(pattern);
  if (hasWildcards(directory) || !part.includes('*')) return [];
  const paths = names.map((name) => join(directory, part === '*' ? `${name}.conf` : part.replace(/\*+/, name).replaceAll('*', '')));
  // Patterns with ? or [] are not filled in.
  const free = paths.find((path) => !/[?[]/.test(part) && isLike(part, basename(path)) && !isThere(path));
  return free === undefined ? [] : [free];
}

/** Also true for a dangling link. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
