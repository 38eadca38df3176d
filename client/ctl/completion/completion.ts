import { exitCodeTable } from '../../../shared/exit-codes.ts';
import { createProgram } from '../program.ts';
import type { Command } from '../session.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { type Shape, shapeOf } from './shape.ts';
import { zshCompletion } from './zsh.ts';

/** How to write each shell's completion, and where in the tree that shell finds it. */
export const completions: Readonly<Record<string, { readonly write: (shape: Shape) => string; readonly path: string }>> = {
  bash: { write: bashCompletion, path: 'usr/share/bash-completion/completions/readinessctl' },
  zsh: { write: zshCompletion, path: 'usr/share/zsh/vendor-completions/_readinessctl' },
  fish: { write: fishCompletion, path: 'usr/share/fish/vendor_completions.d/readinessctl.fish' },
};

/** `explain` also takes any code, but reasons say more. */
const reasons = [...new Set(exitCodeTable.map(({ reason }) => reason))];

/**
 * The completion of readinessctl's command line.
 *
 * @throws when the shell is unknown
 */
export function completionFor(shell: string): string {
  const found = completions[shell];
  if (found === undefined) throw new Error(`nothing is known of a completion for ${shell}`);
  return found.write(
    shapeOf(
      createProgram(async () => {}),
      { explain: reasons },
    ),
  );
}

/** Prints the completion of a shell. */
export const completion: Command<{ readonly shell: string }> = async ({ stdout }, { shell }) => {
  stdout.write(completionFor(shell));
  return 0;
};
