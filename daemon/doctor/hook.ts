import { existsSync } from 'node:fs';
import { sayDuration } from '../../shared/duration.ts';
import type { Found } from '../../shared/report.ts';
import { environmentOf } from '../proc/processes.ts';
import { defaultHookPath, isSafetyChecked } from '../settings/definitions.ts';
import type { Facts } from './facts.ts';
import { hasCarriageReturns, whyNotRun } from './files.ts';
import { fine, problem, warning } from './found.ts';

/** A hook that takes more than this part of its timeout may fail on a busier node. */
const narrowShare = 0.5;

const shortTimeoutMs = 1000;

/** Checks the hook's file, and how long the hook takes. Does not run it. */
export async function checkHook(facts: Facts): Promise<Found[]> {
  const { settings, status } = facts;
  const { hookPath: path, hookTimeoutMs: timeoutMs } = settings;
  if (path === 'none') return [fine('hook', 'switched off by READINESSD_HOOK=none')];
  const trouble = await whyNotRun({ path, isHook: true }, isSafetyChecked(settings), pathOf(facts));
  if (trouble !== undefined) return [problem('hook', trouble)];
  if (!existsSync(path)) {
    if (path === defaultHookPath) return [fine('hook', `there is no hook ${path}: nothing to check`)];
    return [problem('hook', { kind: 'hook-not-there', path })];
  }
  const found = [fine('hook', `${path} can be run${isSafetyChecked(settings) ? ', and only root could have written it' : ''}`)];
  if (await hasCarriageReturns(path)) found.push(warning('hook', { kind: 'cr-in-lines', path }));
  if (timeoutMs < shortTimeoutMs) found.push(warning('hook', { kind: 'hook-short-timeout', timeoutMs }));
  const step = status?.steps.find(({ name }) => name === 'hook');
  if (step?.outcome !== 'passed') return found;
  if (step.durationMs > narrowShare * timeoutMs)
    return [...found, warning('hook', { kind: 'hook-near-timeout', tookMs: step.durationMs, timeoutMs })];
  return [...found, fine('hook', `it took ${sayDuration(step.durationMs)}`)];
}

/** The hook's PATH: the running daemon's, or the one that its section would give it. */
function pathOf({ status, daemons, call, containerEnvironment }: Facts): string | undefined {
  const pid = status?.pid ?? daemons[0]?.pid ?? 0;
  const environment = (pid > 0 ? environmentOf(pid) : undefined) ?? call?.environment ?? containerEnvironment;
  return environment?.['PATH'];
}
