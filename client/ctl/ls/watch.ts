import { firstLine } from '../../../shared/reply.ts';
import { type Session, writeJson, writeLines } from '../session.ts';
import { writeChanges } from '../terminal/changes.ts';
import { showPictures } from '../terminal/picture.ts';
import { interruptedCode } from '../terminal/watch.ts';
import type { Machine, Surveyor } from './containers.ts';
import { machineJson, machineLines } from './show.ts';

/**
 * Shows the containers again and again until it is ended. A terminal shows them in place. Anything else gets
 * them once for each change of a verdict.
 *
 * @returns the exit code of `ls` for what was shown last, if `q` ended it
 */
export async function watch(session: Session, surveyor: Surveyor, codeFor: (machine: Machine) => number): Promise<number> {
  if (!session.isTerminal) {
    await writeChanges(async () => {
      const machine = await surveyor.survey();
      return { shown: verdictsOf(machine), write: () => showOnce(session, machine) };
    });
    return interruptedCode;
  }
  let code = interruptedCode;
  const ended = await showPictures(session, async () => {
    const machine = await surveyor.survey();
    code = codeFor(machine);
    return machineLines(machine, session.paint);
  });
  return ended === 'quit' ? code : interruptedCode;
}

/** Prints the result, as lines or as JSON. */
export function showOnce(session: Session, machine: Machine): void {
  if (session.json) writeJson(session, machineJson(machine));
  else writeLines(session, machineLines(machine, session.paint));
}

/** All that is shown, without the times. */
function verdictsOf({ containers, hidden }: Machine): string {
  return [hidden, ...containers.map(({ name, pid, answer }) => `${name} ${pid} ${firstLine(answer)}`)].join('\n');
}
