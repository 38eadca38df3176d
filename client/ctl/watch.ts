import { historyLines, textOf } from '../../shared/status-text.ts';
import { answerOf, askHistory, askStatus, NoAnswerError, orNoAnswer } from './ask.ts';
import { clip, sizeOf } from './clip.ts';
import type { Session } from './session.ts';
import { describe, showStatus } from './show.ts';

const refreshMs = 1000;

/** As a shell says that Ctrl-C has ended something. */
const interruptedCode = 130;

/** Escapes of a terminal (ECMA-48, xterm): its second screen, as less and top use it, without a cursor, and back. */
const enter = '\u001B[?1049h\u001B[?25l';
const leave = '\u001B[?25h\u001B[?1049l';
const home = '\u001B[H';
const eraseToEndOfLine = '\u001B[K';
const eraseBelow = '\u001B[J';

/**
 * Shows the status again and again until it is interrupted: in place on a terminal, with the past verdicts below; else once for
 * each change of the verdict.
 */
export async function watch(session: Session): Promise<number> {
  const { stdout, json } = session;
  const isScreen = stdout.isTTY && !json;
  const stopped = interruption();
  let last = '';
  if (isScreen) stdout.write(enter);
  try {
    while (!stopped.is()) {
      const found = await orNoAnswer(askStatus(session.socketPath));
      if (isScreen) stdout.write(await frame(session, found));
      else {
        const { code, reason, message } = answerOf(found);
        const shown = `${code} ${reason} ${message}`;
        if (shown !== last) showStatus(session, found);
        last = shown;
      }
      await stopped.within(refreshMs);
    }
  } finally {
    if (isScreen) stdout.write(leave);
  }
  return interruptedCode;
}

/** One picture, which overwrites the one before without a flicker, and is never larger than the terminal. */
async function frame(session: Session, found: Parameters<typeof describe>[1]): Promise<string> {
  const { stdout, paint, socketPath } = session;
  const history = found instanceof NoAnswerError ? found : await orNoAnswer(askHistory(socketPath));
  const past = history instanceof NoAnswerError ? [] : ['', paint('dim', 'past verdicts (UTC)'), ...historyLines(history, paint)];
  const lines = [...describe(session, found), ...past, '', paint('dim', 'Ctrl-C ends this')];
  const { rows, columns } = sizeOf(stdout);
  const fitting = lines.slice(0, rows).map((line) => clip(textOf(line), columns, session.ellipsis) + eraseToEndOfLine);
  return home + fitting.join('\r\n') + eraseBelow;
}

/** Ctrl-C, or whatever else asks for an end; the terminal must be put right before. */
function interruption() {
  let isOver = false;
  let wake = () => {};
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      isOver = true;
      wake();
    });
  }
  return {
    is: () => isOver,
    within: (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, isOver ? 0 : ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}
