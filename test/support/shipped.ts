import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quickSettings, ServedSocket } from './daemon.ts';
import { type Context, scratchDirectory, tree } from './scratch.ts';
import { TestSupervisord } from './supervisord.ts';

/** A daemon under supervisord, as shipped. */
export type Shipped = Awaited<ReturnType<typeof shipped>>;

/**
 * A supervisord that runs the daemon by the shipped program entry, with the paths of this tree and test, and quick periods.
 *
 * @param programs - beside it
 * @param settings - other ones
 */
export async function shipped(t: Context, programs: string, settings: Record<string, string> = {}) {
  const directory = scratchDirectory(t);
  const env = { ...quickSettings(directory), ...settings };
  const entry = readFileSync(join(tree, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8')
    .replace('command=/usr', `command=${tree}/usr`)
    // A busy machine may keep it from stopping in the time that suffices elsewhere.
    .replace('stopwaitsecs=5', 'stopwaitsecs=60');
  const supervisord = await TestSupervisord.start(t, `${entry}\n${programs}`, { env });
  const served = new ServedSocket(env.READINESSD_SOCKET);
  // What supervisord has logged so far.
  served.log = () => readFileSync(join(supervisord.directory, 'supervisord.log'), 'utf8');
  return { ...served, supervisord, directory };
}
