import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { dependentStartupRoot } from '../support/cache.ts';
import { TestContainer } from '../support/container.ts';
import { until } from '../support/scratch.ts';

const example = readFileSync(join(import.meta.dirname, '../../examples/sonic/readinessd.conf'), 'utf8');

/** Logs go to syslog, like those of every program in SONiC. */
const toSyslog = 'stdout_logfile=NONE\nstdout_syslog=true\nstderr_logfile=NONE\nstderr_syslog=true';

/** A program that waits to be started, with options that the plugin reads and supervisord does not know. */
const waiting = (name: string, command: string, more: string) =>
  `[program:${name}]\ncommand=${command}\nautostart=false\nautorestart=false\n${toSyslog}\ndependent_startup=true\n${more}\n`;

const plugin = 'python3 -m supervisord_dependent_startup';

/**
 * The programs wait for each other. supervisor-proc-exit-listener, which SONiC runs beside the plugin, does
 * nothing here.
 */
const programs = (listener: string) =>
  [
    '[supervisord]\nlogfile_maxbytes=1MB\nlogfile_backups=2\nnodaemon=true\n',
    `[eventlistener:dependent-startup]\ncommand=${listener}\nautostart=true\nautorestart=unexpected\nstartretries=0\nexitcodes=0,3\nevents=PROCESS_STATE\nbuffer_size=1024\n`,
    '[eventlistener:supervisor-proc-exit-listener]\ncommand=/usr/bin/listener\nevents=PROCESS_STATE_EXITED,PROCESS_STATE_RUNNING,PROCESS_STATE_FATAL\nautostart=true\nautorestart=unexpected\nbuffer_size=1024\n',
    waiting('rsyslogd', '/usr/sbin/rsyslogd -n -iNONE', 'priority=1'),
    waiting('start', '/usr/bin/start.sh', 'priority=2\nstartsecs=0\ndependent_startup_wait_for=rsyslogd:running'),
    waiting('service', '/bin/sleep 1000', 'priority=3\ndependent_startup_wait_for=start:exited'),
  ].join('\n');

/** An event listener that notes each event and does nothing. */
const eventListener = `#!/bin/sh
while echo READY && read -r header; do
  { echo "$header"; head -c "\${header##*len:}"; echo; } >>/run/events
  printf 'RESULT 2\\nOK'
done
`;

/** A container like SONiC's, in which start.sh ends when told. */
async function sonic(t: TestContext, supervisor: string, listener = plugin) {
  const container = await TestContainer.start(t, {
    supervisor,
    layers: [dependentStartupRoot()],
    files: {
      'etc/supervisor/conf.d/readinessd.conf': example,
      'etc/supervisor/conf.d/supervisord.conf': programs(listener),
      'usr/bin/listener': eventListener,
      'usr/bin/start.sh': '#!/bin/sh\nuntil [ -s /run/code ]; do sleep 0.02; done\nexit "$(cat /run/code)"\n',
    },
    // Like SONiC's entry point, whose configuration keeps supervisord in the foreground.
    command: ['/usr/bin/supervisord'],
    env: { READINESSD_PERIOD_READY: '1s', READINESSD_PERIOD_NOT_READY: '200ms', READINESSD_RPC_TIMEOUT: '30s' },
  });
  const shell = (command: string) => container.exec('sh', '-c', command);
  return {
    container,
    shell,
    served: await container.served(),
    finish: (code: number) => shell(`echo ${code} >/run/code`),
    ctl: async (...words: string[]) => assert.equal((await container.exec('supervisorctl', ...words)).code, 0, words.join(' ')),
    /** Waits for this verdict, which must not have been ready before, and must stay. */
    async notYet(pattern: RegExp): Promise<void> {
      for (const line of await container.becomes(pattern)) assert.doesNotMatch(line, /^0 /);
      await (await container.served()).aWholeCycle();
      assert.match((await container.probe()).stdout, pattern);
    },
    /** Waits until supervisord has logged exactly this about the programs, since its start or last reload. */
    async logs(expected: readonly string[]): Promise<void> {
      const logged = (): readonly string[] => container.log().split('supervisord started').at(-1)?.match(ofPrograms) ?? [];
      await until(`the log has ${expected.at(-1)}`, () => logged().includes(expected.at(-1) ?? ''));
      assert.deepEqual(logged(), expected);
    },
  };
}

const ofPrograms = /spawned: '(rsyslogd|start|service)'|(rsyslogd|service) entered RUNNING|exited: start\b/g;

/** What the plugin does by itself, and what it does when start.sh has ended with any code. */
const untilStart = ["spawned: 'rsyslogd'", 'rsyslogd entered RUNNING', "spawned: 'start'"];
const untilService = [...untilStart, 'exited: start', "spawned: 'service'", 'service entered RUNNING'];

suite("SONiC's programs", { concurrency: 3 }, () => {
  for (const [image, release] of [
    ['bullseye', '4.2.1'],
    ['trixie', '4.3.0-sonic'],
  ] as const) {
    test(`that supervisord-dependent-startup starts are ready when start.sh has ended well, with ${image}'s supervisor`, async (t) => {
      const { container, served, finish, ctl, shell, notYet, logs } = await sonic(t, release);
      await notYet(/^2 StartNotFinished .*is running/);
      await logs(untilStart);
      await finish(1);
      await notYet(/^112 StartFailed start.sh \(program "start"\) exited with code 1/);
      await logs(untilService);

      // It must run for a moment. If it ended at once, supervisorctl might or might not call it a success.
      await shell('rm /run/code');
      await ctl('start', 'start');
      await finish(0);
      await container.becomes(/^0 Ready start passed, hook skipped$/);
      await served.aWholeCycle();
      assert.match((await container.probe()).stdout, /^0 Ready /);

      // A reload forgets that start.sh has ended well, and the plugin starts everything again.
      await shell('rm /run/code');
      await ctl('reload');
      await container.becomes(/^(2|100|104|11[01]) /);
      await notYet(/^2 StartNotFinished .*is running/);
      await finish(0);
      await container.becomes(/^0 Ready /);
      await logs(untilService);
      assert.match(readFileSync(`/proc/${(await container.state()).pid}/root/run/events`, 'utf8'), /processname:start /);
      await until('the log has come to syslog', async () =>
        readFileSync(join(container.root, 'var/log/syslog'), 'utf8').includes('"msg":"verdict changed"'),
      );
    });
  }

  for (const [title, release, listener] of [
    ['has no command', '4.2.1', '/usr/local/bin/supervisord-dependent-startup'],
    ['ends at once', '4.3.0-sonic', `${plugin} --config /etc/no-such.conf`],
  ] as const) {
    test(`are not ready while the plugin ${title}, and are ready once they were started by hand`, async (t) => {
      const { container, served, finish, ctl, notYet } = await sonic(t, release, listener);
      await until('the plugin is gone', () => /(exited|gave up): dependent-startup/.test(container.log()));
      await notYet(/^2 StartNotFinished .*has not been started/);
      await ctl('start', 'rsyslogd');
      await notYet(/^2 StartNotFinished .*has not been started/);
      await ctl('start', 'start');
      await notYet(/^2 StartNotFinished .*is running/);
      await finish(0);
      await container.becomes(/^0 Ready /);
      await ctl('start', 'service');
      await served.aWholeCycle();
      assert.match((await container.probe()).stdout, /^0 Ready /);
    });
  }
});
