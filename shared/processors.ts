/** The processors that the native client is made for, by Debian's names for them. */
export const processors = ['amd64', 'arm64', 'armhf'] as const;

export type Processor = (typeof processors)[number];

/** Debian's name for each of Node's names. */
const byNode: Partial<Record<string, Processor>> = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' };

/**
 * The directory with the native client for a machine, beside the daemon. readiness_probe.sh has the
 * same rule.
 *
 * @param arch - Node's name of the processor (process.arch)
 */
export function processorDirectory(arch: string): Processor | 'other' {
  return byNode[arch] ?? 'other';
}
