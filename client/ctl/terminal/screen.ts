import type { Session } from '../session.ts';

/**
 * Switches a terminal to its second screen, which less and top also use, hides the cursor, and does not wrap
 * lines; and back (ECMA-48, xterm).
 */
const enter = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const leave = '\u001B[?7h\u001B[?25h\u001B[?1049l';

const [interrupt, suspend, quit] = ['\u0003', '\u001A', '\u001C'];

/** Events from the user and the system. */
export interface ScreenEvents {
  /** A key was pressed, other than Ctrl-C and Ctrl-Z. */
  readonly onKey: (key: string) => void;
  /** The terminal has another size, or shows something else. */
  readonly onChange: () => void;
  /** Ctrl-C, a signal that asks for the end, or the terminal is gone. */
  readonly onInterrupt: () => void;
}

/**
 * Takes the terminal for pictures and reads keys one at a time. It gives the terminal back when the process
 * ends, however it ends, and while it is suspended.
 *
 * @returns gives the terminal back
 */
export function takeScreen({ stdin, stdout }: Session, { onKey, onChange, onInterrupt }: ScreenEvents): () => void {
  const hasKeys = stdin.isTTY;

  const show = () => {
    // Sets it twice, because something else may have changed the terminal's mode, as a shell does. Node
    // believes that the mode is still the same.
    if (hasKeys) stdin.setRawMode(false).setRawMode(true);
    stdout.write(enter);
  };
  const hide = () => {
    stdout.write(leave);
    if (hasKeys) stdin.setRawMode(false);
  };

  /**
   * Stops this process as the signal does by default. The kernel does not stop a process of a group without a
   * shell (POSIX, orphaned process groups).
   */
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
    // An arrow or a function key, or an answer of the terminal.
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
