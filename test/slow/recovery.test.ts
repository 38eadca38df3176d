import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { exhaustMemory } from '../support/memory.ts';
import { isAlive } from '../support/process.ts';
import { cleanUp, replaceScript, scratchDirectory, until } from '../support/scratch.ts';
import { type SetUp, setUp } from '../support/set-up.ts';

interface Fault {
  readonly title: string;
  readonly begin: (scene: Scene) => unknown;
  /** The probe's exit code meanwhile. */
  readonly code: number;
  readonly end?: (scene: Scene) => unknown;
}

interface Scene extends SetUp {
  readonly t: TestContext;
  /** The daemon's pid. */
  readonly pid: number;
  readonly setHook: (script: string) => void;
  /** start.sh does not end while this file exists. */
  readonly hold: string;
  /** A server that is not readinessd. */
  readonly other: Server;
}

const faults: readonly Fault[] = [
  {
    title: 'daemon killed',
    begin: ({ supervisord, pid }) => {
      // supervisord may not start it again before the test has seen it away.
      supervisord.child.kill('SIGSTOP');
      process.kill(pid, 'SIGKILL');
    },
    code: 100,
    end: ({ supervisord }) => supervisord.child.kill('SIGCONT'),
  },
  {
    title: 'daemon frozen',
    begin: ({ pid, t }) => {
      process.kill(pid, 'SIGSTOP');
      cleanUp(t, () => isAlive(pid) && process.kill(pid, 'SIGCONT'));
    },
    code: 101,
    end: ({ pid }) => process.kill(pid, 'SIGCONT'),
  },
  {
    title: 'limit of memory reached',
    begin: ({ t, supervisord, pid, socket, probe }) => {
      supervisord.child.kill('SIGSTOP');
      return exhaustMemory(t, pid, socket, probe);
    },
    code: 100,
    end: ({ supervisord }) => supervisord.child.kill('SIGCONT'),
  },
  {
    title: 'socket taken over by another process',
    begin: ({ socket, other }) => {
      other.listen(`${socket}.other`, () => renameSync(`${socket}.other`, socket));
    },
    code: 102,
    end: ({ other }) => other.close(),
  },
  { title: 'socket file deleted', begin: ({ socket }) => rmSync(socket), code: 100 },
  {
    title: 'supervisord frozen',
    begin: ({ supervisord }) => supervisord.child.kill('SIGSTOP'),
    code: 110,
    end: ({ supervisord }) => supervisord.child.kill('SIGCONT'),
  },
  { title: 'supervisord reloaded', begin: ({ supervisord }) => supervisord.call('restart'), code: 2 },
  {
    title: 'start.sh run again',
    begin: async ({ supervisord, hold }) => {
      writeFileSync(hold, '');
      await supervisord.call('startProcess', 'start');
    },
    code: 2,
    end: ({ hold }) => rmSync(hold),
  },
  { title: 'hook fails', begin: ({ setHook }) => setHook('exit 17'), code: 17, end: ({ setHook }) => setHook('exit 0') },
  { title: 'hook hangs', begin: ({ setHook }) => setHook('sleep 600'), code: 122, end: ({ setHook }) => setHook('exit 0') },
];

/** Measures the times in docs/reliability.md, with the settings that users have. */
suite('with its own settings the daemon', () => {
  for (const { title, begin, code, end } of faults) {
    test(`is right again after: ${title}`, async (t) => {
      const own = { READINESSD_PERIOD_READY: '10s', READINESSD_PERIOD_NOT_READY: '1s', READINESSD_RPC_TIMEOUT: '2s' };
      const hold = join(scratchDirectory(t), 'hold');
      const command = `/bin/sh -c "sleep 2; while [ -e ${hold} ]; do sleep 0.1; done"`;
      const programs = `[program:start]\ncommand=${command}\nstartsecs=0\nautorestart=false`;
      const container = await setUp(t, { programs, settings: own });
      const setHook = (script: string) => replaceScript(join(container.directory, 'hook'), script);
      setHook('exit 0');
      const seconds = (sinceMs: number) => ((performance.now() - sinceMs) / 1000).toFixed(1);
      const says = (wanted: number) => until(`the probe says ${wanted}`, async () => (await container.probe({})).code === wanted);
      await says(0);
      const other = createServer((client) => client.end('hello\r\n'));
      cleanUp(t, () => other.close());
      const scene = { ...container, t, setHook, hold, other, pid: (await container.status()).pid };
      const beganAtMs = performance.now();
      await begin(scene);
      await says(code);
      const seen = seconds(beganAtMs);
      const endedAtMs = end === undefined ? beganAtMs : performance.now();
      await end?.(scene);
      await says(0);
      t.diagnostic(
        `${title}: ${code} after ${seen} s, 0 again ${seconds(endedAtMs)} s after its ${end === undefined ? 'beginning' : 'end'}`,
      );
    });
  }
});
