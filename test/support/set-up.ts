import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutEvents } from '../../daemon/print-conf/print-conf.ts';
import { ctl } from './ctl.ts';
import { patient, quickSettings, ServedSocket } from './daemon.ts';
import { type Form, testForm } from './form.ts';
import type { Finished } from './run.ts';
import { type Context, cleanUp, scratchDirectory, tree, until } from './scratch.ts';
import { type SupervisordOptions, TestSupervisord } from './supervisord.ts';

/** A section of start.sh as it should be. */
export const goodStart = '[program:start]\ncommand=true\nstartsecs=0\nautorestart=false\n';

/** How a container is set up, rightly or wrongly. */
export interface Plan {
  /** Sections beside the daemon's; a good start.sh, unless it is said. */
  readonly programs?: string;
  /** Changes the daemon's section. */
  readonly entry?: (entry: string) => string;
  /** In the container's environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The hook is put at this path before anything starts. */
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
    // A busy machine may keep it from stopping in the time that suffices elsewhere.
    .replace('stopwaitsecs=5', 'stopwaitsecs=60');
  const inForm = form === 'poll' ? withoutEvents(shipped) : shipped;
  // The entry is a listener itself, and needs nobody to keep its place.
  const started = await TestSupervisord.start(t, `${entry(inForm)}\n${programs}`, { ...supervisord, env, form: 'poll' });
  // Where it lies is known only now; in a container it is always the same.
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
    /** Stops the daemon as SIGSTOP does, until the end of the test: frozen, it could not be ended. */
    async freeze(): Promise<void> {
      const { pid } = await served.status();
      cleanUp(t, () => process.kill(pid, 'SIGCONT'));
      process.kill(pid, 'SIGSTOP');
    },
    /**
     * Waits until supervisord has told all that has happened so far: nothing before the listener is RUNNING, and then one event in a turn
     * of its loop. What it tells late may be worse than what a look has found.
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
    /** Waits for what supervisord says of a program, by getProcessInfo. */
    async becomes(name: string, state: RegExp): Promise<void> {
      await until(`${name} is ${state}`, async () => state.test(await started.call('getProcessInfo', name)));
    },
  };
}

export type SetUp = Awaited<ReturnType<typeof setUp>>;
