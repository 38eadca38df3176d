import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { debianNodeRoot, debianRoot, strippedNodeRoot } from '../support/cache.ts';
import { type ContainerOptions, firstLine, TestContainer } from '../support/container.ts';
import { forms } from '../support/form.ts';
import { nativeClient, until } from '../support/scratch.ts';

/** Exits with the number in this file, once there is one. */
const startScript = '#!/bin/sh\nuntil [ -s /run/app/start-code ]; do sleep 0.1; done\nexit "$(cat /run/app/start-code)"\n';

const startEntry = '[program:start]\ncommand=/usr/bin/start.sh\nautostart=true\nautorestart=false\nstartsecs=0\n';

/** A configuration that keeps all of supervisord's files in one directory. */
const ownDirectory = `[supervisord]
nodaemon=true
childlogdir=/run/app
logfile=/dev/null
logfile_maxbytes=0
pidfile=/run/app/supervisord.pid
[unix_http_server]
file=/run/app/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///run/app/supervisor.sock
[include]
files=/etc/supervisor/conf.d/*.conf
`;

/** So that no test has to wait ten seconds for the next cycle. */
const quick = { READINESSD_PERIOD_READY: '1s', READINESSD_RPC_TIMEOUT: '30s' };

/** supervisord does not start without a directory for temporary files. */
const writable = { TMPDIR: '/run/app' };

const files = {
  'usr/bin/start.sh': startScript,
  'etc/supervisor/conf.d/start.conf': startEntry,
};

const kinds: readonly (readonly [title: string, options: ContainerOptions, prepare?: (container: TestContainer) => void])[] = [
  ...forms.map((form) => [`as root (${form})`, { files, env: quick, form }] as const),
  [
    'as user 1000 throughout, sockets in a directory of its own, nothing writable but /run',
    {
      files: { ...files, 'etc/supervisor/supervisord.conf': ownDirectory },
      env: { ...quick, ...writable, READINESSD_SOCKET: '/run/app/readinessd.sock' },
      user: 1000,
      isReadOnly: true,
    },
  ],
  [
    'with a read-only root and without the native client',
    { files: { ...files, 'etc/supervisor/supervisord.conf': ownDirectory }, env: { ...quick, ...writable }, isReadOnly: true },
    ({ root }) => rmSync(join(root, 'usr/lib/readinessd', nativeClient)),
  ],
  ['on Debian trixie, with its own Node.js and supervisor', { files, env: quick, base: [debianNodeRoot('trixie'), debianRoot('trixie')] }],
  ['on a Node.js without its symbols', { files, env: quick, base: [strippedNodeRoot(), debianRoot()] }],
];

/** Waits until the probe says it, which it must keep saying, also by its exit code. It must not say ready before. */
async function comesToSay(container: TestContainer, code: number, line: string, before = /^(?!0 )/): Promise<void> {
  const said = await container.becomes(new RegExp(`^${code} `));
  for (const earlier of said) assert.match(earlier, before);
  const probes = [await container.probe(), await container.probe(), await container.probe()];
  for (const probe of probes) {
    assert.equal(probe.code, code);
    assert.equal(firstLine(probe.stdout), line);
    assert.ok(probe.stdout.length <= 1024, probe.stdout);
    assert.deepEqual(probe, probes[0]);
  }
}

suite('the life of a container', { concurrency: 2 }, () => {
  for (const [title, options, prepare] of kinds) {
    test(`is shown from created to stopped, ${title}`, async (t) => {
      const container = await TestContainer.create(t, options);
      prepare?.(container);
      await liveThrough(container);
    });
  }
});

test('what a probe prints is far below 10 KiB and stays the same, whatever the hook prints', async (t) => {
  const hook = '#!/bin/sh\nhead -c 1000000 /dev/zero | tr "\\0" x\nprintf "\\033[31mbgp: down\\n"\nexit 17\n';
  const container = await TestContainer.start(t, { files: { 'usr/bin/readiness_probe_hook': hook } });
  const served = await container.served();
  await comesToSay(container, 17, '17 HookFailed hook exited with code 17');
  const first = await container.probe();
  assert.match(first.stdout, /^[\n -~]+xbgp: down\n$/);
  await served.moreCycles(5);
  assert.deepEqual(await container.probe(), first);
});

async function liveThrough(container: TestContainer): Promise<void> {
  const ctl = (...words: string[]) => container.exec('supervisorctl', ...words);
  const startEndsWith = (code: number | '') => container.exec('sh', '-c', `mkdir -p /run/app; printf '%s' '${code}' >/run/app/start-code`);
  const initialising = 'start.sh (program "start") is running';
  const failing = '17 HookFailed hook exited with code 17';

  // Created.
  const nobody = await container.probe();
  assert.match(`${nobody.code} ${nobody.stdout}`, /^100 100 DaemonUnreachable /);

  await container.exec('mkdir', '/run/app');
  await container.start();
  await comesToSay(container, 2, `2 StartNotFinished ${initialising}`);
  await startEndsWith(3);
  await comesToSay(container, 112, '112 StartFailed start.sh (program "start") exited with code 3');

  // Initialised after all. The hook fails, passes, and fails again.
  container.script('usr/bin/readiness_probe_hook', 'echo "bgp: 3 of 4 neighbours established"; exit 17');
  await startEndsWith(0);
  await ctl('start', 'start');
  await comesToSay(container, 17, failing);
  assert.equal((await container.probe()).stdout, `${failing}\nbgp: 3 of 4 neighbours established\n`);
  container.script('usr/bin/readiness_probe_hook', 'exit 0');
  await comesToSay(container, 0, '0 Ready start passed, hook passed');
  container.script('usr/bin/readiness_probe_hook', 'echo "bgp: down"; exit 17');
  await comesToSay(container, 17, failing, /^0 /);
  container.script('usr/bin/readiness_probe_hook', 'exit 0');
  await container.becomes(/^0 /);

  // start.sh runs again after a reload.
  await startEndsWith('');
  await ctl('reload');
  await comesToSay(container, 2, `2 StartNotFinished ${initialising}`, /^(0|2|10[0134]|11[01]) /);
  await startEndsWith(0);
  await comesToSay(container, 0, '0 Ready start passed, hook passed');

  await ctl('signal', 'KILL', 'readinessd');
  await until('the killed daemon is back', async () => /RUNNING/.test((await ctl('status', 'readinessd')).stdout));
  await comesToSay(container, 0, '0 Ready start passed, hook passed', /^10[04] /);

  await container.runc('kill', container.id, 'TERM');
  await until('it has stopped', async () => (await container.state()).status === 'stopped');
  assert.notEqual((await container.probe()).code, 0);
}
