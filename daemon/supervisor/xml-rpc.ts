import { SaxesParser } from 'saxes';
import { SupervisorBadReplyError } from './errors.ts';

export type XmlRpcValue = string | number | boolean | null | XmlRpcValue[] | { [member: string]: XmlRpcValue };

/** What supervisord nests is 5 deep: methodResponse, params, array of structs; the rest is hostile. */
const maxDepth = 64;

interface Open {
  readonly name: string;
  /** For value: what it holds. For array and struct: what they have gathered. For member: the value under its name. */
  value?: XmlRpcValue;
  memberName?: string;
}

/**
 * Reads one XML-RPC response as it arrives (http://xmlrpc.com/spec.md), without keeping its text.
 * There are no entities but XML's own five: a document type is refused, so none can be declared.
 */
export class XmlRpcResponseReader {
  readonly #parser = new SaxesParser();
  readonly #keep: ReadonlySet<string>;
  readonly #open: Open[] = [];
  #text = '';
  #result: XmlRpcValue | undefined;
  #isFault = false;

  /** @param keep - names of the struct members that matter; others are read and dropped, which saves memory */
  constructor(keep: readonly string[]) {
    this.#keep = new Set([...keep, 'faultCode', 'faultString']);
    this.#parser.on('doctype', () => fail('it holds a document type'));
    this.#parser.on('error', (error) => fail(error.message));
    this.#parser.on('opentag', ({ name }) => this.#enter(name));
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
    this.#parser.on('closetag', ({ name }) => this.#leave(name));
  }

  /** @throws SupervisorBadReplyError as soon as the text cannot be a response */
  write(text: string): void {
    this.#parser.write(text);
  }

  /**
   * @returns the value that the method returned
   * @throws SupervisorBadReplyError for a fault, and for anything that is not a whole response
   */
  end(): XmlRpcValue {
    this.#parser.close();
    if (this.#result === undefined) fail('it holds no value');
    if (this.#isFault) throw new SupervisorBadReplyError(faultMessage(this.#result));
    return this.#result;
  }

  #enter(name: string): void {
    if (this.#open.length === 0 && name !== 'methodResponse') fail(`it is a <${name}>, not a <methodResponse>`);
    if (this.#open.length >= maxDepth) fail(`it nests deeper than ${maxDepth} elements`);
    if (name === 'fault') this.#isFault = true;
    const entered: Open = { name };
    if (name === 'array') entered.value = [];
    if (name === 'struct') entered.value = Object.create(null) as { [member: string]: XmlRpcValue };
    this.#open.push(entered);
    this.#text = '';
  }

  #addText(text: string): void {
    this.#text += text;
  }

  #leave(name: string): void {
    const left = this.#open.pop();
    const parent = this.#open.at(-1);
    const text = this.#text;
    this.#text = '';
    if (left === undefined || parent === undefined) return;
    if (name === 'value') this.#deliver(left.value === undefined ? text : left.value);
    else if (name === 'name' && parent.name === 'member') parent.memberName = text;
    else if (name === 'member') this.#setMember(parent, left);
    else if (parent.name === 'value') parent.value = left.value === undefined ? scalar(name, text) : left.value;
  }

  /** Hands a finished value to what encloses it: a struct's member, an array (inside its data), or the response. */
  #deliver(value: XmlRpcValue): void {
    const parent = this.#open.at(-1);
    const array = parent?.name === 'data' && this.#open.at(-2)?.name === 'array' ? this.#open.at(-2) : undefined;
    if (parent?.name === 'member') parent.value = value;
    else if (array !== undefined) (array.value as XmlRpcValue[]).push(value);
    else if (this.#result === undefined && (parent?.name === 'param' || parent?.name === 'fault')) this.#result = value;
    else fail(`it has a value where none belongs, in <${parent?.name ?? ''}>`);
  }

  #setMember(struct: Open, member: Open): void {
    if (struct.name !== 'struct' || member.memberName === undefined || member.value === undefined) fail('a struct member is not whole');
    if (this.#keep.has(member.memberName)) (struct.value as { [name: string]: XmlRpcValue })[member.memberName] = member.value;
  }
}

/** A call without parameters. */
export function methodCall(method: string): string {
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params/></methodCall>`;
}

function scalar(type: string, text: string): XmlRpcValue {
  switch (type) {
    case 'int':
    case 'i4':
    case 'i8':
      if (!/^\s*[+-]?\d{1,15}\s*$/.test(text)) fail(`<${type}> holds ${JSON.stringify(text.slice(0, 20))}`);
      return Number(text);
    case 'double':
      if (text.trim() === '' || !Number.isFinite(Number(text))) fail(`<double> holds ${JSON.stringify(text.slice(0, 20))}`);
      return Number(text);
    case 'boolean':
      if (text !== '0' && text !== '1') fail(`<boolean> holds ${JSON.stringify(text.slice(0, 20))}`);
      return text === '1';
    case 'nil':
      return null;
    case 'string':
    case 'base64':
    case 'dateTime.iso8601':
      return text;
    default:
      return fail(`it holds an element <${type}> of no XML-RPC type`);
  }
}

function faultMessage(fault: XmlRpcValue): string {
  const { faultCode, faultString } = (fault ?? {}) as { faultCode?: XmlRpcValue; faultString?: XmlRpcValue };
  return `supervisord answered with fault ${String(faultCode)}, ${String(faultString)}`;
}

function fail(why: string): never {
  throw new SupervisorBadReplyError(`supervisord's answer cannot be read: ${why}`);
}
