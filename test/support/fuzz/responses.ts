import type { XmlRpcValue } from '../../../daemon/supervisor/xml-rpc.ts';
import type { Random } from './random.ts';

/** XML-RPC responses for the fuzz test, written as supervisord writes them, with Python's xmlrpc.client. */

/** The struct members that the reader should keep. */
export const kept = ['name', 'state', '__proto__', 'constructor', 'a&b'];
const memberNames = [...kept, 'group', 'polluted', 'toString', 'é', ''];

const characters = [...'abz09 \x1b\n\t<>&"\'/]=-é€𝄞\u0085\u2028\ufffd'];

/** What mutations insert into a document. */
const fragments = [
  '<value>',
  '</value>',
  '<value><int>1</int></value>',
  '<data><value>x</value></data>',
  '<struct><member><name>__proto__</name><value><struct><member><name>polluted</name><value>1</value></member></struct></value></member></struct>',
  '<member><name>name</name><value>x</value></member>',
  '<fault/>',
  '<double>1e999</double>',
  '<int>99999999999999999999</int>',
  '<!-- a -->',
  '<!--',
  '-->',
  '<![CDATA[<value>]]>',
  '<![CDATA[',
  ']]>',
  '<?pi x?>',
  '<?xml version="1.1"?>',
  '<!DOCTYPE x [<!ENTITY a "b">]>',
  '&amp;',
  '&#0;',
  '&#xD800;',
  '&#x110000;',
  '&#99999999999999999999;',
  '&a;',
  '&',
  '\uffff',
  '\ufeff',
];

/** The deepest nesting of a value. */
const deepest = 3;

/** A value, and the document that contains it. */
export function randomDocument(random: Random): { value: XmlRpcValue; xml: string } {
  const { value, xml } = randomValue(random, deepest);
  return {
    value,
    xml: `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${xml}</param>\n</params>\n</methodResponse>\n`,
  };
}

/** Arrays and structs need some depth left, so that the text stays short. */
function randomValue(random: Random, depth: number): { value: XmlRpcValue; xml: string } {
  const kind = depth === deepest && !random.oneIn(4) ? 6 + random.int(3) : random.int(depth > 0 ? 9 : 6);
  if (kind > 6) return randomStruct(random, depth);
  if (kind === 6) {
    const items = random.list(4, () => randomValue(random, depth - 1));
    return {
      value: items.map(({ value }) => value),
      xml: `<value><array><data>\n${items.map(({ xml }) => xml).join('')}</data></array></value>\n`,
    };
  }
  const { value, xml } = randomScalar(random, kind);
  return { value, xml: `<value>${xml}</value>\n` };
}

function randomScalar(random: Random, kind: number): { value: XmlRpcValue; xml: string } {
  switch (kind) {
    case 0: {
      const value = random.int(2 ** 32) - 2 ** 31;
      const type = random.pick(['int', 'i4', 'i8']);
      return { value, xml: `<${type}>${value}</${type}>` };
    }
    case 1: {
      const value = random.oneIn(2);
      return { value, xml: `<boolean>${value ? 1 : 0}</boolean>` };
    }
    case 2: {
      const value = (random.int(2 ** 32) - 2 ** 31) / 2 ** random.int(40);
      return { value, xml: `<double>${value}</double>` };
    }
    case 3:
      return { value: null, xml: '<nil/>' };
    default: {
      const text = randomText(random);
      const value = text.replaceAll('\x1b', '?');
      return { value, xml: kind === 4 ? escaped(text) : `<string>${escaped(text)}</string>` };
    }
  }
}

function randomStruct(random: Random, depth: number): { value: XmlRpcValue; xml: string } {
  const value = Object.create(null) as { [member: string]: XmlRpcValue };
  const members = random.list(4, () => {
    const name = random.pick(memberNames);
    const member = randomValue(random, depth - 1);
    if (kept.includes(name)) value[name] = member.value;
    return `<member>\n<name>${escaped(name)}</name>\n${member.xml}</member>\n`;
  });
  return { value, xml: `<value><struct>\n${members.join('')}</struct></value>\n` };
}

