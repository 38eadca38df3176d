import { lstatSync, readdirSync } from 'node:fs';

/** A pattern with more matches is not an [include]. */
const maxMatches = 5000;

/**
 * The paths that match an absolute pattern, as with Python's glob, in the order in which
 * supervisord reads them. Each part may have wildcards.
 */
export function pathsLike(pattern: string): string[] {
  let found = ['/'];
  for (const part of pattern.split('/').filter((text) => text !== '')) {
    found = found.flatMap((directory) => namesLike(directory, part).map((name) => `${directory === '/' ? '' : directory}/${name}`));
    if (found.length > maxMatches) throw new Error(`${pattern} matches more than ${maxMatches} paths`);
  }
  return found.sort();
}

function namesLike(directory: string, part: string): string[] {
  try {
    if (!hasWildcards(part)) return lstatSync(`${directory}/${part}`) && [part];
    return readdirSync(directory).filter((name) => isLike(part, name));
  } catch {
    return [];
  }
}

/** Whether a name matches one part of a pattern. */
export function isLike(part: string, name: string): boolean {
  // Wildcards do not match hidden names.
  return new RegExp(`^${wildcards(part)}$`, 's').test(name) && (part.startsWith('.') || !name.startsWith('.'));
}

export function hasWildcards(text: string): boolean {
  return /[*?[]/.test(text);
}

function wildcards(part: string): string {
  return part.replace(/\*+|\?|\[(!?)(\]?[^\]]*)\]|[\\^$.+()[\]{}|/]/g, (piece, not?: string, set?: string) => {
    if (piece.startsWith('*')) return '.*';
    if (piece === '?') return '.';
    if (set === undefined) return `\\${piece}`;
    return `[${not === '!' ? '^' : ''}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
  });
}
