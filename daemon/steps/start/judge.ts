import { type ProcessInfo, processState as state } from '../../supervisor/client.ts';
import { fullName, type ProcessName } from '../../supervisor/names.ts';
import { shutdownMessage } from '../../supervisor/xml-rpc.ts';
import { failed, type StepResult } from '../step.ts';
import type { LiveStart, StartPrograms } from './programs.ts';
import type { StartBy } from './what-is-start.ts';

/** The worst speaks: given up, failed, unknown, stopped, and last what only takes time. */
const worstFirst = ['StartFatal', 'StartFailed', 'StartUnknown', 'StartStopped', 'StartNotFinished'] as const;

interface Trouble {
  readonly reason: (typeof worstFirst)[number];
  readonly message: string;
}

const whyNotLive: Readonly<Record<StartPrograms['notLive'][number]['why'], string>> = {
  'not loaded': 'is configured but not loaded: "supervisorctl update" loads it',
  'another is live':
    'is configured but perhaps not loaded, since what ran under that name before may still be live: "supervisorctl update" loads it, and "supervisorctl restart readinessd" then makes that known',
  ambiguous: 'shares its group and process name with another section, and supervisord loads only one of them: give each a name of its own',
};

/**
 * The verdict on start: every start program must have exited with code 0.
 *
 * @param programs - as found at one look
 */
export function judgeStart({ live, notLive, unknown, missing }: StartPrograms): StepResult {
  const troubles: Trouble[] = [
    ...live.flatMap((process) => troubleOf(process) ?? []),
    ...unknown.map((process) => ({
      reason: 'StartUnknown' as const,
      message: `program "${fullName(process)}" is live, but supervisord does not say what it runs: "supervisorctl update" brings both together, and "supervisorctl restart readinessd" makes that known`,
    })),
    ...notLive.map((config) => ({ reason: 'StartNotFinished' as const, message: `${subject(config)} ${whyNotLive[config.why]}` })),
    ...missing.map((name) => ({
      reason: 'StartNotFinished' as const,
      message: `READINESSD_START_PROGRAMS names ${name}, and supervisord has no such program`,
    })),
  ];
  for (const reason of worstFirst) {
    const worst = troubles.find((trouble) => trouble.reason === reason);
    if (worst !== undefined) return failed(reason, worst.message);
  }
  if (live.length === 0) return { outcome: 'skipped', message: 'supervisord has no start.sh program' };
  return { outcome: 'passed', message: `${live.map(subject).join(', ')} exited with code 0` };
}

/** The verdict on good ends of which it is not known yet whether supervisord leaves them so. */
export function judgeUnsettled(processes: readonly ProcessInfo[]): StepResult {
  const subjects = processes.map(subject).join(', ');
  return failed(
    'StartNotFinished',
    `${subjects} has just exited with code 0: that counts once supervisord leaves it so (autorestart=false)`,
  );
}

/** The states that an event tells of in which a start program is not ready whatever else is known. */
const toldStates: Readonly<Record<string, number>> = {
  PROCESS_STATE_STARTING: state.STARTING,
  PROCESS_STATE_RUNNING: state.RUNNING,
  PROCESS_STATE_STOPPING: state.STOPPING,
};

/**
 * The verdict on a start program of which an event tells, before supervisord is asked.
 *
 * @returns undefined where the event alone says nothing for sure: how a program has ended, it does not tell
 */
export function judgeTold(program: ProcessName & { readonly by: StartBy }, eventName: string): StepResult | undefined {
  const told = toldStates[eventName];
  if (told === undefined) return undefined;
  const trouble = troubleOf({ ...program, state: told, start: 0, exitstatus: 0, spawnerr: '' });
  return trouble === undefined ? undefined : failed(trouble.reason, trouble.message);
}

/** From the moment that supervisord says so: its programs are being stopped. */
export const supervisordIsStopping: StepResult = failed('SupervisorBadReply', shutdownMessage);

function troubleOf(
  process: Pick<LiveStart, 'name' | 'group' | 'by' | 'state' | 'start' | 'exitstatus' | 'spawnerr' | 'runsForEver'>,
): Trouble | undefined {
  const trouble = (reason: Trouble['reason'], predicate: string): Trouble => ({ reason, message: `${subject(process)} ${predicate}` });
  switch (process.state) {
    case state.EXITED:
      // exitstatus is -1 after a signal; supervisord does not say which.
      if (process.exitstatus === 0) return process.runsForEver ? trouble('StartNotFinished', restarted) : undefined;
      return trouble('StartFailed', process.exitstatus === -1 ? 'was killed by a signal' : `exited with code ${process.exitstatus}`);
    case state.FATAL:
      return trouble('StartFatal', `is FATAL: ${supervisorsWords(process)}`);
    case state.STOPPED:
      if (process.start === 0) return trouble('StartNotFinished', 'has not been started');
      return trouble('StartStopped', `was stopped: "supervisorctl start ${fullName(process)}" runs it again`);
    case state.STARTING:
    case state.RUNNING:
      return trouble('StartNotFinished', process.by === 'command' ? runningByCommand : 'is running');
    case state.BACKOFF:
      return trouble('StartNotFinished', `is in BACKOFF: ${supervisorsWords(process)}`);
    case state.STOPPING:
      return trouble('StartNotFinished', 'is being stopped');
    default:
      return trouble('StartUnknown', `is in state ${process.state}, which says nothing about its success`);
  }
}

const restarted = 'exited with code 0 and is run again, since its section has autorestart=true: start.sh needs autorestart=false';

/** Many an image has a start.sh that is its service. */
const runningByCommand = 'is running (recognised by its command; if it is a service, set READINESSD_START_PROGRAMS)';

/**
 * The exit status is not told in BACKOFF and FATAL. An early exit is the common trap: with the default startsecs=1
 * a script that does its work at once, and well, counts as a failed start.
 */
function supervisorsWords({ spawnerr }: Pick<ProcessInfo, 'spawnerr'>): string {
  const words = spawnerr === '' ? 'no reason given' : spawnerr;
  return words.startsWith('Exited too quickly') ? `${words}; exit code not known; a program meant to end at once needs startsecs=0` : words;
}

function subject(process: ProcessName): string {
  return `start.sh (program "${fullName(process)}")`;
}
