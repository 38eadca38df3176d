import type { startWords } from '../../../shared/findings/start.ts';
import type { FindingIn } from '../../../shared/findings/words.ts';
import type { ProcessInfo } from '../../supervisor/client.ts';
import { fullName, type ProcessName } from '../../supervisor/names.ts';
import { endedTooSoon, killedStatus, processState as state } from '../../supervisor/states.ts';
import { failed, type StepResult } from '../step.ts';
import type { LiveStart, StartPrograms } from './start-programs.ts';
import type { StartBy } from './what-is-start.ts';

/** The worst trouble becomes the verdict. The last of them only needs time. */
const worstFirst = ['StartFatal', 'StartFailed', 'StartUnknown', 'StartStopped', 'StartNotFinished'] as const;

type StartFinding = FindingIn<typeof startWords>;

interface Trouble {
  readonly reason: (typeof worstFirst)[number];
  readonly finding: StartFinding;
}

const whyNotLive = {
  'not loaded': 'start-not-loaded',
  'another is live': 'start-perhaps-not-loaded',
  ambiguous: 'start-ambiguous',
} as const satisfies Readonly<Record<StartPrograms['notLive'][number]['why'], StartFinding['kind']>>;

/**
 * The verdict on start: every start program must have exited with code 0.
 *
 * @param programs - as found in one look
 */
export function judgeStart(programs: StartPrograms): StepResult {
  const troubles = startTroubles(programs);
  for (const reason of worstFirst) {
    const worst = troubles.find((trouble) => trouble.reason === reason);
    if (worst !== undefined) return failed(reason, worst.finding);
  }
  const { live } = programs;
  if (live.length === 0) return { outcome: 'skipped', message: 'supervisord has no start.sh program' };
  const subjects = live.map((process) => `start.sh (program "${fullName(process)}")`);
  return { outcome: 'passed', message: `${subjects.join(', ')} exited with code 0` };
}

/** Everything that keeps start from being good. */
export function startTroubles({ live, notLive, unknown, missing }: StartPrograms): Trouble[] {
  const notFinished = (finding: StartFinding): Trouble => ({ reason: 'StartNotFinished', finding });
  return [
    ...live.flatMap((process) => troubleOf(process) ?? []),
    ...unknown.map(
      (process): Trouble => ({ reason: 'StartUnknown', finding: { kind: 'start-command-unknown', program: fullName(process) } }),
    ),
    ...notLive.map((config) => notFinished({ kind: whyNotLive[config.why], program: fullName(config) })),
    ...missing.map((name) => notFinished({ kind: 'start-missing', name })),
  ];
}

/** The verdict while all have exited with code 0, but supervisord may still restart one. */
export function judgeUnsettled(processes: readonly ProcessInfo[]): StepResult {
  return failed('StartNotFinished', { kind: 'start-just-ended', programs: processes.map(fullName) });
}

/** States in which a start program is not ready, whatever else is known. An event alone is enough to tell. */
const toldStates: Readonly<Record<string, number>> = {
  PROCESS_STATE_STARTING: state.STARTING,
  PROCESS_STATE_RUNNING: state.RUNNING,
  PROCESS_STATE_STOPPING: state.STOPPING,
};

/**
 * The verdict on a start program from an event alone, before supervisord is asked.
 *
 * @returns undefined where the event proves nothing: it does not say how a program ended
 */
export function judgeTold(program: ProcessName & { readonly by: StartBy }, eventName: string): StepResult | undefined {
  const told = toldStates[eventName];
  if (told === undefined) return undefined;
  const trouble = troubleOf({ ...program, state: told, start: 0, stop: 0, exitstatus: 0, spawnerr: '' });
  return trouble === undefined ? undefined : failed(trouble.reason, trouble.finding);
}

/** The verdict from the moment that supervisord says it is stopping: it stops its programs, too. */
export const supervisordIsStopping: StepResult = failed('SupervisorBadReply', { kind: 'supervisord-stopping' });

function troubleOf(
  process: Pick<LiveStart, 'name' | 'group' | 'by' | 'state' | 'start' | 'stop' | 'exitstatus' | 'spawnerr' | 'runsForEver'>,
): Trouble | undefined {
  const program = fullName(process);
  const notFinished = (finding: StartFinding): Trouble => ({ reason: 'StartNotFinished', finding });
  const { spawnerr } = process;
  // supervisord gives no exit status in BACKOFF and FATAL.
  const isEarly = spawnerr.startsWith(endedTooSoon);
  switch (process.state) {
    case state.EXITED:
      if (process.exitstatus === 0) return process.runsForEver ? notFinished({ kind: 'start-restarts', program }) : undefined;
      if (process.exitstatus === killedStatus) return { reason: 'StartFailed', finding: { kind: 'start-killed', program } };
      return { reason: 'StartFailed', finding: { kind: 'start-failed', program, code: process.exitstatus } };
    case state.FATAL:
      return { reason: 'StartFatal', finding: { kind: 'start-fatal', program, spawnerr, isEarly } };
    case state.STOPPED:
      if (process.start === 0) return notFinished({ kind: 'start-not-started', program });
      return { reason: 'StartStopped', finding: { kind: 'start-stopped', program } };
    case state.STARTING:
    case state.RUNNING:
      return notFinished({ kind: 'start-running', program, isByCommand: process.by === 'command', hasRun: process.stop !== 0 });
    case state.BACKOFF:
      return notFinished({ kind: 'start-backoff', program, spawnerr, isEarly });
    case state.STOPPING:
      return notFinished({ kind: 'start-stopping', program });
    default:
      return { reason: 'StartUnknown', finding: { kind: 'start-state-unknown', program, state: process.state } };
  }
}
