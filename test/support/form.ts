import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How the daemon learns what supervisord does: as its event listener, or by polling alone. */
export type Form = 'events' | 'poll';

const all: readonly Form[] = ['events', 'poll'];

/** TEST_FORM makes all tests run in one form. Without it each has the default of what it starts. */
export const testForm = formOf(process.env['TEST_FORM']);

/** For a test that runs in both forms when TEST_FORM is not set. */
export const forms = testForm === undefined ? all : [testForm];

function formOf(text: string | undefined): Form | undefined {
  const form = all.find((one) => one === text);
  if (form === undefined && text !== undefined) throw new Error(`cannot use TEST_FORM=${text}: it takes events or poll`);
  return form;
}

const script = join(import.meta.dirname, 'relay');

/** The directory of supervisord's socket. */
const directoryOf = (url: string) => join(dirname(url.replace(/^unix:\/\//, '')), 'relay');

/** A section of a listener that hands its place to a daemon started by the test. */
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

/**
 * A program, with its arguments, that runs another in that place. Empty where this supervisord has no such
 * listener.
 */
export function inRelaysPlace(url: string | undefined): string[] {
  const directory = url === undefined ? '' : directoryOf(url);
  return url !== undefined && existsSync(directory) ? [script, 'take', join(directory, 'sock'), join(directory, '../supervisord.pid')] : [];
}
