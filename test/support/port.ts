import { once } from 'node:events';
import { createServer } from 'node:net';

/** The ports below those that the kernel gives to anybody who asks for any port. */
const [first, count] = [10_000, 20_000];

/** A port that was free a moment ago. Nobody gets it without asking for this very port. */
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
