import { readFileSync } from 'node:fs';
import { oneLine } from '../../../shared/reply.ts';
import { below, closeFile, readWhole } from './files.ts';
import type { Mounts } from './mounts.ts';
import { findPlace } from './place.ts';
import { type Process, readKernelFile } from './process.ts';

/** What runtimes write of a container: where, by its ID, and which members of it hold annotations or labels. */
const sources: readonly (readonly [directory: string, file: string, members: readonly string[]])[] = [
  ['/run/containerd/io.containerd.runtime.v2.task/k8s.io', 'config.json', ['annotations']],
  ['/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io', 'config.json', ['annotations']],
  ['/run/containers/storage/overlay-containers', 'userdata/config.json', ['annotations']],
  ['/var/lib/docker/containers', 'config.v2.json', ['Config', 'Labels']],
];

/** Pod's namespace, pod and container: containerd's words, then those of CRI-O and of the kubelet with Docker. */
const words = [
  ['io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.cri.sandbox-name', 'io.kubernetes.cri.container-name'],
  ['io.kubernetes.pod.namespace', 'io.kubernetes.pod.name', 'io.kubernetes.container.name'],
];

const maxNameBytes = 150;

/**
 * The IDs in a process's control groups, the outermost first: whoever may make groups of its own makes them below the one that its
 * runtime has given it. Those of Docker, containerd, CRI-O and Podman are 64 hexadecimal digits.
 *
 * @param cgroup - the text of /proc/PID/cgroup
 * @returns none also where the hierarchies disagree
 */
export function containerIds(cgroup: string): readonly string[] {
  const perLine = cgroup.split('\n').map((line) => line.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []);
  const named = perLine.filter((ids) => ids.length > 0);
  return new Set(named.map(([outermost]) => outermost)).size === 1 ? (named[0] ?? []) : [];
}

/**
 * What the container's runtime calls it: `NAMESPACE/POD/CONTAINER`, or Docker's name for it. The files are the machine's own.
 *
 * @param id - a container's
 * @returns fit for a terminal; undefined when it cannot be read
 */
export function nameOfContainer(id: string): string | undefined {
  for (const [directory, file, members] of sources) {
    try {
      const name = nameIn(readFileSync(`${directory}/${id}/${file}`, 'utf8'), members);
      if (name !== undefined) return name;
    } catch {
      // Another runtime's.
    }
  }
  return undefined;
}

/** The name in what a runtime wrote; what it holds comes from whoever made the pod. */
export function nameIn(json: string, members: readonly string[]): string | undefined {
  let whole: Readonly<Record<string, unknown>> | undefined;
  try {
    whole = JSON.parse(json);
  } catch {
    return undefined;
  }
  const labels = members.reduce<unknown>((value, member) => (value as Record<string, unknown> | undefined)?.[member], whole);
  for (const keys of words) {
    const parts = keys.map((key) => (labels as Record<string, unknown> | undefined)?.[key]);
    if (parts.every((part) => typeof part === 'string')) return oneLine(parts.join('/'), maxNameBytes);
  }
  const name = whole?.['Name'];
  return typeof name === 'string' ? oneLine(name.replace(/^\//, ''), maxNameBytes) : undefined;
}

/**
 * What a container's /etc/hostname says.
 *
 * @returns undefined when it says nothing that may be shown; rejects as open(2)
 */
export async function etcHostname(process: Process, own: Mounts): Promise<string | undefined> {
  const place = await findPlace(process, '/etc/hostname', own);
  if (typeof place === 'string' || 'refused' in place) return undefined;
  try {
    return place.type === 'file' ? asHostname((await readWhole(below(place.fd), 256))?.toString().trim()) : undefined;
  } finally {
    closeFile(place.fd);
  }
}

/** A name that a container gives itself, if it is one. It has no slash, so it is never taken for a pod's. */
export function asHostname(text: string | undefined): string | undefined {
  return text !== undefined && /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(text) ? text : undefined;
}

/** The container's IDs, by a process of it. */
export function idsOf(process: Process): readonly string[] {
  return containerIds(readKernelFile(process, 'cgroup'));
}
