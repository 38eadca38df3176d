import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { judgeStart } from '../../../daemon/steps/start/judge.ts';
import { StartProgramBook, type StartPrograms } from '../../../daemon/steps/start/programs.ts';
import type { StartBy } from '../../../daemon/steps/start/what-is-start.ts';
import { type ProcessConfig, type ProcessInfo, processState as state } from '../../../daemon/supervisor/client.ts';
import { fullName, keyOf } from '../../../daemon/supervisor/names.ts';
import type { Facts } from './facts.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { createSupervisord, endsInLog, type ProgramTraps, type SupervisordFacts } from './supervisord.ts';

/** Between two looks; a program that supervisord runs again and again has been started anew meanwhile. */
const betweenLooksMs = 2500;

/** A script that took so little more than startsecs fails on a faster machine. */
const narrowSeconds = 1;

/** Names that people give to what does the work of start.sh; not SONiC's dependent-startup, which starts others. */
const likeStart = /(?:^|[^a-z])(?:start|init|initiali[sz]e|setup|bootstrap|entrypoint)(?:$|[^a-z])/i;

const restartCure = 'autorestart=false in its section, then supervisorctl update';

/** After an end that counts as none. */
const failedToStart: readonly number[] = [state.BACKOFF, state.FATAL];

type LiveStart = StartPrograms['live'][number];

const none: StartPrograms = { live: [], notLive: [], unknown: [], missing: [] };

const taken: Readonly<Record<StartBy, string>> = {
  setting: 'as READINESSD_START_PROGRAMS says',
  name: 'by its name',
  command: 'by its command',
  nothing: '',
};

const usualScript = '/usr/bin/start.sh';

/** Which programs are taken for start.sh and why, how they are, and what will go wrong with them. */
export async function checkStart({ supervisord, settings, address, lookedAtMs, configuration }: Facts): Promise<Finding[]> {
  if (!settings.startStep) return [ok('start', 'not looked at: READINESSD_START_STEP=off')];
  if (supervisord instanceof Error) return [];
  const book = new StartProgramBook(settings.startPrograms);
  book.learn(supervisord.processes, supervisord.configs);
  const programs = book.sort(supervisord.processes);
  const { live, notLive, unknown, missing } = programs;
  if (live.length + notLive.length + unknown.length + missing.length === 0) return [noProgram(supervisord.configs)];

  await new Promise((resolve) => setTimeout(resolve, Math.max(0, betweenLooksMs - (performance.now() - lookedAtMs))));
  const later = await createSupervisord(address)
    .processes()
    .catch((): ProcessInfo[] => []);
  return [
    ...live.flatMap((process) => checkOne(process, later, supervisord, configuration)),
    ...notLive.map((config) =>
      judged(
        { ...none, notLive: [config] },
        config.why === 'ambiguous' ? 'give each section a process_name of its own' : 'supervisorctl update',
      ),
    ),
    ...unknown.map((process) => judged({ ...none, unknown: [process] }, 'supervisorctl update')),
    ...missing.map((name) => judged({ ...none, missing: [name] }, 'correct READINESSD_START_PROGRAMS, or add that program')),
  ];
}

function noProgram(configs: readonly ProcessConfig[]): Finding {
  const message = 'no program of supervisord is called start or start.sh, or runs a file start.sh';
  const alike = configs.filter(({ name, command = '' }) => likeStart.test(name) || likeStart.test(basename(command.split(' ')[0] ?? '')));
  if (alike.length > 0) {
    const names = alike.map((config) => `${fullName(config)}${config.command === undefined ? '' : ` (command=${config.command})`}`);
    return warning(
      'start',
      `${message}, so nothing is waited for; is it ${names.join(', or ')}?`,
      'call it [program:start], if that does the initialisation',
    );
  }
  if (!existsSync(usualScript)) return ok('start', `${message}: there is nothing to wait for`);
  return warning(
    'start',
    `${message}, though there is a ${usualScript}`,
    'give it a section [program:start] with startsecs=0 and autorestart=false, if it should be waited for',
  );
}

function checkOne(
  process: LiveStart,
  later: readonly ProcessInfo[],
  { configs, traps, log }: SupervisordFacts,
  configuration: Facts['configuration'],
): Finding[] {
  const config = configs.find((candidate) => keyOf(candidate) === keyOf(process));
  const command = config?.command === undefined ? '' : ` (command=${config.command})`;
  const found = ok('start', `program ${fullName(process)}${command} is taken for start.sh, ${taken[process.by]}`);
  const second = later.find((candidate) => keyOf(candidate) === keyOf(process)) ?? process;
  // supervisord tries a start again that had failed: it says why in BACKOFF only.
  const isTriedAgain = failedToStart.includes(process.state) && second.state === state.STARTING;
  const now = { ...(isTriedAgain ? process : second), by: process.by };
  const trap = traps.get(keyOf(process));
  return [found, findRestarts(process, now, log) ?? foreseeRestarts(now, configuration) ?? findTrap(now, trap, log) ?? judgeOne(now, trap)];
}

