import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SupervisorBadReplyError } from '../../daemon/supervisor/errors.ts';
import { readResponse, type XmlRpcValue } from '../../daemon/supervisor/xml-rpc.ts';
import type { Random } from '../support/fuzz/random.ts';
import { kept, mutateXml, nestedDocument, randomDocument, spoil } from '../support/fuzz/responses.ts';
import { runsOf } from '../support/fuzz/seeds.ts';
import { readByParser } from '../support/fuzz/xml-rpc-oracle.ts';

/** Processor time, which does not depend on how busy the machine is. No case takes a hundredth of it. */
const longestMs = 3000;

/** The deepest nesting that the reader accepts. */
const deepest = 20;

const objectMembers = Object.getOwnPropertyNames(Object.prototype);

/** What the reader makes of the text. Undefined when it refuses it. Any other error passes through. */
function read(text: string): XmlRpcValue | undefined {
  try {
    return readResponse(text, kept);
  } catch (error) {
    if (error instanceof SupervisorBadReplyError) return undefined;
    throw error;
  }
}

/** Checks for values of XML-RPC only, structs without a prototype, and no members but those asked for. */
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

interface Case {
  readonly kind: string;
  readonly xml: string;
  /** Whether the text was read. Throws when it must not be read, or not like this. */
  readonly run: () => boolean;
}

/** One case of one of five kinds. */
function makeCase(random: Random): Case {
  if (random.oneIn(50)) return nested(random);
  const { value, xml } = randomDocument(random);
  switch (random.int(6)) {
    case 0:
      return good(xml, value);
    case 1:
      return refused('cut short', wellFormed(xml.trimEnd().slice(0, random.int(xml.trimEnd().length))));
    case 2:
      return refused('spoilt', wellFormed(spoil(random, xml)));
    default:
      return mutated(wellFormed(mutateXml(random, xml)));
  }
}

/** Without lone surrogates, which no UTF-8 decoder returns. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function good(xml: string, value: XmlRpcValue): Case {
  return {
    kind: 'good',
    xml,
    run: () => {
      assert.deepStrictEqual(read(xml), value);
      return true;
    },
  };
}

/**
 * What the reader accepts must be what a general parser reads. The general parser also accepts what
 * supervisord never writes.
 */
function mutated(xml: string): Case {
  return {
    kind: 'mutated',
    xml,
    run: () => {
      const result = read(xml);
      if (result === undefined) return false;
      assertSound(result);
      assert.deepStrictEqual(result, readByParser(xml, kept));
      return true;
    },
  };
}

function nested(random: Random): Case {
  const { xml, depth } = nestedDocument(random);
  return {
    kind: 'nested',
    xml,
    run: () => {
      const isRead = read(xml) !== undefined;
      assert.equal(isRead, depth <= deepest, `it is ${depth} values deep`);
      return isRead;
    },
  };
}

function refused(kind: string, xml: string): Case {
  return {
    kind,
    xml,
    run: () => {
      assert.equal(read(xml), undefined, 'it is read, and must not be');
      return false;
    },
  };
}

suite('fuzz: the XML-RPC reader', () => {
  for (const { title, draws, isSample } of runsOf('xmlRpc')) {
    test(`reads good input, refuses bad input, and does nothing else (${title})`, (t) => {
      const accepted: Record<string, number> = {};
      const refusals: Record<string, number> = {};
      for (const { name, random } of draws()) {
        const { kind, xml, run } = makeCase(random);
        const startedAt = process.cpuUsage();
        try {
          const counts = run() ? accepted : refusals;
          counts[kind] = (counts[kind] ?? 0) + 1;
          const tookMs = process.cpuUsage(startedAt).user / 1000;
          assert.ok(tookMs < longestMs, `it took ${tookMs} ms`);
        } catch (error) {
          assert.fail(`${name}, ${kind}: ${(error as Error).stack}\n${JSON.stringify(xml)}`);
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
