import type { Status } from '../../shared/api.ts';
import { isPassing } from '../../shared/findings/findings.ts';
import type { About, Finding, Found } from '../../shared/report.ts';
import { isNothingChecked } from '../../shared/status-text.ts';
import { version } from '../../shared/version.ts';
import type { Facts } from './facts.ts';
import { fine, problem, waiting, warning } from './found.ts';

/** What the daemon itself reports. */
export function checkSteps({ status }: Facts): Found[] {
  if (status === undefined) return [];
  const found = status.steps.flatMap((step): Found[] => {
    const about = step.name === 'start' || step.name === 'hook' ? step.name : 'checks';
    if (step.outcome !== 'failed') return about === 'checks' ? [fine(about, `${step.name} ${step.outcome}: ${step.message}`)] : [];
    const judged = judge(about, findingIn(status, step));
    return [about === 'checks' ? { ...judged, check: step.name } : judged];
  });
  const isOfStep = status.steps.some(({ outcome, message }) => outcome === 'failed' && status.message.startsWith(message));
  if (!status.ready && !isOfStep) found.push(judge('daemon', findingIn(status, status)));
  return isNothingChecked(status) ? [...found, warning('checks', { kind: 'nothing-checked' })] : found;
}

/** A daemon of another version may have other kinds of findings. */
function findingIn(status: Status, { finding, message }: Pick<Status, 'finding' | 'message'>): Finding {
  return status.version === version && finding !== undefined ? (finding as Finding) : { kind: 'other-version', message };
}

function judge(about: About, finding: Finding): Found {
  return isPassing(finding) ? waiting(about, finding) : problem(about, finding);
}
