import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';

/** What one box imports from another: how often, and how many of these imports are types only. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly typesOnly: number;
}

/** Folders that contain modules, for example `daemon` and `daemon/steps/checks`, under some folders of a root. */
export function foldersOf(root: string, tops: readonly string[]): readonly string[] {
  return [...new Set(modulesOf(root, tops).map(dirname))].sort();
}

/**
 * The imports between boxes, including types and modules that are loaded late.
 *
 * @param boxOf - the box that a folder stands in
 */
export function arrowsBetween(root: string, tops: readonly string[], boxOf: (folder: string) => string): readonly Arrow[] {
  const arrows = new Map<string, Arrow>();
  for (const path of modulesOf(root, tops)) {
    for (const { target, isType } of importsOf(root, path)) {
      const [from, to] = [boxOf(dirname(path)), boxOf(dirname(target))];
      if (from === to || !tops.includes(target.split('/')[0] ?? '')) continue;
      const { count, typesOnly } = arrows.get(`${from} ${to}`) ?? { count: 0, typesOnly: 0 };
      arrows.set(`${from} ${to}`, { from, to, count: count + 1, typesOnly: typesOnly + (isType ? 1 : 0) });
    }
  }
  return [...arrows.values()].sort((a, b) => compare(`${a.from} ${a.to}`, `${b.from} ${b.to}`));
}

/**
 * Splits arrows into those without circles, and those that close one. It takes arrows with the most imports
 * first, and types count least, so that the unusual arrow is the one that closes a circle.
 */
export function withoutCircles(arrows: readonly Arrow[]): { readonly forward: readonly Arrow[]; readonly backward: readonly Arrow[] } {
  const forward: Arrow[] = [];
  const backward: Arrow[] = [];
  const strength = ({ count, typesOnly }: Arrow) => (count - typesOnly) * 1000 + typesOnly;
  for (const arrow of [...arrows].sort((a, b) => strength(b) - strength(a)))
    (reaches(forward, arrow.to, arrow.from) ? backward : forward).push(arrow);
  return { forward, backward };
}

/** Arrows without those that others already imply. */
export function reduced(arrows: readonly Arrow[]): readonly Arrow[] {
  return arrows.filter((arrow) => {
    const others = arrows.filter((other) => other !== arrow);
    return !reaches(others, arrow.from, arrow.to);
  });
}

/** The row of each box: one below the lowest box that imports it. */
export function layersOf(boxes: readonly string[], arrows: readonly Arrow[]): ReadonlyMap<string, number> {
  const layers = new Map<string, number>();
  const layerOf = (box: string): number => {
    const known = layers.get(box);
    if (known !== undefined) return known;
    const layer = Math.max(0, ...arrows.filter(({ to }) => to === box).map(({ from }) => layerOf(from) + 1));
    layers.set(box, layer);
    return layer;
  };
  for (const box of boxes) layerOf(box);
  return layers;
}

function reaches(arrows: readonly Arrow[], from: string, to: string): boolean {
  return from === to || arrows.some((arrow) => arrow.from === from && reaches(arrows, arrow.to, to));
}

function modulesOf(root: string, tops: readonly string[]): string[] {
  return tops.flatMap((top) =>
    (readdirSync(join(root, top), { recursive: true }) as string[])
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => join(top, name))
      .sort(compare),
  );
}

function importsOf(root: string, path: string): { readonly target: string; readonly isType: boolean }[] {
  const source = readFileSync(join(root, path), 'utf8');
  const { staticImports, staticExports, dynamicImports } = parseSync(path, source).module;
  const named = [
    ...staticImports.map(({ moduleRequest, entries }) => ({
      name: moduleRequest.value,
      isType: entries.length > 0 && entries.every((entry) => entry.isType),
    })),
    ...staticExports.flatMap(({ entries }) => entries.map((entry) => ({ name: entry.moduleRequest?.value ?? '', isType: entry.isType }))),
    ...dynamicImports.map(({ moduleRequest: { start, end } }) => ({ name: source.slice(start + 1, end - 1), isType: false })),
  ];
  return named.filter(({ name }) => name.startsWith('.')).map(({ name, isType }) => ({ target: join(dirname(path), name), isType }));
}

/** The same everywhere, whatever the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
