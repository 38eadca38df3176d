import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SettingsError } from './settings/settings.ts';

/**
 * supervisord's program entry as shipped, with the path of the launcher that belongs to it.
 *
 * @param entry - the program that node runs, in the tree's usr/lib/readinessd
 * @throws SettingsError when that tree has no entry
 */
export function supervisorConf(entry: string): string {
  const usr = join(dirname(realpathSync(entry)), '../..');
  try {
    const shipped = readFileSync(join(usr, '../etc/supervisor/conf.d/readinessd.conf'), 'utf8');
    return shipped.replaceAll(/(?<=^;?command=)\/usr\/bin\/readinessd$/gm, () => word(join(usr, 'bin/readinessd')));
  } catch (error) {
    throw new SettingsError(`cannot show the program entry: ${(error as Error).message}`);
  }
}

/** A path as a word of supervisord's command=. */
function word(path: string): string {
  const text = path.replaceAll('%', '%%');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
