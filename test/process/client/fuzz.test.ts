import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseHttpReply } from '../../../client/http-reply.ts';
import { codeOf } from '../../../shared/exit-codes.ts';
import { codeInReply } from '../../../shared/reply.ts';
import { codeOfReply } from '../../support/fuzz/oracle.ts';
import { randomReply } from '../../support/fuzz/replies.ts';
import { runsOf } from '../../support/fuzz/seeds.ts';
import { type Context, scratchDirectory } from '../../support/scratch.ts';

const root = join(import.meta.dirname, '../../..');

/** The number of cases per start of the harness. */
const batchSize = 5000;

interface Case {
  readonly name: string;
  readonly pieces: readonly string[];
  /** The code of the TypeScript client. */
  readonly code: number;
}

function buildHarness(t: Context): string {
  const harness = join(scratchDirectory(t), 'harness');
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  const flags = ['-std=c11', '-g', '-O1', '-Wall', '-Wextra', ...sanitizers, '-Idist/generated', '-o', harness];
  execFileSync(process.env['CC'] ?? 'cc', [...flags, 'test/process/client/fuzz-harness.c'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return harness;
}

/** The native client's exit codes. Fewer than there are cases if one of them ended the process. */
async function nativeCodes(harness: string, cases: readonly Case[]): Promise<{ codes: Buffer; stderr: string }> {
  // Leak detection is off: the client allocates nothing, and it would need ptrace, which a container may not have.
  const child = spawn(harness, { stdio: 'pipe', env: { ASAN_OPTIONS: 'detect_leaks=0' }, timeout: 60_000, killSignal: 'SIGKILL' });
  const [stdout, stderr]: Buffer[][] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout?.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr?.push(chunk));
  // A harness that died reads no further. The missing codes show it.
  child.stdin.on('error', () => {});
  child.stdin.end(Buffer.concat(cases.flatMap(({ pieces }) => [numbered(pieces.length), ...pieces.flatMap(framed)])));
  await once(child, 'close');
  return { codes: Buffer.concat(stdout ?? []), stderr: Buffer.concat(stderr ?? []).toString() };
}

function numbered(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

function framed(piece: string): Buffer[] {
  return [numbered(piece.length), Buffer.from(piece, 'latin1')];
}

/** Reads as readiness_probe.ts does: after each piece parses all of it so far, until there is a result. */
function typeScriptCode(pieces: readonly string[]): number {
  const all = Buffer.from(pieces.join(''), 'latin1');
  let received = 0;
  for (const piece of pieces) {
    received += piece.length;
    const reply = parseHttpReply(all.subarray(0, received));
    if (reply === 'bad') break;
    if (reply !== 'incomplete') return codeInReply(reply.status, reply.body.toString('latin1')) ?? codeOf('DaemonBadReply');
  }
  return codeOf(received > 0 ? 'DaemonBadReply' : 'DaemonUnreachable');
}

/** The code of the first pieces that are a whole reply by the independent grammar. */
function codeByGrammar(pieces: readonly string[]): number {
  let received = '';
  for (const piece of pieces) {
    received += piece;
    const code = codeOfReply(received);
    if (code !== undefined) return code;
  }
  return codeOf(received === '' ? 'DaemonUnreachable' : 'DaemonBadReply');
}

function show({ name, pieces }: Case): string {
  return `${name}: ${JSON.stringify(pieces)}`;
}

suite('fuzz: the clients', () => {
  for (const { title, draws, isSample } of runsOf('client')) {
    test(`both make the same of any bytes, and 0 only of a ready reply (${title})`, async (t) => {
      const harness = buildHarness(t);
      const seen = new Map<number, number>();
      let count = 0;

      const check = async (cases: readonly Case[]): Promise<void> => {
        const { codes, stderr } = await nativeCodes(harness, cases);
        const next = cases[codes.length];
        if (next !== undefined) assert.fail(`the native client ended abnormally at ${show(next)}\n${stderr}`);
        for (const [index, one] of cases.entries()) {
          const native = codes[index] ?? -1;
          assert.equal(native, one.code, `the native client says ${native}, the TypeScript client ${one.code} to ${show(one)}`);
          const expected = codeByGrammar(one.pieces);
          assert.equal(native, expected, `both clients say ${native}, the grammar ${expected} to ${show(one)}`);
          seen.set(native, (seen.get(native) ?? 0) + 1);
        }
        count += cases.length;
      };

      let batch: Case[] = [];
      for (const { name, random } of draws()) {
        const pieces = randomReply(random);
        batch.push({ name, pieces, code: typeScriptCode(pieces) });
        if (batch.length < batchSize) continue;
        await check(batch);
        batch = [];
      }
      await check(batch);

      if (isSample) return;
      const share = (code: number) => (seen.get(code) ?? 0) / count;
      t.diagnostic(`${count} cases: 0 ${seen.get(0)}, 100 ${seen.get(100)}, 102 ${seen.get(102)}, ${seen.size} different codes`);
      assert.ok(share(0) > 0.05 && share(112) > 0.005 && seen.size > 50, 'too few replies are good');
      assert.ok(share(102) > 0.2, 'too few replies are bad');
    });
  }
});