function randomText(random: Random): string {
  return random.list(random.oneIn(20) ? 500 : 8, () => random.pick(characters)).join('');
}

/** Escapes like Python's escape, which does not change quotes. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Changes the text, or whole tags. */
export function mutateXml(random: Random, xml: string): string {
  if (random.oneIn(3)) return random.mutate(xml, fragments);
  const parts = xml.split(/(<[^>]*>)/).filter((part) => part.trim() !== '');
  for (let left = 1 + random.int(3); left > 0; left--) {
    // Leaves the declaration and the root alone. Without them the reader looks at little else.
    const [one, other] = [2 + random.int(parts.length - 3), 2 + random.int(parts.length - 3)];
    const part = parts[one] ?? '';
    switch (random.int(5)) {
      case 0:
        parts.splice(one, 1);
        break;
      case 1:
        parts.splice(other, 0, part);
        break;
      case 2:
        [parts[one], parts[other]] = [parts[other] ?? '', part];
        break;
      case 3:
        renameElement(random, parts, one);
        break;
      default:
        parts.splice(one, 0, random.pick(fragments));
    }
  }
  return parts.join('');
}

/** Renames a tag and the next end tag of that name, which is mostly its own. So the document stays well formed. */
function renameElement(random: Random, parts: string[], at: number): void {
  const name = /^<(\w+)>$/.exec(parts[at] ?? '')?.[1];
  const end = parts.indexOf(`</${name}>`, at);
  if (name === undefined || end === -1) return;
  const other = random.pick(['value', 'array', 'data', 'struct', 'member', 'name', 'param', 'fault', 'string', 'int', 'nil', 'x']);
  parts[at] = `<${other}>`;
  parts[end] = `</${other}>`;
}

/** Nested values, and how many. */
export function nestedDocument(random: Random): { xml: string; depth: number } {
  const levels = 1 + random.int(40);
  const [open, close] = random.pick([
    ['<array><data><value>', '</value></data></array>'],
    ['<struct><member><name>name</name><value>', '</value></member></struct>'],
  ] as const);
  const value = `<value>${open.repeat(levels)}${close.repeat(levels)}</value>`;
  return { xml: `<methodResponse><params><param>${value}</param></params></methodResponse>`, depth: 1 + levels };
}

/** Changes a good document so that it must be refused, whatever else it contains. */
export function spoil(random: Random, xml: string): string {
  const root = xml.indexOf('<methodResponse>');
  const value = xml.lastIndexOf('</param>');
  const at = (index: number, text: string) => xml.slice(0, index) + text + xml.slice(index);
  switch (random.int(4)) {
    case 0:
      return xml + random.pick(['x', '<x/>', '</methodResponse>', '&amp;', '<![CDATA[x]]>', '<!DOCTYPE x>', '\0', '<', xml.slice(root)]);
    case 1:
      return at(
        root,
        random.pick(['x', '<x/>', '<!DOCTYPE x>', '<!DOCTYPE x [<!ENTITY a "b">]>', '<!DOCTYPE x SYSTEM "file:///etc/passwd">']),
      );
    case 2:
      return at(
        value,
        random.pick([
          '<!-- a -->',
          '<?a b?>',
          '<![CDATA[a]]>',
          '&file;',
          '&#0;',
          '&#x110000;',
          '\0',
          '\uffff',
          '<value/>',
          '</value>',
          '<a b="1" b="1"/>',
          '<!--x',
          '--><x>',
        ]),
      );
    default:
      return xml.replace(
        '<methodResponse>',
        random.pick(['', '<x>', '<methodResponse', '<methodresponse>', '<methodResponse><methodResponse>']),
      );
  }
}
