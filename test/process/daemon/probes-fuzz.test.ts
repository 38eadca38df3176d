import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../../daemon/http/app.ts';
import { createServer, plainText } from '../../../daemon/http/server.ts';
import { probeRequest } from '../../../shared/endpoints.ts';
import { type Answer, formatBody, statusOf } from '../../../shared/reply.ts';
import { Random } from '../../support/fuzz/random.ts';
import { historySeed, isLong } from '../../support/long.ts';
import { type Context, cleanUp, scratchDirectory } from '../../support/scratch.ts';

const cases = isLong ? 20_000 : 600;

/** How many run at the same time, so that those that are silent for a second delay no others. */
const lanes = 20;

const requests = [
  probeRequest,
  probeRequest,
  'GET /probe HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /probe HTTP/1.0\r\n\r\n',
  'HEAD /probe HTTP/1.1\r\nHost: x\r\n\r\n',
  'POST /probe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello',
  'GET /probe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'GET /no HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
];

const fragments = [
  '\r\n',
  '\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: x\r\n',
  probeRequest,
];

interface Exchange {
  readonly pieces: readonly string[];
  /** After which piece there is silence for longer than the daemon waits for a probe's first bytes. -1 for none. */
  readonly silenceAt: number;
}

function draw(random: Random): Exchange {
  const asked = random.list(3, () => random.pick(requests));
  const whole = [probeRequest, ...asked].slice(random.int(2)).join('');
  const mutated = random.oneIn(3) ? random.mutate(whole, fragments) : whole;
  // No case here asks for the page at /.
  const text = mutated.includes('GET / ') ? whole : mutated;
  const isWhole = random.oneIn(4) && text.startsWith(probeRequest);
  const pieces = isWhole ? [probeRequest, ...random.pieces(text.slice(probeRequest.length))] : random.pieces(text);
  return { pieces, silenceAt: random.oneIn(20) ? random.int(3) : -1 };
}

/** @returns all that comes until the other side ends, without the times in it */
async function exchange(path: string, { pieces, silenceAt }: Exchange): Promise<string> {
  let answer = '';
  const connection = createConnection({ path, allowHalfOpen: true });
  const ended = new Promise<void>((resolve) => {
    connection.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    // Bytes that the other side has not read when it closes come back as an error, after everything that it wrote.
    connection.on('error', () => resolve()).on('end', resolve);
  });
  await once(connection, 'connect');
  for (const [index, piece] of pieces.entries()) {
    if (index === silenceAt) await wait(1200);
    connection.write(piece, 'latin1');
    for (let turns = 0; turns < 3; turns++) await turn();
  }
  connection.end();
  await ended;
  connection.destroy();
  return answer.replace(/^(date|keep-alive): .*\r\n/gim, '').replace(/^[\w-]+:/gm, (name) => name.toLowerCase());
}

function assertSame(got: string, wanted: string, what: string): void {
  const successes = (answer: string) => answer.split('HTTP/1.1 200 OK').length;
  // Node may answer a broken request before or after the requests ahead of it, depending on the pieces.
  if (/400 Bad Request/.test(got + wanted) && successes(got) <= successes(wanted)) return;
  const lines = (answer: string) => answer.split('\r\n').sort();
  assert.deepEqual(lines(got), lines(wanted), what);
}

async function serve(t: Context, name: string, app: FastifyInstance): Promise<string> {
  await app.ready();
  const path = join(scratchDirectory(t), name);
  const server: Server = app.server;
  await once(server.listen(path), 'listening');
  cleanUp(t, () => app.close());
  return path;
}

suite("the probe clients' own request among others", () => {
  test(`is answered as Node's HTTP would answer: seed ${historySeed}`, { timeout: isLong ? 3_600_000 : 600_000 }, async (t) => {
    let answer: Answer = { code: 0, reason: 'Ready', message: 'start passed, hook passed' };
    const told = { fast: 0, plain: 0 };
    const unused = () => {
      throw new Error('not asked for');
    };
    const sources = { verdict: () => answer, status: unused, history: unused, metrics: unused, check: unused };
    const fast = await serve(t, 'fast.sock', createApp({ ...sources, onProbe: () => void told.fast++ }, 1));
    const { app } = createServer('GET / lists what there is', 1);
    app.get('/probe', (_request, reply) => {
      told.plain++;
      return reply.code(statusOf(answer.code)).type(plainText).header('cache-control', 'no-store').send(formatBody(answer));
    });
    const plain = await serve(t, 'plain.sock', app);

    let next = 0;
    const lane = async () => {
      for (let index = next++; index < cases; index = next++) {
        const one = draw(new Random(historySeed, index));
        const [got, wanted] = await Promise.all([exchange(fast, one), exchange(plain, one)]);
        assertSame(got, wanted, `seed ${historySeed}, index ${index}: ${JSON.stringify(one)}`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    assert.deepEqual(told.fast, told.plain);
    assert.ok(told.fast > cases / 2, `${told.fast} of ${cases} were answered`);

    answer = { code: 17, reason: 'HookFailed', message: 'hook exited with code 17', detail: 'bgp: 3 of 4' };
    const one = { pieces: [probeRequest], silenceAt: -1 };
    assertSame(await exchange(fast, one), await exchange(plain, one), 'not ready');
  });
});
