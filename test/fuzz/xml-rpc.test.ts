import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SupervisorBadReplyError } from '../../daemon/supervisor/errors.ts';
import { XmlRpcResponseReader, type XmlRpcValue } from '../../daemon/supervisor/xml-rpc.ts';
import type { Random } from '../support/random.ts';
import { kept, mutateXml, nestedDocument, randomDocument, spoil } from './responses.ts';
import { runsOf } from './seeds.ts';

/** No case takes a hundredth of it. */
const longestMs = 3000;

/** As many elements within each other are read, and no more. */
const deepest = 64;

const objectMembers = Object.getOwnPropertyNames(Object.prototype);

/** What the reader makes of the pieces, or undefined when it refuses them; anything else that it throws passes. */
function read(pieces: readonly string[]): XmlRpcValue | undefined {
  const reader = new XmlRpcResponseReader(kept);
  try {
    for (const piece of pieces) reader.write(piece);
    return reader.end();
  } catch (error) {
    if (error instanceof SupervisorBadReplyError) return undefined;
    throw error;
  }
}

/** Only values of XML-RPC, structs without a prototype, and no members but those asked for. */
function assertSound(value: unknown): void {
  if (Array.isArray(value)) {
    assert.equal(Object.getPrototypeOf(value), Array.prototype);
    for (const item of value) assertSound(item);
  } else if (typeof value === 'object' && value !== null) {
    assert.equal(Object.getPrototypeOf(value), null);
    for (const [name, member] of Object.entries(value)) {
      assert.ok([...kept, 'faultCode', 'faultString'].includes(name), `it has a member ${JSON.stringify(name)}`);
      assertSound(member);
    }
  } else {
    const isScalar = value === null || Number.isFinite(value) || typeof value === 'string' || typeof value === 'boolean';
    assert.ok(isScalar, `it holds ${String(value)}, a ${typeof value}`);
  }
}

/** Without lone surrogates, which no decoder of UTF-8 hands over; saxes throws a RangeError for some. */
function piecesOf(random: Random, text: string): string[] {
  return random.pieces(Buffer.from(text).toString());
}

/** One case of one of five kinds. */
function check(random: Random): { readonly kind: string; readonly pieces: readonly string[]; readonly run: () => boolean } {
  if (random.oneIn(50)) return nested(random);
  const { value, xml } = randomDocument(random);
  switch (random.int(6)) {
    case 0: {
      const pieces = random.pieces(xml);
      return {
        kind: 'good',
        pieces,
        run: () => {
          assert.deepStrictEqual(read(pieces), value);
          return true;
        },
      };
    }
    case 1:
      return refused('cut short', piecesOf(random, xml.trimEnd().slice(0, random.int(xml.trimEnd().length))));
    case 2:
      return refused('spoilt', piecesOf(random, spoil(random, xml)));
    default: {
      const pieces = piecesOf(random, mutateXml(random, xml));
      return {
        kind: 'mutated',
        pieces,
        run: () => {
          const result = read(pieces);
          if (result !== undefined) assertSound(result);
          return result !== undefined;
        },
      };
    }
  }
}

function nested(random: Random) {
  const { xml, depth } = nestedDocument(random);
  const pieces = random.pieces(xml);
  return {
    kind: 'nested',
    pieces,
    run: () => {
      const isRead = read(pieces) !== undefined;
      assert.equal(isRead, depth <= deepest, `it is ${depth} elements deep`);
      return isRead;
    },
  };
}

function refused(kind: string, pieces: readonly string[]) {
  return {
    kind,
    pieces,
    run: () => {
      assert.equal(read(pieces), undefined, 'it is read, and must not be');
      return false;
    },
  };
}

suite('fuzz: the XML-RPC reader', () => {
  for (const { title, draws, isSample } of runsOf('xmlRpc')) {
    test(`reads what is good, refuses what is not, and does nothing else (${title})`, (t) => {
      const accepted: Record<string, number> = {};
      const refusals: Record<string, number> = {};
      for (const { name, random } of draws()) {
        const { kind, pieces, run } = check(random);
        const startedMs = performance.now();
        try {
          const counts = run() ? accepted : refusals;
          counts[kind] = (counts[kind] ?? 0) + 1;
          assert.ok(performance.now() - startedMs < longestMs, `it took ${performance.now() - startedMs} ms`);
        } catch (error) {
          assert.fail(`${name}, ${kind}: ${(error as Error).stack}\n${JSON.stringify(pieces)}`);
        }
      }
      assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), objectMembers);

      if (isSample) return;
      t.diagnostic(`read ${JSON.stringify(accepted)}, refused ${JSON.stringify(refusals)}`);
      const mutated = accepted['mutated'] ?? 0;
      assert.ok(mutated > 1000 && (refusals['mutated'] ?? 0) > mutated, 'mutation is too weak or too strong');
    });
  }
});
