import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SettingsError } from '../settings/settings.ts';

/**
 * supervisord's entry as shipped, with the path of the launcher in the same tree.
 *
 * @param entry - the program that node runs, in the tree's usr/lib/readinessd
 * @param isPolling - as a plain program, which gets no events
 * @throws SettingsError when the tree has no entry
 */
export function supervisorConf(entry: string, isPolling: boolean): string {
  const lib = dirname(realpathSync(entry));
  try {
    // Not from etc: that may be the very file to be written.
    const shipped = readFileSync(join(lib, 'supervisor.conf'), 'utf8');
    const wanted = isPolling ? withoutEvents(shipped) : shipped;
    return wanted.replaceAll(/(?<=^;?command=)\/usr\/bin\/readinessd\b/gm, () => word(join(lib, '../../bin/readinessd')));
  } catch (error) {
    throw new SettingsError(`cannot show supervisord's entry: ${(error as Error).message}`);
  }
}

/** Turns the shipped entry into one that polls. */
export function withoutEvents(conf: string): string {
  return conf
    .replaceAll('[eventlistener:readinessd]', '[program:readinessd]')
    .replaceAll(/(?<=^;?command=.*) --events$/gm, '')
    .replaceAll(/^;?(?:events|buffer_size)=.*\n/gm, '');
}

/** A path as a word of supervisord's command=. */
function word(path: string): string {
  const text = path.replaceAll('%', '%%');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
