/** What supervisord knows a program's process by. */
export interface ProcessName {
  readonly name: string;
  readonly group: string;
}

/** One string for both, to look it up by. */
export function keyOf({ name, group }: ProcessName): string {
  return `${group}:${name}`;
}

/** As supervisorctl takes it: `group:name`, or the name alone where the group bears the same. */
export function fullName({ group, name }: ProcessName): string {
  return group === name ? name : `${group}:${name}`;
}

/** Programs that a setting names. */
export interface NamedPrograms {
  /** As they were written, one blank between them. */
  readonly display: string;
  readonly patterns: readonly ProgramPattern[];
}

/** `NAME`, `GROUP:NAME` or `GROUP:*`. */
export interface ProgramPattern {
  readonly display: string;
  /** Undefined: a NAME alone, which may be that of the process or of its group. */
  readonly group: string | undefined;
  readonly name: string;
}

/**
 * Reads names of programs, separated by commas or blanks; `none` is no program.
 *
 * @throws Error whose message says what would do
 */
export function parseProgramNames(text: string): NamedPrograms {
  const words = wordsOf(text);
  if (isNone(words)) return { display: 'none', patterns: [] };
  const patterns = words.flatMap((word) => readPattern(word) ?? []);
  if (patterns.length === 0 || patterns.length < words.length) {
    throw new Error('must be programs as NAME, GROUP:NAME or GROUP:*, with commas or blanks between them, or none');
  }
  return { display: words.join(' '), patterns };
}

/** Programs that should be as a check says. */
export interface ProgramChoice {
  /** As it was written, one blank between the words. */
  readonly display: string;
  /** Each must be there. */
  readonly patterns: readonly ProgramPattern[];
  /** Also every program whose configuration has autostart=true, or every one that has been started. */
  readonly classes: readonly ProgramClass[];
  /** But none of these. */
  readonly without: readonly ProgramPattern[];
}

export const programClasses = ['autostart', 'started'] as const;
export type ProgramClass = (typeof programClasses)[number];

/**
 * Reads which programs a check is about: names as above, `autostart`, `started`, and `-NAME` for what is left out; `none` is no program.
 *
 * @throws Error whose message says what would do
 */
export function parseProgramChoice(text: string): ProgramChoice {
  const words = wordsOf(text);
  if (isNone(words)) return { display: 'none', patterns: [], classes: [], without: [] };
  const classes = programClasses.filter((one) => words.includes(one));
  const others = words.filter((word) => !classes.some((one) => one === word));
  const patterns = others.filter((word) => !word.startsWith('-')).map(readPattern);
  const without = others.filter((word) => word.startsWith('-')).map((word) => readPattern(word.slice(1)));
  if (classes.length + patterns.length === 0 || [...patterns, ...without].includes(undefined)) {
    throw new Error(
      'must be programs as NAME, GROUP:NAME or GROUP:*, or autostart or started, with -NAME for what is left out and blanks or commas between them; or none',
    );
  }
  const good = (read: typeof patterns) => read.filter((pattern) => pattern !== undefined);
  return { display: words.join(' '), patterns: good(patterns), classes, without: good(without) };
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function isNone(words: readonly string[]): boolean {
  return words.length === 1 && words[0] === 'none';
}

function readPattern(word: string): ProgramPattern | undefined {
  const [, group, name] = /^(?:([^:*]+):)?([^:*]+|(?<=:)\*)$/.exec(word) ?? [];
  return name === undefined || word === 'none' ? undefined : { display: word, group, name };
}

export function isNamed({ group, name }: ProgramPattern, program: ProcessName): boolean {
  if (group === undefined) return program.name === name || program.group === name;
  return program.group === group && (name === '*' || program.name === name);
}
