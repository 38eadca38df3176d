import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { oneLine } from '../../shared/reply.ts';
import { type Configuration, configurationOf, type NoConfiguration, readConfiguration } from './configuration.ts';
import { daemonSection, placeForEntry } from './entry.ts';
import { findSupervisord } from './find-supervisord.ts';

/** What supervisord reads, unless it was given another file or finds one beside its own folder. */
const usualFiles = ['/etc/supervisord.conf', '/etc/supervisor/supervisord.conf'];

/**
 * Why supervisord does not read an entry that was just written. Only looks at files in /etc: one
 * elsewhere may not be meant for the supervisord found here.
 *
 * @param environment - of a supervisord started here
 * @returns a sentence that also says where to write the entry; undefined where supervisord reads an
 * entry, or where that is not known
 */
export function whyUnread(file: string, environment: NodeJS.ProcessEnv): string | undefined {
  if (!resolve(file).startsWith('/etc/')) return undefined;
  const pid = findSupervisord(undefined);
  const known = pid === undefined ? readUsual(environment) : [configurationOf(pid)];
  const [first] = known;
  if (first?.sections === undefined || first.include === undefined) return undefined;
  if (!known.every(isWithoutDaemon)) return undefined;
  return oneLine(sayUnread(file, first, first.include, pid !== undefined));
}

/** Only true when everything that it includes is known. */
function isWithoutDaemon(one: Configuration | NoConfiguration): boolean {
  return one.sections !== undefined && one.include !== undefined && daemonSection(one) === undefined;
}

function readUsual(environment: NodeJS.ProcessEnv) {
  return usualFiles.filter((path) => existsSync(path)).map((path) => readConfiguration(path, environment));
}

function sayUnread(file: string, { file: main }: Configuration, include: readonly string[], isRunning: boolean): string {
  const place = placeForEntry(include);
  const reads = include.length === 0 ? `${main}, which has no [include]` : `${main}, which includes ${include.join(' ')}`;
  const unless = isRunning ? '' : ', unless it is told another file';
  return `supervisord does not read ${file}: it reads ${reads}${unless}; ${place === undefined ? `add it to ${main}` : `write it to ${place}`}`;
}
