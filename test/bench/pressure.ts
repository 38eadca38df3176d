import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Measures whether the machine is busy with something else: the share of time in which a program could have
 * run and got no processor, as the kernel counts it (PSI), while the benchmark itself does nothing. The load
 * average describes minutes that are over.
 */

const usualPath = '/proc/pressure/cpu';

/** Tests use another file. */
const path = process.env['BENCH_PRESSURE_FILE'] ?? usualPath;

/** Above this, figures depend on the machine as much as on what was measured. */
const quietShare = 0.05;

/** The name of the first measurement of the machine. */
export const beforeAll = 'before it began';

/** Shares from 0 to 1, by when they were measured, for example `before it began`. NaN when the kernel does not tell. */
export type Shares = ReadonlyMap<string, number>;

/** Milliseconds since the kernel's start. NaN for a text that does not contain it. */
export function stalledMs(text: string): number {
  return Number(/^some .*total=(\d+)$/m.exec(text)?.[1]) / 1000;
}

/** Says in one sentence why figures are not reliable. Undefined when they are. */
export function whyNotQuiet(shares: Shares): string | undefined {
  for (const [when, share] of shares) {
    if (share <= quietShare) continue;
    if (Number.isNaN(share)) {
      return `cannot tell whether the machine is quiet, for there is no ${usualPath}: boot a kernel that has CONFIG_PSI, perhaps with psi=1`;
    }
    const [found, quiet] = [formatShare(share), formatShare(quietShare)];
    return `the machine is not quiet: programs waited for a processor ${found} of the time ${when}, at most ${quiet} is quiet; stop what else runs here`;
  }
  return undefined;
}

/** The same, short. */
export function formatShares(shares: Shares): string {
  const after = [...shares].filter(([when]) => when.startsWith('after ')).map(([, share]) => share);
  const [before, atRest] = [shares.get(beforeAll), shares.get('at rest')];
  return [
    `processors stalled ${before === undefined ? '-' : formatShare(before)} of the time before`,
    ...(after.length === 0 ? [] : [`${formatShare(Math.max(...after))} at most after a group`]),
    ...(atRest === undefined ? [] : [`${formatShare(atRest)} at rest`]),
  ].join(', ');
}

function formatShare(share: number): string {
  return Number.isNaN(share) ? 'an unknown part' : `${Number((share * 100).toFixed(1))} %`;
}

export interface Watch {
  /** Waits, and adds what it measured to earlier measurements with the same name. */
  readonly idle: (when: string, forMs: number) => Promise<void>;
  readonly shares: () => Shares;
}

export function createWatch(): Watch {
  const seen = new Map<string, { readonly stalledMs: number; readonly ms: number }>();
  return {
    async idle(when, forMs) {
      const [startedAtMs, stalledBeforeMs] = [performance.now(), read()];
      await sleep(forMs);
      const sum = seen.get(when) ?? { stalledMs: 0, ms: 0 };
      seen.set(when, {
        stalledMs: sum.stalledMs + read() - stalledBeforeMs,
        ms: sum.ms + performance.now() - startedAtMs,
      });
    },
    shares: () => new Map([...seen].map(([when, sum]) => [when, sum.stalledMs / sum.ms])),
  };
}

function read(): number {
  try {
    return stalledMs(readFileSync(path, 'utf8'));
  } catch {
    return Number.NaN;
  }
}
