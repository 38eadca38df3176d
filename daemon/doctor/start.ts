import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isPassing } from '../../shared/findings/findings.ts';
import type { Finding, Found } from '../../shared/report.ts';
import { startTroubles } from '../steps/start/judge.ts';
import { type LiveStart, StartProgramBook, type StartPrograms } from '../steps/start/start-programs.ts';
import type { ProcessInfo } from '../supervisor/client.ts';
import { environmentIn } from '../supervisor/configuration.ts';
import { fullName, keyOf } from '../supervisor/names.ts';
import { endedTooSoon, killedStatus, processState as state } from '../supervisor/states.ts';
import { commandOf, lastEnd, linesOf, type Supervisord } from './ask.ts';
import type { Facts } from './facts.ts';
import { defaultPath, hasCarriageReturns, isExecutable, whyNotRun } from './files.ts';
import { fine, problem, waiting, warning } from './found.ts';
import { sayPlace, sectionOf, unusableUser, wordsIn } from './sections.ts';

/** How long to watch a start.sh that is not good. A program that is restarted again and again shows in that time. */
const watchMs = 2500;
const lookEveryMs = 150;

/** After an end, another run may follow: supervisord's loop turns once a second. */
const afterEndMs = 1500;

/** With fewer, somebody may just start it by hand. */
const endsInARow = 3;

const usualScript = '/usr/bin/start.sh';

/** The start programs; undefined where they are not checked or supervisord cannot be asked. */
export function startPrograms({ supervisord, settings }: Facts): StartPrograms | undefined {
  if (supervisord instanceof Error || !settings.startStep) return undefined;
  const book = new StartProgramBook(settings.startPrograms);
  book.learn(supervisord.processes, supervisord.configs);
  return book.sort(supervisord.processes);
}

/** The state of start programs, and why they do not end well. */
export async function checkStart(facts: Facts): Promise<Found[]> {
  const { supervisord, settings, daemons } = facts;
  if (!settings.startStep) return [fine('start', 'not looked at: READINESSD_START_STEP=off')];
  const programs = startPrograms(facts);
  if (supervisord instanceof Error || programs === undefined) return [];
  const { live, notLive, unknown, missing } = programs;
  if (live.length + notLive.length + unknown.length + missing.length === 0) {
    if (existsSync(usualScript)) return [warning('start', { kind: 'start-no-program', path: usualScript })];
    return [fine('start', 'supervisord has no start.sh program: there is nothing to wait for')];
  }
  const found: Found[] = [];
  const watched = live.every(isGood) ? [live] : await watch(supervisord, live);
  // supervisord has written to its log since.
  const log = live.every(isGood) ? supervisord.log : await supervisord.readLog();
  for (const process of live) {
    const sights = watched.flatMap((look) => look.find((one) => keyOf(one) === keyOf(process)) ?? []);
    found.push(...(await diagnose(facts, { ...supervisord, log }, process, sights)));
  }
  // Judge the last state seen. But if a start program failed and then ran again, its failure says
  // more than that run.
  const now = live.map((process) => ({ ...process, ...(watched.at(-1)?.find((one) => keyOf(one) === keyOf(process)) ?? process) }));
  // A program that runs the daemon is known by its process. The advice to update would remove it.
  const others = unknown.filter((process) => !daemons.some(({ pid }) => pid > 0 && pid === process.pid));
  const troubles = startTroubles({ ...programs, live: now, unknown: others });
  found.push(...troubles.map(({ finding }) => (isPassing(finding) ? waiting : problem)('start', finding)));
  if (troubles.length === 0) found.push(fine('start', `${live.map(fullName).join(', ')} exited with code 0`));
  return found;
}

function isGood(process: ProcessInfo): boolean {
  return process.state === state.EXITED && process.exitstatus === 0;
}

async function watch(supervisord: Supervisord, first: readonly ProcessInfo[]): Promise<(readonly ProcessInfo[])[]> {
  const looks = [first];
  const beganAtMs = performance.now();
  let endAtMs = beganAtMs + watchMs;
  while (performance.now() < endAtMs) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const look = await supervisord.again().catch(() => []);
    const wasGood = new Set(looks.at(-1)?.filter(isGood).map(keyOf));
    const isWatched = (process: ProcessInfo) => first.some((one) => keyOf(one) === keyOf(process));
    const hasJustEnded = look.some((process) => isGood(process) && isWatched(process) && !wasGood.has(keyOf(process)));
    if (hasJustEnded) endAtMs = Math.min(beganAtMs + 2 * watchMs, Math.max(endAtMs, performance.now() + afterEndMs));
    looks.push(look);
  }
  return looks.filter((look) => look.length > 0);
}

