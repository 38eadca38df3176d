import { type Line, type Paint, textOf } from '../../shared/status-text.ts';
import { sizeOf } from './terminal/clip.ts';
import { wrapLines } from './terminal/wrap.ts';

/** What a command runs with. Only main.ts uses `process`. */
export interface Session {
  readonly socketPath: string;
  /** Whether to print JSON instead of text. */
  readonly json: boolean;
  readonly paint: Paint;
  /** Whether stdout is a terminal that knows control sequences, and text is wanted. */
  readonly isTerminal: boolean;
  /** The same for stderr, where progress is shown. */
  readonly showsProgress: boolean;
  /** The end of a line that was cut, if the locale has a character for it. */
  readonly ellipsis: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The directory of readinessctl and the other files of usr/lib/readinessd. */
  readonly library: string;
  /** Opened when it is first used. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** A command: prints its result and returns the exit code. */
export type Command<Options> = (session: Session, options: Options) => Promise<number>;

/** Writes text for people. On a terminal it breaks lines between words, elsewhere it leaves them as they are. */
export function writeLines({ stdout, isTerminal }: Session, lines: readonly Line[]): void {
  const shown = isTerminal ? wrapLines(lines, sizeOf(stdout).columns) : lines.map(textOf);
  stdout.write(shown.map((line) => `${line}\n`).join(''));
}

/** Writes what went wrong, in the same way. */
export function writeError({ stderr, showsProgress }: Session, sentence: string): void {
  const lines = showsProgress ? wrapLines([sentence], sizeOf(stderr).columns) : [sentence];
  stderr.write(lines.map((line) => `${line}\n`).join(''));
}

export function writeJson({ stdout }: Session, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Escapes by style (ECMA-48, SGR): green, red, yellow, faint, bold. */
const escapes = { good: '32', bad: '31', warn: '33', dim: '2', bold: '1' } as const;

/** For a terminal. */
export const colours: Paint = (style, text) => (text === '' ? '' : `\u001B[${escapes[style]}m${text}\u001B[0m`);
