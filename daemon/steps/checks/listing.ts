import { formatDuration } from '../../../shared/duration.ts';
import { codeOf } from '../../../shared/exit-codes.ts';
import { oneLine } from '../../../shared/reply.ts';
import { defaultHookPath, type Settings } from '../../settings/definitions.ts';
import type { Check } from './check.ts';
import { kinds } from './kinds.ts';

/** A command may have long arguments, but its line must stay one line. */
const maxLineBytes = 8192;

/** What would be checked, for people: a line for each step, in their order. */
export function listing(settings: Settings, checks: readonly Check[]): string {
  const { programs } = settings;
  const rows = [
    ['start', startText(settings)],
    ['hook', hookText(settings)],
    ...(programs === undefined || programs.display === 'none'
      ? []
      : [['programs', `programs ${programs.display}: running, and settled (READINESSD_PROGRAMS)`]]),
    ...checks.map((check) => [check.name, oneLine(`${checkText(check)} (${check.place})`, maxLineBytes)]),
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return rows.map(([name = '', text]) => `${name.padEnd(width)}  ${text}\n`).join('');
}

function startText({ startStep, startPrograms }: Settings): string {
  if (!startStep) return 'not looked at: READINESSD_START_STEP=off';
  if (startPrograms === undefined) return 'every program called start or start.sh, or whose command mentions start.sh: exited with code 0';
  return startPrograms.display === 'none' ? 'none: READINESSD_START_PROGRAMS=none' : `${startPrograms.display}: exited with code 0`;
}

function hookText({ hookPath, hookTimeoutMs }: Settings): string {
  if (hookPath === 'none') return 'none: READINESSD_HOOK=none';
  return `${hookPath}${hookPath === defaultHookPath ? ', if it is there' : ''}, within ${formatDuration(hookTimeoutMs)}`;
}

function checkText({ kind, body, isOn, timeoutMs, periodMs, exitCode }: Check): string {
  if (!isOn) return `switched off by when; else ${body.display}`;
  const parts = [
    body.display,
    ...(timeoutMs === 0 ? [] : [`within ${formatDuration(timeoutMs)}`]),
    ...(periodMs === 0 ? [] : [`a good result stands for ${formatDuration(periodMs)}`]),
    `else exit code ${exitCode ?? codeOf(kinds[kind]?.reason ?? 'CheckFailed')}`,
  ];
  return parts.join(', ');
}