/** Why a start program does not end well, beyond supervisord's state of it. */
async function diagnose(facts: Facts, supervisord: Supervisord, process: LiveStart, sights: readonly ProcessInfo[]): Promise<Found[]> {
  const program = fullName(process);
  const last = sights.at(-1) ?? process;
  const tooSoon = sights.findLast(({ spawnerr }) => spawnerr.startsWith(endedTooSoon));
  const isFailedStart = sights.some((sight) => sight.state === state.BACKOFF || sight.state === state.FATAL);
  const hasFailed = isFailedStart || sights.some((sight) => sight.state === state.EXITED && sight.exitstatus !== 0);
  if (hasFailed) {
    const cause = await whyFailed(facts, supervisord, process);
    if (cause.length > 0) return cause.map((finding) => problem('start', finding));
    const status = last.state === state.EXITED ? `exit status ${last.exitstatus}` : lastEnd(supervisord, process);
    // Otherwise the output may be from an earlier run.
    const why = status === 'exit status 127' ? await whyNotSpawned(supervisord, process) : undefined;
    if (why !== undefined) return [problem('start', { kind: 'start-not-spawned', program, why })];
  }
  const end = lastEnd(supervisord, process);
  if (tooSoon !== undefined && isFailedStart) {
    const { startsecs = 1 } = supervisord.extras.get(keyOf(process)) ?? {};
    if (end === undefined) return [];
    if (end === 'exit status 0')
      return [problem('start', { kind: 'start-quick-success', program, startsecs, section: sayPlace(facts.configuration, process) })];
    return [problem('start', { kind: 'start-quick-end', program, how: end }), ...(await suspectText(facts, process))];
  }
  if (isFailedStart) return [];
  const restarting = findRestarts(facts, supervisord, process, sights, end);
  if (restarting !== undefined) return [restarting, ...(hasFailed ? await suspectText(facts, process) : [])];
  if (last.state === state.EXITED && last.exitstatus === killedStatus && end !== undefined)
    return [problem('start', { kind: 'start-killed-by', program, how: end })];
  return hasFailed ? suspectText(facts, process) : [];
}

/** Whether supervisord restarts it after every end. */
function findRestarts(
  { configuration }: Facts,
  { log }: Supervisord,
  process: LiveStart,
  sights: readonly ProcessInfo[],
  end: string | undefined,
): Found | undefined {
  const program = fullName(process);
  const section = sayPlace(configuration, process);
  const autorestart = sectionOf(configuration, process)?.options.get('autorestart');
  const [first, last] = [sights[0] ?? process, sights.at(-1) ?? process];
  const isRunning = last.state === state.RUNNING || last.state === state.STARTING;
  const ended = sights.find((sight) => sight.state === state.EXITED);
  const seen = ended === undefined || ended.exitstatus === killedStatus ? end : `exit status ${ended.exitstatus}`;
  const isAgain =
    new Set(sights.filter(({ start }) => start !== 0).map(({ start, pid }) => (pid === 0 ? start : `${start} ${pid}`))).size > 2;
  const hasRunAgain = first.start !== last.start || (ended !== undefined && isRunning) || isAgain;
  if (hasRunAgain && autorestart !== 'false' && seen !== undefined)
    return problem('start', { kind: 'start-restarts-now', program, section, how: seen });
  const ends = linesOf(log, process.name).filter((line) => line.includes(' exited: ') && line.includes('(exit status 0;'));
  if (hasRunAgain && autorestart === 'false' && seen === 'exit status 0' && ends.length >= endsInARow)
    return problem('start', { kind: 'start-not-updated', program, section });
  if (!isRunning) return undefined;
  if (autorestart === 'true' && last.stop !== 0 && end === 'exit status 0')
    return problem('start', { kind: 'start-restarts-now', program, section, how: end });
  if (autorestart === 'true') return problem('start', { kind: 'start-will-restart', program, section });
  return last.stop !== 0 && end !== undefined ? waiting('start', { kind: 'start-ran-before', program, how: end }) : undefined;
}

/** Why its command cannot be started, or cannot find what it names. */
async function whyFailed(
  { configuration, supervisordPid, containerEnvironment }: Facts,
  supervisord: Supervisord,
  process: LiveStart,
): Promise<Finding[]> {
  const program = fullName(process);
  const section = sectionOf(configuration, process);
  const user = unusableUser(section, supervisordPid);
  if (user !== undefined) return [{ kind: 'start-user', program, ...user }];
  const [first, ...args] = wordsIn(commandOf(supervisord, process));
  if (first === undefined) return [];
  const searched = containerEnvironment?.['PATH'] ?? defaultPath;
  const path = first.includes('/')
    ? first
    : searched
        .split(':')
        .map((directory) => join(directory, first))
        .find(isExecutable);
  if (!path?.startsWith('/')) return [];
  if (!existsSync(path)) return [{ kind: 'start-names-missing', program, path }];
  // supervisord searches its own PATH for the program. The program then gets its section's PATH.
  const own = section === undefined ? undefined : environmentIn(section.options)['PATH'];
  const trouble = await whyNotRun({ path, isHook: false, program }, false, own ?? searched);
  if (trouble !== undefined) return [trouble];
  const script = args.find((word) => !word.startsWith('-'));
  return script?.startsWith('/') && !existsSync(script) ? [{ kind: 'start-names-missing', program, path: script }] : [];
}

/** What supervisord wrote when it could not start the program, if that is the end of the output. */
async function whyNotSpawned(supervisord: Supervisord, process: ProcessInfo): Promise<string | undefined> {
  for (const stream of ['stderr', 'stdout'] as const) {
    const [why = '', last] = ((await supervisord.output(process, stream)) ?? '').trimEnd().split('\n').slice(-2);
    if (last === 'supervisor: child process was not spawned') return why.replace(/^supervisor: /, '');
  }
  return undefined;
}

/** Lines that end in CR LF in a failing script: nobody can say what they do. */
async function suspectText({ supervisord }: Facts, process: LiveStart): Promise<Found[]> {
  if (supervisord instanceof Error) return [];
  for (const path of wordsIn(commandOf(supervisord, process)).filter((word) => word.startsWith('/'))) {
    if (await hasCarriageReturns(path)) return [problem('start', { kind: 'cr-in-lines', path, program: fullName(process) })];
  }
  return [];
}
