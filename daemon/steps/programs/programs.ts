import { type ProcessInfo, processState } from '../../supervisor/client.ts';
import { fullName, isNamed, keyOf, type ProcessName, type ProgramChoice } from '../../supervisor/names.ts';
import type { Snapshot } from '../../supervisor/view.ts';
import { GoodEnds } from '../start/good-ends.ts';
import type { RunStep, StepResult, Watcher } from '../step.ts';
import { Chooser } from './choose.ts';
import { type Trouble, troubleOf, troubleOfMissing, troubleOfNotLoaded, troubleTold, type WantedState } from './judge.ts';
import type { Runs } from './runs.ts';

/** What is seen of supervisord. */
export interface Supervision {
  /** What the start step, which ran before, has seen. */
  readonly snapshot: () => Snapshot | undefined;
  readonly runs: Runs;
  /** What no class of programs means: start.sh, and readinessd itself. */
  readonly isLeftOut: (program: ProcessName) => boolean;
}

export interface ProgramsOptions {
  readonly choice: ProgramChoice;
  readonly wanted: WantedState;
  /** Makes the failure that this check reports. */
  readonly fail: (message: string) => StepResult;
}

export interface ProgramsStep {
  readonly run: RunStep;
  readonly hear: Watcher['hear'];
  /** Time alone may make it good: supervisord must be asked again though nothing is told. */
  isPassing(): boolean;
}

/** The programs step: is every chosen program as it should be, and has it settled? It asks nothing by itself. */
export function createProgramsStep({ choice, wanted, fail }: ProgramsOptions, { snapshot, runs, isLeftOut }: Supervision): ProgramsStep {
  const chooser = new Chooser(choice, isLeftOut);
  const ends = createEnds();
  /** Those that were chosen at the last look. */
  let chosenKeys: ReadonlySet<string> = new Set();
  let isPassing = false;

  return {
    async run() {
      const seen = snapshot();
      if (seen === undefined) throw new Error('supervisord was not asked before');
      const { live, notLoaded, missing } = chooser.choose(seen);
      chosenKeys = new Set(live.map(keyOf));
      const hasEndedForGood = wanted !== 'running' && ends(live, seen.number);
      const troubles = [
        ...missing.map(troubleOfMissing),
        ...notLoaded.map(troubleOfNotLoaded),
        ...live.flatMap((process) => troubleOf(process, wanted, runs, hasEndedForGood) ?? []),
      ];
      isPassing = troubles.some((trouble) => trouble.isPassing);
      const worst = troubles.find((trouble) => !trouble.isPassing) ?? troubles[0];
      return worst === undefined ? good(live, wanted) : fail(describe(worst, troubles.length - 1));
    },

    hear({ name, fields }, mayBeOver) {
      if (!name.startsWith('PROCESS_STATE_')) return name.startsWith('PROCESS_GROUP_') ? 'look' : 'nothing';
      const program = { name: fields['processname'] ?? '', group: fields['groupname'] ?? '' };
      if (!chosenKeys.has(keyOf(program))) return mayBeChosen(program, choice) ? 'look' : 'nothing';
      const told = mayBeOver ? undefined : troubleTold(program, stateIn(name), wanted);
      return told === undefined ? 'look' : fail(told.message);
    },

    isPassing: () => isPassing,
  };
}

function mayBeChosen(program: ProcessName, { patterns, classes }: ProgramChoice): boolean {
  return classes.length > 0 || patterns.some((pattern) => isNamed(pattern, program));
}

function stateIn(eventName: string): Parameters<typeof troubleTold>[1] {
  return eventName.slice('PROCESS_STATE_'.length);
}

function describe({ message }: Trouble, others: number): string {
  return others === 0 ? message : `${message}, and ${others} more ${others === 1 ? 'is' : 'are'} not as wanted`;
}

function good(live: readonly ProcessInfo[], wanted: WantedState): StepResult {
  const what = { running: 'RUNNING', exited: 'exited with code 0', 'running-or-exited': 'RUNNING or exited with code 0' }[wanted];
  return { outcome: 'passed', message: `${live.map(fullName).join(', ')}: ${what}` };
}

/** Whether the programs that have exited with code 0 are left so; an answer of supervisord counts once. */
function createEnds(): (live: readonly ProcessInfo[], answer: number) => boolean {
  const goodEnds = new GoodEnds();
  let last = { answer: 0, isGood: false };
  return (live, answer) => {
    if (answer !== last.answer) {
      const ended = live.filter(({ state, exitstatus }) => state === processState.EXITED && exitstatus === 0);
      last = { answer, isGood: goodEnds.look(ended) === 'yes' };
    }
    return last.isGood;
  };
}
