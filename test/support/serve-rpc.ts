import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type Context, cleanUp, scratchDirectory } from './scratch.ts';

/**
 * Serves supervisord's RPC interface alone, for answers that no supervisord gives here.
 *
 * @param answer - to the text of a call
 * @returns the URL, as READINESSD_SUPERVISOR_URL takes it
 */
export async function serveRpc(t: Context, answer: (asked: string) => Buffer): Promise<string> {
  const path = join(scratchDirectory(t), 's.sock');
  const server = createServer(async (request, response) => {
    const reply = answer(Buffer.concat(await request.toArray()).toString());
    response.writeHead(200, { 'content-type': 'text/xml', 'content-length': reply.length }).end(reply);
  });
  await once(server.listen(path), 'listening');
  cleanUp(t, () => {
    server.close();
    server.closeAllConnections();
  });
  return `unix://${path}`;
}
