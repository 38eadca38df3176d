import { codeOf, type Reason } from '../../shared/exit-codes.ts';
import { type VerdictFinding, wordsOf } from '../../shared/findings/findings.ts';
import type { SupervisorEvent } from '../supervisor/event-parser.ts';

/** What one step found. `detail` may have several lines, the tail of the hook's output for example. */
export type StepResult =
  | {
      readonly outcome: 'passed' | 'skipped';
      readonly message: string;
      readonly detail?: string | undefined;
      /** How long it ran, milliseconds, where it had to wait for its turn first. */
      readonly tookMs?: number;
      /** When it was looked for, by the monotonic clock, where that was not just now: a check's `period` lets a good result stand. */
      readonly asOfMs?: number;
    }
  | {
      readonly outcome: 'failed';
      readonly code: number;
      readonly reason: Reason;
      /** What is wrong, as data; the message is made of it. */
      readonly finding: VerdictFinding;
      readonly message: string;
      readonly detail?: string | undefined;
      readonly tookMs?: number;
    };

/**
 * One look at one thing. It knows no timers between looks, no cache and no HTTP.
 *
 * @param signal - aborted when the daemon stops: clean up and settle soon, the result is not used
 * @param isDemanded - somebody waits for what is so now: what is remembered will not do
 * @throws only what is a bug; everything foreseen is a result
 */
export type RunStep = (signal: AbortSignal, isDemanded?: boolean) => Promise<StepResult>;

/** A step as the pipeline wires it. */
export interface Step {
  readonly name: string;
  readonly run: RunStep;
  /** What one run may need when nothing has to be done twice, milliseconds: how old a verdict may be follows from it. */
  readonly boundMs: number;
  /** The longest that one run can take, milliseconds; boundMs where that is all. */
  readonly worstMs?: number;
  /**
   * It costs next to nothing, and supervisord's events are about it: look once more before a ready verdict, when a step beside or
   * after it has taken its time, and whenever an event is a reason to.
   */
  readonly lookAgain?: boolean;
  /** What it says while it is good again, but what has to run after it rests; StartNotFinished unless it is said. */
  readonly notYet?: (found: string) => StepResult;
  /** Whether another look would find what the last one found: it need not be taken. */
  readonly isCurrent?: () => boolean;
  /** Rest this many times the step's last duration, so that it takes only a share of the time. */
  readonly restFactor?: number;
}

/** What an event means for a step: a failure for sure, a reason to look, or nothing. It is never evidence of success. */
export type Heard = StepResult | 'look' | 'nothing';

/** A step that supervisord's events are about. */
export interface Watcher {
  readonly step: string;
  /**
   * Takes in an event.
   *
   * @param mayBeOver - it comes late, and what it tells of may be over: a look, which may have been later, is not overtaken by it,
   * but only followed by another
   */
  readonly hear: (event: SupervisorEvent, mayBeOver: boolean) => Heard;
  /** Events were lost, or come no more. */
  readonly forgetEvents?: () => void;
}

/** Steps that run at the same time. */
export type Stage = readonly Step[];

/** What rests so many times as long as it ran takes a tenth of the time. */
export const restForATenth = 9;

/** A failure with the code of its reason. HookFailed has none of its own: its code is the hook's. A check may declare another. */
export function failed(reason: Exclude<Reason, 'HookFailed'>, finding: VerdictFinding, detail?: string): StepResult {
  return failedWith(codeOf(reason), reason, finding, { detail });
}

/**
 * The same with a code that is not the reason's own: the hook's, or one that a check declares.
 *
 * @param say - makes the message of the finding's
 */
export function failedWith(
  code: number,
  reason: Reason,
  finding: VerdictFinding,
  { detail, say = (message) => message }: { readonly detail?: string | undefined; readonly say?: (message: string) => string } = {},
): StepResult {
  return { outcome: 'failed', code, reason, finding, message: say(wordsOf(finding).message), detail };
}
