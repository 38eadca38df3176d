import { type Arrow, layersOf } from './import-graph.ts';

/** A box's size, and then its place: the middle of its upper edge. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place extends Size {
  readonly x: number;
  readonly y: number;
  /** The lower edge of its row. Down to there nothing is beneath it. */
  readonly rowEnd: number;
}

export interface Layout {
  /** The width that was asked for, or more if a row needs it. */
  readonly width: number;
  readonly height: number;
  readonly places: ReadonlyMap<string, Place>;
  /** For each arrow the boxes and bends that its line passes, downwards. */
  readonly routes: ReadonlyMap<Arrow, readonly Place[]>;
}

interface Knot extends Size {
  readonly layer: number;
  /** The knots above and below that lines lead to. */
  readonly beside: Knot[];
  x: number;
  y: number;
  rowEnd: number;
}

const [columnGap, rowGap, bendWidth] = [18, 46, 10];

/**
 * Puts boxes into rows, each below all that point at it, and sorts each row so that lines are short. Where a
 * line crosses a row it has a bend, which needs a place there like a box (Sugiyama's method).
 *
 * @param arrows - without circles
 */
export function layOut(sizes: ReadonlyMap<string, Size>, arrows: readonly Arrow[], wantedWidth: number): Layout {
  const layers = layersOf([...sizes.keys()], arrows);
  const knots = new Map([...sizes].map(([box, size]) => [box, knotOf(size, layers.get(box) ?? 0)]));
  const rows: Knot[][] = Array.from({ length: Math.max(...layers.values()) + 1 }, () => []);
  for (const knot of knots.values()) rows[knot.layer]?.push(knot);
  const routes = new Map<Arrow, Knot[]>();
  for (const arrow of arrows) {
    const [from, to] = [knots.get(arrow.from), knots.get(arrow.to)];
    if (from === undefined || to === undefined) throw new Error(`cannot draw ${arrow.from} -> ${arrow.to}: one of them is no box`);
    const bends = Array.from({ length: to.layer - from.layer - 1 }, (_none, index) =>
      knotOf({ width: bendWidth, height: 0 }, from.layer + index + 1),
    );
    for (const bend of bends) rows[bend.layer]?.push(bend);
    const route = [from, ...bends, to];
    routes.set(arrow, route);
    for (const [index, knot] of route.slice(1).entries()) {
      knot.beside.push(route[index] as Knot);
      route[index]?.beside.push(knot);
    }
  }
  let y = 8;
  for (const row of rows) {
    const rowEnd = y + Math.max(...row.map(({ height }) => height));
    for (const knot of row) Object.assign(knot, { y, rowEnd });
    y = rowEnd + rowGap;
  }
  const width = Math.max(wantedWidth, ...rows.map(widthOf));
  for (const row of rows) pack(row, width);
  // Sorts each row by its neighbours, down and up repeatedly. The order settles soon.
  for (let sweep = 0; sweep < 20; sweep++) for (const row of sweep % 2 === 0 ? rows : [...rows].reverse()) sortRow(row, width);
  return { width, height: y - rowGap + 8, places: knots, routes };
}

function knotOf(size: Size, layer: number): Knot {
  return { ...size, layer, beside: [], x: 0, y: 0, rowEnd: 0 };
}

/** Sorts by the mean place of the neighbours. */
function sortRow(row: Knot[], width: number): void {
  const wanted = new Map(row.map((knot) => [knot, average(knot.beside.map(({ x }) => x)) ?? knot.x]));
  row.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
  pack(row, width);
  // Moves to where the lines are straight, as far as there is room.
  const ends = { left: 0, right: width };
  for (const [index, knot] of row.entries()) {
    const restWidth = row.slice(index + 1).reduce((sum, other) => sum + other.width + columnGap, 0);
    const lowest = ends.left + knot.width / 2;
    const highest = ends.right - restWidth - knot.width / 2;
    knot.x = Math.min(Math.max(wanted.get(knot) ?? 0, lowest), Math.max(lowest, highest));
    ends.left = knot.x + knot.width / 2 + columnGap;
  }
}

/** Side by side, in the middle. */
function pack(row: readonly Knot[], width: number): void {
  let left = (width - widthOf(row)) / 2;
  for (const knot of row) {
    knot.x = left + knot.width / 2;
    left += knot.width + columnGap;
  }
}

function widthOf(row: readonly Knot[]): number {
  return row.reduce((sum, knot) => sum + knot.width + columnGap, -columnGap);
}

function average(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}
