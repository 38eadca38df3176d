import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Reload } from '../../shared/findings/words.ts';
import type { Finding } from '../../shared/report.ts';
import { type Configuration, readConfiguration } from '../supervisor/configuration.ts';
import { daemonSection, placeForEntry } from '../supervisor/entry.ts';
import { hasWildcards } from '../supervisor/glob.ts';
import type { Facts } from './facts.ts';

/** Where images keep the sections of programs. */
const usualDirectories = [
  '/etc/supervisor/conf.d',
  '/etc/supervisor',
  '/etc/supervisor.d',
  '/etc/supervisord.d',
  '/etc/supervisord/conf.d',
];
const usualSubdirectories = ['.', 'conf.d', 'supervisor.d', 'supervisord.d'];

/**
 * The finding where supervisord has no section that runs the daemon: which files it reads, and
 * where our entry is instead.
 */
export function whyNotConfigured(facts: Facts): Finding {
  const { configuration } = facts;
  const reload = reloadOf(facts);
  if (configuration?.include === undefined || reload === undefined) return { kind: 'daemon-not-configured' };
  const { file, include } = configuration;
  const reads = { file, include, target: targetOf(file, placeForEntry(include)), reload };
  const entry = findUnread(configuration, include);
  return entry === undefined ? { kind: 'daemon-not-configured', reads } : { kind: 'daemon-entry-not-read', entry, reads };
}

function targetOf(file: string, place: string | undefined) {
  if (place === undefined) return { path: file, isNew: false };
  const directory = dirname(place);
  return { path: place, isNew: true, ...(existsSync(directory) ? {} : { newDirectory: directory }) };
}

/** How to make supervisord read its files again; undefined where supervisord is not found. */
export function reloadOf({ configuration, supervisord, supervisordPid }: Facts): Reload | undefined {
  if (configuration === undefined || supervisordPid === undefined) return undefined;
  const { file, sections, fileOf } = configuration;
  // supervisorctl reads its own section from no other file.
  const isControlled = !(supervisord instanceof Error) && sections.has('supervisorctl') && fileOf('supervisorctl') === file;
  return isControlled ? { file } : { pid: supervisordPid };
}

/** A file with the daemon's section that supervisord does not read. One with a usual ending is preferred. */
function findUnread({ file }: Configuration, include: readonly string[]): string | undefined {
  const named = include.map(dirname).filter((directory) => !hasWildcards(directory));
  const beside = usualSubdirectories.map((name) => join(dirname(file), name));
  const paths = [...new Set([...named, ...usualDirectories, ...beside])].flatMap(pathsIn).filter(isEntry);
  return paths.find((path) => /\.(?:conf|ini)$/.test(path)) ?? paths[0];
}

function pathsIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

/** Whether a file could be included. The configuration of another supervisord could not. */
function isEntry(path: string): boolean {
  const configuration = readConfiguration(path, {});
  const { sections } = configuration;
  return sections !== undefined && !sections.has('supervisord') && daemonSection(configuration) !== undefined;
}
