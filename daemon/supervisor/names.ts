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
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 1 && words[0] === 'none') return { display: 'none', patterns: [] };
  const patterns = words.map((word) => {
    const [, group, name] = /^(?:([^:*]+):)?([^:*]+|(?<=:)\*)$/.exec(word) ?? [];
    return name === undefined || word === 'none' ? undefined : { display: word, group, name };
  });
  const good = patterns.filter((pattern) => pattern !== undefined);
  if (good.length === 0 || good.length < patterns.length) {
    throw new Error('must be programs as NAME, GROUP:NAME or GROUP:*, with commas or blanks between them, or none');
  }
  return { display: words.join(' '), patterns: good };
}

export function isNamed({ group, name }: ProgramPattern, program: ProcessName): boolean {
  if (group === undefined) return program.name === name || program.group === name;
  return program.group === group && (name === '*' || program.name === name);
}
