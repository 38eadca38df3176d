import type { Reason } from '../../../shared/exit-codes.ts';
import { checkExplanations } from './checks.ts';
import { daemonExplanations } from './daemon.ts';
import type { Explanation } from './explanation.ts';
import { hookExplanations } from './hook.ts';
import { startExplanations } from './start.ts';

const explanations: Readonly<Record<Reason, Explanation>> = {
  Ready: {
    about: 'all',
    meaning:
      'the container is ready: every start.sh program has exited with code 0, the hook has passed, and all declared checks have passed. If there are none of these, nothing was checked.',
    causes: [],
    actions: [],
  },
  ...startExplanations,
  ...hookExplanations,
  ...checkExplanations,
  ...daemonExplanations,
};

/** The explanation of a reason. If only a newer daemon knows the reason, it says just that. */
export function explanationOf(reason: string): Explanation {
  return (
    explanations[reason as Reason] ?? {
      about: 'all',
      meaning: 'a reason that this readinessctl does not know: the daemon is of another version.',
      causes: [],
      actions: ['use the readinessctl of the same version'],
    }
  );
}
