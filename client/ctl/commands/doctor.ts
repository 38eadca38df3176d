import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sayDuration } from '../../../shared/duration.ts';
import { codeOf } from '../../../shared/exit-codes.ts';
import { firstLine, oneLine, whole } from '../../../shared/reply.ts';
import { type Examine, type Found, type Level, type Report, type Sight, wordsOfFound } from '../../../shared/report.ts';
import type { Line } from '../../../shared/status-text.ts';
import { type Answered, answerOf, askStatus, NoAnswerError, orNoAnswer } from '../ask.ts';
import { type Command, type Session, writeJson, writeLines } from '../session.ts';

/** The exit code while the container is not ready yet and nothing is wrong. */
const waitingCode = 2;

/**
 * Checks the whole set-up, and says what is wrong and how to fix it. It changes nothing.
 *
 * @returns 0 when it is ready and there is no problem, 1 when there is one, 2 when it is not ready yet and
 * there is none
 */
export const doctor: Command<{ readonly all?: boolean }> = async (session, { all = false }) => {
  const examine = loadExamine(session.library);
  let { answered, report } = await examineNow(session, examine);
  // If a daemon has come up meanwhile, look again: the situation is another.
  if (
    answered instanceof NoAnswerError &&
    answered.answer.code === codeOf('DaemonUnreachable') &&
    !((await orNoAnswer(askStatus(session.socketPath))) instanceof NoAnswerError)
  )
    ({ answered, report } = await examineNow(session, examine));
  if (session.json) writeJson(session, describe(report, answered));
  else writeLines(session, lines(session, report, answered, all));
  if (countOf(report.found, 'problem') > 0) return 1;
  return answerOf(answered).code === 0 ? 0 : waitingCode;
};

async function examineNow({ socketPath, environment, library }: Session, examine: Examine) {
  const answered = await orNoAnswer(askStatus(socketPath));
  const asked = answered instanceof NoAnswerError ? { answer: answered.answer } : { status: answered };
  return { answered, report: await examine({ socketPath, environment, library, answered: asked }) };
}

/** Loads the examination, which belongs to the daemon and is bundled with its code. */
function loadExamine(library: string): Examine {
  const { examine } = createRequire(join(library, 'readinessctl.cjs'))('./doctor.cjs') as { readonly examine?: Examine };
  if (examine === undefined) throw new Error(`${library}/doctor.cjs is cut short`);
  return examine;
}

/** The report for programs: the findings as data, with the words that people see. */
function describe({ found, sights }: Report, answered: Answered): object {
  const { code, reason, message, detail } = answerOf(answered);
  return {
    ready: code === 0,
    code,
    reason,
    message,
    ...(detail === undefined ? {} : { detail }),
    problems: countOf(found, 'problem'),
    warnings: countOf(found, 'warning'),
    findings: found.map(({ level, about, check, finding, follows = false }) => ({
      level,
      about,
      ...(check === undefined ? {} : { check }),
      ...finding,
      ...wordsOfFound(finding),
      follows,
    })),
    programs: sights,
  };
}

/** Does not count findings that follow from another one. */
function countOf(found: readonly Found[], level: Level): number {
  return found.filter((one) => one.level === level && one.follows === undefined).length;
}

const titles = { problem: ['bad', 'PROBLEM'], waiting: ['warn', 'WAITING'], warning: ['warn', 'WARNING'], ok: ['good', 'OK'] } as const;

function lines({ paint }: Session, { found, sights }: Report, answered: Answered, all: boolean): Line[] {
  const answer = answerOf(answered);
  const word = answer.code === 0 ? paint('good', 'READY') : paint('bad', 'NOT READY');
  const output = (answer.detail ?? '').trimEnd();
  const bad = found.filter(({ level }) => level !== 'ok');
  const good = found.filter(({ level }) => level === 'ok');
  return [
    { text: `${word}  ${paint('bold', firstLine(answer))}`, hang: ' '.repeat(11) },
    ...(output === '' ? [] : output.split('\n').map((line) => quoted(paint, line))),
    ...bad.flatMap((one, index) => ['', ...findingLines(paint, one, bad[index + 1]?.follows === true && one.follows === undefined)]),
    ...sights.flatMap((sight) => ['', ...sightLines(paint, sight)]),
    '',
    ...(all
      ? good.map(({ about, finding }) => titled(paint, 'ok', `${about}: ${wordsOfFound(finding).message}`, ''))
      : [summary(paint, bad, good)]),
  ];
}

