import { type ProcessInfo, processState as state, stateNames } from '../../supervisor/client.ts';
import { fullName, type ProcessName, programClasses } from '../../supervisor/names.ts';
import { hasRunBefore, type Runs } from './runs.ts';

/** What is asked of each program; that a good end lasts, others have found out. */
export const wantedStates = ['running', 'exited', 'running-or-exited'] as const;
export type WantedState = (typeof wantedStates)[number];

/** One program that is not as it should be. */
export interface Trouble {
  readonly message: string;
  /** It will be found otherwise when time has passed, though nothing happens. */
  readonly isPassing: boolean;
}

/** What is wrong with a live program; undefined when it is as it should be. */
export function troubleOf(process: ProcessInfo, wanted: WantedState, runs: Runs, hasEndedForGood: boolean): Trouble | undefined {
  if (process.state === state.RUNNING && wanted !== 'exited') {
    return runs.isSettled(process) ? undefined : trouble(process, whyNotSettled(process, runs), true);
  }
  if (process.state === state.EXITED && process.exitstatus === 0 && wanted !== 'running') {
    if (hasEndedForGood) return undefined;
    return trouble(process, runs.keepsRestarting(process) ? restarting : justExited, true);
  }
  if (process.state === state.STARTING && runs.keepsRestarting(process)) return trouble(process, restarting);
  if (process.state === state.RUNNING)
    return trouble(process, runs.keepsRestarting(process) ? restarting : 'is RUNNING, and should exit with code 0');
  return trouble(process, describeState(process));
}

/** What an event tells of a program for sure; undefined when it may be as it should. */
export function troubleTold(program: ProcessName, stateName: string, wanted: WantedState): Trouble | undefined {
  const isGood = (stateName === 'RUNNING' && wanted !== 'exited') || (stateName === 'EXITED' && wanted !== 'running');
  const number = state[stateName as keyof typeof state];
  return isGood || number === undefined ? undefined : trouble(program, `is ${stateName}`);
}

/** A word of the check that stands for no program. */
export function troubleOfMissing(word: string): Trouble {
  const isClass = programClasses.some((one) => one === word);
  return { message: isClass ? `${word} means no program of supervisord's` : `program "${word}" is not there`, isPassing: false };
}

export function troubleOfNotLoaded(config: ProcessName): Trouble {
  return trouble(config, 'is not there: it is configured but not loaded, "supervisorctl update" loads it');
}

export function troubleOfAmbiguous(config: ProcessName): Trouble {
  return trouble(
    config,
    'shares its group and process name with another section, and supervisord loads only one of them: give each its own',
  );
}

const justExited = 'has just exited with code 0: checking that supervisord does not restart it';

const restarting = 'keeps being restarted';

function whyNotSettled(process: ProcessInfo, runs: Runs): string {
  if (runs.keepsRestarting(process)) return restarting;
  return hasRunBefore(process) ? 'was restarted, and has not been up for long enough' : 'has just been started';
}

function describeState({ state: number, start, exitstatus, spawnerr }: ProcessInfo): string {
  const name = stateNames.get(number) ?? `in state ${number}`;
  switch (number) {
    case state.EXITED:
      return `is ${name}: ${exitstatus === -1 ? 'it was killed by a signal' : `it exited with code ${exitstatus}`}`;
    case state.BACKOFF:
    case state.FATAL:
      return `is ${name}: ${spawnerr === '' ? 'no reason given' : spawnerr}`;
    case state.STOPPED:
      return start === 0 ? `is ${name}: it has not been started` : `is ${name}: somebody stopped it`;
    default:
      return `is ${name}`;
  }
}

function trouble(program: ProcessName, predicate: string, isPassing = false): Trouble {
  return { message: `program "${fullName(program)}" ${predicate}`, isPassing };
}
