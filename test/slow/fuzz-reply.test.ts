import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { OutputTail } from '../../daemon/process/output-tail.ts';
import { maxBodyBytes } from '../../shared/defaults.ts';
import { exitCodeTable } from '../../shared/exit-codes.ts';
import { type Answer, codeInReply, formatBody, statusOf } from '../../shared/reply.ts';
import { codeOfBody } from '../support/fuzz/oracle.ts';
import type { Random } from '../support/fuzz/random.ts';
import { mutateReply, randomBody } from '../support/fuzz/replies.ts';
import { runsOf } from '../support/fuzz/seeds.ts';

const characters = [
  ...'aZ09 \n\t\r\0\x1b\x7f\x80\x9b\xa0é€𝄞\u0301\u200d\u2028\u2029\u202e\u2066\ufeff\ufffd\uffff',
  '\ud834',
  '\udd1e',
  '\r\n',
];

/**
 * Whether the daemon never sends this character: controls except newline and tab, other line breaks, and the
 * bidi controls.
 */
function isUnwanted(character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  const isControl = point < 0x20 || (point >= 0x7f && point < 0xa0);
  const isFormat = point === 0x2028 || point === 0x2029 || (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
  return (isControl && character !== '\n' && character !== '\t') || isFormat;
}

/** Any text: short, about as long as a message or a body may be, or far too long. */
function randomText(random: Random): string {
  const length = random.int(random.pick([12, 12, 12, 450, 1100, 3000]));
  const few = random.oneIn(2) ? characters : [random.pick(characters), random.pick(characters)];
  return Array.from({ length }, () => random.pick(few)).join('');
}

function randomAnswer(random: Random): Answer {
  const { codes, reason } = random.pick(exitCodeTable);
  const code = codes[0] + random.int(codes[1] - codes[0] + 1);
  const answer = { code, reason, message: randomText(random) };
  return random.oneIn(3) ? answer : { ...answer, detail: randomDetail(random) };
}

/** The hook's output as the daemon keeps it. */
function randomDetail(random: Random): string {
  const tail = new OutputTail();
  const output = random.oneIn(4) ? Buffer.from(random.bytes(random.int(1500)), 'latin1') : Buffer.from(randomText(random));
  for (const piece of random.pieces(output.toString('latin1'))) tail.add(Buffer.from(piece, 'latin1'));
  return tail.text();
}

/** Asserts that the daemon writes one reply, which the client reads with the same meaning. */
function checkWritten(answer: Answer): void {
  const { code, reason } = answer;
  const body = formatBody(answer);
  const bytes = Buffer.from(body);
  assert.ok(bytes.length <= maxBodyBytes, `it has ${bytes.length} bytes`);
  assert.ok(body.startsWith(`${code} ${reason} `) && body.endsWith('\n'), 'it is no line of that code and reason');
  assert.ok(answer.detail || body.indexOf('\n') === body.length - 1, 'it has more lines than one, but no detail');
  assert.deepEqual([...body].filter(isUnwanted), []);
  assert.equal(codeInReply(statusOf(code), bytes.toString('latin1')), code);
  assert.equal(codeOfBody(code === 0 ? 200 : 503, bytes.toString('latin1')), code);
}

function replyOf(answer: Answer): { status: number; body: string } {
  return { status: statusOf(answer.code), body: Buffer.from(formatBody(answer)).toString('latin1') };
}

suite('fuzz: the reply', () => {
  for (const { title, draws, isSample } of runsOf('reply')) {
    test(`is read as it was written, and nothing else is read (${title})`, (t) => {
      let [written, good, bad] = [0, 0, 0];
      for (const { name, random } of draws()) {
        const answer = random.oneIn(2) ? randomAnswer(random) : undefined;
        const { status, body } = answer === undefined ? randomBody(random) : replyOf(answer);
        const mutated = random.oneIn(3) ? body : mutateReply(random, body);
        try {
          if (answer !== undefined) checkWritten(answer);
          const code = codeInReply(status, mutated);
          assert.equal(code, codeOfBody(status, mutated), 'the grammar says otherwise');
          if (answer !== undefined) written++;
          if (code === undefined) bad++;
          else good++;
        } catch (error) {
          assert.fail(`${name}: ${(error as Error).message}\n${JSON.stringify({ answer, status, body, mutated })}`);
        }
      }
      if (isSample) return;
      t.diagnostic(`${written} answers written, ${good} bodies read, ${bad} refused`);
      assert.ok(good > (good + bad) / 5 && bad > (good + bad) / 5, 'mutation is too weak or too strong');
    });
  }
});
