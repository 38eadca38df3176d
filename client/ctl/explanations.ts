import { constants } from 'node:os';
import type { Reason } from '../../shared/exit-codes.ts';
import type { Explanation } from './explanation.ts';
import { checkExplanations } from './explanations-checks.ts';
import { daemonExplanations } from './explanations-daemon.ts';
import { hookExplanations } from './explanations-hook.ts';
import { startExplanations } from './explanations-start.ts';

const explanations: Readonly<Record<Reason, Explanation>> = {
  Ready: {
    about: 'all',
    meaning:
      'the container is ready: every start.sh program has exited with code 0, the hook, if there is one, has too, and so have all declared checks passed. Where there is nothing of all that, nothing was checked.',
    causes: [],
    actions: [],
  },
  ...startExplanations,
  ...hookExplanations,
  ...checkExplanations,
  ...daemonExplanations,
};

/** The explanation of a reason; of one that a newer daemon has, only so much. */
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

/** What some of a hook's codes mean by convention. */
export const hookCodeNotes: readonly { readonly codes: readonly [number, number]; readonly note: (code: number) => string }[] = [
  {
    codes: [126, 126],
    note: () =>
      '126 is what a shell says when a command in the hook is there but cannot be run: not executable, or its interpreter is missing.',
  },
  {
    codes: [127, 127],
    note: () =>
      "127 is what a shell (and env) says when a command is not found: it is not installed in this image, or not in the daemon's PATH, or the script has CR LF line endings.",
  },
  {
    codes: [129, 192],
    note: (code) => {
      const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
      const why = name === 'SIGKILL' ? ': the kernel did it for memory, perhaps' : '';
      return `${code} is what a shell says when a command in the hook died of signal ${code - 128}${name === undefined ? '' : ` (${name})`}${why}.`;
    },
  },
];
