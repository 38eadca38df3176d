/** One thing measured. A group's first figure that others are compared with comes before them. */
export interface Figure {
  readonly group: string;
  readonly name: string;
  /** The median, if there are several samples. */
  readonly value: number;
  /** Their lower and upper quartile. */
  readonly spread?: readonly [lower: number, upper: number];
  readonly unit: Unit;
  /** The value divided by that of another figure of the same group, measured in the same run. */
  readonly ratio?: number;
  readonly ratioTo?: string;
  readonly goal?: Goal;
}

export type Unit = 'ms' | 'KB' | 'MB' | 's/h' | '/s' | '/h' | '';

export interface Goal {
  readonly text: string;
  readonly isMet: boolean;
}

/** A figure with many samples. */
export function ofSamples(group: string, name: string, samples: readonly number[], unit: Unit): Figure {
  return { group, name, value: median(samples), spread: [quantile(samples, 0.25), quantile(samples, 0.75)], unit };
}

/** Compares a figure with another one. */
export function compare(figure: Figure, base: Figure): Figure {
  return { ...figure, ratio: figure.value / base.value, ratioTo: base.name };
}

export function atMost(limit: number, value: number, what: string): Goal {
  return { text: `at most ${what}`, isMet: value <= limit };
}

/** Compares a figure with another one, with a limit on the ratio. */
export function compareAtMost(figure: Figure, base: Figure, limit: number): Figure {
  const compared = compare(figure, base);
  return { ...compared, goal: atMost(limit, compared.ratio ?? Number.NaN, `${limit} ×`) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Rounds to three significant digits. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

function formatMeasured({ value, spread, unit }: Figure): string {
  const measured = `${formatNumber(value)} ${unit}`.trim();
  return spread === undefined ? measured : `${measured} (${spread.map(formatNumber).join(' to ')})`;
}

/** A Markdown table that is readable without rendering: ratios first. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure, index) => {
    const { group, name, ratio, ratioTo, goal } = figure;
    return [
      group === figures[index - 1]?.group ? '' : group,
      name,
      ratio === undefined ? '' : `${formatNumber(ratio)} × ${ratioTo}`,
      formatMeasured(figure),
      goal === undefined ? '' : `${goal.text}: ${goal.isMet ? 'met' : 'MISSED'}`,
    ];
  });
  return formatRows(['', 'figure', 'ratio', 'measured', 'goal'], rows);
}

export function formatRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
