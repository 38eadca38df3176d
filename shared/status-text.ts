import { hourLines, runningText, startLines } from './activity-text.ts';
import type { History, Status, StepStatus } from './api.ts';
import { sayDuration } from './duration.ts';
import { isPassing } from './findings/findings.ts';
import { firstLine, oneLine } from './reply.ts';

/** Marks parts of a text for a terminal. Plain text leaves them unchanged. */
export type Paint = (style: 'good' | 'bad' | 'warn' | 'dim' | 'bold', text: string) => string;

export const plain: Paint = (_style, text) => text;

/**
 * A line for people. `hang` begins each continuation line when a terminal breaks the line: in a
 * table, that many blanks.
 */
export type Line = string | { readonly text: string; readonly hang: string };

export function textOf(line: Line): string {
  return typeof line === 'string' ? line : line.text;
}

/** How many changes of the history are shown below a status, the newest first. */
const maxShownChanges = 8;

/** A status for people: the verdict in one line, then each step, then times. The lines do not end in a newline. */
export function statusLines(status: Status, paint: Paint): Line[] {
  const since = status.unchangedForMs === undefined ? '' : `, for ${sayDuration(status.unchangedForMs)}`;
  const word = status.ready ? paint('good', 'READY') : paint('bad', 'NOT READY');
  return [
    `${word}  ${paint('bold', firstLine(status))}${paint('dim', since)}`,
    '',
    ...status.steps.flatMap((step) => stepLines(step, nameWidthOf(status), paint)),
    ...(status.steps.length === 0 ? [] : ['']),
    ...(isNothingChecked(status) ? [paint('warn', nothingChecked), ''] : []),
    ...startLines(status),
    paint('dim', cycleLine(status)),
    ...hourLines(status).map((line) => paint('dim', line)),
    ...eventLines(status).map((line) => paint('dim', line)),
    paint('dim', `readinessd ${status.version}, pid ${status.pid}, up ${sayDuration(status.uptimeMs)}`),
  ];
}

/** The changes of the verdict for people, newest first. */
export function historyLines({ changes, total }: History, paint: Paint, most: number = maxShownChanges): Line[] {
  const shown = changes.slice(0, most);
  const older = total + 1 - shown.length;
  return [
    ...shown.map((change, index) => {
      const lasted = index === 0 ? `for ${sayDuration(change.lastedMs)} now` : `for ${sayDuration(change.lastedMs)}`;
      const style = change.code === 0 ? 'good' : 'bad';
      const times = `${change.at.slice(0, 19).replace('T', ' ')}  ${lasted.padEnd(20)} `;
      return { text: times + paint(style, firstLine(change)), hang: ' '.repeat(times.length) };
    }),
    ...(older > 0 ? [paint('dim', `(and ${older} before)`)] : []),
  ];
}

const outcomeStyles: Readonly<Record<string, Parameters<Paint>[0]>> = { passed: 'good', skipped: 'dim', failed: 'bad' };

const nothingChecked = 'WARNING  nothing is checked: put a hook there, or declare checks (READINESSD_PROGRAMS, /etc/readinessd/checks.d)';

/** Whether it is ready only because every step had nothing to check. */
export function isNothingChecked({ ready, steps }: Status): boolean {
  return ready && steps.every(({ outcome }) => outcome === 'skipped');
}

/** As wide as the longest name of a step, but at least as wide as "start". */
function nameWidthOf({ steps }: Status): number {
  return Math.max(6, ...steps.map(({ name }) => name.length));
}

function stepLines(step: StepStatus, nameWidth: number, paint: Paint): Line[] {
  const shown = step.finding !== undefined && isPassing(step.finding) ? 'waiting' : step.outcome;
  const outcome = paint(outcomeStyles[shown] ?? 'warn', shown.padEnd(8));
  const times = `${sayDuration(step.agoMs)} ago, took ${sayDuration(step.durationMs)}`;
  const detail = step.detail === undefined || step.detail === '' ? [] : step.detail.split('\n');
  const text = `  ${step.name.padEnd(nameWidth)} ${outcome} ${oneLine(step.message)} ${paint('dim', `(${times})`)}`;
  const mark = `  ${' '.repeat(nameWidth)} ${paint('dim', '|')} `;
  return [{ text, hang: ' '.repeat(nameWidth + 12) }, ...detail.map((line) => ({ text: mark + line, hang: mark }))];
}

function cycleLine({ ageMs, cycles, nextCycleInMs, running = [] }: Status): string {
  const steps = running.length === 0 ? '' : `: ${runningText(running)}`;
  const next = nextCycleInMs === 0 ? `a cycle runs now${steps}` : `next cycle in ${sayDuration(nextCycleInMs)}`;
  return ageMs === undefined ? `no cycle has ended yet; ${next}` : `cycle ${cycles} began ${sayDuration(ageMs)} ago; ${next}`;
}

function eventLines({ events }: Status): string[] {
  if (events === undefined || events.state === 'off') return [];
  const { state, lastAgoMs } = events;
  const last = lastAgoMs === undefined ? 'none has come yet' : `the last came ${sayDuration(lastAgoMs)} ago`;
  return [`events of supervisord are ${state}; ${last}`];
}
