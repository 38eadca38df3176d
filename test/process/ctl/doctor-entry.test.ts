import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Words } from '../../../shared/findings/words.ts';
import type { Finding, Level } from '../../../shared/report.ts';
import { type Machine, startMachine } from '../../support/machine.ts';
import { run } from '../../support/run.ts';
import { type Context, tree, until } from '../../support/scratch.ts';
import { goodStart } from '../../support/set-up.ts';
import { bin } from '../../support/supervisord.ts';

const shippedAt = '/etc/supervisor/conf.d/readinessd.conf';
const path = `${join(tree, 'usr/bin')}:${bin === '' ? '' : `${bin}:`}${process.env['PATH']}`;
const control = '[supervisorctl]\nserverurl=unix:///run/supervisor.sock\n';

/** The files of a container whose supervisord does not read our entry, and what doctor must say. */
interface Case {
  readonly title: string;
  /** supervisord's own configuration file. */
  readonly file: string;
  readonly include?: string;
  readonly entry?: string;
  /** Other files, by path. */
  readonly others?: Readonly<Record<string, string>>;
  /** Changes supervisord's configuration. */
  readonly edit?: (configuration: string) => string;
  readonly message: RegExp;
  readonly fix: RegExp;
}

const cases: readonly Case[] = [
  {
    title: 'it includes a folder of its own',
    file: '/mnt/docker/etc/supervisor.conf',
    include: '/mnt/docker/etc/supervisor.d/*.conf',
    others: { '/mnt/docker/etc/supervisor.d/web.conf': '' },
    entry: shippedAt,
    message:
      /^supervisord does not read the entry of readinessd, \/etc\/supervisor\/conf.d\/readinessd.conf: it reads \/mnt\/docker\/etc\/supervisor.conf, which includes \/mnt\/docker\/etc\/supervisor.d\/\*.conf$/,
    fix: /^ln -s \/etc\/supervisor\/conf.d\/readinessd.conf \/mnt\/docker\/etc\/supervisor.d\/readinessd.conf\nsupervisorctl -c \/mnt\/docker\/etc\/supervisor.conf update\n/,
  },
  {
    title: 'it includes files with another ending, from where it lies itself, and that folder does not exist',
    file: '/mnt/supervisord.conf',
    include: 'supervisor.d/*.ini',
    entry: shippedAt,
    message: /which includes \/mnt\/supervisor.d\/\*.ini$/,
    fix: /^mkdir -p \/mnt\/supervisor.d\nln -s \S+ \/mnt\/supervisor.d\/readinessd.ini\nsupervisorctl -c \/mnt\/supervisord.conf update\n/,
  },
  {
    title: 'it includes several, of which the first folder does not exist, and the next takes no name of ours',
    file: '/mnt/supervisord.conf',
    include: '/mnt/none/*.conf /mnt/[a-c]/*.conf /mnt/one.conf\n  %(here)s/%(ENV_FOLDER)s/app-*.conf',
    others: { '/mnt/own/app-web.conf': '' },
    entry: shippedAt,
    message: /which includes \/mnt\/none\/\*.conf \/mnt\/\[a-c\]\/\*.conf \/mnt\/one.conf \/mnt\/own\/app-\*.conf$/,
    fix: /^ln -s \S+ \/mnt\/own\/app-readinessd.conf\n/,
  },
  {
    title: 'it includes nothing',
    file: '/mnt/supervisord.conf',
    entry: shippedAt,
    // As an editor may leave it.
    edit: (text) => `${text}; the end`,
    message: /it reads \/mnt\/supervisord.conf, which has no \[include\]$/,
    fix: /^\(echo; cat \/etc\/supervisor\/conf.d\/readinessd.conf\) >>\/mnt\/supervisord.conf\nsupervisorctl -c \/mnt\/supervisord.conf update\n/,
  },
  {
    title: 'it includes nothing, and there is no entry',
    file: '/mnt/super visord.conf',
    message: /^supervisord has no program that runs readinessd: it reads \/mnt\/super visord.conf, which has no \[include\]$/,
    fix: /^\(echo; readinessd --print-supervisor-conf\) >>'\/mnt\/super visord.conf'\nsupervisorctl -c '\/mnt\/super visord.conf' update\n/,
  },
  {
    title: 'there is no entry',
    file: '/mnt/supervisord.conf',
    include: '/mnt/conf.d/*',
    others: { '/mnt/conf.d/readinessd.conf': ';[program:readinessd]\n' },
    message: /^supervisord has no program that runs readinessd: it reads \S+, which includes \/mnt\/conf.d\/\*$/,
    fix: /^readinessd --print-supervisor-conf -o \/mnt\/conf.d\/readinessd-entry.conf\n/,
  },
  {
    title: 'the entry has a name that it does not include, beside a configuration that could not be included',
    file: '/mnt/supervisord.conf',
    include: '/mnt/conf.d/*.conf',
    others: { '/mnt/conf.d/another.ini': '[supervisord]\n[program:readinessd]\ncommand=false\n' },
    entry: '/mnt/conf.d/readinessd.ini',
    message: /does not read the entry of readinessd, \/mnt\/conf.d\/readinessd.ini: /,
    fix: /^ln -s \/mnt\/conf.d\/readinessd.ini \/mnt\/conf.d\/readinessd.conf\n/,
  },
  {
    title: 'it has no section for supervisorctl',
    file: '/mnt/supervisord.conf',
    include: '/mnt/conf.d/*.conf',
    others: { '/mnt/conf.d/web.conf': control },
    entry: shippedAt,
    edit: (text) => text.replace(control, ''),
    message: /does not read the entry/,
    fix: /\nkill -HUP \d+ # starts all of its programs again\n/,
  },
];

