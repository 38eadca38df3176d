import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ctl, onTerminal } from '../test/support/ctl.ts';
import { replaceScript, tree, until, writeScript } from '../test/support/scratch.ts';
import { goodStart, setUp } from '../test/support/set-up.ts';
import { pictureOf } from './terminal-picture.ts';

/**
 * Writes the README's sessions and its picture from what readinessctl really says, under a real supervisord. Run by hand:
 * `npx tsx script/transcripts.ts` (times differ at each run). Paths are shown as they are in a container.
 */

const root = join(import.meta.dirname, '..');
const endings: (() => unknown)[] = [];
const context = { after: (action: () => unknown) => endings.push(action) };

try {
  const it = await setUp(context, {
    programs: goodStart.replace('command=true', `command=/bin/sh -c "sleep 3"`),
    // As outside of tests: the next cycle is some time away.
    settings: { READINESSD_PERIOD_READY: '10s', READINESSD_PERIOD_NOT_READY: '1s' },
    hook: (path) => writeScript(path, 'echo "bgp: 3 of 4 neighbours established"; exit 17'),
  });
  const asInContainer = (text: string) =>
    [
      [it.socket, '/run/readinessd.sock'],
      [it.env.READINESSD_HOOK, '/usr/bin/readiness_probe_hook'],
      [join(it.supervisord.directory, 's.sock'), '/var/run/supervisor.sock'],
      [it.directory, '/run'],
      [tree, ''],
    ].reduce((shown, [from = '', to = '']) => shown.replaceAll(from, to), text);
  const session = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await ctl(it.socket, line.split(' ').slice(1), it.env);
    return asInContainer(`$ ${line}\n${stdout}${stderr}${code === 0 ? '' : `$ echo $?\n${code}\n`}`);
  };

  await it.expect(/^2 /);
  const sessions = [await session('readinessctl wait --timeout 1s')];
  await it.expect(/^17 /);
  sessions.push(await session('readinessctl'), await session('readinessctl explain'));
  const terminal = onTerminal(context, it.socket, 'status --watch', { size: 'rows 16 cols 100' });
  await until('the mended hook is due', () => terminal.output().includes('HookFailed'));
  replaceScript(it.env.READINESSD_HOOK, 'exit 0');
  sessions.push(await session('readinessctl check'));
  await until('it shows that', () => /past verdicts[\s\S]*0 Ready[\s\S]*Ctrl-C/.test(terminal.output().split('␛[H').at(-1) ?? ''));
  writeFileSync(join(root, 'docs/watch.svg'), pictureOf(asInContainer(terminal.output().split('␛[H').at(-1) ?? '')));
  sessions.push(await session('readinessctl history'), shorten(await session('readinessctl codes')));
  replaceScript(it.env.READINESSD_HOOK, '#!/bin/sh\r\nexit 0\r');
  await it.expect(/^123 /);
  sessions.push(await session('readinessctl doctor'));

  const path = join(root, 'README.md');
  const shown = sessions.map((text) => `\`\`\`console\n${text.trimEnd()}\n\`\`\`\n`).join('\n');
  const readme = readFileSync(path, 'utf8');
  const next = readme.replace(
    /(<!-- sessions: [^\n]*-->\n)[\s\S]*(<!-- end of sessions -->)/,
    (_all, head: string, end: string) => head + shown + end,
  );
  writeFileSync(path, next);
} finally {
  for (const end of endings.reverse()) await end();
}

/** The first rows of a table that stands in the README as a whole. */
function shorten(text: string): string {
  const [command = '', ...rows] = text.split('\n');
  return [`${command} | head -4`, ...rows.slice(0, 4)].join('\n');
}
