import { firstLine } from '../../../shared/reply.ts';
import { clip, sizeOf } from '../clip.ts';
import { type Session, writeJson, writeLines } from '../session.ts';
import type { Machine, Surveyor } from './containers.ts';
import { machineJson, machineLines } from './show.ts';

const refreshMs = 2000;

/** As a shell says that Ctrl-C has ended something. */
const interruptedCode = 130;

/** Escapes of a terminal (ECMA-48, xterm): its second screen without a cursor, and back. */
const enter = '\u001B[?1049h\u001B[?25l';
const leave = '\u001B[?25h\u001B[?1049l';
const home = '\u001B[H';
const eraseToEndOfLine = '\u001B[K';
const eraseBelow = '\u001B[J';

/** Shows the containers again and again until it is interrupted: in place on a terminal; else once for each change of a verdict. */
export async function watch(session: Session, surveyor: Surveyor): Promise<number> {
  const { stdout, json } = session;
  const isScreen = stdout.isTTY && !json;
  const interruption = new Promise<undefined>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve(undefined));
  });
  let last = '';
  if (isScreen) stdout.write(enter);
  try {
    for (;;) {
      const machine = await Promise.race([surveyor.survey(), interruption]);
      if (machine === undefined) return interruptedCode;
      const shown = verdictsOf(machine);
      if (isScreen) stdout.write(frame(session, machine));
      else if (shown !== last) showOnce(session, machine);
      last = shown;
      let timer: NodeJS.Timeout | undefined;
      const rest = new Promise<boolean>((resolve) => {
        timer = setTimeout(resolve, refreshMs, true);
      });
      const isOver = (await Promise.race([rest, interruption])) === undefined;
      clearTimeout(timer);
      if (isOver) return interruptedCode;
    }
  } finally {
    if (isScreen) stdout.write(leave);
  }
}

/** Writes what was found, as lines or as JSON. */
export function showOnce(session: Session, machine: Machine): void {
  if (session.json) writeJson(session, machineJson(machine));
  else writeLines(session, machineLines(machine, session.paint));
}

/** All that is shown, but for the times. */
function verdictsOf({ containers, hidden }: Machine): string {
  return [hidden, ...containers.map(({ name, pid, answer }) => `${name} ${pid} ${firstLine(answer)}`)].join('\n');
}

/** One picture, which overwrites the one before without a flicker, and is never larger than the terminal. */
function frame({ stdout, paint }: Session, machine: Machine): string {
  const { rows, columns } = sizeOf(stdout);
  const lines = [...machineLines(machine, paint), '', paint('dim', 'Ctrl-C ends this')];
  return (
    home +
    lines
      .slice(0, rows)
      .map((line) => clip(line, columns) + eraseToEndOfLine)
      .join('\r\n') +
    eraseBelow
  );
}