type Painter = Session['paint'];

/** @param isRoot - whether other findings follow from it */
function findingLines(paint: Painter, { level, about, finding, check, follows }: Found, isRoot: boolean): Line[] {
  const place = check === undefined ? about : `${about} ${JSON.stringify(check)}`;
  const { message, cause, fix } = wordsOfFound(finding);
  const indent = follows === true ? '    ' : '';
  const lead = isRoot ? `${place}, the likely root cause: ` : follows === true ? `${place}, which follows: ` : `${place}: `;
  const head = titled(paint, level, lead + paint('bold', oneLine(message)), indent);
  // It goes away when its cause is fixed, so it needs no advice of its own.
  if (follows === true) return [head];
  const steps = fix.map((step, index) => (fix.length === 1 ? '' : `${index + 1}. `) + whole(step));
  return [
    head,
    ...(cause === undefined ? [] : [hanging(`${indent}  why      `, whole(cause))]),
    ...steps.map((step, index) => hanging(`${indent}  ${index === 0 ? 'fix     ' : '        '} `, step)),
  ];
}

function titled(paint: Painter, level: Level, text: string, indent: string): Line {
  const [style, word] = titles[level];
  return { text: `${indent}${paint(style, word.padEnd(8))} ${text}`, hang: `${indent}         ` };
}

function hanging(lead: string, text: string): Line {
  return { text: lead + text, hang: ' '.repeat(lead.length) };
}

function quoted(paint: Painter, text: string): Line {
  const mark = `  ${paint('dim', '|')} `;
  return { text: mark + oneLine(text), hang: mark };
}

/** What a program does now, and its last output. */
function sightLines(paint: Painter, sight: Sight): Line[] {
  const { program, state, sinceMs, pid, exitStatus, restarts, command, output, log } = sight;
  const facts = [
    `${state}${sinceMs === undefined ? '' : ` for ${sayDuration(sinceMs)}`}`,
    ...(exitStatus === undefined ? [] : [exitStatus === -1 ? 'killed by a signal' : `exit status ${exitStatus}`]),
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(restarts === undefined ? [] : [`restarted ${restarts} ${restarts === 1 ? 'time' : 'times'}`]),
    ...(command === undefined ? [] : [`command=${oneLine(command)}`]),
  ];
  return [
    { text: `${paint('bold', `program ${program}`)}: ${facts.join(', ')}`, hang: '  ' },
    ...output.flatMap(({ stream, place, lines: printed }) => [
      { text: paint('dim', `  ${stream}${printed.length === 0 ? ` goes to ${sayPlace(place)}` : ', its last lines:'}`), hang: '    ' },
      ...printed.map((line) => quoted(paint, line)),
    ]),
    ...(log.length === 0 ? [] : [paint('dim', "  supervisord's log:"), ...log.map((line) => quoted(paint, line))]),
  ];
}

/** supervisord's own stdout and stderr are those of the container. */
function sayPlace(place: string): string {
  return place.startsWith('/dev/') ? `${place}: see the log of the container` : `${oneLine(place)}, which is empty`;
}

function summary(paint: Painter, bad: readonly Found[], good: readonly Found[]): Line {
  const some = (level: Level, word: string) => {
    const count = countOf(bad, level);
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? '' : 's'}`];
  };
  const counts = [...some('problem', 'problem'), ...some('warning', 'warning')].join(', ');
  const abouts = [...new Set(good.map(({ about }) => about))].join(', ');
  const text = `${counts === '' ? 'no problem' : counts}; good: ${abouts} ${paint('dim', '(--all shows all that was looked at)')}`;
  return { text, hang: '  ' };
}
