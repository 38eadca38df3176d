import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '../../daemon/http/status.ts';
import { httpGet } from './daemon.ts';
import { type Finished, run } from './run.ts';
import { type Context, scratchDirectory, tree, until } from './scratch.ts';
import { TestSupervisord } from './supervisord.ts';

export interface Shipped {
  readonly supervisord: TestSupervisord;
  readonly directory: string;
  readonly socket: string;
  /** The body of /probe; '' while nobody answers. */
  body(): Promise<string>;
  probe(): Promise<Finished>;
  status(): Promise<Status>;
  /** Waits for a verdict. */
  expect(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** What supervisord has logged so far. */
  log(): string;
}

/**
 * A supervisord that runs the daemon by the shipped program entry, with the paths of this tree and test, and quick periods.
 *
 * @param programs - beside it
 * @param env - more settings
 */
export async function shipped(t: Context, programs: string, env: Record<string, string> = {}): Promise<Shipped> {
  const directory = scratchDirectory(t);
  const socket = env['READINESSD_SOCKET'] ?? join(directory, 'r.sock');
  const entry = readFileSync(join(tree, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8').replace('command=/usr', `command=${tree}/usr`);
  const supervisord = await TestSupervisord.start(t, `${entry}\n${programs}`, {
    env: {
      READINESSD_SOCKET: socket,
      READINESSD_HOOK: join(directory, 'hook'),
      READINESSD_PERIOD_READY: '200ms',
      READINESSD_PERIOD_NOT_READY: '100ms',
      ...env,
    },
  });
  const body = () =>
    httpGet(socket, '/probe').then(
      (reply) => reply.body,
      () => '',
    );
  return {
    supervisord,
    directory,
    socket,
    body,
    probe: () => run(join(tree, 'usr/bin/readiness_probe.sh'), [`--socket=${socket}`]),
    status: async () => JSON.parse((await httpGet(socket, '/status')).body) as Status,
    async expect(pattern, timeoutMs) {
      let last = '';
      const says = async () => {
        last = await body();
        return pattern.test(last) ? last : undefined;
      };
      return until(`the daemon says ${pattern}`, says, timeoutMs).catch((error: Error) => {
        throw new Error(`${error.message}; it says ${JSON.stringify(last)}`);
      });
    },
    log: () => readFileSync(join(supervisord.directory, 'supervisord.log'), 'utf8'),
  };
}
