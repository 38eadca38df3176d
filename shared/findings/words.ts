/** What people are told of a finding. */
export interface Words {
  /** What is wrong, in one line that is always the same for the same situation: no times, counters or pids. */
  readonly message: string;
  /** Why, as far as it is known; what is only likely says so. */
  readonly cause?: string;
  /** What to do, in order. Commands stand as they are to be typed. */
  readonly fix: readonly string[];
}

/** Tables of findings: by kind, a function of the finding's facts. */
export type WordsTable = Readonly<Record<string, (facts: never) => Words>>;

/** A finding of a table: its kind, and the facts that its words are made of. */
export type FindingIn<Table extends WordsTable> = {
  [Kind in keyof Table & string]: { readonly kind: Kind } & (Parameters<Table[Kind]> extends [infer Facts] ? Facts : unknown);
}[keyof Table & string];

/**
 * The words of a finding.
 *
 * @param table - that has its kind
 */
export function wordsIn<Table extends WordsTable>(table: Table, finding: FindingIn<Table>): Words {
  const say = table[finding.kind] as (facts: FindingIn<Table>) => Words;
  return say(finding);
}

/** A word of a shell's command line: what a shell would take apart is quoted. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What a program of supervisord's has printed, and where. */
export function readOutput(program: string): string {
  return `read what it printed: supervisorctl tail ${shellWord(program)} stderr; or the log of the container, when its section sends the output there`;
}

/** How people are told to start a program again. */
export function startAgain(program: string): string {
  return `supervisorctl start ${shellWord(program)}`;
}

/** The last step for a file that a program of supervisord's could not be started by; none for another's. */
export function thenStart({ program }: { readonly program?: string | undefined }): string[] {
  return program === undefined ? [] : [startAgain(program)];
}

/** How supervisord is told to read its files again: by supervisorctl with this file, or by a signal to this process. */
export type Reload = { readonly file: string } | { readonly pid: number };

export function sayReload(reload: Reload): string {
  if ('file' in reload) return `supervisorctl -c ${shellWord(reload.file)} update`;
  return `kill -HUP ${reload.pid} # starts all of its programs again`;
}

export const loadConfiguration = 'supervisorctl update';
export const restartDaemon = 'supervisorctl restart readinessd';
