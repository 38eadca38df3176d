import { isNothingChecked } from '../../../shared/status-text.ts';
import { NoAnswerError } from '../ask.ts';
import type { Facts } from './facts.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const stepsOfTheirOwn = ['start', 'hook'];

/** The declared checks, as the daemon has found them, and whether anything is checked at all. */
export function checkChecks({ daemon }: Facts): Finding[] {
  if (daemon instanceof NoAnswerError) return [];
  if (isNothingChecked(daemon)) {
    return [
      warning(
        'checks',
        'nothing is checked: there is no start.sh program, no hook, and no declared check',
        'READINESSD_PROGRAMS=autostart in the environment of readinessd has it check that every program runs; or put a hook there',
      ),
    ];
  }
  return daemon.steps
    .filter(({ name }) => !stepsOfTheirOwn.includes(name))
    .map(({ name, outcome, message }) =>
      outcome === 'failed'
        ? problem('checks', message, `see to that, then "readinessctl check"; "readinessd --check-config" lists what is declared`)
        : ok('checks', `${name} ${outcome}: ${message}`),
    );
}
