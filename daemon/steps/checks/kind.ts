import type { VerdictFinding } from '../../../shared/findings/findings.ts';
import type { Runner } from '../../process/lanes.ts';
import type { ProgramsStep, Supervision } from '../programs/programs.ts';
import type { RunStep, StepResult } from '../step.ts';
import type { Field, Fields, Value } from './value.ts';

/** What every check has beside what is its kind's. */
export interface CheckContext {
  /** Milliseconds; 0 for a kind that waits for nothing. */
  readonly timeoutMs: number;
  /** Makes the failure that this check reports; `detail`: the output of its command; `others`: more findings of the kind. */
  readonly fail: (finding: VerdictFinding, more?: { readonly detail?: string | undefined; readonly others?: number }) => StepResult;
  readonly supervision: Supervision;
  /** Where commands run, two at a time, */
  readonly runner: Runner;
  /** all that they get, */
  readonly environment: NodeJS.ProcessEnv;
  /** and whether only root may have written them. */
  readonly checkSafety: boolean;
}

/** What was read of one check, ready to be run. */
export interface CheckBody {
  /** For people, in one line, without secrets. */
  readonly display: string;
  readonly create: (context: CheckContext) => RunStep | ProgramsStep;
}

/**
 * A kind of check: what is written in a file, and what is done with it. A new kind is a file like this one's neighbours, and a
 * line in kinds.ts.
 */
export interface Kind {
  /** When it passes. */
  readonly what: string;
  /** What stands under the kind's key. */
  readonly example: string;
  /** A failure has the code of this reason, unless the check has its own. */
  readonly reason: 'ProgramNotRunning' | 'CheckFailed';
  /** Undefined: it waits for nothing, and has neither `timeout` nor `period`. */
  readonly defaultTimeoutMs: number | undefined;
  /** Keys under the kind's key. */
  readonly fields: Fields;
  /** Keys beside the kind's key. */
  readonly beside: Readonly<Record<string, Field<string>>>;
  /** Says with `fail` of the values what cannot be used. */
  readonly read: (value: Value, beside: Readonly<Record<string, string | undefined>>) => CheckBody;
  /** It runs a command, which waits for its turn. */
  readonly runsCommand: boolean;
}
