import { once } from 'node:events';
import { createServer } from 'node:net';

/** Those below are what the kernel gives to whoever asks for any. */
const [first, count] = [10_000, 20_000];

/** A port that was free a moment ago, and that nobody gets who has not asked for this one. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    const server = createServer().listen(port, host);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}
