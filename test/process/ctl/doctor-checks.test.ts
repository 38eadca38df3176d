import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '../../support/scratch.ts';
import { goodStart } from '../../support/set-up.ts';
import { type Case, doctorNames, inSection } from './cases.ts';

/** A folder beside the socket with this file of checks. */
const declaring = (text: string) => (hook: string) => {
  const folder = join(dirname(hook), 'r.sock.checks');
  mkdirSync(folder);
  writeFileSync(join(folder, 'one.yaml'), text);
};

const there = inSection('environment=READINESSD_CHECKS_DIR="%(ENV_READINESSD_SOCKET)s.checks"');

const cases: readonly Case[] = [
  {
    title: 'nothing listens',
    entry: there,
    hook: declaring('checks:\n  web: { http: { url: "http://127.0.0.1:1/healthz" } }\n'),
    until: ({ expect }) => expect(/^117 /),
    cause: /http http:\/\/127.0.0.1:1\/healthz: connection refused/,
    cure: /supervisorctl status.*ss -ltnxp/,
    about: 'checks "web"',
  },
  {
    title: 'a file that cannot be read',
    entry: there,
    hook: declaring('checks:\n  web: { htpp: { url: "http://127.0.0.1:1/" } }\n'),
    until: ({ supervisord }) => until('it has ended', () => supervisord.log().includes('exited: readinessd (exit status 2')),
    cause: /readinessd does not start with what it is given: \S+one.yaml:2:\d+: .*web/,
    cure: /in the file that is named/,
    about: 'daemon',
  },
  {
    title: 'a program that READINESSD_PROGRAMS names has failed',
    settings: { READINESSD_PROGRAMS: 'worker' },
    programs: `${goodStart}\n[program:worker]\ncommand=/bin/sh -c "echo no licence >&2; exit 4"\nautorestart=false\nstartsecs=0\n`,
    until: ({ expect }) => expect(/^116 /),
    cause: /program "worker" is EXITED: it exited with code 4/,
    cure: /supervisorctl tail worker stderr[\s\S]*supervisorctl start worker/,
    about: 'checks "programs"',
  },
];

doctorNames('declared checks', cases);
