import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { ProcessInfo } from '../../daemon/supervisor/client.ts';
import { rememberProcesses } from '../../daemon/supervisor/same-text.ts';
import { readResponse, type XmlRpcValue } from '../../daemon/supervisor/xml-rpc.ts';

type Members = Readonly<Record<string, string | number>>;

/** In the form that supervisord writes. */
function answer(processes: readonly Members[]): string {
  const value = (of: string | number) =>
    typeof of === 'number' ? `<value><int>${of}</int></value>` : `<value><string>${of}</string></value>`;
  const struct = (members: Members) =>
    `<value><struct>\n${Object.entries(members)
      .map(([name, of]) => `<member>\n<name>${name}</name>\n${value(of)}\n</member>\n`)
      .join('')}</struct></value>\n`;
  const data = processes.map(struct).join('');
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n${data}</data></array></value>\n</param>\n</params>\n</methodResponse>\n`;
}

const usual = { name: 'web', group: 'web', now: 100, state: 20, spawnerr: '', pid: 7, description: 'pid 7, uptime 0:00:01' };

/** Reads the whole struct, so that no change goes unnoticed. */
const read = (text: string) =>
  readResponse(
    text,
    Object.keys(usual).filter((name) => name !== 'description'),
  ) as unknown as ProcessInfo[];
const plain = (infos: readonly ProcessInfo[]) => infos.map((info) => ({ ...info }));

function counted() {
  const state = { anew: 0 };
  const remembered = rememberProcesses((text) => {
    state.anew++;
    return read(text);
  });
  return { state, remembered };
}

suite('an answer that is like the one before', () => {
  test('is not read again while only its times differ', () => {
    const { state, remembered } = counted();
    for (const now of [100, 110, 120, 9]) {
      const text = answer([
        { ...usual, now, description: `pid 7, uptime 0:00:${now}` },
        { ...usual, name: 'b', now: now + 1, description: '' },
      ]);
      assert.deepEqual(plain(remembered(text)), plain(read(text)));
    }
    assert.equal(state.anew, 1);
  });

  for (const [title, change] of [
    ['a state', { state: 100 }],
    ['a pid', { pid: 77 }],
    ['a name', { name: 'weba' }],
    ['an error', { spawnerr: 'x' }],
    ['a time that is no number of seconds', { now: -1 }],
    ['a description that holds an entity', { description: 'a &amp; b' }],
    ['another member', { more: 1 }],
  ] as const) {
    test(`is read again with ${title}`, () => {
      const { state, remembered } = counted();
      remembered(answer([usual]));
      const text = answer([{ ...usual, ...change }]);
      assert.deepEqual(plain(remembered(text)), plain(read(text)));
      assert.equal(state.anew, 2);
    });
  }

  for (const second of ['<name>n&#111;w</name>\n<value><int>5', '<name>now</name>\n<value><i4>5', '<name>now</name> <value><int>5']) {
    test(`is read again with a second time in a struct, even when written ${JSON.stringify(second)}`, () => {
      const { remembered } = counted();
      const type = second.includes('i4') ? 'i4' : 'int';
      for (const now of [100, 110]) {
        const text = answer([{ ...usual, now }]).replace('</struct>', `<member>\n${second}</${type}></value>\n</member>\n</struct>`);
        assert.equal(remembered(text)[0]?.now, 5);
      }
    });
  }

  test('is refused like any other that cannot be read, and nothing of it is remembered', () => {
    const { remembered } = counted();
    const good = answer([usual]);
    remembered(good);
    for (const bad of [
      good.slice(0, -1).replace('</methodResponse>', ''),
      `${good}x`,
      good.replace('uptime', ']]>'),
      good.replace('uptime', '&nbsp;'),
      good.replace('<int>100<', '<int>1x0<'),
    ]) {
      assert.throws(() => read(bad));
      assert.throws(() => remembered(bad));
      assert.deepEqual(plain(remembered(good)), plain(read(good)));
    }
  });

  test('gives what a fresh reading gives, whatever came before', () => {
    const text = fc.constantFrom(
      '',
      'a',
      'pid 7, uptime 1 day',
      '&lt;',
      '<',
      ']]>',
      'now',
      '\r',
      '\u0001',
      '</string>',
      '<name>now</name>',
    );
    const number = fc.constantFrom(0, 1, 100, -1, 1_700_000_000, 1.5);
    const members = fc.record({ name: text, now: number, state: number, description: text });
    const doubled = fc.tuple(members, members).map(([one, two]) => ({ ...one, now2: two.now }));
    const texts = fc.array(fc.array(fc.oneof(members, doubled), { maxLength: 3 }).map(answer), { minLength: 2, maxLength: 5 });
    const outcome = (of: () => readonly ProcessInfo[] | XmlRpcValue) => {
      try {
        return plain(of() as ProcessInfo[]);
      } catch (error) {
        return (error as Error).message;
      }
    };
    fc.assert(
      fc.property(texts, (all) => {
        const { remembered } = counted();
        for (const one of all)
          assert.deepEqual(
            outcome(() => remembered(one)),
            outcome(() => read(one)),
          );
      }),
    );
  });
});
