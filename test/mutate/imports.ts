import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';

/**
 * Our modules that a file imports when it runs, itself first, as paths below a root, the nearest first. Types
 * do not count.
 */
export function reachedBy(root: string, path: string): readonly string[] {
  const reached = [path];
  // The list grows while the loop walks it.
  for (const next of reached)
    reached.push(...importsOf(root, next).filter((found, index, all) => !reached.includes(found) && all.indexOf(found) === index));
  return reached;
}

function importsOf(root: string, path: string): string[] {
  if (!path.endsWith('.ts')) return [];
  const { module } = parseSync(path, readFileSync(join(root, path), 'utf8'));
  const runs = module.staticImports.filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType));
  const passedOn = module.staticExports.flatMap(({ entries }) => entries.filter(({ isType }) => !isType));
  const names = [...runs, ...passedOn].map(({ moduleRequest }) => moduleRequest?.value ?? '');
  return names.filter((name) => name.startsWith('.')).map((name) => join(path, '..', name));
}
