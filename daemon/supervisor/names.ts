/** How supervisord names a process. */
export interface ProcessName {
  readonly name: string;
  readonly group: string;
}

/** Both as one string, for maps. */
export function keyOf({ name, group }: ProcessName): string {
  return `${group}:${name}`;
}

/** As supervisorctl writes it: `group:name`, or only the name where the group has the same. */
export function fullName({ group, name }: ProcessName): string {
  return group === name ? name : `${group}:${name}`;
}

/** The programs that a setting names. */
export interface NamedPrograms {
  /** As written, with one blank between names. */
  readonly display: string;
  readonly patterns: readonly ProgramPattern[];
}

/** `NAME`, `GROUP:NAME` or `GROUP:*`. */
export interface ProgramPattern {
  readonly display: string;
  /** Undefined for a NAME alone, which matches a process or a group. */
  readonly group: string | undefined;
  readonly name: string;
}

/**
 * Parses names of programs, separated by commas or blanks. `none` means no program.
 *
 * @throws Error whose message says what is allowed
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

/** The programs that a check is about. */
export interface ProgramChoice {
  /** As written, with one blank between words. */
  readonly display: string;
  /** Each must exist. */
  readonly patterns: readonly ProgramPattern[];
  /** Also every program with autostart=true in the configuration, or every program that has been started. */
  readonly classes: readonly ProgramClass[];
  /** Programs to leave out. */
  readonly without: readonly ProgramPattern[];
}

export const programClasses = ['autostart', 'started'] as const;
export type ProgramClass = (typeof programClasses)[number];

/**
 * Parses which programs a check is about: names as above, `autostart`, `started`, and `-NAME` to
 * leave one out. `none` means no program.
 *
 * @throws Error whose message says what is allowed
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
