import type { VerdictFinding } from '../../../shared/findings/findings.ts';
import type { Runner } from '../../process/lanes.ts';
import type { ProgramsStep, Supervision } from '../programs/programs.ts';
import type { RunStep, StepResult } from '../step.ts';
import type { Field, Fields, Value } from './value.ts';

/** What a check of any kind gets. */
export interface CheckContext {
  /** Milliseconds; 0 for a kind that waits for nothing. */
  readonly timeoutMs: number;
  /** Makes this check's failure. `detail`: the output of its command. `others`: how many more findings there are. */
  readonly fail: (finding: VerdictFinding, more?: { readonly detail?: string | undefined; readonly others?: number }) => StepResult;
  readonly supervision: Supervision;
  /** Runs commands, two at a time. */
  readonly runner: Runner;
  /** The whole environment of commands. */
  readonly environment: NodeJS.ProcessEnv;
  /** Whether to check that only root can have written commands. */
  readonly checkSafety: boolean;
}

/** A check as read from a file, ready to be run. */
export interface CheckBody {
  /** For people, in one line, without secrets. */
  readonly display: string;
  readonly create: (context: CheckContext) => RunStep | ProgramsStep;
}

/**
 * A kind of check: how it is written in a file, and what it does. A new kind is a file beside this
 * one, and a line in kinds.ts.
 */
export interface Kind {
  /** When it passes. */
  readonly what: string;
  /** An example of the value of the kind's key. */
  readonly example: string;
  /** A failure has this reason's code, unless the check has its own. */
  readonly reason: 'ProgramNotRunning' | 'CheckFailed';
  /** Undefined for a kind that waits for nothing, which has neither `timeout` nor `period`. */
  readonly defaultTimeoutMs: number | undefined;
  /** Keys under the kind's key. */
  readonly fields: Fields;
  /** Keys beside the kind's key. */
  readonly beside: Readonly<Record<string, Field<string>>>;
  /** Reports a value that cannot be used with that value's fail(). */
  readonly read: (value: Value, beside: Readonly<Record<string, string | undefined>>) => CheckBody;
  /** Whether it runs a command, which waits for its turn. */
  readonly runsCommand: boolean;
}
