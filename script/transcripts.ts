import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wrap } from '../client/ctl/terminal/wrap.ts';
import { ctl, onTerminal } from '../test/support/ctl.ts';
import { run } from '../test/support/run.ts';
import { replaceScript, tree, until, writeScript } from '../test/support/scratch.ts';
import { goodStart, type Plan, type SetUp, setUp } from '../test/support/set-up.ts';
import { withSessions } from './sessions.ts';
import { pictureOf } from './terminal-picture.ts';

/**
 * Writes the documents' sessions, each where a marker names it, and the picture of `status --watch`, from what readinessctl really says
 * under a real supervisord. Run by hand: `npx tsx script/transcripts.ts` (times differ at each run). Paths are shown as they are in a
 * container, and lines as a terminal of 100 columns shows them.
 */

const root = join(import.meta.dirname, '..');
const columns = 100;
const endings: (() => unknown)[] = [];
const context = { after: (action: () => unknown) => endings.push(action) };

/** Sessions by the name in their marker: a command, and in brackets what it is about. */
const sessions = new Map<string, string>();

try {
  await sessionsOfHook();
  await sessionsOfStart();
  for (const name of ['README.md', 'docs/readinessctl.md']) {
    const path = join(root, name);
    writeFileSync(path, withSessions(readFileSync(path, 'utf8'), sessions));
  }
} finally {
  for (const end of endings.reverse()) await end();
}

async function sessionsOfHook(): Promise<void> {
  const it = await container({
    programs: goodStart.replace('command=true', `command=/bin/sh -c "sleep 3"`),
    hook: (path) => writeScript(path, 'echo "bgp: 3 of 4 neighbours established"; exit 17'),
  });
  await it.expect(/^2 /);
  await it.record('readinessctl wait --timeout 1s');
  await it.expect(/^17 /);
  await it.record('readinessctl');
  await it.record('readinessctl explain');
  const terminal = onTerminal(context, it.socket, 'status --watch', { size: `rows 16 cols ${columns}` });
  const lastScreen = () => terminal.output().split('␛[H').at(-1) ?? '';
  await until('the fixed hook is due', () => terminal.output().includes('HookFailed'));
  replaceScript(it.env.READINESSD_HOOK, 'exit 0');
  await it.record('readinessctl check');
  await until('the picture shows that', () => /past verdicts[\s\S]*0 Ready[\s\S]*Ctrl-C/.test(lastScreen()));
  writeFileSync(join(root, 'docs/watch.svg'), pictureOf(it.asInContainer(lastScreen())));
  await it.record('readinessctl history');
  await it.record('readinessctl codes | grep 112');
  replaceScript(it.env.READINESSD_HOOK, '#!/bin/sh\r\nexit 0\r');
  await it.expect(/^123 /);
  await it.record('readinessctl doctor', 'a hook with Windows line endings');
}

async function sessionsOfStart(): Promise<void> {
  const script = 'echo "migrate: cannot reach the database at db:5432"; exit 3';
  const it = await container({ programs: goodStart.replace('command=true', `command=/bin/sh -c '${script}'\nredirect_stderr=true`) });
  await it.expect(/^112 /);
  await it.record('readinessctl explain', 'start.sh has failed');
  await it.record('readinessctl doctor', 'start.sh has failed');
}

async function container(plan: Plan) {
  // As outside of tests: the next cycle is some time away.
  const settings = { READINESSD_PERIOD_READY: '10s', READINESSD_PERIOD_NOT_READY: '1s' };
  const it = await setUp(context, { ...plan, settings });
  const asInContainer = (text: string) => inContainer(it, text);
  const record = async (line: string, about?: string) => {
    const [command = '', ...rest] = line.split(' | ');
    const { code, stdout, stderr } = await ctl(it.socket, command.split(' ').slice(1), it.env);
    const shown = rest.length === 0 ? stdout : await piped(stdout, rest.join(' | '));
    const text = `$ ${line}\n${asOnTerminal(asInContainer(shown))}${asOnTerminal(asInContainer(stderr))}`;
    const ended = code === 0 ? '' : `$ echo $?\n${code}\n`;
    sessions.set(about === undefined ? line : `${line} (${about})`, text + ended);
  };
  return { ...it, asInContainer, record };
}

function inContainer(it: SetUp, text: string): string {
  return [
    [it.socket, '/run/readinessd.sock'],
    [it.env.READINESSD_HOOK, '/usr/bin/readiness_probe_hook'],
    [join(it.supervisord.directory, 's.sock'), '/var/run/supervisor.sock'],
    [it.directory, '/run'],
    [tree, ''],
  ].reduce((shown, [from = '', to = '']) => shown.replaceAll(from, to), text);
}

async function piped(text: string, line: string): Promise<string> {
  return (await run('sh', ['-c', `printf '%s' "$1" | ${line}`, 'sh', text])).stdout;
}

/** Broken between words as readinessctl does it there, but with the paths of a container. */
function asOnTerminal(text: string): string {
  const hang = (line: string) => /^(?:NOT READY +| +(?:fix|why|\d\.) +| *(?:- |\| )?)/.exec(line)?.[0] ?? '';
  return text
    .split('\n')
    .flatMap((line) =>
      wrap(line, columns, hang(line).endsWith('| ') ? hang(line) : Math.max(hang(line).length, line.startsWith('program ') ? 2 : 0)),
    )
    .join('\n');
}
