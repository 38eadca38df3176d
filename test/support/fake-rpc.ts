import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { configured, live } from './fake-supervisor.ts';
import { type Context, cleanUp, scratchDirectory } from './scratch.ts';

/** A supervisord's RPC interface alone, whose answers the test sets; it counts how often it is asked. */
export class FakeRpc {
  readonly url: string;
  /** start.sh as supervisord would tell of it, and another program. */
  processes = [live('start'), live('other', { state: 20 })];
  calls = 0;

  private constructor(url: string) {
    this.url = url;
  }

  static async start(t: Context): Promise<FakeRpc> {
    const path = join(scratchDirectory(t), 's.sock');
    const rpc = new FakeRpc(`unix://${path}`);
    const server = createServer(async (request, response) => {
      rpc.calls++;
      const asked = Buffer.concat(await request.toArray()).toString();
      const structs = asked.includes('getAllConfigInfo') ? rpc.processes.map(({ name }) => configured(name, 'sleep 1')) : rpc.processes;
      const reply = Buffer.from(methodResponse(structs));
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': reply.length }).end(reply);
    });
    await once(server.listen(path), 'listening');
    cleanUp(t, () => {
      server.close();
      server.closeAllConnections();
    });
    return rpc;
  }
}

function methodResponse(structs: readonly object[]): string {
  const value = (of: unknown) => (typeof of === 'number' ? `<int>${of}</int>` : `<string>${of}</string>`);
  const member = ([name, of]: [string, unknown]) => `<member><name>${name}</name><value>${value(of)}</value></member>`;
  const array = structs.map((struct) => `<value><struct>${Object.entries(struct).map(member).join('')}</struct></value>`).join('');
  return `<?xml version="1.0"?><methodResponse><params><param><value><array><data>${array}</data></array></value></param></params></methodResponse>`;
}
