/** One thing measured. The first of a group's figures that others are compared to comes before them. */
export interface Figure {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** The value over that of another figure of the same group, measured in the same run. */
  readonly ratio?: number;
  readonly ratioTo?: string;
  readonly goal?: Goal;
}

export type Unit = 'ms' | 'MB' | 's/h' | '/s' | '/h' | '';

export interface Goal {
  readonly text: string;
  readonly isMet: boolean;
}

/** A figure beside another one. */
export function compare(figure: Figure, base: Figure): Figure {
  return { ...figure, ratio: figure.value / base.value, ratioTo: base.name };
}

export function atMost(limit: number, value: number, what: string): Goal {
  return { text: `at most ${what}`, isMet: value <= limit };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Three digits that matter. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

/** A Markdown table that is readable as it is: ratios first. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ group, name, value, unit, ratio, ratioTo, goal }, index) => [
    group === figures[index - 1]?.group ? '' : group,
    name,
    ratio === undefined ? '' : `${formatNumber(ratio)} × ${ratioTo}`,
    `${formatNumber(value)} ${unit}`.trim(),
    goal === undefined ? '' : `${goal.text}: ${goal.isMet ? 'met' : 'MISSED'}`,
  ]);
  const table = [['', 'figure', 'ratio', 'measured', 'goal'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(3, ...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(table[0] ?? []), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
