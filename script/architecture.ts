import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Arrow, arrowsBetween, foldersOf, reduced, withoutCircles } from './import-graph.ts';
import { type Layout, layOut, type Place } from './layout.ts';

const [pageWidth, boxWidth, padding, lineHeight] = [880, 184, 9, 16];
const colours = ['#dbe9f6', '#e0f0dd', '#f4ead2', '#eadff0'];

interface Box {
  readonly folder: string;
  readonly name: string;
  readonly lines: readonly string[];
  /** The bundle whose entry point is in this folder. */
  readonly bundle: string | undefined;
  readonly inner: readonly Box[];
}

/**
 * Draws the architecture as SVG, from what the modules import: a box for each folder, and an arrow for each
 * import, except those that other arrows already imply.
 * HACKING.md says what each folder is for, and script/build.ts where bundles begin. It throws for a folder
 * that HACKING.md does not name.
 */
export function drawArchitecture(root: string): string {
  // Everything that tsc checks, except what is not shipped.
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { include: string[] };
  const tops = include.filter((name) => name !== 'test' && name !== 'script');
  const folders = foldersOf(root, tops);
  const hacking = readFileSync(join(root, 'HACKING.md'), 'utf8');
  const bundles = bundlesOf(readFileSync(join(root, 'script/build.ts'), 'utf8'), folders);
  const boxOf = (folder: string) => folder.split('/').slice(0, 2).join('/');
  const box = (folder: string, inner: readonly Box[] = []): Box => ({
    folder,
    name: folder,
    lines: wrap(wordsOf(folder, hacking)),
    bundle: bundles.get(folder),
    inner,
  });
  const boxes = folders
    .filter((folder) => boxOf(folder) === folder)
    .map((folder) =>
      box(
        folder,
        folders
          .filter((inner) => inner !== folder && boxOf(inner) === folder)
          .map((inner) => ({ ...box(inner), name: inner.slice(folder.length + 1) })),
      ),
    );

  const { forward, backward } = withoutCircles(arrowsBetween(root, tops, boxOf));
  const turned = backward.map((arrow) => ({ ...arrow, from: arrow.to, to: arrow.from }));
  const isSame = (a: Arrow, b: Arrow) => a.from === b.from && a.to === b.to;
  const drawn = reduced(forward);
  const upwards = turned.filter((arrow) => !drawn.some((other) => isSame(arrow, other)));
  const sizes = new Map(boxes.map((one) => [one.folder, { width: widthOf(one), height: heightOf(one) }]));
  const layout = layOut(sizes, [...drawn, ...upwards], pageWidth - 2);
  const lines = [...layout.routes].map(([arrow, route]) => {
    const isUpwards = upwards.includes(arrow);
    const heads = [
      isUpwards ? '' : ' marker-end="url(#head)"',
      turned.some((one) => isSame(one, arrow)) ? ' marker-start="url(#head)"' : '',
    ];
    return `<path d="${pathOf(route, layout, arrow)}" class="${isUpwards ? 'against' : 'arrow'}"${heads.join('')}/>`;
  });
  const shapes = boxes.map((one) => {
    const place = layout.places.get(one.folder) as Place;
    const colour = colours[tops.indexOf(one.folder.split('/')[0] ?? '') % colours.length] ?? '';
    return shapeOf(one, place.x - place.width / 2, place.y, colour);
  });
  return svg(layout.width + 2, layout.height, [...lines, ...shapes]);
}

/** By folder: the name of the bundle whose entry point is there. */
function bundlesOf(build: string, folders: readonly string[]): ReadonlyMap<string, string> {
  const found = [...build.matchAll(/\bbundle\('([^']+)\/[^'/]+', '([^']+)'/g)].map(
    ([, folder = '', bundle = '']) => [folder, bundle] as const,
  );
  if (found.length === 0 || found.some(([folder]) => !folders.includes(folder)))
    throw new Error(
      `cannot tell where bundles begin: script/build.ts should have bundle('FOLDER/FILE', 'NAME'), with folders that are there`,
    );
  return new Map(found);
}

/** What the table in HACKING.md says of a folder, up to the first colon or semicolon. */
function wordsOf(folder: string, hacking: string): string {
  const row = hacking.split('\n').find((line) => line.startsWith(`| \`${folder}/\` | `));
  const words = /^\| \S+ \| ([^:;|]+?) *[:;|]/.exec(row ?? '')?.[1] ?? '';
  if (words === '' || words.length > 60)
    throw new Error(
      `cannot say what ${folder}/ is for: HACKING.md needs a row "| \`${folder}/\` | WORDS: ..." with at most 60 letters of words`,
    );
  return words;
}

