import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutEvents } from '../../daemon/print-conf/print-conf.ts';
import { ctl } from './ctl.ts';
import { patient, quickSettings, ServedSocket } from './daemon.ts';
import { type Form, testForm } from './form.ts';
import type { Finished } from './run.ts';
import { type Context, cleanUp, scratchDirectory, tree, until } from './scratch.ts';
import { type SupervisordOptions, TestSupervisord } from './supervisord.ts';

/** A correct section for start.sh. */
export const goodStart = '[program:start]\ncommand=true\nstartsecs=0\nautorestart=false\n';

/** How a container is set up, rightly or wrongly. */
export interface Plan {
  /** Sections beside the daemon's. By default a good start.sh. */
  readonly programs?: string;
  /** Changes the daemon's section. */
  readonly entry?: (entry: string) => string;
  /** Settings in the container's environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Puts the hook at this path before anything starts. */
  readonly hook?: (path: string) => void;
  readonly supervisord?: SupervisordOptions;
  /** The shipped entry, or the alternative that polls. */
  readonly form?: Form;
}

/** A whole set-up as in a container: supervisord with the shipped entry, and the environment that a probe there has. */
export async function setUp(t: Context, plan: Plan) {
  const { programs = goodStart, entry = (text) => text, settings = {}, hook, supervisord, form = testForm ?? 'events' } = plan;
  const directory = scratchDirectory(t);
  hook?.(join(directory, 'hook'));
  const url = supervisord?.port === undefined ? {} : { READINESSD_SUPERVISOR_URL: `http://127.0.0.1:${supervisord.port}` };
  const env: NodeJS.ProcessEnv & ReturnType<typeof quickSettings> = { ...quickSettings(directory), ...url, ...settings };
  const shipped = readFileSync(join(tree, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8')
    .replace('command=/usr', `command=${tree}/usr`)
    // A busy machine may not be able to stop it in the usual time.
    .replace('stopwaitsecs=5', 'stopwaitsecs=60');
  const inForm = form === 'poll' ? withoutEvents(shipped) : shipped;
  // The entry is a listener itself, and needs no relay to keep its place.
  const started = await TestSupervisord.start(t, `${entry(inForm)}\n${programs}`, { ...supervisord, env, form: 'poll' });
  // The path is known only now. In a container it is always the same.
  env['READINESSD_SUPERVISOR_URL'] ??= started.url;
  const served = new ServedSocket(env.READINESSD_SOCKET);
  served.log = () => started.log();
  return {
    ...served,
    directory,
    env,
    supervisord: started,
    doctor: (more: NodeJS.ProcessEnv = {}, by: readonly string[] = [], args: readonly string[] = []): Promise<Finished> =>
      ctl(env.READINESSD_SOCKET, ['doctor', ...args], { ...env, ...patient, ...more }, by),
    /** Stops the daemon with SIGSTOP until the end of the test, because a frozen daemon could not be ended. */
    async freeze(): Promise<void> {
      const { pid } = await served.status();
      cleanUp(t, () => process.kill(pid, 'SIGCONT'));
      process.kill(pid, 'SIGSTOP');
    },
    /**
     * Waits until supervisord has sent all events so far. It sends none before the listener is RUNNING, and
     * then one in each turn of its loop. A late event may say something worse than what a look has found.
     */
    async toldAll(): Promise<void> {
      if (form === 'poll') return;
      let last = -1;
      await until('events flow, and none waits', async () => {
        const { state, received } = (await served.status().catch(() => undefined))?.events ?? { state: 'off', received: 0 };
        const isSame = state === 'flowing' && received === last;
        last = received;
        for (let turns = 0; turns < 3; turns++) await started.call('getPID');
        return isSame;
      });
    },
    /** Waits for a state of a program, by getProcessInfo. */
    async becomes(name: string, state: RegExp): Promise<void> {
      await until(`${name} is ${state}`, async () => state.test(await started.call('getProcessInfo', name)));
    },
  };
}

export type SetUp = Awaited<ReturnType<typeof setUp>>;
