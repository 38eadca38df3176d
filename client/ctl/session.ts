import type { Paint } from '../../shared/status-text.ts';

/** What a command is run with. Only main.ts knows process. */
export interface Session {
  readonly socketPath: string;
  /** JSON instead of text. */
  readonly json: boolean;
  readonly paint: Paint;
  readonly environment: NodeJS.ProcessEnv;
  /** Where readinessctl and the other files of the tree's usr/lib/readinessd lie. */
  readonly library: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** A command: writes what it has to say, and gives the exit code. */
export type Command<Options> = (session: Session, options: Options) => Promise<number>;

export function writeLines({ stdout }: Session, lines: readonly string[]): void {
  stdout.write(lines.map((line) => `${line}\n`).join(''));
}

export function writeJson({ stdout }: Session, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Escapes by style (ECMA-48, SGR): green, red, yellow, faint, bold. */
const escapes = { good: '32', bad: '31', warn: '33', dim: '2', bold: '1' } as const;

/** For a terminal. */
export const colours: Paint = (style, text) => (text === '' ? '' : `\u001B[${escapes[style]}m${text}\u001B[0m`);
