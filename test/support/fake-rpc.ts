import { configured, live } from './fake-supervisor.ts';
import type { Context } from './scratch.ts';
import { serveRpc } from './serve-rpc.ts';

/** supervisord's RPC interface alone. The test sets its answers, and it counts the questions. */
export class FakeRpc {
  url = '';
  /** start.sh as supervisord would tell of it, and another program. */
  processes = [live('start'), live('other', { state: 20 })];
  calls = 0;

  static async start(t: Context): Promise<FakeRpc> {
    const rpc = new FakeRpc();
    rpc.url = await serveRpc(t, (asked) => {
      rpc.calls++;
      const structs = asked.includes('getAllConfigInfo') ? rpc.processes.map(({ name }) => configured(name, 'sleep 1')) : rpc.processes;
      return Buffer.from(methodResponse(structs));
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
