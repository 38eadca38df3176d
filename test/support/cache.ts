import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Processor } from '../../shared/processors.ts';

/** The oldest Node.js that the daemon supports, and the newest of each later release line. */
export const nodeVersions = ['20.18.1', '22.23.3', '24.9.0', '26.9.0'] as const;

/** A Debian root with supervisor and rsyslog, of this machine's release or another. No test may change it. */
export const debianRoot = (release?: string) => cached('debian', ...(release === undefined ? [] : [release]));

/** A layer over that root with Debian's own Node.js. No test may change it. */
export const debianNodeRoot = (release: string) => cached('debian-node', release);

/** A layer over that root in which apt can install nodejs without a network. No test may change it. */
export const nodejsArchive = (release: string) => cached('debian-archive', release, 'nodejs');

/** A root with nothing but usr/local/bin/node. No test may change it. */
export const nodeRoot = (version: string = nodeVersions[0]) => cached('node', version);

/** The same without its symbols. */
export const strippedNodeRoot = (version: string = nodeVersions[0]) => cached('stripped-node', version);

/** buildah's storage with the images debian, trixie and node (with npm and gcc). No test may change it. */
export const imageStore = () => cached('images');

/**
 * Releases of supervisor from PyPI. The last one has the change that SONiC's trixie images have. SONiC's
 * bullseye images have 4.2.1.
 */
export const supervisorReleases = ['4.1.0', '4.2.1', '4.2.5', '4.3.0', '4.3.0-sonic'] as const;

/** The release of every supervisord in this run. Undefined means Debian's. */
export const chosenRelease = process.env['TEST_SUPERVISOR'];

/** A root with nothing but a release of supervisor. No test may change it. */
export const supervisorRoot = (release: string) => cached('supervisor', release);

/** A root with nothing but SONiC's event listener supervisord-dependent-startup. No test may change it. */
export const dependentStartupRoot = () => cached('dependent-startup');

/** A root with nothing but a static busybox for a processor. No test may change it. */
export const busyboxRoot = (processor: Processor) => cached('busybox', processor);

function cached(...words: string[]): string {
  return execFileSync(join(import.meta.dirname, 'cache'), words, { encoding: 'utf8' }).trim();
}
