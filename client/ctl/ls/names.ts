import { readFileSync } from 'node:fs';
import { oneLine } from '../../../shared/reply.ts';
import { below, closeFile, readWhole } from './files.ts';
import type { Mounts } from './mounts.ts';
import { findPlace } from './place.ts';
import { type Process, readKernelFile } from './process.ts';

/** Where runtimes write about a container, by its ID, and which members of that JSON hold annotations or labels. */
const sources: readonly (readonly [directory: string, file: string, members: readonly string[]])[] = [
  ['/run/containerd/io.containerd.runtime.v2.task/k8s.io', 'config.json', ['annotations']],
  ['/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io', 'config.json', ['annotations']],
  ['/run/containers/storage/overlay-containers', 'userdata/config.json', ['annotations']],
  ['/var/lib/docker/containers', 'config.v2.json', ['Config', 'Labels']],
];

/**
 * The labels for a pod's namespace, pod and container: containerd's, then those of CRI-O and of the kubelet
 * with Docker.
 */
const words = [
  ['io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.cri.sandbox-name', 'io.kubernetes.cri.container-name'],
  ['io.kubernetes.pod.namespace', 'io.kubernetes.pod.name', 'io.kubernetes.container.name'],
];

const maxNameBytes = 150;

/**
 * The IDs in a process's control groups, the outermost first: a container can make groups only below the one
 * that its runtime gave it. Docker, containerd, CRI-O and Podman use 64 hexadecimal digits.
 *
 * @param cgroup - the text of /proc/PID/cgroup
 * @returns an empty list also where the hierarchies disagree
 */
export function containerIds(cgroup: string): readonly string[] {
  const perLine = cgroup.split('\n').map((line) => line.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []);
  const named = perLine.filter((ids) => ids.length > 0);
  return new Set(named.map(([outermost]) => outermost)).size === 1 ? (named[0] ?? []) : [];
}

/**
 * The runtime's name for a container: `NAMESPACE/POD/CONTAINER`, or Docker's name. It comes from files of the
 * machine itself.
 *
 * @param id - a container's
 * @returns safe for a terminal; undefined when it cannot be read
 */
export function nameOfContainer(id: string): string | undefined {
  for (const [directory, file, members] of sources) {
    try {
      const name = nameIn(readFileSync(`${directory}/${id}/${file}`, 'utf8'), members);
      if (name !== undefined) return name;
    } catch {
      // Another runtime's file.
    }
  }
  return undefined;
}

/** The name in a runtime's file. The author of the pod decides what it contains. */
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

/**
 * The text if it is a valid name that a container may give itself. It has no slash, so nobody takes it for a
 * pod's name.
 */
export function asHostname(text: string | undefined): string | undefined {
  return text !== undefined && /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(text) ? text : undefined;
}

/** The IDs of a process's container. */
export function idsOf(process: Process): readonly string[] {
  return containerIds(readKernelFile(process, 'cgroup'));
}
