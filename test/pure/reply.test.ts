import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { OutputTail } from '../../daemon/process/output-tail.ts';
import { maxBodyBytes } from '../../shared/defaults.ts';
import { codeOf, exitCodeTable, reasonOfHookCode } from '../../shared/exit-codes.ts';
import { codeInReply, formatBody, oneLine, statusOf, tailThatFits } from '../../shared/reply.ts';

suite('reply', () => {
  test('has code, reason and message on its first line, then the output', () => {
    assert.equal(formatBody({ code: 0, reason: 'Ready', message: 'all well' }), '0 Ready all well\n');
    assert.equal(formatBody({ code: 17, reason: 'HookFailed', message: 'bad', detail: 'one\ntwo\n' }), '17 HookFailed bad\none\ntwo\n');
    assert.equal(formatBody({ code: 17, reason: 'HookFailed', message: 'bad', detail: '' }), '17 HookFailed bad\n');
  });

  test('stays within its limit and can be read back, whatever it says', () => {
    for (const text of ['x'.repeat(5000), 'é€𝄞'.repeat(1000), 'line\n'.repeat(2000), '\r\n\x1b[1m\u2028\0'.repeat(500), '', '\n\n']) {
      const body = formatBody({ code: 112, reason: 'StartFailed', message: text, detail: text.replace(/[^\P{Cc}\n]/gu, '') });
      assert.ok(Buffer.byteLength(body) <= maxBodyBytes, `${Buffer.byteLength(body)} bytes`);
      assert.ok(!body.includes('\uFFFD'), body);
      assert.equal(codeInReply(503, Buffer.from(body).toString('latin1')), 112);
    }
  });

  test('gives the output all the room that the first line leaves', () => {
    for (const message of ['bad', 'x'.repeat(1000)]) {
      const body = formatBody({ code: 17, reason: 'HookFailed', message, detail: 'y'.repeat(5000) });
      assert.equal(Buffer.byteLength(body), maxBodyBytes);
    }
  });

  test('has status 200 exactly when it is ready', () => {
    for (let code = 0; code <= 255; code++) assert.equal(statusOf(code), code === 0 ? 200 : 503);
  });

  test('keeps a line in one line', () => {
    assert.equal(oneLine(' a\r\n\tb\u2029c  d '), 'a b c d');
    assert.equal(oneLine('a\u202Eb\u2066c'), 'a b c');
    assert.equal(oneLine('abcdefgh', 6), 'abc...');
    assert.equal(oneLine('ab€€', 7), 'ab...');
    assert.equal(oneLine('abcdef', 6), 'abcdef');
    assert.equal(oneLine('a\uFFFDbcdefghi', 8), 'a\uFFFDb...');
    for (let most = 6; most <= 9; most++) assert.equal(oneLine('ab𝄞𝄞', most), most < 9 ? 'ab...' : 'ab𝄞...', `${most}`);
    assert.equal(oneLine('ab\uFFFD\uFFFD\uFFFD', 10), 'ab\uFFFD...');
    assert.equal(oneLine('x'.repeat(1000)).length, 400);
  });

  test('has nothing in a line that could control a terminal or break the line, and loses nothing else', () => {
    const isBetween = (point: number, first: number, last: number) => point >= first && point <= last;
    for (let point = 0x21; point <= 0xffff; point++) {
      if (isBetween(point, 0xd800, 0xdfff)) continue;
      const isUnwanted = isBetween(point, 0x7f, 0x9f) || isBetween(point, 0x2028, 0x202e) || isBetween(point, 0x2066, 0x2069);
      const character = String.fromCodePoint(point);
      assert.equal(oneLine(`a${character}b`), isUnwanted ? 'a b' : `a${character}b`, `U+${point.toString(16)}`);
    }
    for (let point = 0; point <= 0x20; point++) assert.equal(oneLine(`a${String.fromCodePoint(point)}b`), 'a b', `U+${point.toString(16)}`);
  });

  test('cuts a tail at the start of a line where possible', () => {
    assert.equal(tailThatFits('one\ntwo\nthree', 100), 'one\ntwo\nthree');
    assert.equal(tailThatFits('one\ntwo\nthree', 10), 'two\nthree'.slice(0));
    assert.equal(tailThatFits('one\ntwo\nthree', 9), 'two\nthree');
    assert.equal(tailThatFits('one\ntwo\nthree', 8), 'three');
    assert.equal(tailThatFits('one\ntwo\nthree', 3), 'ree');
    assert.equal(tailThatFits('€€', 4), '€');
    assert.equal(tailThatFits('one\ntwo\nthree', 13), 'one\ntwo\nthree');
    assert.equal(tailThatFits('one\ntwo', 5), 'two');
    assert.equal(tailThatFits('one\ntwo\nz', 3), 'z');
    assert.equal(tailThatFits('three\n', 4), 'ree\n');
    assert.equal(tailThatFits('xxa\uFFFDb', 5), 'a\uFFFDb');
  });

  test('is believed only when all of it fits', () => {
    for (const [status, body, code] of [
      [200, '0 Ready', 0],
      [200, '0 Ready\n', 0],
      [200, '0 Ready all well\n', 0],
      [503, '255 HookFailed x\ny\n', 255],
      [503, '17 ReadyNot x', 17],
      [503, '17 Layer3Failed x\n', 17],
      [503, '0 Ready all well\n', undefined],
      [200, '17 HookFailed x\n', undefined],
      [200, '17 Ready x\n', undefined],
      [503, '17 Ready x\n', undefined],
      [200, '0 HookFailed x\n', undefined],
      [503, '0 HookFailed x\n', undefined],
      [500, '17 HookFailed x\n', undefined],
      [404, '0 Ready x\n', undefined],
      [503, '256 HookFailed x\n', undefined],
      [503, '017 HookFailed x\n', undefined],
      [200, '00 Ready\n', undefined],
      [200, ' 0 Ready\n', undefined],
      [200, 'x\n0 Ready\n', undefined],
      [200, '0 Ready.\n', undefined],
      [200, '0 ready\n', undefined],
      [503, '17 hookFailed x\n', undefined],
      [200, '0  Ready\n', undefined],
      [200, '0\n', undefined],
      [200, '', undefined],
      [200, '0 Ready a\0b\n', undefined],
      [200, '0 Ready a\r\n', undefined],
      [200, '0 Ready a\x1b[1m\n', undefined],
      [200, '0 Ready a\x7f\n', undefined],
    ] as const) {
      assert.equal(codeInReply(status, body), code, JSON.stringify([status, body]));
    }
  });

  test('is not believed when it contains any control byte but tab and newline, wherever it is', () => {
    for (let byte = 0; byte <= 0xff; byte++) {
      const isControl = (byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f;
      for (const body of [`0 Ready a${String.fromCharCode(byte)}b\n`, `0 Ready a\nb\n${String.fromCharCode(byte)}`]) {
        assert.equal(codeInReply(200, body), isControl ? undefined : 0, JSON.stringify(body));
      }
    }
  });
});

suite('output tail', () => {
  const tailOf = (...chunks: (string | Buffer)[]) => {
    const tail = new OutputTail();
    for (const chunk of chunks) tail.add(Buffer.from(chunk));
    return tail.text();
  };

  test('keeps the last 4 KiB, from the beginning of a line', () => {
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}\n`);
    const text = tailOf(...lines);
    assert.ok(Buffer.byteLength(text) <= 4096 && Buffer.byteLength(text) > 4000);
    assert.match(text, /^line \d+\n/);
    assert.match(text, /\nline 1999$/);
  });

  test('is safe text for a terminal, whatever was written', () => {
    assert.equal(tailOf('\x1b[1;31mred\x1b[0m\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b(B\x07'), 'red' + 'link');
    assert.equal(tailOf('10%\r20%\r\ndone\n'), '10%\n20%\ndone');
    assert.equal(tailOf(Buffer.from([0x61, 0xff, 0xc3, 0x28, 0, 0x62])), 'a\uFFFD\uFFFD(b');
    assert.equal(tailOf('caf', Buffer.from([0xc3]), Buffer.from([0xa9])), 'café');
    assert.equal(tailOf('\u202Egnp.exe\u2066'), 'gnp.exe');
    assert.equal(tailOf(), '');
  });

  test('does not keep the chunks that it was given', () => {
    const tail = new OutputTail();
    for (let i = 0; i < 1000; i++) tail.add(Buffer.alloc(100_000, 'x'));
    assert.equal(tail.text(), 'x'.repeat(4096));
  });
});

suite('exit codes', () => {
  test('are all distinct, in order, and have a reason each', () => {
    let next = 0;
    for (const { codes, reason } of exitCodeTable) {
      assert.ok(codes[0] >= next && codes[1] >= codes[0] && codes[1] <= 255);
      assert.match(reason, /^[A-Z][A-Za-z]+$/);
      next = codes[1] + 1;
    }
    assert.equal(codeOf('StartFatal'), 113);
  });

  test('of a hook are passed on, except those that are ours', () => {
    for (let code = 1; code <= 255; code++) {
      const isOurs = code === 2 || (code >= 100 && code <= 125);
      assert.equal(reasonOfHookCode(code), code === 1 ? 'HookCrashed' : isOurs ? 'HookReservedCode' : 'HookFailed');
    }
  });
});
