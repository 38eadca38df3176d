import { SaxesParser } from 'saxes';
import type { XmlRpcValue } from '../../../daemon/supervisor/xml-rpc.ts';

/**
 * Reads XML-RPC responses with a general XML parser, to judge the fuzz test.
 *
 * @returns the value that the method returned, or undefined when the text is no whole response, or a fault
 */
export function readByParser(text: string, keep: readonly string[]): XmlRpcValue | undefined {
  try {
    const reader = new Reader(keep);
    // No XML, but what supervisord writes all the same: for the parser as a character that belongs in no name.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    reader.write(text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, standIn));
    return reader.end();
  } catch {
    return undefined;
  }
}

const standIn = '\uE000';

interface Open {
  readonly name: string;
  /** For value: its content. For array and struct: what they have collected. For member: the value of its name. */
  value?: XmlRpcValue;
  memberName?: string;
}

class Reader {
  readonly #parser = new SaxesParser();
  readonly #keep: ReadonlySet<string>;
  readonly #open: Open[] = [];
  #text = '';
  #result: XmlRpcValue | undefined;
  #isFault = false;

  constructor(keep: readonly string[]) {
    this.#keep = new Set(keep);
    this.#parser.on('doctype', () => fail('it holds a document type'));
    this.#parser.on('error', (error) => fail(error.message));
    this.#parser.on('opentag', ({ name }) => this.#enter(name));
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
    this.#parser.on('closetag', ({ name }) => this.#leave(name));
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  end(): XmlRpcValue {
    this.#parser.close();
    if (this.#result === undefined) fail('it holds no value');
    if (this.#isFault) fail('it is a fault');
    return this.#result;
  }

  #enter(name: string): void {
    if (this.#open.length === 0 && name !== 'methodResponse') fail(`it is a <${name}>, not a <methodResponse>`);
    if (name === 'fault') this.#isFault = true;
    const entered: Open = { name };
    if (name === 'array') entered.value = [];
    if (name === 'struct') entered.value = Object.create(null) as { [member: string]: XmlRpcValue };
    this.#open.push(entered);
    this.#text = '';
  }

  #addText(text: string): void {
    this.#text += text.replaceAll(standIn, '?');
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

  /** Passes a finished value to what encloses it: a struct's member, an array (inside its data), or the response. */
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

function fail(why: string): never {
  throw new Error(why);
}
