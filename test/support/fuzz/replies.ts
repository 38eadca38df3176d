import { exitCodeTable } from '../../../shared/exit-codes.ts';
import type { Random } from './random.ts';

/** Replies for the fuzz tests, as texts with one character per byte (latin1). About a third of them are good. */

const reasons = exitCodeTable.map(({ reason }) => reason);
const words = ['all well', 'hook exited with code 17', 'bgp: 3 of 4', 'Ready', '0 Ready', '\xc3\xa9\xe2\x82\xac', '\xff\x80', 'a\tb', ''];

/** What mutations insert into a reply. */
const fragments = [
  '0 Ready\n',
  '0 Ready',
  '00 Ready',
  '1 Ready',
  'Content-Length: 8\r\n',
  'content-length:\t08 \r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 99999\r\n',
  'Content-Length: -8\r\n',
  'Content-Length : 8\r\n',
  ' Content-Length: 8\r\n',
  'Transfer-Encoding: chunked\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 503 Service Unavailable\r\n',
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\xc3\xa9',
  '\xf0\x9d\x84\x9e',
  '255',
  '256',
] as const;

/** A good or bad body, with the status that belongs to it. */
export function randomBody(random: Random): { status: number; body: string } {
  const isReady = random.oneIn(3);
  const code = isReady ? 0 : random.oneIn(6) ? random.int(300) : random.pick(exitCodeTable).codes[1];
  const reason = isReady ? 'Ready' : random.pick(reasons);
  const lines = random.list(3, () => random.pick(words));
  const body = `${code} ${reason}${random.pick([' ', ' ', '\n', ''])}${lines.join('\n')}${random.pick(['\n', ''])}`;
  const status = random.oneIn(12) ? random.pick([200, 503, 204, 404, 500]) : isReady ? 200 : 503;
  return { status, body: random.oneIn(5) ? mutateReply(random, body) : body };
}

export function mutateReply(random: Random, text: string): string {
  return random.mutate(text, fragments);
}

/** The pieces in which a reply arrives. Sometimes more follows, together with its end or separately. */
export function randomReply(random: Random): string[] {
  if (random.oneIn(40)) return random.pieces(random.bytes(random.int(300)));
  const { status, body } = randomBody(random);
  const before = random.list(2, () => header(random));
  const after = random.list(2, () => header(random));
  const bodyAt = (headers: readonly string[]) => [statusLine(random, status), ...headers, '', ''].join('\r\n');
  const headers = [...before, contentLength(random, body.length), ...after];
  let reply = bodyAt(headers) + body;
  // An off-by-one error would be at the limit.
  if (random.oneIn(25)) {
    const padding = 8192 + random.int(7) - 3 - reply.length - 'X: \r\n'.length;
    reply = bodyAt([...headers, `X: ${'x'.repeat(Math.max(0, padding))}`]) + body;
  }
  if (random.oneIn(4)) reply = mutateReply(random, reply);
  if (random.oneIn(25)) reply += random.pick(fragments);
  const pieces = random.pieces(reply);
  return random.oneIn(25) ? [...pieces, random.pick(fragments)] : pieces;
}

function statusLine(random: Random, status: number): string {
  if (!random.oneIn(12)) return `HTTP/1.1 ${status} ${random.pick(['OK', 'Service Unavailable', '', 'x'])}`;
  return random.pick([
    `HTTP/1.1 ${status}`,
    `HTTP/1.0 ${status} OK`,
    `HTTP/1.1 0${status} OK`,
    `HTTP/1.1 ${status}0 OK`,
    `HTTP/1.1  ${status} OK`,
    `HTTP/1.1 ${status}\tOK`,
    `HTTP/1.1 ${status}\rOK`,
    `HTTP/1.1 ${status} OK\0`,
    `HTTP/1.1 ${status} OK\r`,
    `http/1.1 ${status} OK`,
    `HTTP/2 ${status}`,
  ]);
}

function header(random: Random): string {
  if (!random.oneIn(16))
    return random.pick(['Connection: close', 'content-type: text/plain; charset=utf-8', 'Date: today', 'X-Content-Length: 1']);
  return random.pick([
    'Transfer-Encoding: chunked',
    'transfer-encoding:',
    'Content-Length: 8',
    'Content-Length:',
    '\r',
    '\n',
    '\0',
    ':',
    'x',
  ]);
}

function contentLength(random: Random, length: number): string {
  const name = random.pick(['Content-Length', 'content-length', 'CONTENT-LENGTH']);
  if (!random.oneIn(6)) return `${name}:${random.pick([' ', '', '\t', '  '])}${length}${random.pick(['', '', ' ', '\t'])}`;
  const other = random.pick([length - 1, length + 1, -length, 0, 65_536 + length, 2 ** 32 + length, 10 * length]);
  return random.pick([
    `${name}: ${other}`,
    `${name}: 0${length}`,
    `${name}: 00${length}`,
    `${name}: 0000${length}`,
    `${name}: +${length}`,
    `${name}: 0x${length.toString(16)}`,
    `${name}: ${length}, ${length}`,
    `${name}: ${length};`,
    `${name}: ${length}\n`,
    `${name}: ${length}\0`,
    `${name}: ${length}\r\n 1`,
    `${name} : ${length}`,
    `${name}: ${length}\r\n${name}: ${length}`,
  ]);
}
