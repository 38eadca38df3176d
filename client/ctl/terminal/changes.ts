import { refreshMs } from './picture.ts';

/** A key that stays the same while nothing changes, and a function that prints what was found. */
export interface Sight {
  readonly shown: string;
  readonly write: () => void;
}

/** Off a terminal: looks each second and prints what has changed, until a signal asks for the end. */
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
