/** The processors that the native client is made for, by Debian's names for them. */
export const processors = ['amd64', 'arm64', 'armhf'] as const;

export type Processor = (typeof processors)[number];

/** Debian's names by Node's. */
const byNode: Partial<Record<string, Processor>> = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' };

/**
 * The directory of the native client that a machine runs, beside the daemon; readiness_probe.sh has the same rule.
 *
 * @param arch - Node's name of the processor (process.arch)
 */
export function processorDirectory(arch: string): Processor | 'other' {
  return byNode[arch] ?? 'other';
}
