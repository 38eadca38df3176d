import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';
import { version } from '../../shared/version.ts';
import { formatShares, type Shares, whyNotQuiet } from './pressure.ts';

/** Describes the machine that was measured on, and how busy it was. */
export function describeMachine(loadBefore: number, shares: Shares) {
  const output = (file: string, ...args: string[]) => execFileSync(file, args, { encoding: 'utf8' }).trim().split('\n')[0] ?? '';
  return {
    readinessd: version,
    node: output('node', '--version'),
    supervisor: output('supervisord', '--version'),
    python: output('python3', '--version'),
    kernel: release(),
    processor: cpus()[0]?.model ?? 'unknown',
    processors: cpus().length,
    date: new Date().toISOString().slice(0, 10),
    load: `${loadBefore.toFixed(1)} to ${loadNow().toFixed(1)}`,
    stalled: Object.fromEntries(shares),
    isQuiet: whyNotQuiet(shares) === undefined,
  };
}

export const loadNow = () => loadavg()[0] ?? Number.NaN;

export function formatMachine({ stalled, isQuiet, ...facts }: ReturnType<typeof describeMachine>): string {
  const words = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  return [...words, formatShares(new Map(Object.entries(stalled))), ...(isQuiet ? [] : ['NOT QUIET'])].join(', ');
}
