import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SupervisorBadReplyError } from '../../daemon/supervisor/errors.ts';
import { readResponse } from '../../daemon/supervisor/xml-rpc.ts';

const read = (xml: string) => readResponse(xml, ['a', 'b']);

const response = (value: string) =>
  `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>${value}</value>\n</param>\n</params>\n</methodResponse>\n`;
const struct = (members: string) => response(`<struct>${members}</struct>`);
const member = (name: string, value: string) => `<member>\n<name>${name}</name>\n<value>${value}</value>\n</member>`;

suite('XML-RPC reader', () => {
  for (const [value, expected] of [
    ['<int>-1</int>', -1],
    ['<i4>7</i4>', 7],
    ['<boolean>1</boolean>', true],
    ['<boolean>0</boolean>', false],
    ['<string>a &lt;b&gt; &amp; &#233;</string>', 'a <b> & é'],
    ['<string></string>', ''],
    ['<string/>', ''],
    ['untyped', 'untyped'],
    ['a\0b\x1b[1m&amp;\uffff', 'a?b?[1m&?'],
    ['<string>\x01</string>', '?'],
    ['<base64>\nYWJj\n</base64>', '\nYWJj\n'],
    ['a\r\nb', 'a\nb'],
    ['<nil/>', null],
    ['<double>1.5</double>', 1.5],
    ['<array><data></data></array>', []],
    [
      '<array><data><value><int>1</int></value><value><array><data><value><string>x</string></value></data></array></value></data></array>',
      [1, ['x']],
    ],
  ] as const) {
    test(`reads ${value}`, () => {
      assert.deepEqual(read(response(value)), expected);
    });
  }

  test('reads structs, and keeps only the members that matter', () => {
    const value = read(struct(member('a', '<int>1</int>') + member('z', '<string>dropped</string>') + member('b', '<struct></struct>')));
    assert.deepEqual({ ...(value as object) }, { a: 1, b: Object.create(null) });
  });

  test('throws a fault as an error', () => {
    for (const [code, text, message] of [
      [6, 'SHUTDOWN_STATE', 'supervisord is stopping or reloading (fault 6, SHUTDOWN_STATE)'],
      [1, 'UNKNOWN_METHOD', 'supervisord answered with fault 1, UNKNOWN_METHOD'],
    ] as const) {
      const fault = `<struct>${member('faultCode', `<int>${code}</int>`)}${member('faultString', `<string>${text}</string>`)}</struct>`;
      assert.throws(() => read(`<methodResponse><fault><value>${fault}</value></fault></methodResponse>`), { message });
    }
  });

  const nested = (depth: number) => response(`${'<array><data><value>'.repeat(depth)}x${'</value></data></array>'.repeat(depth)}`);
  for (const [title, xml] of [
    ['nothing', ''],
    ['text', 'hello'],
    ['another document', '<html><body/></html>'],
    ['a document that ends early', response('<int>1</int>').slice(0, -20)],
    ['tags that do not match', '<methodResponse><params></methodResponse></params>'],
    ['something behind the document', `${response('<int>1</int>')}<x/>`],
    ['no value', '<methodResponse><params></params></methodResponse>'],
    ['two values', `<methodResponse><params><param><value>1</value></param><param><value>2</value></param></params></methodResponse>`],
    ['a document type', `<!DOCTYPE methodResponse [<!ENTITY a "b">]>${response('&a;')}`],
    ['entities within entities', `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>${response('&c;')}`],
    ['an external entity', `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${response('&a;')}`],
    ['an entity that is not declared', response('&file;')],
    ['an int that is none', response('<int>1x</int>')],
    ['an empty int', response('<int></int>')],
    ['a boolean that is none', response('<boolean>yes</boolean>')],
    ['an empty double', response('<double></double>')],
    ['a double that is none', response('<double>nan</double>')],
    ['array data in a struct', struct('<data><value>a</value></data>')],
    ['array data behind a value', response('<int>1</int><data><value>a</value></data>')],
    ['an unknown type', response('<long>1</long>')],
    ['a member without a value', struct('<member><name>a</name></member>')],
    ['a member without a name', struct('<member><value>a</value></member>')],
    ['a member outside a struct', response('<array><data><member><name>a</name><value>1</value></member></data></array>')],
    ['a comment', response('<!-- a --><int>1</int>')],
    ['an attribute', response('<int a="1">1</int>')],
    ['a section of characters', response('<![CDATA[a]]>')],
    ['a character that XML has not, outside of a text', `${response('<int>1</int>').replace('<int>', '<int\0>')}`],
    ['a character that XML has not, in a number', response('<int>1\0</int>')],
    ['what ends a section of characters', response('a]]>b')],
    ['nesting without end', nested(100)],
  ] as const) {
    test(`refuses ${title}`, () => {
      assert.throws(() => read(xml), SupervisorBadReplyError);
    });
  }

  test('is not misled by the names of an object', () => {
    const value = read(struct(member('__proto__', '<struct></struct>') + member('a', 'x')));
    assert.deepEqual(Object.keys(value as object), ['a']);
  });
});
