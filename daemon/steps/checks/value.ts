import { oneLine } from '../../../shared/reply.ts';

/** One value of a file of checks, and its place: what is wrong with it is said with that. */
export interface Value {
  /** The text of a scalar, with the environment's variables in it. */
  text(): string;
  list(): Value[];
  entries(): Entry[];
  /** FILE:LINE:COLUMN */
  readonly place: string;
  /** Says what is wrong at this place: throws, what readChecks catches. */
  fail(message: string): never;
}

export interface Entry {
  readonly name: string;
  readonly key: Value;
  readonly value: Value;
}

/** A key of a map: what it is for, how it is written, and how it is read. */
export interface Field<T> {
  readonly what: string;
  readonly example: string;
  readonly read: (value: Value) => T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What was read of a map, by key; a key that is not there is undefined. */
export type Read<F extends Fields> = { readonly [Key in keyof F]?: F[Key] extends Field<infer T> ? T : never };

/** A field of one text, read as a setting is: by a function that throws a plain Error whose message says what would do. */
export function textField<T>(what: string, example: string, read: (text: string) => T, isSecret = false): Field<T> {
  return { what, example, read: (value) => readText(value, read, isSecret) };
}

/** @param isSecret - the text is not to be shown */
export function readText<T>(value: Value, read: (text: string) => T, isSecret = false): T {
  const text = value.text();
  try {
    return read(text);
  } catch (error) {
    return value.fail(`cannot use ${isSecret ? 'this value (not shown)' : quote(text)}: ${(error as Error).message}`);
  }
}

/** What is wrong stands behind it, and must not be cut off. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? oneLine(text, 100) : text);
}

/**
 * Reads a map whose keys are known.
 *
 * @param refused - keys that people know from elsewhere, and what does it here
 */
export function readFields<F extends Fields>(value: Value, fields: F, refused: Readonly<Record<string, string>> = {}): Read<F> {
  const read: Record<string, unknown> = {};
  for (const { name, key, value: entry } of value.entries()) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) {
      const hint = Object.hasOwn(refused, name) ? refused[name] : `the keys here are ${Object.keys(fields).join(', ')}`;
      return key.fail(`cannot use the key ${quote(name)}: ${hint}`);
    }
    read[name] = field.read(entry);
  }
  return read as Read<F>;
}
