import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { TestDaemon } from '../../support/daemon.ts';
import { assertStatus } from '../../support/findings.ts';
import { holdingsOf } from '../../support/process.ts';
import { type Context, cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { TestSupervisord } from '../../support/supervisord.ts';

const once = 'startsecs=0\nautorestart=false\n';

/** A server in supervisord's place that handles each connection as told. */
async function fake(t: Context, onConnection: (socket: Socket) => void): Promise<string> {
  const path = join(scratchDirectory(t), 's.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    cleanUp(t, () => socket.destroy());
    onConnection(socket);
  });
  server.listen(path);
  cleanUp(t, () => server.close());
  await until('it listens', () => server.listening);
  return `unix://${path}`;
}

/** Writes pieces until the reader has gone. */
function pour(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n';
const array = '<methodResponse><params><param><value><array><data>';
const member = '<value><struct><member><name>name</name><value><string>x</string></value></member></struct></value>';

suite('a supervisord that answers', { concurrency: 8 }, () => {
  for (const [title, head, piece, expected] of [
    ['with 100 MB', `${ok}Content-Length: 104857600\r\n\r\n${array}`, member.repeat(500), /^111 .*answer is larger than 8388608 bytes\n$/],
    ['without an end', `${ok}Transfer-Encoding: chunked\r\n\r\n`, chunk(member.repeat(500)), /^111 SupervisorBadReply /],
    [
      'with one endless text',
      `${ok}Connection: close\r\n\r\n${array}<value><string>`,
      'x'.repeat(60_000),
      /^111 .*larger than 8388608 bytes\n$/,
    ],
    ['with endless headers', 'HTTP/1.1 200 OK\r\n', `X-Y: ${'z'.repeat(1000)}\r\n`, /^11[01] Supervisor/],
    ['with endless nesting', `${ok}Connection: close\r\n\r\n`, '<methodResponse>'.repeat(500), /^111 .*larger than 8388608 bytes\n$/],
    ['a byte at a time', `${ok}Content-Length: 1000000\r\n\r\n`, '', /^110 .*no whole answer within 500ms\n$/],
    [
      'with a bomb of entities',
      `${ok}Content-Length: ${bomb().length}\r\n\r\n${bomb()}`,
      ' ',
      /^111 .*<!DOCTYPE .* where a <methodResponse> belongs\n$/,
    ],
  ] as const) {
    test(`${title} is not believed, and does not fill the daemon's memory`, async (t) => {
      const url = await fake(t, (socket) =>
        socket.once('data', () => {
          if (piece !== '') return pour(socket, head, piece);
          socket.write(head);
          const timer = setInterval(() => socket.write(' '), 20);
          socket.on('close', () => clearInterval(timer));
        }),
      );
      const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: url, READINESSD_RPC_TIMEOUT: piece === '' ? '500ms' : '30s' });
      await daemon.expect(expected);
      assertStatus(await daemon.aWholeCycle());
      assert.match(await daemon.body(), /^11[01] /);
      // The garbage collector runs when it likes.
      await until('it holds little', () => holdingsOf(daemon.child.pid ?? 0).rssKb < 200_000);
    });
  }

  test('with all but its end is not believed', async (t) => {
    const daemon = await behindProxy(t, (socket, reply) => socket.end(reply.subarray(0, -5)));
    await daemon.expect(/^111 SupervisorBadReply .*cut short\n$/);
  });

  test('after 1.9 s of its 5 s is not hurried, and is believed', async (t) => {
    // A look is more than two calls, and so takes longer than one call may.
    const settings = { READINESSD_RPC_TIMEOUT: '5s' };
    const daemon = await behindProxy(t, (socket, reply) => setTimeout(() => socket.write(reply), 1900), settings);
    await daemon.expect(/^104 /);
    await daemon.expect(/^0 Ready start passed/);
    const { steps } = await daemon.status();
    assert.ok((steps[0]?.durationMs ?? 0) > 1800);
  });

  test('about a thousand programs is read in time, and a start.sh among them is followed', async (t) => {
    const programs = Array.from({ length: 999 }, (_, index) => `[program:p${index}]\ncommand=sleep 1000\nautostart=false\n`).join('');
    const code = join(scratchDirectory(t), 'code');
    writeFileSync(code, '3');
    const start = writeScript(join(code, '../start.sh'), `exit $(cat ${code})`);
    const supervisord = await TestSupervisord.start(t, `${programs}[program:init]\ncommand=${start}\n${once}`);
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url });
    await daemon.expect(/^112 StartFailed start\.sh \(program "init"\) exited with code 3\n$/);
    writeFileSync(code, '0');
    await supervisord.call('startProcess', 'init');
    await daemon.expect(/^0 Ready start passed, hook skipped\n$/);
    t.diagnostic(`a look took ${(await daemon.aWholeCycle()).steps[0]?.durationMs} ms`);
  });
});

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** A billion laughs. */
function bomb(): string {
  const entities = Array.from({ length: 10 }, (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`).join('');
  return `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">${entities}]><methodResponse><params><param><value>&l10;</value></param></params></methodResponse>`;
}

/** A real supervisord. The test decides how its whole replies reach the daemon. */
async function behindProxy(
  t: Context,
  hand: (socket: Socket, reply: Buffer) => void,
  settings: Record<string, string> = {},
): Promise<TestDaemon> {
  const supervisord = await TestSupervisord.start(t, `[program:start]\ncommand=true\n${once}`);
  const url = await fake(t, (socket) => {
    const upstream = createConnection(join(supervisord.directory, 's.sock')).on('error', () => {});
    socket.on('close', () => upstream.destroy());
    socket.on('data', (data) => upstream.write(data));
    let reply = Buffer.alloc(0);
    upstream.on('data', (data: Buffer) => {
      reply = Buffer.concat([reply, data]);
      const end = reply.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(reply.toString('latin1'))?.[1]);
      if (end === -1 || reply.length < end + 4 + length) return;
      hand(socket, reply);
      reply = Buffer.alloc(0);
    });
  });
  return new TestDaemon(t, { READINESSD_SUPERVISOR_URL: url, ...settings });
}