function wrap(words: string): string[] {
  const lines = [''];
  for (const word of words.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= 27) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function columnsOf({ inner }: Box): number {
  return inner.length > 2 ? 2 : 1;
}

function widthOf(box: Box): number {
  return box.inner.length === 0 ? boxWidth : columnsOf(box) * (boxWidth + padding) + padding;
}

function ownHeightOf({ lines, bundle }: Box): number {
  return (1 + lines.length + (bundle === undefined ? 0 : 1)) * lineHeight + padding;
}

function heightOf(box: Box): number {
  const rows = Math.ceil(box.inner.length / columnsOf(box));
  return ownHeightOf(box) + rows * (innerHeightOf(box) + padding);
}

function innerHeightOf({ inner }: Box): number {
  return Math.max(0, ...inner.map(heightOf));
}

function shapeOf(box: Box, left: number, top: number, colour: string): string {
  const text = (line: number, content: string, style = '') =>
    `<text x="${whole(left + padding)}" y="${whole(top + line * lineHeight + 2)}"${style}>${escaped(content)}</text>`;
  const rect = `<rect x="${whole(left)}" y="${whole(top)}" width="${widthOf(box)}" height="${heightOf(box)}" rx="5" fill="${colour}" class="box"/>`;
  const inner = box.inner.map((one, index) => {
    const column = index % columnsOf(box);
    const row = Math.floor(index / columnsOf(box));
    const y = top + ownHeightOf(box) + row * (innerHeightOf(box) + padding);
    return shapeOf(one, left + padding + column * (boxWidth + padding), y, '#fff');
  });
  return [
    rect,
    text(1, `${box.name}/`, ' class="name"'),
    ...box.lines.map((line, index) => text(index + 2, line)),
    ...(box.bundle === undefined ? [] : [text(box.lines.length + 2, `▶ ${box.bundle}`, ' class="bundle"')]),
    ...inner,
  ].join('\n');
}

/** A line from the lower edge of a box to the upper edge of another. It leaves and arrives vertically. */
function pathOf(route: readonly Place[], { routes }: Layout, arrow: Arrow): string {
  const [first, ...rest] = route as [Place, ...Place[]];
  const last = rest.at(-1) as Place;
  // Lines that leave or arrive at the same box are side by side, ordered by where they go.
  const others = [...routes];
  const portAt = (place: Place, lines: readonly (readonly Place[])[]) => {
    const sorted = lines.toSorted((a, b) => neighbour(a, place).x - neighbour(b, place).x);
    return place.x + (place.width * (sorted.indexOf(route) + 1)) / (sorted.length + 1) - place.width / 2;
  };
  const leave = others.filter(([other]) => other.from === arrow.from).map(([, line]) => line);
  const come = others.filter(([other]) => other.to === arrow.to).map(([, line]) => line);
  let [x, y] = [portAt(first, leave), first.y + first.height];
  let path = `M${whole(x)},${whole(y)}V${whole(first.rowEnd)}`;
  y = first.rowEnd;
  for (const next of rest) {
    const nextX = next === last ? portAt(last, come) : next.x;
    path += `C${whole(x)},${whole((y + next.y) / 2)} ${whole(nextX)},${whole((y + next.y) / 2)} ${whole(nextX)},${whole(next.y)}`;
    if (next !== last) path += `V${whole(next.rowEnd)}`;
    [x, y] = [nextX, next.rowEnd];
  }
  return path;
}

function neighbour(line: readonly Place[], place: Place): Place {
  return (line[0] === place ? line[1] : line.at(-2)) as Place;
}

function whole(value: number): string {
  return value.toFixed(0);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function svg(width: number, height: number, parts: readonly string[]): string {
  const full = height + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${full}" viewBox="0 0 ${width} ${full}" role="img">
<title>The folders, and what each imports</title>
<style>
text { font: 12px sans-serif; fill: #222 } .name { font-weight: bold; font-size: 13px } .bundle { fill: #2a6fb0 } .box { stroke: #8b949e }
.arrow, .against { fill: none; stroke: #57606a; stroke-width: 1.2 } .against { stroke-dasharray: 5 4 }
</style>
<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0,0 8,4 0,8z" fill="#57606a"/></marker>
<rect width="100%" height="100%" rx="8" fill="#fff"/>
${parts.join('\n')}
<text x="${padding}" y="${full - 9}">An arrow: imports. It is left out where others lead around, and dashed where it goes up. <tspan class="bundle">▶ a bundle begins here</tspan></text>
</svg>
`;
}
