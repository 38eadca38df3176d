import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { until, writeScript } from '../../support/scratch.ts';
import { goodStart, setUp } from '../../support/set-up.ts';
import { type Case, doctorNames, inSection } from './cases.ts';

const start = (text: string) => `[program:start]\n${text.replaceAll('; ', '\n')}\n`;

const cases: readonly Case[] = [
  {
    title: 'start.sh exits with a code',
    about: 'start',
    programs: start('command=/bin/sh -c "exit 3"; startsecs=0; autorestart=false'),
    until: ({ expect }) => expect(/^112 /),
    cause: /start.sh \(program "?start"?\) exited with code 3/,
    cure: /supervisorctl tail start stderr[\s\S]*supervisorctl start start/,
  },
  {
    title: 'start.sh ends sooner than startsecs, and supervisord gives up on it',
    about: 'start',
    programs: start('command=true; startsecs=30; startretries=0'),
    until: ({ becomes }) => becomes('start', /FATAL/),
    cause: /exits with code 0 sooner than startsecs=30, which supervisord takes for a failed start/,
    cure: /startsecs=0 in \[program:start\] in \S+\n[\s\S]*supervisorctl update/,
  },
  {
    title: 'start.sh ends sooner than startsecs, and supervisord tries again',
    about: 'start',
    programs: start('command=true; startsecs=30; startretries=1000000'),
    until: async ({ supervisord, becomes }) => {
      // supervisord waits a second longer before each try. By now it waits so long that doctor meets it waiting.
      await until('it was tried four times', () => supervisord.log().split("spawned: 'start'").length > 4);
      await becomes('start', /BACKOFF[\s\S]*Exited too quickly/);
    },
    cause: /exits with code 0 sooner than startsecs=30/,
    cure: /startsecs=0 in \[program:start\]/,
  },
  {
    title: 'start.sh fails sooner than startsecs',
    about: 'start',
    programs: start('command=/bin/sh -c "exit 3"; startsecs=30; startretries=0'),
    until: ({ becomes }) => becomes('start', /FATAL/),
    cause: /start.sh \(program "start"\) ends at once: exit status 3/,
    cure: /supervisorctl tail start stderr/,
  },
  {
    title: 'start.sh runs again and again (autorestart=true)',
    about: 'start',
    programs: start('command=sleep 0.2; startsecs=0; autorestart=true'),
    until: async ({ supervisord, expect }) => {
      await expect(/^2 /);
      await until('it has ended twice', () => supervisord.log().split('exited: start (exit status 0; expected)').length > 2);
    },
    cause: /is run again and again: exit status 0, and supervisord starts it again/,
    cure: /autorestart=false in \[program:start\] in \S+\n[\s\S]*supervisorctl update/,
  },
  {
    title: 'start.sh runs again and again, and looks finished in between',
    about: 'start',
    programs: start('command=sleep 3; startsecs=0; autorestart=true'),
    until: ({ supervisord }) => until('it has ended twice', () => supervisord.log().split('exited: start ').length > 2),
    cause: /is run again and again: exit status 0, and supervisord starts it again/,
    cure: /autorestart=false in \[program:start\]/,
  },
  {
    title: 'start.sh will run again and again',
    about: 'start',
    programs: start('command=sleep 600; startsecs=0; autorestart=true'),
    until: ({ becomes }) => becomes('start', /RUNNING/),
    cause: /\[program:start\] in \S+ has autorestart=true: whenever start.sh \(program "start"\) has ended, supervisord runs it again/,
    cure: /autorestart=false in \[program:start\]/,
  },
  {
    title: "start.sh fails, and supervisord's own autorestart runs it again",
    programs: start('command=/bin/sh -c "sleep 0.3 && echo no licence >&2 && exit 7"; startsecs=0'),
    until: async ({ supervisord, expect }) => {
      await expect(/^(?:2|112) /);
      await until('it has ended twice', () => supervisord.log().split('exited: start (exit status 7').length > 2);
    },
    about: 'start',
    cause: /is run again and again: exit status 7, and supervisord starts it again/,
    cure: /supervisorctl tail start stderr[\s\S]*autorestart=false in \[program:start\]/,
  },
  {
    title: 'the interpreter of start.sh is missing, since its lines end in CR LF',
    programs: start('command=%(ENV_READINESSD_HOOK)s; startsecs=0; autorestart=false'),
    settings: { READINESSD_START_PROGRAMS: 'start' },
    hook: (path) => writeFileSync(path, '#!/bin/sh\r\nexit 0\r\n', { mode: 0o755 }),
    entry: inSection('environment=READINESSD_HOOK="none"'),
    until: ({ expect }) => expect(/^112 /),
    about: 'start',
    cause: /\S+hook cannot be started: the interpreter of its #! line, "\/bin\/sh\\r", cannot run/,
    cure: /sed -i 's\/\\r\$\/\/' \S+hook/,
  },
  {
    title: 'start.sh was killed',
    about: 'start',
    programs: start("command=/bin/sh -c 'kill -9 $$'; startsecs=0; autorestart=false"),
    until: ({ expect }) => expect(/^112 /),
    cause: /start.sh \(program "start"\) was terminated by SIGKILL\n/,
    cure: /oom_kill[\s\S]*supervisorctl start start/,
  },
  {
    title: 'start.sh is not there',
    about: 'start',
    programs: start('command=/nowhere/start.sh; startretries=0'),
    until: ({ becomes }) => becomes('start', /FATAL/),
    cause: /command= of start.sh \(program "start"\) names \/nowhere\/start.sh, which does not exist/,
    cure: /put it there, or correct command=[\s\S]*supervisorctl start start/,
  },
  {
    title: 'start.sh fails, by an interpreter that is in its own PATH alone',
    about: 'start',
    hook: (path) => {
      writeScript(path, 'exit 0');
      writeScript(`${path}.start`, '#!/usr/bin/env own-shell\nexit 3\n');
      mkdirSync(`${path}.bin`);
      symlinkSync('/bin/sh', `${path}.bin/own-shell`);
    },
    programs: start(
      'command=%(ENV_READINESSD_HOOK)s.start; environment=PATH="%(ENV_READINESSD_HOOK)s.bin:%(ENV_PATH)s"; startsecs=0; autorestart=false',
    ),
    until: ({ expect }) => expect(/^112 /),
    cause: /start.sh \(program "start"\) exited with code 3/,
    cure: /supervisorctl tail start stderr/,
  },
  {
    title: 'two of them fail, which have nothing to do with each other',
    about: 'start',
    programs: `${start('command=/bin/sh -c "exit 3"; startsecs=0; autorestart=false')}
[program:start.sh]\ncommand=/bin/sh -c "exit 4"\nstartsecs=0\nautorestart=false\n`,
    until: async ({ becomes }) => {
      await becomes('start', /EXITED/);
      await becomes('start.sh', /EXITED/);
    },
    cause: /start.sh \(program "start.sh"\) exited with code 4/,
    cure: /supervisorctl start start.sh/,
    besides: 1,
  },
  {
    title: 'its directory is not there',
    about: 'start',
    programs: start('command=true; directory=/nowhere/at-all; startsecs=0; autorestart=false'),
    until: ({ expect }) => expect(/^112 /),
    cause: /supervisord cannot run start.sh \(program "start"\): couldn't chdir to \/nowhere\/at-all: ENOENT/,
    cure: /correct directory=[\s\S]*supervisorctl update[\s\S]*supervisorctl start start/,
  },
  {
    title: 'start.sh fails in silence, after a run that could not be started',
    about: 'start',
    programs: start('command=/bin/sh -c "exit 3"; directory=/nowhere/at-all; startsecs=0; autorestart=false; stderr_logfile=%(here)s/err'),
    until: async ({ supervisord, expect }) => {
      await expect(/^112 .*127/);
      const file = join(supervisord.directory, 'supervisord.conf');
      writeFileSync(file, readFileSync(file, 'utf8').replace('directory=/nowhere/at-all', 'directory=/'));
      await supervisord.ctl('update');
      await expect(/^112 .* 3/);
    },
    cause: /start.sh \(program "start"\) exited with code 3/,
    cure: /supervisorctl start start/,
  },
  {
    title: 'start.sh has an interpreter that is not there',
    about: 'start',
    hook: (path) => {
      writeScript(path, 'exit 0');
      writeScript(`${path}.start`, '#!/nowhere/sh\n');
    },
    programs: start('command=%(ENV_READINESSD_HOOK)s.start; startsecs=0; autorestart=false'),
    until: ({ expect }) => expect(/^112 /),
    cause: /hook.start cannot be started: the interpreter of its #! line, "\/nowhere\/sh", cannot run/,
    cure: /install \/nowhere\/sh[\s\S]*supervisorctl start start/,
  },
  {
    title: 'start.sh runs again and again, though its section was corrected',
    about: 'start',
    programs: start('command=sleep 0.5; startsecs=0; autorestart=true'),
    until: async ({ supervisord }) => {
      await until('it has ended often', () => supervisord.log().split('exited: start (exit status 0; expected)').length > 4);
      const file = join(supervisord.directory, 'supervisord.conf');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/(\[program:start\][^[]*autorestart)=true/, '$1=false'));
    },
    cause: /is run again and again: \[program:start\] in \S+ has autorestart=false, which supervisord has not loaded/,
    cure: /supervisorctl update/,
  },
  {
    title: 'start.sh was stopped',
    about: 'start',
    programs: start('command=sleep 600'),
    until: async ({ becomes, supervisord, expect }) => {
      await becomes('start', /RUNNING/);
      await supervisord.ctl('stop', 'start');
      await expect(/^115 /);
    },
    cause: /start.sh \(program "?start"?\) .*stopped/i,
    cure: /supervisorctl start start/,
  },
  {
    title: 'nobody starts start.sh',
    about: 'start',
    programs: start('command=true; autostart=false; startsecs=0'),
    until: ({ expect }) => expect(/^2 /),
    level: 'WAITING',
    cause: /start.sh \(program "start"\) has not been started/,
    cure: /supervisorctl start start/,
  },
  {
    title: 'start.sh has not finished',
    about: 'start',
    programs: start('command=sleep 600; autorestart=false'),
    until: async ({ becomes, expect }) => {
      await becomes('start', /RUNNING/);
      await expect(/^2 /);
    },
    level: 'WAITING',
    cause: /start.sh \(program "start"\) is running/,
    cure: /supervisorctl tail -f start[\s\S]*a service that never ends: set READINESSD_START_PROGRAMS=none/,
  },
  {
    title: 'start.sh is configured, but not loaded',
    about: 'start',
    programs: '[program:other]\ncommand=sleep 600\n',
    until: async ({ supervisord, expect, expectChecked }) => {
      await expect(/^0 /);
      supervisord.add(goodStart);
      await supervisord.ctl('reread');
      await expectChecked(/^2 /);
    },
    cause: /start.sh \(program "start"\) is configured but not loaded/,
    cure: /supervisorctl update/,
  },
];

doctorNames('start.sh', cases);

suite('readinessctl doctor', () => {
  test('says that everything is OK and exits with 0 when nothing is wrong', async (t) => {
    const it = await setUp(t, {});
    await it.expect(/^0 /);
    await it.becomes('readinessd', /RUNNING/);
    const { code, stdout } = await it.doctor({}, [], ['--all']);
    // A busy machine may make the probe slow. That is the only finding allowed.
    const lines = stdout.split('\n').filter((line) => /^(PROBLEM|WAITING|WARNING)/.test(line) && !/a probe takes/.test(line));
    assert.deepEqual([lines, code], [[], 0], stdout);
    for (const about of ['socket', 'daemon', 'supervisord', 'start', 'hook', 'probe', 'system'])
      assert.match(stdout, new RegExp(`^OK +${about}: `, 'm'));
    assert.match(stdout, /^program start: EXITED for .*, exit status 0, command=true$/m);
    assert.match(stdout, /^program readinessd: RUNNING for .*, pid \d+, command=\S+readinessd/m);
  });
});
