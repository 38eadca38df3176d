import { type Figure, formatNumber } from './figures.ts';

const [width, left, barHeight, gap] = [760, 230, 20, 8];
const titleHeight = 40;

/** Of the daemons at rest, shows the shipped one beside its floor. */
const memoryBars: readonly string[] = ['bare Node', 'with a hook, events'];

const ours: readonly string[] = ['native client', 'readiness_probe.sh', 'TypeScript client'];

/** Draws the most telling figures as bars: what a probe costs, on a logarithmic scale, and what the daemon holds. */
export function drawPicture(figures: readonly Figure[]): string {
  const memory = figures.flatMap(({ group, name, value }) => {
    const after = /^at rest (after .*), private dirty$/.exec(group)?.[1];
    return after === undefined || !memoryBars.includes(name) ? [] : [{ name: `${name}, ${after}`, value }];
  });
  const panels = [
    {
      title: 'A probe, wall time in ms (logarithmic)',
      bars: figures.filter(({ group }) => group === 'a probe, wall'),
      scale: (value: number) => Math.log10(value / 0.1),
    },
    {
      title: "The daemon's private memory in MB",
      bars: memory,
      scale: (value: number) => value,
    },
  ].filter(({ bars }) => bars.length > 0);

  let top = 0;
  const drawn = panels.map(({ title, bars, scale }) => {
    const largest = Math.max(...bars.map(({ value }) => scale(value)));
    const rows = bars.map(({ name, value }, index) => {
      const y = top + titleHeight + index * (barHeight + gap);
      const length = Math.max(2, (scale(value) / largest) * (width - left - 100));
      return [
        text(left - 8, y + 15, name, 'text-anchor="end"'),
        `<rect x="${left}" y="${y}" width="${length.toFixed(0)}" height="${barHeight}" class="${isOurs(name) ? 'ours' : 'other'}"/>`,
        text(left + length + 6, y + 15, formatNumber(value)),
      ].join('\n');
    });
    const panel = [text(8, top + 26, title, 'class="title"'), ...rows].join('\n');
    top += titleHeight + bars.length * (barHeight + gap) + gap;
    return panel;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" role="img">
<title>What a probe and the daemon cost</title>
<style>
text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold; font-size: 15px }
.ours { fill: #2a6fb0 } .other { fill: #b8bec6 }
</style>
<rect width="100%" height="100%" fill="#fff"/>
${drawn.join('\n')}
</svg>
`;
}

function isOurs(name: string): boolean {
  return ours.includes(name) || name.startsWith('with a hook');
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(0)}" y="${y}" ${attributes}>${escaped}</text>`;
}
