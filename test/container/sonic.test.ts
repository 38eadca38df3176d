import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestContainer } from '../support/container.ts';
import { until } from '../support/scratch.ts';

const example = readFileSync(join(import.meta.dirname, '../../examples/sonic/readinessd.conf'), 'utf8');

/** Logs go to syslog, as with every program there. */
const toSyslog = 'stdout_syslog=true\nstdout_logfile=NONE\nstderr_syslog=true\nstderr_logfile=NONE';

/** A program that waits to be started, with the words that the plugin reads and supervisord does not know. */
const waiting = (name: string, command: string, more: string) =>
  `[program:${name}]\ncommand=${command}\nautostart=false\n${toSyslog}\ndependent_startup=true\n${more}\n`;

/** The programs wait for one another; in the plugin's place is a listener that starts nothing. */
const programs = [
  '[supervisord]\nnodaemon=true\n',
  '[eventlistener:dependent-startup]\ncommand=/usr/bin/listener\nevents=PROCESS_STATE\n',
  waiting('rsyslogd', '/usr/sbin/rsyslogd -n -iNONE', 'priority=1'),
  waiting('start', '/usr/bin/start.sh', 'priority=2\nautorestart=false\nstartsecs=0\ndependent_startup_wait_for=rsyslogd:running'),
  waiting('service', '/bin/sleep 1000', 'priority=3\nautorestart=false\ndependent_startup_wait_for=start:exited'),
].join('\n');

/** An event listener that takes each event and does nothing. */
const listener = `#!/bin/sh
while echo READY && read -r header; do
  head -c "\${header##*len:}" >/dev/null
  printf 'RESULT 2\\nOK'
done
`;

test("SONiC's programs, started one after the other as supervisord-dependent-startup does, are ready when start.sh has ended well", async (t) => {
  const container = await TestContainer.start(t, {
    files: {
      'etc/supervisor/conf.d/readinessd.conf': example,
      'etc/supervisor/conf.d/supervisord.conf': programs,
      'usr/bin/listener': listener,
      'usr/bin/start.sh': '#!/bin/sh\nuntil [ -e /run/initialised ]; do sleep 0.1; done\nexit "$(cat /run/initialised)"\n',
    },
    // As SONiC's entry point: its configuration keeps it in the foreground.
    command: ['/usr/bin/supervisord'],
    env: { READINESSD_PERIOD_READY: '1s', READINESSD_RPC_TIMEOUT: '30s' },
  });
  const served = await container.served();
  const ctl = async (...words: string[]) => assert.equal((await container.exec('supervisorctl', ...words)).code, 0, words.join(' '));
  const notYet = async (pattern: RegExp) => {
    for (const line of await container.becomes(pattern)) assert.doesNotMatch(line, /^0 /);
    await served.aWholeCycle();
    assert.match((await container.probe()).stdout, pattern);
  };
  const startInOrder = async (startCode: number) => {
    await notYet(/^2 StartNotFinished .*has not been started/);
    await ctl('start', 'rsyslogd');
    await notYet(/^2 StartNotFinished .*has not been started/);
    await ctl('start', 'start');
    await notYet(/^2 StartNotFinished .*is running/);
    await container.exec('sh', '-c', `echo ${startCode} >/run/initialised`);
  };

  await startInOrder(1);
  await notYet(/^112 StartFailed start.sh \(program "start"\) exited with code 1/);
  // It must run for a moment: whether supervisorctl calls one that ends at once a success, nobody knows.
  await container.exec('rm', '/run/initialised');
  await ctl('start', 'start');
  await container.exec('sh', '-c', 'echo 0 >/run/initialised');
  await container.becomes(/^0 Ready start passed, hook skipped$/);
  await ctl('start', 'service');
  await served.aWholeCycle();
  assert.match((await container.probe()).stdout, /^0 Ready /);

  // A reload forgets that start.sh has ended well, and starts nothing that waits for another.
  await container.exec('rm', '/run/initialised');
  await ctl('reload');
  await container.becomes(/^(2|100|104|11[01]) /);
  await startInOrder(0);
  await container.becomes(/^0 Ready /);
  await until('the log has come to syslog', async () =>
    readFileSync(join(container.root, 'var/log/syslog'), 'utf8').includes('"msg":"verdict changed"'),
  );
});
