import type { ProcessInfo } from '../../supervisor/client.ts';
import { fullName, isNamed, keyOf, type ProcessName, type ProgramChoice } from '../../supervisor/names.ts';
import { processState } from '../../supervisor/states.ts';
import type { Snapshot } from '../../supervisor/view.ts';
import { GoodEnds } from '../start/good-ends.ts';
import type { RunStep, StepResult, Watcher } from '../step.ts';
import { Chooser } from './choose.ts';
import {
  findingTold,
  type ProgramFinding,
  troubleOf,
  troubleOfAmbiguous,
  troubleOfMissing,
  troubleOfNotLoaded,
  type WantedState,
} from './judge.ts';
import type { Runs } from './runs.ts';

/** What steps can see of supervisord. */
export interface Supervision {
  /** What the start step, which runs first, has seen. */
  readonly snapshot: () => Snapshot | undefined;
  readonly runs: Runs;
  /** True for programs in no class: start.sh, and readinessd itself. */
  readonly isLeftOut: (program: ProcessName) => boolean;
}

export interface ProgramsOptions {
  readonly choice: ProgramChoice;
  readonly wanted: WantedState;
  /** Makes this check's failure. `others`: how many more programs are not in the wanted state. */
  readonly fail: (finding: ProgramFinding, others: number) => StepResult;
}

export interface ProgramsStep {
  readonly run: RunStep;
  readonly hear: Watcher['hear'];
}

/**
 * The programs step: is every chosen program in the wanted state, and has it settled? It does not
 * ask supervisord itself.
 */
export function createProgramsStep({ choice, wanted, fail }: ProgramsOptions, { snapshot, runs, isLeftOut }: Supervision): ProgramsStep {
  const chooser = new Chooser(choice, isLeftOut);
  const ends = createEnds();
  /** The programs chosen at the last look. */
  let chosenKeys: ReadonlySet<string> = new Set();

  return {
    async run() {
      const seen = snapshot();
      if (seen === undefined) throw new Error('supervisord was not asked before');
      const { live, notLoaded, ambiguous, missing } = chooser.choose(seen);
      chosenKeys = new Set(live.map(keyOf));
      const hasEndedForGood = wanted !== 'running' && ends.areGood(live, seen.number);
      const troubles = [
        ...missing.map(troubleOfMissing),
        ...notLoaded.map(troubleOfNotLoaded),
        ...ambiguous.map(troubleOfAmbiguous),
        ...live.flatMap((process) => troubleOf(process, wanted, runs, hasEndedForGood) ?? []),
      ];
      const worst = troubles.find((trouble) => !trouble.isPassing) ?? troubles[0];
      return worst === undefined ? good(live, wanted) : fail(worst.finding, troubles.length - 1);
    },

    hear({ name, fields }, mayBeOver) {
      if (!name.startsWith('PROCESS_STATE_')) return name.startsWith('PROCESS_GROUP_') ? 'look' : 'nothing';
      const program = { name: fields['processname'] ?? '', group: fields['groupname'] ?? '' };
      if (!chosenKeys.has(keyOf(program))) return mayBeChosen(program, choice) ? 'look' : 'nothing';
      if (name === 'PROCESS_STATE_STARTING') ends.forget();
      const told = mayBeOver ? undefined : findingTold(program, name.slice('PROCESS_STATE_'.length), wanted);
      return told === undefined ? 'look' : fail(told, 0);
    },
  };
}

function mayBeChosen(program: ProcessName, { patterns, classes }: ProgramChoice): boolean {
  return classes.length > 0 || patterns.some((pattern) => isNamed(pattern, program));
}

/** The end of a message, for further programs. */
export function otherPrograms(count: number): string {
  return count === 0 ? '' : `, and ${count} more ${count === 1 ? 'is' : 'are'} not as wanted`;
}

function good(live: readonly ProcessInfo[], wanted: WantedState): StepResult {
  const what = { running: 'RUNNING', exited: 'exited with code 0', 'running-or-exited': 'RUNNING or exited with code 0' }[wanted];
  return { outcome: 'passed', message: `${live.map(fullName).join(', ')}: ${what}` };
}

/**
 * Whether supervisord leaves the programs that have exited with code 0 as they are. Three answers
 * in a row must show it. (With two that are a second apart, a clock set back by a second can make a
 * new run look like the one before.) The same answer counts only once.
 */
function createEnds() {
  const goodEnds = new GoodEnds();
  let last = { answer: 0, inARow: 0 };
  return {
    areGood(live: readonly ProcessInfo[], answer: number): boolean {
      if (answer !== last.answer) {
        const ended = live.filter(({ state, exitstatus }) => state === processState.EXITED && exitstatus === 0);
        last = { answer, inARow: goodEnds.look(ended) === 'yes' ? last.inARow + 1 : 0 };
      }
      return last.inARow >= 2;
    },
    /** One of them was started again. */
    forget(): void {
      goodEnds.forget();
      last = { ...last, inARow: 0 };
    },
  };
}
