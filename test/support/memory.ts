import { createConnection } from 'node:net';
import { isAlive } from './process.ts';
import { run } from './run.ts';
import { type Context, cleanUp, until } from './scratch.ts';

/** Far fewer than are accepted, so that also a probe is answered. */
const clientsAtOnce = 20;

/** As many as one connection may send. */
const requests = 'GET /status HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100);

/**
 * Brings a daemon to the limit of its memory, and waits for its death: the limit is set below what it holds, so any more is too much,
 * and clients that do not read their answers make it need more. Alone it might do for minutes with what it has.
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
