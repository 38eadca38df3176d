import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ctl } from '../../support/ctl.ts';
import { TestDaemon } from '../../support/daemon.ts';
import { FakeRpc } from '../../support/fake-rpc.ts';
import { until } from '../../support/scratch.ts';
import type { SetUp } from '../../support/set-up.ts';
import { type Case, doctorNames, inSection } from './cases.ts';

const isUnreachable = ({ expect }: SetUp) => expect(/^110 /);
const isBad = ({ expect }: SetUp) => expect(/^111 /);
/** The setting that replaces what supervisord does not tell. */
const told = inSection('environment=READINESSD_SUPERVISOR_URL="unix://%(here)s/s.sock"');

const cases: readonly (Omit<Case, 'about'> & { readonly about?: string })[] = [
  {
    title: 'it has no [unix_http_server]',
    entry: told,
    supervisord: { edit: (text) => text.replace(/\[unix_http_server\]\nfile=.*\n/, '') },
    until: isUnreachable,
    cause: /supervisord.conf has no \[unix_http_server\], so nobody can ask supervisord at \S+s.sock/,
    cure: /add \[unix_http_server\] with file=\S+s.sock to \S+, and start the container again/,
  },
  {
    title: 'its socket is at another path than the daemon was told',
    entry: inSection('environment=READINESSD_SUPERVISOR_URL="unix:///nowhere.sock"'),
    until: isUnreachable,
    cause: /supervisord is at unix:\S+s.sock, and the daemon asks at unix:\/\/\/nowhere.sock/,
    cure: /set READINESSD_SUPERVISOR_URL=unix:\S+s.sock for the daemon, or remove that setting/,
  },
  {
    title: 'it has no [rpcinterface:supervisor]',
    entry: told,
    supervisord: { edit: (text) => text.replace(/\[rpcinterface:supervisor\]\n.*\n/, '') },
    until: isBad,
    cause: /supervisord answered with fault 1, UNKNOWN_METHOD/,
    cure: /add to its configuration: \[rpcinterface:supervisor\] with supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface/,
  },
  {
    title: 'it asks for a password, and its file has only a hash',
    supervisord: { credentials: ['admin', '{SHA}0'] },
    until: isBad,
    cause: /supervisord at unix:\S+s.sock .*HTTP 401.*supervisord.conf has only a hash of the password/,
    cure: /set READINESSD_SUPERVISOR_USER and READINESSD_SUPERVISOR_PASSWORD in environment= of the daemon's section to the user, and the password itself/,
  },
  {
    title: 'it refuses the password that its file has',
    supervisord: { credentials: ['admin', '{SHA}0'], edit: (text) => text.replace(/(\[supervisorctl\][^[]*password=).*/, '$1old') },
    until: isBad,
    cause: /HTTP 401.*those of \[supervisorctl\] in \S+supervisord.conf are refused/,
    cure: /set READINESSD_SUPERVISOR_USER and READINESSD_SUPERVISOR_PASSWORD in .* to username= and password=/,
  },
  {
    title: 'the daemon was told a wrong URL',
    entry: inSection('environment=READINESSD_SUPERVISOR_URL="http://127.0.0.1:1"'),
    until: isUnreachable,
    cause: /supervisord is at unix:\S+s.sock, and the daemon asks at http:\/\/127.0.0.1:1/,
    cure: /set READINESSD_SUPERVISOR_URL=unix:\S+s.sock for the daemon, or remove that setting/,
  },
  {
    title: 'it is frozen',
    settings: { READINESSD_RPC_TIMEOUT: '1s' },
    until: async (it) => {
      await it.expect(/^0 /);
      it.supervisord.child.kill('SIGSTOP');
      await it.expectChecked(/^110 /);
    },
    cause: /supervisord, process \d+, is stopped \(state T\)/,
    cure: /kill -CONT \d+/,
  },
  {
    title: 'it has ended, and its programs with it',
    until: async (it) => {
      await it.expect(/^0 /);
      it.supervisord.child.kill('SIGTERM');
      await until('it has ended', () => it.supervisord.child.exitCode !== null);
    },
    cause: /cannot ask supervisord at unix:\S+s.sock: no such file/,
    cure: /see whether supervisord runs/,
    consequence: /there is no socket/,
  },
  {
    title: 'its socket was removed',
    until: async (it) => {
      await it.expect(/^0 /);
      // The daemon keeps its connection. New connections find nothing.
      rmSync(join(it.supervisord.directory, 's.sock'));
    },
    level: 'WARNING',
    cause: /cannot ask supervisord at unix:\S+s.sock: no such file/,
    cure: /see whether supervisord runs/,
  },
  {
    title: 'the daemon is down, and only supervisord could have told it where supervisord is',
    supervisord: { edit: (text) => text.replaceAll('/s.sock', '/supervisor.sock') },
    until: async (it) => {
      await it.expect(/^0 /);
      await it.supervisord.ctl('stop', 'readinessd');
    },
    environment: { READINESSD_SUPERVISOR_URL: undefined },
    about: 'daemon',
    cause: /program "readinessd", which runs readinessd, is STOPPED/,
    cure: /supervisorctl start readinessd/,
  },
];

doctorNames(
  'supervisord',
  cases.map((one) => ({ about: 'supervisord', ...one })),
);

test('readinessctl doctor says that what answers is no supervisord', async (t) => {
  // It answers each call with a list of programs.
  const { url } = await FakeRpc.start(t);
  const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: url });
  await daemon.expect(/^0 /);
  // In a mount namespace of its own: else it would take the supervisord of another test for this daemon's.
  const { code, stdout, stderr } = await ctl(daemon.socket, ['doctor'], {}, ['unshare', '--mount', '--']);
  assert.equal(code, 0, `${stdout} ${stderr}`);
  assert.match(stdout, /WARNING {2}supervisord: .*supervisor\.getSupervisorVersion lacks a string/);
});
