import { codeOf, type Reason } from '../../shared/exit-codes.ts';
import { type VerdictFinding, wordsOf } from '../../shared/findings/findings.ts';
import type { SupervisorEvent } from '../supervisor/event-parser.ts';

/** The result of one step. `detail` may have several lines, for example the tail of the hook's output. */
export type StepResult =
  | {
      readonly outcome: 'passed' | 'skipped';
      readonly message: string;
      readonly detail?: string | undefined;
      /** How long it ran, milliseconds; only set if it first had to wait for its turn. */
      readonly tookMs?: number;
      /**
       * When it looked, by the monotonic clock; only set if that was not just now. With a check's
       * `period` a good result stands for a while.
       */
      readonly asOfMs?: number;
    }
  | {
      readonly outcome: 'failed';
      readonly code: number;
      readonly reason: Reason;
      /** What is wrong, as data. The message is made from it. */
      readonly finding: VerdictFinding;
      readonly message: string;
      readonly detail?: string | undefined;
      readonly tookMs?: number;
    };

/**
 * Takes one look at one thing. It knows no timers between looks, no cache and no HTTP.
 *
 * @param signal - aborted when the daemon stops: clean up and settle soon, the result is not used
 * @param isDemanded - somebody asked for the current state, so do not answer from memory
 * @throws only for bugs; anything foreseen is a result
 */
export type RunStep = (signal: AbortSignal, isDemanded?: boolean) => Promise<StepResult>;

/** A step as the pipeline uses it. */
export interface Step {
  readonly name: string;
  readonly run: RunStep;
  /**
   * How long one run may take if nothing has to be repeated, milliseconds. The age at which a
   * verdict is stale follows from it.
   */
  readonly boundMs: number;
  /** The longest that one run can take, milliseconds. Defaults to boundMs. */
  readonly worstMs?: number;
  /**
   * Look again before a ready verdict if another step of its stage or a later one took some time,
   * and whenever an event is a reason to. For steps that cost next to nothing, and that
   * supervisord's events are about.
   */
  readonly lookAgain?: boolean;
  /**
   * The failure to report when this step is good again, but the steps after it have not run since,
   * because they must wait. Defaults to StartNotFinished.
   */
  readonly notYet?: (found: string) => StepResult;
  /** Whether another look would find the same as the last one, so that none is needed. */
  readonly isCurrent?: () => boolean;
  /** Wait this many times as long as the step last took, so that it uses only a share of the time. */
  readonly restFactor?: number;
}

/** What an event means for a step: a certain failure, a reason to look, or nothing. It never proves success. */
export type Heard = StepResult | 'look' | 'nothing';

/** A step that reacts to supervisord's events. */
export interface Watcher {
  readonly step: string;
  /**
   * Takes in an event.
   *
   * @param mayBeOver - the event comes late, so what it reports may be over. A look may have
   * happened since: the event does not replace its result, but is a reason for another look.
   */
  readonly hear: (event: SupervisorEvent, mayBeOver: boolean) => Heard;
  /** Called when events were lost, or when no more will come. */
  readonly forgetEvents?: () => void;
}

/** Steps that run at the same time. */
export type Stage = readonly Step[];

/** Something that waits this many times as long as it ran uses a tenth of the time. */
export const restForATenth = 9;

/** A failure with its reason's own code. Not for HookFailed, which has the hook's code. */
export function failed(reason: Exclude<Reason, 'HookFailed'>, finding: VerdictFinding, detail?: string): StepResult {
  return failedWith(codeOf(reason), reason, finding, { detail });
}

/**
 * A failure with another code than its reason's: the hook's, or one that a check declares.
 *
 * @param say - makes the message from the finding's
 */
export function failedWith(
  code: number,
  reason: Reason,
  finding: VerdictFinding,
  { detail, say = (message) => message }: { readonly detail?: string | undefined; readonly say?: (message: string) => string } = {},
): StepResult {
  return { outcome: 'failed', code, reason, finding, message: say(wordsOf(finding).message), detail };
}
