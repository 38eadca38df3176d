/** What people are told of a finding. */
export interface Words {
  /** What is wrong, in one line. It is always the same for the same situation: no times, counters or pids. */
  readonly message: string;
  /** Why, as far as it is known. A cause that is only likely says so. */
  readonly cause?: string;
  /** What to do, in order. Commands can be typed as they are. */
  readonly fix: readonly string[];
}

/** A table of findings: for each kind a function that makes words from the finding's facts. */
export type WordsTable = Readonly<Record<string, (facts: never) => Words>>;

/** A finding of a table: its kind, and the facts from which its words are made. */
export type FindingIn<Table extends WordsTable> = {
  [Kind in keyof Table & string]: { readonly kind: Kind } & (Parameters<Table[Kind]> extends [infer Facts] ? Facts : unknown);
}[keyof Table & string];

/**
 * The words of a finding.
 *
 * @param table - the one with its kind
 */
export function wordsIn<Table extends WordsTable>(table: Table, finding: FindingIn<Table>): Words {
  const say = table[finding.kind] as (facts: FindingIn<Table>) => Words;
  return say(finding);
}

/** Quotes a word for a shell's command line, if it needs quotes. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Where to read what a program of supervisord has printed. */
export function readOutput(program: string): string {
  return `read what it printed: supervisorctl tail ${shellWord(program)} stderr; or the log of the container, when its section sends the output there`;
}

/** The command that starts a program again. */
export function startAgain(program: string): string {
  return `supervisorctl start ${shellWord(program)}`;
}

/** The last step of a fix, if the file belongs to a program of supervisord: start it again. */
export function thenStart({ program }: { readonly program?: string | undefined }): string[] {
  return program === undefined ? [] : [startAgain(program)];
}

/**
 * How to make supervisord read its files again: with supervisorctl and this file, or with a signal
 * to this process.
 */
export type Reload = { readonly file: string } | { readonly pid: number };

export function sayReload(reload: Reload): string {
  if ('file' in reload) return `supervisorctl -c ${shellWord(reload.file)} update`;
  return `kill -HUP ${reload.pid} # starts all of its programs again`;
}

export const loadConfiguration = 'supervisorctl update';
export const restartDaemon = 'supervisorctl restart readinessd';
