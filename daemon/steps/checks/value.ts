import { oneLine } from '../../../shared/reply.ts';

/** A value in a file of checks. It knows its place, so that errors can name it. */
export interface Value {
  /** The text of a scalar, with environment variables expanded. */
  text(): string;
  list(): Value[];
  entries(): Entry[];
  /** FILE:LINE:COLUMN */
  readonly place: string;
  /** Throws an error that names this place. readChecks catches it. */
  fail(message: string): never;
}

export interface Entry {
  readonly name: string;
  readonly key: Value;
  readonly value: Value;
}

/** A key of a map: what it is for, an example, and how to read it. */
export interface Field<T> {
  readonly what: string;
  readonly example: string;
  readonly read: (value: Value) => T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values of a map by key; undefined for a missing key. */
export type Read<F extends Fields> = { readonly [Key in keyof F]?: F[Key] extends Field<infer T> ? T : never };

/**
 * A field with one text. `read` works as for a setting: it throws a plain Error whose message says
 * what is allowed.
 */
export function textField<T>(what: string, example: string, read: (text: string) => T, isSecret = false): Field<T> {
  return { what, example, read: (value) => readText(value, read, isSecret) };
}

/** @param isSecret - errors must not show the text */
export function readText<T>(value: Value, read: (text: string) => T, isSecret = false): T {
  const text = value.text();
  try {
    return read(text);
  } catch (error) {
    return value.fail(`cannot use ${isSecret ? 'this value (not shown)' : quote(text)}: ${(error as Error).message}`);
  }
}

/** Shortened, so that what follows in the message is not cut off. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? oneLine(text, 100) : text);
}

/**
 * Reads a map whose keys are known.
 *
 * @param refused - keys that people know from other tools, and what to use instead
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
