import { readFileSync, statSync } from 'node:fs';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml';
import { sayDanger } from '../../../shared/findings/executable.ts';
import { oneLine } from '../../../shared/reply.ts';
import { findDanger } from '../../process/inspect.ts';
import { type Check, readCheck } from './check.ts';
import type { Kind } from './kind.ts';
import { type Entry, quote, readFields, type Value } from './value.ts';
import { withVariables } from './variables.ts';

/** Far more than anybody writes by hand, and too little to overload the parser. */
const maxFileBytes = 64 * 1024;

/** The most values read from a file: with aliases, a short file could have millions. */
const maxValues = 20_000;

/** Of the whole line. A path alone may have 4096 bytes. */
const maxProblemBytes = 8192;

export interface ReadOptions {
  readonly kinds: Readonly<Record<string, Kind>>;
  /** Names that no check may have. */
  readonly reserved: readonly string[];
  /** For variables in the files. */
  readonly environment: NodeJS.ProcessEnv;
  /** Check that only root can have written the files. */
  readonly checkSafety: boolean;
}

/**
 * Its message is the one line that the user gets: FILE:LINE:COLUMN: what is wrong. It stays inside
 * this module, which is a bundle of its own.
 */
class FileError extends Error {}

/**
 * Reads the checks that files declare, in the order of the files and as ordered in each. This
 * module, with the YAML parser, is only loaded when there is a file.
 *
 * @param files - paths
 * @returns the checks, or the user's line about the first problem
 */
export async function readChecks(
  files: readonly string[],
  options: ReadOptions,
): Promise<{ readonly checks: readonly Check[] } | { readonly problem: string }> {
  try {
    return { checks: await readAll(files, options) };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { problem: oneLine(error.message, maxProblemBytes) };
  }
}

/** Who other than root could have written a file, or why that cannot be known. */
async function sayItsDanger(file: string): Promise<string | undefined> {
  try {
    const danger = await findDanger(file);
    return danger && sayDanger(danger);
  } catch (error) {
    return (error as Error).message;
  }
}

async function readAll(files: readonly string[], options: ReadOptions): Promise<Check[]> {
  const checks: Check[] = [];
  for (const file of files) {
    const danger = options.checkSafety ? await sayItsDanger(file) : undefined;
    if (danger !== undefined) {
      throw new FileError(
        `${file}:1:1: it is not used, since the daemon is root and ${danger}; fix that, or set READINESSD_HOOK_SAFETY_CHECK=off`,
      );
    }
    for (const check of readFile(file, options)) {
      const same = checks.find(({ name }) => name === check.name);
      if (same !== undefined)
        throw new FileError(`${check.place}: cannot use the name ${JSON.stringify(check.name)}: ${same.place} has it`);
      checks.push(check);
    }
  }
  return checks;
}

function readFile(file: string, { kinds, reserved, environment }: ReadOptions): Check[] {
  const source = parse(file, environment);
  if (source.document.contents === null) return [];
  const top = { checks: { what: 'checks by name', example: '', read: (value: Value) => value.entries() } };
  const { checks = [] } = readFields(valueAt(source.document.contents, 0, source), top);
  return checks.map(({ name, key, value }) => {
    if (!/^\w[\w.-]{0,59}$/.test(name)) key.fail(`cannot use the name ${JSON.stringify(name)}: use letters, digits, "-", "_" and "."`);
    if (reserved.includes(name)) key.fail(`cannot use the name ${JSON.stringify(name)}: a step of readinessd is called so`);
    return readCheck(name, value, key.place, kinds);
  });
}

/** A parsed file, and how to name a place in it. */
interface Source {
  readonly document: Document<Node>;
  readonly environment: NodeJS.ProcessEnv;
  readonly placeOf: (offset: number) => string;
  /** What each alias stands for. Asked for a single alias, the library goes through the whole document. */
  readonly targets: ReadonlyMap<Node, Node | undefined>;
  /** How many values have been read. */
  count: number;
}

function parse(file: string, environment: NodeJS.ProcessEnv): Source {
  const lineCounter = new LineCounter();
  const placeOf = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  try {
    const document = parseDocument<Node>(textOf(file), { lineCounter, prettyErrors: false });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem === undefined) {
      return { document: document as Document<Node>, environment, placeOf, targets: targetsOf(document as Document<Node>), count: 0 };
    }
    throw new FileError(`${placeOf(problem.pos[0])}: cannot read this as YAML: ${describe(problem)}`);
  } catch (error) {
    if (error instanceof RangeError) throw new FileError(`${file}:1:1: cannot read this as YAML: it is nested too deeply`);
    throw error;
  }
}

function targetsOf(document: Document<Node>): ReadonlyMap<Node, Node | undefined> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node | undefined>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) targets.set(node, anchors.get(node.source));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** The library's messages may have several lines. */
function describe({ message, code }: YAMLError): string {
  if (code === 'DUPLICATE_KEY') return 'the same name stands here twice';
  if (code === 'MULTIPLE_DOCS') return 'a file holds one document; put the others into files of their own';
  // The parser is recursive, and reports a stack overflow in its own way.
  if (code === 'RESOURCE_EXHAUSTION') return 'it is nested too deeply';
  return oneLine(message.split('\n', 1)[0] ?? '');
}

function valueAt(given: Node | null | undefined, parentOffset: number, source: Source): Value {
  // A missing value has no place of its own.
  const offset = given?.range?.[0] ?? parentOffset;
  const node = isAlias(given) ? source.targets.get(given) : given;
  const place = source.placeOf(offset);
  const fail = (message: string): never => {
    throw new FileError(`${place}: ${oneLine(message)}`);
  };
  if (isAlias(given) && node === undefined) fail(`no anchor before this is called ${quote(given.source)}`);
  if (++source.count > maxValues) fail('the file holds too much, with what its aliases repeat: use fewer, or several files');
  return {
    place,
    fail,
    text() {
      if (!isScalar(node) || node.value === null) return fail('must be a text');
      try {
        return withVariables(writtenText(node), source.environment);
      } catch (error) {
        return fail((error as Error).message);
      }
    },
    list: () => (isSeq<Node>(node) ? node.items.map((item) => valueAt(item, offset, source)) : fail('must be a list, as [ONE, TWO]')),
    entries: () =>
      isMap<Node, Node | null>(node) ? node.items.map((pair) => entryOf(pair, offset, source, fail)) : fail('must be keys with values'),
  };
}

function entryOf({ key, value }: Pair<Node, Node | null>, offset: number, source: Source, fail: Value['fail']): Entry {
  if (!isScalar(key) || key.value === null) return fail('each key must be a name');
  return { name: writtenText(key), key: valueAt(key, offset, source), value: valueAt(value, key.range?.[0] ?? offset, source) };
}

/** Numbers and booleans as they are written. */
function writtenText({ value, source }: Scalar): string {
  return typeof value === 'string' ? value : (source ?? String(value));
}

function textOf(file: string): string {
  const cannot = (why: string) => new FileError(`${file}:1:1: cannot read it: ${why}`);
  const tooLarge = cannot(`it is larger than ${maxFileBytes / 1024} KiB`);
  let bytes: Buffer;
  try {
    // Reading a named pipe would wait.
    const stats = statSync(file);
    if (!stats.isFile()) throw cannot('it is no regular file');
    if (stats.size > maxFileBytes) throw tooLarge;
    bytes = readFileSync(file);
  } catch (error) {
    throw error instanceof FileError ? error : cannot((error as Error).message);
  }
  if (bytes.length > maxFileBytes) throw tooLarge;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw cannot('it is not UTF-8');
  }
}
