import { type Line, type Paint, textOf } from '../../shared/status-text.ts';
import { sizeOf } from './terminal/clip.ts';
import { wrapLines } from './terminal/wrap.ts';

/** What a command is run with. Only main.ts knows process. */
export interface Session {
  readonly socketPath: string;
  /** JSON instead of text. */
  readonly json: boolean;
  readonly paint: Paint;
  /** Whether stdout is a terminal that knows control sequences, and text is wanted. */
  readonly isTerminal: boolean;
  /** The same of stderr: whether progress is shown there. */
  readonly showsProgress: boolean;
  /** What a line ends with that was cut, as far as the locale has it. */
  readonly ellipsis: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Where readinessctl and the other files of the tree's usr/lib/readinessd lie. */
  readonly library: string;
  /** Opened by the first look at it. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** A command: writes what it has to say, and gives the exit code. */
export type Command<Options> = (session: Session, options: Options) => Promise<number>;

/** Writes text for people: broken between words on a terminal, else each line as it is. */
export function writeLines({ stdout, isTerminal }: Session, lines: readonly Line[]): void {
  const shown = isTerminal ? wrapLines(lines, sizeOf(stdout).columns) : lines.map(textOf);
  stdout.write(shown.map((line) => `${line}\n`).join(''));
}

export function writeJson({ stdout }: Session, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Escapes by style (ECMA-48, SGR): green, red, yellow, faint, bold. */
const escapes = { good: '32', bad: '31', warn: '33', dim: '2', bold: '1' } as const;

/** For a terminal. */
export const colours: Paint = (style, text) => (text === '' ? '' : `\u001B[${escapes[style]}m${text}\u001B[0m`);
