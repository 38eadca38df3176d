import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How the daemon learns what supervisord does: as its event listener, or by asking alone. */
export type Form = 'events' | 'poll';

const all: readonly Form[] = ['events', 'poll'];

/** TEST_FORM has the tests run in one form; without it each has the default of what it starts. */
export const testForm = formOf(process.env['TEST_FORM']);

/** For a test that runs in both forms also without TEST_FORM. */
export const forms = testForm === undefined ? all : [testForm];

function formOf(text: string | undefined): Form | undefined {
  const form = all.find((one) => one === text);
  if (form === undefined && text !== undefined) throw new Error(`cannot use TEST_FORM=${text}: it takes events or poll`);
  return form;
}

const script = join(import.meta.dirname, 'relay');

/** Beside supervisord's socket. */
const directoryOf = (url: string) => join(dirname(url.replace(/^unix:\/\//, '')), 'relay');

/** A section that keeps a listener's place for a daemon which the test starts. */
export function relaySection(url: string): string {
  const directory = directoryOf(url);
  mkdirSync(directory, { recursive: true });
  return `[eventlistener:relay]
command=${script} give ${directory}/sock
events=PROCESS_STATE,PROCESS_GROUP,SUPERVISOR_STATE_CHANGE,TICK_60
buffer_size=1024
autorestart=true
startsecs=0
stdout_logfile=NONE
stderr_logfile=${directory}/log
`;
}

/** A program, with its arguments, that runs another in that place; none where this supervisord keeps none. */
export function inRelaysPlace(url: string | undefined): string[] {
  const directory = url === undefined ? '' : directoryOf(url);
  return url !== undefined && existsSync(directory) ? [script, 'take', join(directory, 'sock'), join(directory, '../supervisord.pid')] : [];
}
