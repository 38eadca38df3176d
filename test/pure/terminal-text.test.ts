import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { clip, fold } from '../../client/ctl/terminal/clip.ts';
import { widthOf } from '../../client/ctl/terminal/width.ts';
import { wrap, wrapLines } from '../../client/ctl/terminal/wrap.ts';

const green = (text: string) => `\u001B[32m${text}\u001B[0m`;
const bare = (text: string) => text.split(/\p{Cc}\[[\d;]*m/u).join('');

/** Texts as supervisord, a hook or a person may write them, with colours of our own. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom('start.sh', 'is', 'a', '準備完了', '👍🏽', '👨‍👩‍👧', '🇨🇭', 'e\u0301', '한국어', ' ', '  '),
      fc.string({ unit: 'grapheme' }),
    ),
  )
  .map((parts) => parts.map((part, index) => (index % 3 === 0 ? green(part) : part)).join(' '));

suite('width on a terminal', () => {
  for (const [text, width] of [
    ['start', 5],
    ['', 0],
    [green('ok'), 2],
    ['準備完了', 8],
    ['한국어', 6],
    ['\u1112\u1161\u11ab', 2],
    ['ｆｕｌｌ', 8],
    ['e\u0301', 1],
    ['👍', 2],
    ['👍🏽', 4],
    ['👨‍👩‍👧', 6],
    ['🇨🇭', 2],
    ['1️⃣', 2],
    ['❤', 1],
    ['❤️', 2],
    ['❤\uFE0E', 1],
    ['…', 1],
    ['a\u200Bb', 2],
  ] as const) {
    test(`of ${JSON.stringify(text)} is ${width}`, () => assert.equal(widthOf(text), width));
  }
});

suite('clip', () => {
  test('leaves what fits, and otherwise ends with the ellipsis', () => {
    assert.equal(clip('start passed', 12, '…'), 'start passed');
    assert.equal(clip('start passed', 11, '…'), 'start pass…');
    assert.equal(clip('start passed', 11, '...'), 'start pa...');
    assert.equal(clip('start passed', 2, '...'), 'st');
    assert.equal(clip('a\tb', 3), 'a b');
  });

  test('ends colours that it cuts, and never cuts a character in two', () => {
    assert.equal(clip(green('start'), 3, '…'), '\u001B[32mst…\u001B[0m');
    assert.equal(clip('準備完了', 6, '…'), '準備…');
    assert.equal(clip('e\u0301e\u0301e\u0301', 2), 'e\u0301e\u0301');
  });

  test('is never too wide, and neither are the parts of a fold, which lose nothing', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 8, max: 40 }), (text, columns) => {
        assert.ok(widthOf(clip(text, columns, '…')) <= columns);
        const parts = fold(text, columns);
        assert.equal(parts.join(''), text);
        for (const part of parts) assert.ok(widthOf(part) <= columns, part);
      }),
    );
  });
});

suite('wrap', () => {
  test('breaks between words, and indents what follows', () => {
    assert.deepEqual(wrap('  - read the output of the hook', 20, 4), ['  - read the output', '    of the hook']);
    assert.deepEqual(wrap('  | one two three', 10, '  | '), ['  | one', '  | two', '  | three']);
    assert.deepEqual(wrap('short', 80), ['short']);
    assert.deepEqual(wrap('', 80), ['']);
  });

  test('keeps the columns of a table, and a word that is too wide', () => {
    assert.deepEqual(wrap('112      StartFailed           start.sh has failed, and why', 55, 31), [
      '112      StartFailed           start.sh has failed, and',

      `${' '.repeat(31)}why`,
    ]);
    assert.deepEqual(wrap('see /a/very/long/path now', 10), ['see', '/a/very/long/path', 'now']);
    assert.deepEqual(wrap('  /a/very/long/path', 10), ['  /a/very/long/path']);
  });

  test('ends a colour before a break and continues it after', () => {
    assert.deepEqual(wrap(green('one two three'), 8, 2), ['\u001B[32mone two\u001B[0m', '  \u001B[32mthree\u001B[0m']);
    assert.deepEqual(wrap(`${green('one')} two`, 3), [green('one'), 'two']);
    assert.deepEqual(wrap('\u001B[31ma\u001B[0m\u001B[32mb c\u001B[0m', 2), [
      '\u001B[31ma\u001B[0m\u001B[32mb\u001B[0m',
      '\u001B[32mc\u001B[0m',
    ]);
  });

  test('counts wide characters twice', () => {
    assert.deepEqual(wrap('準備 完了', 9), ['準備 完了']);
    assert.deepEqual(wrap('準備 完了', 8), ['準備', '完了']);
  });

  test('makes an indent smaller if it would leave too little space', () => {
    assert.deepEqual(wrap('a bb cc', 6, 5), ['a bb', '  cc']);
  });

  test('takes the indent of a list or of output from the line itself, and of others as given', () => {
    assert.deepEqual(wrapLines(['  - one two', '  | one two', '-> one two', 'one two'], 8), [
      '  - one',
      '    two',
      '  | one',
      '  | two',
      '-> one',
      '   two',
      'one two',
    ]);
    assert.deepEqual(wrapLines([{ text: 'a  one two', hang: '   ' }], 7), ['a  one', '   two']);
  });

  test('loses and adds nothing but blanks, and no line with more than one word is too wide', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 10 }), (text, columns, indent) => {
        const lines = wrap(text, columns, indent);
        const letters = (shown: string) => bare(shown).replaceAll(/[ \t]/g, '');
        assert.equal(letters(lines.join('')), letters(text));
        for (const line of lines) assert.ok(widthOf(line) <= columns || bare(line).trim().split(/ +/).length === 1, line);
      }),
    );
  });
});
