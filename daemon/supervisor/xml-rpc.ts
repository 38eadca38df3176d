import { SupervisorBadReplyError, type SupervisordFinding } from './errors.ts';
import { faults } from './states.ts';

export type XmlRpcValue = string | number | boolean | null | XmlRpcValue[] | { [member: string]: XmlRpcValue };

/** supervisord's values are 3 deep: an array of structs of scalars. Anything much deeper is hostile. */
const maxDepth = 20;

// Each pattern is matched where the text has been read to, and includes the white space behind it.
const head = /(?:<\?xml version=['"]1\.0['"](?: encoding=['"][\w-]+['"])? ?\?>)?[ \t\n]*<methodResponse>[ \t\n]*/y;
const outcome = /<(?:params>[ \t\n]*<param|fault)>[ \t\n]*/y;
const returned = /<\/param>[ \t\n]*<\/params>[ \t\n]*<\/methodResponse>[ \t\n]*$/y;
const faulted = /<\/fault>[ \t\n]*<\/methodResponse>[ \t\n]*$/y;
const scalar =
  /<value>(?:<(?<type>int|i4|i8|boolean|double|string|base64|dateTime\.iso8601)>(?<typed>[^<]*)<\/\k<type>>|<(?<empty>string|nil)\/>|(?<untyped>[^<]*))<\/value>[ \t\n]*/y;
const arrayStart = /<value><array>[ \t\n]*<data>[ \t\n]*/y;
const arrayEnd = /<\/data>[ \t\n]*<\/array>[ \t\n]*<\/value>[ \t\n]*/y;
const structStart = /<value><struct>[ \t\n]*/y;
const structEnd = /<\/struct>[ \t\n]*<\/value>[ \t\n]*/y;
const memberStart = /<member>[ \t\n]*<name>(?<name>[^<]*)<\/name>[ \t\n]*/y;
const memberEnd = /<\/member>[ \t\n]*/y;

/**
 * Characters that XML forbids (https://www.w3.org/TR/xml/#charsets), but that Python writes:
 * control characters in a program's command, or in the error of its start.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const notXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
const entity = /&(?:(?<name>lt|gt|amp|quot|apos)|#(?<decimal>\d{1,7})|#x(?<hex>[0-9a-fA-F]{1,6}));|&/g;
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Reads an XML-RPC response (http://xmlrpc.com/spec.md) in the form that Python's xmlrpc.client,
 * and so supervisord, writes. The rest of XML, such as attributes, comments and document types, is
 * refused, so there is nothing to expand. A general parser reads every letter of the tags, and took
 * two thirds of the daemon's time.
 *
 * @param text - the whole response
 * @param keep - names of the struct members to keep; others are read and dropped
 * @returns the value that the method returned
 * @throws SupervisorBadReplyError for a fault, and for anything that is not a whole response
 */
export function readResponse(text: string, keep: readonly string[]): XmlRpcValue {
  if (text.includes(']]>')) fail('it holds "]]>", which no XML text may');
  const source = new Source(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);
  source.expect(head, 'a <methodResponse>');
  const isFault = source.expect(outcome, '<params> or <fault>')[0].startsWith('<fault');
  const value = readValue(source, new Set(isFault ? ['faultCode', 'faultString'] : keep), 1);
  source.expect(isFault ? faulted : returned, 'the end of the response');
  if (isFault) throw new SupervisorBadReplyError(refusal(value));
  return value;
}

/** A call, with its parameters. */
export function methodCall(method: string, params: readonly (string | number)[] = []): string {
  const written = params.length === 0 ? '<params/>' : `<params>${params.map(param).join('')}</params>`;
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName>${written}</methodCall>`;
}

function param(value: string | number): string {
  const type = typeof value === 'number' ? 'int' : 'string';
  const text = String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<param><value><${type}>${text}</${type}></value></param>`;
}

/** A text and the position up to which it has been read. */
class Source {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns undefined, without moving, when something else comes next */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at = pattern.lastIndex;
    return match;
  }

  expect(pattern: RegExp, what: string): RegExpExecArray {
    return this.take(pattern) ?? this.refuse(what);
  }

  refuse(what: string): never {
    const found = this.#text.slice(this.#at, this.#at + 40);
    return fail(found === '' ? `it ends where ${what} belongs` : `it has ${JSON.stringify(found)} where ${what} belongs`);
  }
}

function readValue(source: Source, keep: ReadonlySet<string>, depth: number): XmlRpcValue {
  if (depth > maxDepth) fail(`it nests values deeper than ${maxDepth}`);
  const groups = source.take(scalar)?.groups;
  if (groups !== undefined) return scalarOf(groups);
  if (source.take(structStart) !== undefined) return readStruct(source, keep, depth);
  if (source.take(arrayStart) === undefined) source.refuse('a <value>');
  const items: XmlRpcValue[] = [];
  while (source.take(arrayEnd) === undefined) items.push(readValue(source, keep, depth + 1));
  return items;
}

function readStruct(source: Source, keep: ReadonlySet<string>, depth: number): XmlRpcValue {
  // Without a prototype, a member called __proto__ is like any other.
  const struct = Object.create(null) as { [member: string]: XmlRpcValue };
  while (source.take(structEnd) === undefined) {
    const name = unescapeText(source.expect(memberStart, 'a <member> with its <name>').groups?.['name'] ?? '');
    const value = readValue(source, keep, depth + 1);
    source.expect(memberEnd, '</member>');
    if (keep.has(name)) struct[name] = value;
  }
  return struct;
}

function scalarOf({ type, typed = '', empty, untyped = '' }: { readonly [group: string]: string | undefined }): XmlRpcValue {
  if (empty === 'nil') return null;
  switch (type) {
    case 'int':
    case 'i4':
    case 'i8':
      if (!/^\s*[+-]?\d{1,15}\s*$/.test(typed)) fail(`<${type}> holds ${JSON.stringify(typed.slice(0, 20))}`);
      return Number(typed);
    case 'double':
      if (typed.trim() === '' || !Number.isFinite(Number(typed))) fail(`<double> holds ${JSON.stringify(typed.slice(0, 20))}`);
      return Number(typed);
    case 'boolean':
      if (typed !== '0' && typed !== '1') fail(`<boolean> holds ${JSON.stringify(typed.slice(0, 20))}`);
      return typed === '1';
    default:
      return unescapeText(typed + untyped);
  }
}

function unescapeText(text: string): string {
  const readable = text.replace(notXml, '?');
  if (!readable.includes('&')) return readable;
  return readable.replace(entity, (whole, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return entities[name] ?? '';
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16);
    if (!(code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) || String.fromCodePoint(code).search(notXml) !== -1) {
      fail(`it holds ${JSON.stringify(whole)}, which stands for no character`);
    }
    return String.fromCodePoint(code);
  });
}

/** The finding for a fault. `faultCode` has supervisord's own numbers (supervisor/xmlrpc.py). */
function refusal(fault: XmlRpcValue): SupervisordFinding {
  const { faultCode, faultString } = (fault ?? {}) as { faultCode?: XmlRpcValue; faultString?: XmlRpcValue };
  if (faultCode === faults.SHUTDOWN_STATE) return { kind: 'supervisord-stopping' };
  return { kind: 'supervisord-fault', code: String(faultCode), text: String(faultString) };
}

function fail(why: string): never {
  throw new SupervisorBadReplyError({ kind: 'supervisord-unreadable', why });
}
