import { refreshMs } from './picture.ts';

/** What was found, in a word that is the same while nothing changes, and what writes it. */
export interface Sight {
  readonly shown: string;
  readonly write: () => void;
}

/** Looks each second, and writes what has changed, off a terminal; until a signal asks for the end. */
export async function writeChanges(look: () => Promise<Sight>): Promise<void> {
  let last: string | undefined;
  let isOver = false;
  let wake = () => {};
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      isOver = true;
      wake();
    });
  }
  while (!isOver) {
    const { shown, write } = await look();
    if (shown !== last) write();
    last = shown;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, isOver ? 0 : refreshMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
