import { duration } from '../../settings/values.ts';
import type { CheckBody, Kind } from './kind.ts';
import { type Field, readFields, textField, type Value } from './value.ts';

/** A check as a file declares it. */
export interface Check {
  readonly name: string;
  /** The key of its kind. */
  readonly kind: string;
  readonly body: CheckBody;
  /** Where it is declared: FILE:LINE:COLUMN. */
  readonly place: string;
  /** False if `when` switches it off. */
  readonly isOn: boolean;
  /** 0 for a kind that waits for nothing. */
  readonly timeoutMs: number;
  /** How long a good result stands; 0 means until the next cycle. */
  readonly periodMs: number;
  /** Replaces the kind's own. */
  readonly exitCode: number | undefined;
}

const minute = 60_000;
const onWords = ['1', 'true', 'yes', 'on'];
const offWords = ['0', 'false', 'no', 'off', ''];

/** What each kind of check may have beside its own key. */
export const commonFields = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written
  when: textField('whether the check runs: 1, true, yes, on; or 0, false, no, off, or nothing', '${ENABLE_FETCHMAIL:-0}', readWhen),
  timeout: textField('it fails after this time', '2s', duration(100, minute)),
  period: textField('a good result counts for this time; after a bad one the check runs in each cycle', '1m', duration(100, 60 * minute)),
  'exit-code': textField("the exit code when it fails, in the place of its kind's", '42', readExitCode),
};

/**
 * Keys of Pebble that are something else here
 * (https://documentation.ubuntu.com/pebble/reference/layer-specification).
 */
const refused: Readonly<Record<string, string>> = {
  level: 'there is one level, readiness; leave it out',
  threshold: "there is none; failureThreshold of the pod's probe does it",
  startup: 'use when: 0 switches a check off',
  user: 'commands run as the daemon does; "/usr/bin/setpriv --reuid USER ... COMMAND" changes that',
  override: 'no check replaces another; each name is used once',
  interval: 'use period',
  '<<': 'no keys are merged in; write them out',
};

/**
 * Reads one check.
 *
 * @param kinds - by their keys
 */
export function readCheck(name: string, value: Value, place: string, kinds: Readonly<Record<string, Kind>>): Check {
  const entries = value.entries();
  const [first, second] = entries.filter((entry) => Object.hasOwn(kinds, entry.name));
  const names = Object.keys(kinds).join(', ');
  if (first === undefined) return value.fail(`check ${JSON.stringify(name)} needs one of ${names}`);
  if (second !== undefined) return second.key.fail(`cannot use ${second.name} beside ${first.name}: a check is of one kind`);
  const kind = kinds[first.name] as Kind;
  const isWaiting = kind.defaultTimeoutMs !== undefined;
  const { timeout, period, ...always } = commonFields;
  const body: Field<Value> = { what: kind.what, example: kind.example, read: (own) => own };
  const fields = { ...always, ...(isWaiting ? { timeout, period } : {}), ...kind.beside, [first.name]: body };
  const instant = `${first.name} waits for nothing, and is looked at in each cycle`;
  const read = readFields(value, fields, isWaiting ? refused : { ...refused, timeout: instant, period: instant });
  const given = read as { readonly [Key in keyof typeof commonFields]?: ReturnType<(typeof commonFields)[Key]['read']> };
  const beside = Object.fromEntries(Object.keys(kind.beside).map((key) => [key, read[key as keyof typeof read] as string | undefined]));
  return {
    name,
    kind: first.name,
    body: kind.read(first.value, beside),
    place,
    isOn: given.when ?? true,
    timeoutMs: given.timeout ?? kind.defaultTimeoutMs ?? 0,
    periodMs: given.period ?? 0,
    exitCode: given['exit-code'],
  };
}

function readWhen(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (![...onWords, ...offWords].includes(word)) throw new Error('must be 1, true, yes or on; or 0, false, no, off or nothing');
  return onWords.includes(word);
}

function readExitCode(text: string): number {
  const code = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (code < 3) throw new Error('must be a number from 3 to 99: the others have meanings of their own');
  return code;
}
