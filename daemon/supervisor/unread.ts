import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { oneLine } from '../../shared/reply.ts';
import { type Configuration, configurationOf, type NoConfiguration, readConfiguration } from './configuration.ts';
import { daemonSection, placeForEntry } from './entry.ts';
import { findSupervisord } from './find-supervisord.ts';

/** What supervisord reads unless it is told another file, or finds one beside itself. */
const usualFiles = ['/etc/supervisord.conf', '/etc/supervisor/supervisord.conf'];

/**
 * Whether supervisord does not read an entry that was written to a file: only for one in /etc, since what is written elsewhere may not
 * be meant for the supervisord that is found here.
 *
 * @param environment - of a supervisord that is started here
 * @returns a sentence that says so, and where it would be read; undefined where it reads an entry, or that is not known
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

/** For sure: with all that it includes known. */
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
