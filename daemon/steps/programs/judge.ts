import type { programWords } from '../../../shared/findings/programs.ts';
import type { FindingIn } from '../../../shared/findings/words.ts';
import type { ProcessInfo } from '../../supervisor/client.ts';
import { fullName, type ProcessName, programClasses } from '../../supervisor/names.ts';
import { killedStatus, processState as state, stateNames } from '../../supervisor/states.ts';
import { hasRunBefore, type Runs } from './runs.ts';

/** The states that a check can ask for. */
export const wantedStates = ['running', 'exited', 'running-or-exited'] as const;
export type WantedState = (typeof wantedStates)[number];

export type ProgramFinding = FindingIn<typeof programWords>;

/** A program that is not in the wanted state. */
export interface Trouble {
  readonly finding: ProgramFinding;
  /** It may change with time alone, although nothing happens. */
  readonly isPassing: boolean;
}

/** What is wrong with a live program; undefined if it is in the wanted state. */
export function troubleOf(process: ProcessInfo, wanted: WantedState, runs: Runs, hasEndedForGood: boolean): Trouble | undefined {
  const program = fullName(process);
  const restarts = (isPassing = false): Trouble => ({ finding: { kind: 'program-restarts', program }, isPassing });
  const keepsRestarting = runs.keepsRestarting(process);
  if (process.state === state.RUNNING && wanted !== 'exited') {
    if (runs.isSettled(process)) return undefined;
    if (keepsRestarting) return restarts(true);
    return { finding: { kind: 'program-not-settled', program, hasRun: hasRunBefore(process) }, isPassing: true };
  }
  if (process.state === state.EXITED && process.exitstatus === 0 && wanted !== 'running') {
    if (hasEndedForGood) return undefined;
    return keepsRestarting ? restarts(true) : { finding: { kind: 'program-just-ended', program }, isPassing: true };
  }
  if ((process.state === state.STARTING || process.state === state.RUNNING) && keepsRestarting) return restarts();
  if (process.state === state.RUNNING) return { finding: { kind: 'program-still-runs', program }, isPassing: false };
  return { finding: describeState(process), isPassing: false };
}

/** What an event proves to be wrong with a program; undefined if it may be in the wanted state. */
export function findingTold(program: ProcessName, stateName: string, wanted: WantedState): ProgramFinding | undefined {
  const isGood = (stateName === 'RUNNING' && wanted !== 'exited') || (stateName === 'EXITED' && wanted !== 'running');
  if (isGood || !Object.hasOwn(state, stateName)) return undefined;
  return { kind: 'program-in-state', program: fullName(program), state: stateName };
}

/** For a word of the check that matches no program. */
export function troubleOfMissing(word: string): Trouble {
  const isClass = programClasses.some((one) => one === word);
  return { finding: isClass ? { kind: 'program-class-empty', word } : { kind: 'program-absent', name: word }, isPassing: false };
}

export function troubleOfNotLoaded(config: ProcessName): Trouble {
  return { finding: { kind: 'program-not-loaded', program: fullName(config) }, isPassing: false };
}

export function troubleOfAmbiguous(config: ProcessName): Trouble {
  return { finding: { kind: 'program-ambiguous', program: fullName(config) }, isPassing: false };
}

function describeState(process: ProcessInfo): ProgramFinding {
  const { exitstatus, spawnerr, start } = process;
  const program = fullName(process);
  switch (process.state) {
    case state.EXITED:
      return exitstatus === killedStatus ? { kind: 'program-killed', program } : { kind: 'program-exited', program, code: exitstatus };
    case state.BACKOFF:
      return { kind: 'program-failed-start', program, state: 'BACKOFF', spawnerr };
    case state.FATAL:
      return { kind: 'program-failed-start', program, state: 'FATAL', spawnerr };
    case state.STOPPED:
      return { kind: start === 0 ? 'program-not-started' : 'program-stopped', program };
    default:
      return { kind: 'program-in-state', program, state: stateNames.get(process.state) ?? `in state ${process.state}` };
  }
}