/** Only its restarts tell of autorestart. */
function findRestarts(process: ProcessInfo, now: ProcessInfo, log: readonly string[]): Finding | undefined {
  const { last, startedAgain } = endsInLog(log, process.name);
  const isGood = last === 'exit status 0' || (last === undefined && now.exitstatus === 0);
  const wasAgain = now.start !== process.start && process.start !== 0;
  // In BACKOFF and FATAL it was startsecs; a person may have started it again, but hardly twice.
  if (failedToStart.includes(now.state) || !isGood || !(wasAgain || startedAgain > 1)) return undefined;
  return problem(
    'start',
    `start.sh (program ${fullName(process)}) exits with code 0, and supervisord runs it again and again: autorestart=true`,
    restartCure,
  );
}

/** While it runs for the first time only the configuration's files tell. */
function foreseeRestarts(now: ProcessInfo, configuration: Facts['configuration']): Finding | undefined {
  const section = configuration?.sections.get(`program:${now.group}`) ?? configuration?.sections.get(`program:${now.name}`);
  if (section?.get('autorestart') !== 'true' || failedToStart.includes(now.state)) return undefined;
  return problem(
    'start',
    `[program:${now.group}] has autorestart=true: whenever start.sh has ended, supervisord will run it again, and it is never ready`,
    restartCure,
  );
}

/** supervisord tells no exit code when it was sooner than startsecs; its log does. */
function findTrap(now: ProcessInfo, trap: ProgramTraps | undefined, log: readonly string[]): Finding | undefined {
  const name = fullName(now);
  const startsecs = trap?.startsecs ?? 1;
  if ([state.STARTING, ...failedToStart].includes(now.state) && now.spawnerr.startsWith('Exited too quickly') && startsecs > 0) {
    const { last } = endsInLog(log, now.name);
    const again = `startsecs=0 in its section; supervisorctl update${now.state === state.FATAL ? `; supervisorctl start ${name}` : ''}`;
    const outcome = now.state === state.FATAL ? 'supervisord gave up on it (FATAL)' : 'supervisord tries again (BACKOFF)';
    if (last === 'exit status 0') {
      return problem(
        'start',
        `start.sh (program ${name}) exits with code 0 sooner than startsecs=${startsecs}, which supervisord takes for a failed start; ${outcome}`,
        again,
      );
    }
    const how = last === undefined ? 'sooner than startsecs, with a code that is not known' : `at once with ${last}`;
    return problem(
      'start',
      `start.sh (program ${name}) ends ${how}; ${outcome}`,
      `mend what it fails at (supervisorctl tail ${name} stderr, or the log of the container); if its success is quick: ${again}`,
    );
  }
  const tookS = now.stop - now.start;
  if (now.state === state.EXITED && now.exitstatus === 0 && startsecs > 0 && tookS <= startsecs + narrowSeconds) {
    return warning(
      'start',
      `start.sh (program ${name}) took ${tookS} s, with startsecs=${startsecs}: were it quicker, its success would count as a failed start`,
      'startsecs=0 in its section',
    );
  }
  return undefined;
}

function judgeOne(now: LiveStart, trap: ProgramTraps | undefined): Finding {
  const name = fullName(now);
  const cures: Readonly<Record<number, string>> = {
    [state.STOPPED]:
      now.start === 0
        ? `supervisorctl start ${name}${trap?.autostart === false ? ' (autostart=false: something else should have, an event listener perhaps)' : ''}`
        : `supervisorctl start ${name}`,
    [state.RUNNING]: `wait, or see what it does: supervisorctl tail ${name}, or the log of the container`,
    [state.EXITED]: `read what it printed (supervisorctl tail ${name} stderr, or the log of the container), mend that, supervisorctl start ${name}`,
    [state.FATAL]: `mend what it says, then supervisorctl start ${name}`,
  };
  return judged({ ...none, live: [now] }, cures[now.state] ?? 'wait');
}

/** As the daemon judges it. */
function judged(programs: StartPrograms, cure: string): Finding {
  const result = judgeStart(programs);
  if (result.outcome !== 'failed') return ok('start', result.message);
  return result.reason === 'StartNotFinished' ? warning('start', result.message, cure) : problem('start', result.message, cure);
}
