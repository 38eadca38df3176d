import type { Session } from '../session.ts';

/** Of a terminal (ECMA-48, xterm): its second screen, as less and top use it, without a cursor, its lines not going on in the next; and back. */
const enter = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const leave = '\u001B[?7h\u001B[?25h\u001B[?1049l';

const [interrupt, suspend, quit] = ['\u0003', '\u001A', '\u001C'];

/** What people and the system say to a picture. */
export interface ScreenEvents {
  /** A key was pressed; not Ctrl-C and Ctrl-Z. */
  readonly onKey: (key: string) => void;
  /** The terminal has another size, or shows something else. */
  readonly onChange: () => void;
  /** Ctrl-C, or a signal that asks for the end; or the terminal is gone. */
  readonly onInterrupt: () => void;
}

/**
 * Takes the terminal for pictures, its keys coming one by one, until it is given back. That is also done at the end of the process,
 * however it ends, and while it is suspended.
 *
 * @returns gives the terminal back
 */
export function takeScreen({ stdin, stdout }: Session, { onKey, onChange, onInterrupt }: ScreenEvents): () => void {
  const hasKeys = stdin.isTTY;

  const show = () => {
    // Also where something else has changed its mode meanwhile: a shell does, and Node believes that it is as it was.
    if (hasKeys) stdin.setRawMode(false).setRawMode(true);
    stdout.write(enter);
  };
  const hide = () => {
    stdout.write(leave);
    if (hasKeys) stdin.setRawMode(false);
  };

  /** As if nobody had asked to be told of the signal; one of a group without a shell is not stopped at all (POSIX, orphaned process groups). */
  const stop = (pid: number) => {
    hide();
    process.off('SIGTSTP', onStop);
    process.kill(pid, 'SIGTSTP');
    process.on('SIGTSTP', onStop);
    goOn();
  };
  const onStop = () => stop(process.pid);
  const goOn = () => {
    show();
    onChange();
  };

  const onData = (data: Buffer) => {
    const keys = data.toString('latin1');
    // An arrow or a function key, or what a terminal answers.
    if (keys.startsWith('\u001B')) return;
    for (const key of keys) {
      if (key === interrupt || key === quit) onInterrupt();
      else if (key === suspend) stop(0);
      else onKey(key);
    }
  };

  const signals = { SIGINT: onInterrupt, SIGTERM: onInterrupt, SIGHUP: onInterrupt, SIGQUIT: onInterrupt, SIGTSTP: onStop, SIGCONT: goOn };
  for (const [name, listener] of Object.entries(signals)) process.on(name, listener);
  process.on('exit', hide);
  stdout.on('resize', onChange);
  if (hasKeys) stdin.on('data', onData).on('end', onInterrupt).on('error', onInterrupt);
  show();

  return () => {
    for (const [name, listener] of Object.entries(signals)) process.off(name, listener);
    process.off('exit', hide);
    stdout.off('resize', onChange);
    if (hasKeys) stdin.off('data', onData).off('end', onInterrupt).pause();
    hide();
  };
}
