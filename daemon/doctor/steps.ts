import type { About, Finding, Found } from '../../shared/report.ts';
import type { Facts } from './facts.ts';
import { fine, problem, waiting, warning } from './found.ts';

/** What only takes time. */
const passing: readonly string[] = [
  'start-running',
  'start-stopping',
  'start-just-ended',
  'start-not-started',
  'start-hook-rests',
  'programs-change',
  'programs-hook-rests',
  'program-not-settled',
  'program-just-ended',
  'supervisord-stopping',
  'first-cycle-runs',
];

/** What the daemon itself says. Its findings are of this version's kinds, unless another version answers. */
export function checkSteps({ status }: Facts): Found[] {
  if (status === undefined) return [];
  const found = status.steps.flatMap(({ name, outcome, message, finding }): Found[] => {
    const about = name === 'start' || name === 'hook' ? name : 'checks';
    if (outcome === 'failed') return finding === undefined ? [] : [judge(about, finding as Finding)];
    return about === 'checks' ? [fine(about, `${name} ${outcome}: ${message}`)] : [];
  });
  const isOfStep = status.steps.some(({ finding }) => finding?.kind === status.finding?.kind);
  if (status.finding !== undefined && !isOfStep) found.push(judge('daemon', status.finding as Finding));
  const isNothingChecked = status.ready && status.steps.every(({ outcome }) => outcome === 'skipped');
  return isNothingChecked ? [...found, warning('checks', { kind: 'nothing-checked' })] : found;
}

function judge(about: About, finding: Finding): Found {
  return passing.includes(finding.kind) ? waiting(about, finding) : problem(about, finding);
}
