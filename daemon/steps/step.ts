import { codeOf, type Reason } from '../../shared/exit-codes.ts';

/** What one step found. `detail` may have several lines, the tail of the hook's output for example. */
export type StepResult =
  | { readonly outcome: 'passed' | 'skipped'; readonly message: string; readonly detail?: string | undefined }
  | {
      readonly outcome: 'failed';
      readonly code: number;
      readonly reason: Reason;
      readonly message: string;
      readonly detail?: string | undefined;
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
  /** Look once more before a ready verdict, when a later step has taken its time; and whenever an event is a reason to. */
  readonly lookAgain?: boolean;
  /** Whether another look would find what the last one found: it need not be taken. */
  readonly isCurrent?: () => boolean;
  /** Rest this many times the step's last duration, so that it takes only a share of the time. */
  readonly restFactor?: number;
}

/** What rests so many times as long as it ran takes a tenth of the time. */
export const restForATenth = 9;

/** A failure with the code of its reason. HookFailed has none of its own: its code is the hook's. */
export function failed(reason: Exclude<Reason, 'HookFailed'>, message: string, detail?: string): StepResult {
  return { outcome: 'failed', code: codeOf(reason), reason, message, detail };
}
