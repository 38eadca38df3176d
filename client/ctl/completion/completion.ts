import { exitCodeTable } from '../../../shared/exit-codes.ts';
import { createProgram } from '../program.ts';
import type { Command } from '../session.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { type Shape, shapeOf } from './shape.ts';
import { zshCompletion } from './zsh.ts';

/** By shell: how its completion is written, and where a shell of the tree finds it. */
export const completions: Readonly<Record<string, { readonly write: (shape: Shape) => string; readonly path: string }>> = {
  bash: { write: bashCompletion, path: 'usr/share/bash-completion/completions/readinessctl' },
  zsh: { write: zshCompletion, path: 'usr/share/zsh/vendor-completions/_readinessctl' },
  fish: { write: fishCompletion, path: 'usr/share/fish/vendor_completions.d/readinessctl.fish' },
};

/** What may be explained: also any code, but reasons say more. */
const reasons = [...new Set(exitCodeTable.map(({ reason }) => reason))];

/**
 * The completion of readinessctl's command line.
 *
 * @throws when nothing is known of such a shell
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

/** Prints it. */
export const completion: Command<{ readonly shell: string }> = async ({ stdout }, { shell }) => {
  stdout.write(completionFor(shell));
  return 0;
};
