import { codeOf } from '../../../shared/exit-codes.ts';
import { maxRuns } from '../../process/end.ts';
import { runBoundMs } from '../../process/executable.ts';
import { laneEnds } from '../../process/lanes.ts';
import { otherPrograms } from '../programs/programs.ts';
import { failedWith, type RunStep, restForATenth, type Step, type StepResult, type Watcher } from '../step.ts';
import type { Check } from './check.ts';
import type { CheckContext, Kind } from './kind.ts';
import { kinds } from './kinds.ts';

export interface CheckSteps {
  /** In the order of the checks. */
  readonly steps: readonly Step[];
  /** Those of checks on supervisord's programs. */
  readonly watchers: readonly Watcher[];
}

/** Added to the timeout of a step that only waits for a timer. */
const marginMs = 100;

/**
 * The steps of declared checks.
 *
 * @param context - what they share
 * @param now - the monotonic clock, milliseconds
 * @param startRun - identifies the last good run of start.sh: when it changes, no earlier good
 * result stands
 */
export function createChecks(
  checks: readonly Check[],
  context: Omit<CheckContext, 'timeoutMs' | 'fail'>,
  now: () => number,
  startRun: () => string,
): CheckSteps {
  const steps: Step[] = [];
  const watchers: Watcher[] = [];
  const bounds = boundsOf(checks);
  for (const [index, check] of checks.entries()) {
    const { name, periodMs, timeoutMs } = check;
    const { usualMs: boundMs = 0, worstMs = 0 } = bounds[index] ?? {};
    if (!check.isOn) {
      steps.push({ name, run: async () => ({ outcome: 'skipped', message: 'switched off by when' }), boundMs: 0 });
      continue;
    }
    const fail = failureOf(check);
    const created = check.body.create({ ...context, timeoutMs, fail });
    if (typeof created === 'function') {
      const run = periodMs === 0 ? created : standing(created, periodMs, now, startRun);
      const restFactor = kindOf(check).runsCommand ? { restFactor: restForATenth } : {};
      steps.push({ name, run, boundMs, worstMs, ...restFactor });
    } else {
      steps.push({ name, run: created.run, boundMs: 0, lookAgain: true, notYet: (found) => fail({ kind: 'programs-hook-rests', found }) });
      watchers.push({ step: name, hear: created.hear });
    }
  }
  return { steps, watchers };
}

/** The longest that each check can take. A command may have to wait for its turn. */
function boundsOf(checks: readonly Check[]): { readonly usualMs: number; readonly worstMs: number }[] {
  const isCommand = (check: Check) => check.isOn && kindOf(check).runsCommand;
  const runs = checks.filter(isCommand).map(({ timeoutMs }) => runBoundMs(timeoutMs));
  const [usual, worst] = [laneEnds(runs), laneEnds(runs.map((ms) => maxRuns * ms))];
  let turn = 0;
  return checks.map((check) => {
    if (!isCommand(check)) return { usualMs: check.timeoutMs + marginMs, worstMs: check.timeoutMs + marginMs };
    const at = turn++;
    return { usualMs: usual[at] ?? 0, worstMs: worst[at] ?? 0 };
  });
}

function kindOf({ kind }: Check): Kind {
  return kinds[kind] as Kind;
}

function failureOf(check: Check): CheckContext['fail'] {
  const { reason } = kindOf(check);
  const name = `check ${JSON.stringify(check.name)}`;
  return (finding, { detail, others = 0 } = {}) => {
    const say = (message: string) => `${name}: ${message}${otherPrograms(others)}`;
    if (check.exitCode === undefined) return failedWith(codeOf(reason), reason, finding, { detail, say });
    return failedWith(check.exitCode, 'CheckFailed', finding, { detail, say });
  };
}

/** Lets a good result stand for a time, unless start.sh has run again or somebody asked for the current state. */
function standing(run: RunStep, periodMs: number, now: () => number, startRun: () => string): RunStep {
  let good: (StepResult & { readonly outcome: 'passed' | 'skipped'; readonly asOfMs: number }) | undefined;
  let goodAfter = '';
  return async (signal, isDemanded) => {
    if (good !== undefined && goodAfter === startRun() && isDemanded !== true && now() - good.asOfMs < periodMs) return good;
    good = undefined;
    goodAfter = startRun();
    const asOfMs = now();
    const result = await run(signal, isDemanded);
    // Without tookMs: reusing a result costs nothing, so there is nothing to wait for.
    if (result.outcome !== 'failed') good = { outcome: result.outcome, message: result.message, detail: result.detail, asOfMs };
    return result;
  };
}
