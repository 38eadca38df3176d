import { createConnection } from 'node:net';
import { isAlive } from './process.ts';
import { run } from './run.ts';
import { type Context, cleanUp, until } from './scratch.ts';

/** Far fewer than the daemon accepts, so that a probe is answered too. */
const clientsAtOnce = 20;

/** As many as one connection may send. */
const requests = 'GET /status HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100);

/**
 * Makes a daemon reach its memory limit, and waits for its death. The limit is below what it holds, so any
 * growth is too much, and clients that do not read their answers make it grow. Alone it might get along for
 * minutes.
 *
 * @param each - called again and again meanwhile
 */
export async function exhaustMemory(t: Context, pid: number, socket: string, each: () => Promise<unknown>): Promise<void> {
  await run('prlimit', ['--pid', String(pid), `--data=${64 * 2 ** 20}`]);
  await until('it has died of its limit', async () => {
    for (let client = 0; client < clientsAtOnce; client++) {
      const connection = createConnection(socket).on('error', () => {});
      cleanUp(t, () => connection.destroy());
      connection.pause().write(requests);
    }
    await each();
    return !isAlive(pid);
  });
}