/** A separate machine where supervisord runs with these files. */
async function start(t: Context, { file, include, others = {}, entry, edit = (text) => text }: Omit<Case, 'title' | 'message' | 'fix'>) {
  const machine = await startMachine(t);
  for (const directory of ['/mnt', '/etc/supervisor']) await machine.run('mount', '-t', 'tmpfs', 'none', directory);
  if (entry !== undefined) await machine.write(entry, await printed());
  for (const [other, text] of Object.entries(others)) await machine.write(other, text);
  const files = include === undefined ? '' : `[include]\nfiles=${include}\n`;
  const rpc = 'supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface';
  const main = `[supervisord]\nuser=root\nlogfile=/run/supervisord.log\npidfile=/run/supervisord.pid\nchildlogdir=/run
[unix_http_server]\nfile=/run/supervisor.sock\n[rpcinterface:supervisor]\n${rpc}\n${control}${files}${goodStart}`;
  await machine.write(file, edit(main));
  // As a daemon, whose stderr is a file. A test's stderr is a socket, which the entry could not open.
  const { code, stderr } = await shell(machine, `FOLDER=own supervisord -c '${file}'`);
  assert.equal(code, 0, stderr);
  await until('supervisord answers', async () => (await machine.run('test', '-S', '/run/supervisor.sock')).code === 0);
  return machine;
}

async function printed(): Promise<string> {
  return (await run(join(tree, 'usr/bin/readinessd'), ['--print-supervisor-conf'])).stdout;
}

/** Runs a line as it is typed, with readinessd and supervisor installed. */
function shell(machine: Machine, line: string) {
  return machine.run('env', `PATH=${path}`, 'sh', '-c', line);
}

type Told = Finding & Words & { readonly level: Level; readonly about: string };

async function problems(machine: Machine): Promise<Told[]> {
  const { stdout, stderr } = await machine.readinessctl('doctor', '--json');
  assert.notEqual(stdout, '', stderr);
  return (JSON.parse(stdout) as { readonly findings: readonly Told[] }).findings.filter(({ level }) => level === 'problem');
}

async function problemOfDaemon(machine: Machine): Promise<Told> {
  const [found, ...others] = (await problems(machine)).filter(({ about }) => about === 'daemon');
  assert.ok(found !== undefined && others.length === 0);
  return found;
}

/** Runs all commands of the fix as they are typed. The last step is not a command. */
async function follow(machine: Machine, fix: readonly string[]): Promise<void> {
  for (const line of fix.filter((step) => !step.startsWith('to keep it'))) {
    const { code, stdout, stderr } = await shell(machine, line);
    assert.equal(code, 0, `${line}: ${stdout} ${stderr}`);
  }
}

const isReady = (machine: Machine) =>
  until('it is ready', async () => (await machine.run(join(tree, 'usr/bin/readiness_probe.sh'))).code === 0);

suite('readinessctl doctor says where this supervisord reads its configuration, and following its advice makes the container ready', {
  concurrency: 4,
}, () => {
  for (const { title, message, fix, ...files } of cases) {
    test(title, async (t) => {
      const machine = await start(t, files);
      const told = await problemOfDaemon(machine);
      assert.match(told.message, message);
      assert.match(told.fix.join('\n'), fix);
      assert.match(told.fix.at(-1) ?? '', /RUN line of the image's Dockerfile/);
      await follow(machine, told.fix);
      await isReady(machine);
      assert.deepEqual(await problems(machine), []);
    });
  }

  test('when the entry came after supervisord had read its files', async (t) => {
    const machine = await start(t, { file: '/mnt/supervisord.conf', include: '/mnt/conf.d/*.conf' });
    await machine.write('/mnt/conf.d/readinessd.conf', await printed());
    const { kind, message, fix } = await problemOfDaemon(machine);
    assert.equal(kind, 'daemon-not-loaded');
    assert.match(message, /^program "readinessd", which runs readinessd, is configured but not loaded$/);
    assert.deepEqual(fix, ['supervisorctl -c /mnt/supervisord.conf update']);
    await follow(machine, fix);
    await isReady(machine);
  });

  test('when nobody can ask supervisord either', async (t) => {
    const machine = await startMachine(t);
    await machine.run('mount', '-t', 'tmpfs', 'none', '/etc/supervisor');
    await machine.write(shippedAt, await printed());
    await machine.write('/run/s.conf', '[supervisord]\nuser=root\nlogfile=/run/supervisord.log\npidfile=/run/supervisord.pid\n');
    await shell(machine, 'supervisord -c /run/s.conf');
    await until('it runs', async () => (await machine.run('test', '-s', '/run/supervisord.pid')).code === 0);
    const told = await problems(machine);
    assert.ok(told.some(({ kind }) => kind === 'supervisord-no-server'));
    const { fix } = await problemOfDaemon(machine);
    await follow(machine, fix);
    await until('the daemon answers', async () => (await machine.run(join(tree, 'usr/bin/readiness_probe.sh'))).code === 110);
  });
});
