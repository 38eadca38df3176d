import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { until, writeScript } from '../../support/scratch.ts';
import { goodStart, type SetUp, setUp } from '../../support/set-up.ts';
import { type Case, doctorNames, inSection } from './cases.ts';

const isReady = ({ expect }: SetUp) => expect(/^0 /);
const stop = async (it: SetUp) => {
  await isReady(it);
  await it.supervisord.ctl('stop', 'readinessd');
};

/** Occupies a port that a daemon may be configured with. */
const taken = createServer().listen(0, '127.0.0.1').unref();
await once(taken, 'listening');
const { port } = taken.address() as AddressInfo;
after(() => taken.close());

const hasEnded = ({ supervisord }: SetUp) => until('it has ended', () => supervisord.log().includes('exited: readinessd (exit status 1'));

const cases: readonly Case[] = [
  {
    title: 'the port of its listener is taken',
    settings: { READINESSD_LISTEN: `127.0.0.1:${port}` },
    until: hasEnded,
    about: 'daemon',
    cause: new RegExp(
      `READINESSD_LISTEN=127.0.0.1:${port}: another process has that port \\(process ${process.pid}, .*, so readinessd cannot start`,
    ),
    cure: /set READINESSD_LISTEN to a free port/,
  },
  {
    title: 'no interface has the address of its listener',
    settings: { READINESSD_LISTEN: '192.0.2.1:9464' },
    until: hasEnded,
    about: 'daemon',
    cause: /READINESSD_LISTEN=192.0.2.1:9464: no interface has that address, so readinessd cannot start/,
    cure: /set READINESSD_LISTEN to an address of this container/,
  },
  {
    title: 'a shell starts it, and it does not take a setting of its section',
    entry: (entry) =>
      inSection('environment=READINESSD_PERIOD_READY="10"')(entry.replace(/^command=(.*)$/m, 'command=/bin/sh -c "umask 077; exec $1"')),
    until: ({ supervisord }) => until('it has ended', () => supervisord.log().includes('exited: readinessd (exit status 2')),
    about: 'daemon',
    cause: /readinessd does not start with what it is given: cannot use READINESSD_PERIOD_READY="10"/,
    cure: /in command= or environment= of the section of readinessd/,
  },
  {
    title: 'a shell starts it, and it does not listen where the probes ask',
    entry: (entry) => entry.replace(/^command=(.*)$/m, 'command=/bin/sh -c "umask 077; exec $1 --socket %(ENV_READINESSD_SOCKET)s.other"'),
    until: ({ socket }) => until('it listens there', () => existsSync(`${socket}.other`)),
    about: 'socket',
    cause: /the daemon serves \S+r.sock.other, but the kubelet's probes ask at \S+r.sock/,
    cure: /set READINESSD_SOCKET=\S+r.sock.other in the container's environment/,
  },
  {
    title: 'supervisord has no program for it',
    entry: () => '',
    until: async () => {},
    about: 'daemon',
    cause:
      /supervisord (?:has no program that runs|does not read the entry of) readinessd.*: it reads \S+supervisord.conf, which has no \[include\]/,
    cure: /\(echo; .*\) >>\S+supervisord.conf\n.*supervisorctl -c \S+supervisord.conf update/,
  },
  {
    title: 'it was stopped',
    until: stop,
    about: 'daemon',
    cause: /program "readinessd", which runs readinessd, is STOPPED/,
    cure: /supervisorctl start readinessd/,
  },
  {
    title: 'its program is not there, and supervisord gave up on it',
    entry: (entry) => entry.replace(/command=.*/, 'command=/nowhere/readinessd').replace(/startretries=\d+/, 'startretries=0'),
    until: ({ becomes }) => becomes('readinessd', /FATAL/),
    about: 'daemon',
    cause: /program "readinessd", which runs readinessd, is FATAL; can't find command '\/nowhere\/readinessd'/,
    cure: /supervisorctl start readinessd/,
  },
  {
    title: 'it does not take a setting of its section',
    entry: inSection('environment=READINESSD_PERIOD_READY="10"'),
    until: ({ supervisord }) => until('it has ended', () => supervisord.log().includes('exited: readinessd (exit status 2')),
    about: 'daemon',
    cause: /readinessd does not start with what it is given: cannot use READINESSD_PERIOD_READY="10"/,
    cure: /in command= or environment= of the section of readinessd/,
  },
  {
    title: 'it does not take a setting of the container',
    settings: { READINESSD_PERIOD_READY: '10' },
    until: ({ supervisord }) => until('it has ended', () => supervisord.log().includes('exited: readinessd (exit status 2')),
    about: 'daemon',
    cause: /readinessd does not start with what it is given: cannot use READINESSD_PERIOD_READY="10"/,
    cure: /in the container's environment/,
  },
  {
    title: "its socket is set only in supervisord's environment=",
    entry: inSection('environment=READINESSD_SOCKET="%(ENV_READINESSD_SOCKET)s.other"'),
    until: ({ socket }) => until('it listens there', () => existsSync(`${socket}.other`)),
    about: 'socket',
    cause: /the daemon serves \S+r.sock.other, but the kubelet's probes ask at \S+r.sock/,
    cure: /set READINESSD_SOCKET=\S+r.sock.other in the container's environment/,
  },
  {
    title: 'its socket has been left by one that was killed',
    until: async (it) => {
      await stop(it);
      const server = createServer().listen(`${it.socket}.1`);
      await until('it listens', () => server.listening);
      // Node removes the socket that it bound, so under another name the file stays.
      renameSync(`${it.socket}.1`, it.socket);
      server.close();
    },
    about: 'daemon',
    cause: /program "readinessd", which runs readinessd, is STOPPED/,
    cure: /supervisorctl start readinessd/,
    consequence: /r.sock is there, but nobody listens: a daemon that was killed has left it/,
  },
  {
    title: 'its socket is a plain file',
    until: async (it) => {
      await stop(it);
      writeFileSync(it.socket, '');
    },
    about: 'daemon',
    cause: /program "readinessd", which runs readinessd, is STOPPED/,
    cure: /supervisorctl start readinessd/,
    consequence: /r.sock is there, but is no socket/,
  },
  {
    title: 'a directory is in the place of its socket',
    hook: (path) => {
      writeScript(path, 'exit 0');
      mkdirSync(join(dirname(path), 'r.sock'));
    },
    until: ({ supervisord }) => until('it has ended', () => /exited: readinessd/.test(supervisord.log())),
    about: 'daemon',
    cause: /r.sock is there, but is no socket/,
    cure: /rm -r \S+r.sock/,
  },
  {
    title: 'it does not take a flag that a shell gives it',
    entry: (entry) =>
      entry
        .replace(/command=(.*)/, 'command=/bin/sh -c "umask 077; exec $1 --period-ready 5"')
        .replace(/stderr_logfile=.*/, 'stderr_logfile=%(here)s/readinessd.err'),
    until: ({ supervisord }) => until('it has ended', () => supervisord.log().includes('exited: readinessd (exit status 2')),
    about: 'daemon',
    cause: /readinessd does not start with what it is given: cannot use --period-ready/,
    cure: /in command= or environment= of the section of readinessd/,
  },
  {
    title: 'it is to listen at an address that is none of this container',
    entry: inSection('environment=READINESSD_LISTEN="192.0.2.1:9100"'),
    until: ({ supervisord }) => until('it has ended', () => /exited: readinessd/.test(supervisord.log())),
    about: 'daemon',
    cause: /READINESSD_LISTEN=192.0.2.1:9100: no interface has that address/,
    cure: /supervisorctl update; then, when it was given up: supervisorctl start readinessd/,
  },
  {
    title: 'its socket was removed under it',
    until: async (it) => {
      await isReady(it);
      await it.freeze();
      rmSync(it.socket);
    },
    about: 'socket',
    cause: /the daemon does not answer at \S+r.sock: process \d+ is stopped/,
    cure: /kill -CONT/,
  },
  {
    title: 'there is no directory for its socket',
    settings: { READINESSD_SOCKET: '/tmp/rd-test-nowhere/r.sock' },
    until: ({ supervisord }) => until('it has ended', () => /exited: readinessd/.test(supervisord.log())),
    about: 'system',
    cause: /there is no directory \/tmp\/rd-test-nowhere for the socket/,
    cure: /mkdir \/tmp\/rd-test-nowhere/,
  },
  {
    title: 'it is frozen',
    until: async (it) => {
      await isReady(it);
      await it.freeze();
    },
    // How long each of doctor's probes waits in vain.
    environment: { READINESSD_PROBE_TIMEOUT_MS: '200' },
    about: 'socket',
    cause: /the daemon does not answer at \S+r.sock: process \d+ is stopped \(state T\)/,
    cure: /kill -CONT \d+/,
  },
  {
    title: 'its socket may be used by everybody',
    settings: { READINESSD_SOCKET_MODE: '0666' },
    until: isReady,
    about: 'socket',
    level: 'WARNING',
    cause: /r.sock, mode 0666, of user 0: every user may ask/,
    cure: /READINESSD_SOCKET_MODE=0660 or less/,
  },
  {
    title: 'the probe runs as a user who may not ask',
    until: async (it) => {
      await isReady(it);
      chmodSync(it.directory, 0o755);
    },
    by: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    // supervisord's socket is just as closed.
    besides: 1,
    about: 'socket',
    cause: /r.sock may not be opened by user 65534: it belongs to user 0, mode 0600/,
    cure: /run the probe as that user or root, or set READINESSD_SOCKET_MODE=0660/,
  },
  {
    title: 'there are two of them',
    programs: '[program:again]\ncommand=/usr/bin/readinessd --socket /nowhere/again.sock\nautostart=false\n',
    until: isReady,
    about: 'daemon',
    level: 'WARNING',
    cause: /a second program runs readinessd: again/,
    cure: /remove one of the sections, or numprocs=/,
  },
  {
    title: 'supervisord will give up on it one day',
    entry: (entry) => entry.replace(/startretries=\d+/, 'startretries=3'),
    until: isReady,
    about: 'daemon',
    level: 'WARNING',
    cause: /program "readinessd" has startretries=3/,
    cure: /startretries=1000000000/,
  },
];

doctorNames('the daemon', cases);

suite('readinessctl doctor', () => {
  test('a daemon whose section is gone gets no advice to remove it by an update', async (t) => {
    const it = await setUp(t, {});
    await isReady(it);
    it.supervisord.configure(goodStart);
    await it.supervisord.ctl('reread');
    const { stdout } = await it.doctor();
    assert.match(stdout, /WARNING +daemon: program "readinessd" runs, but is no longer in the configuration/);
    assert.doesNotMatch(stdout, /supervisorctl restart readinessd/);
  });
});
