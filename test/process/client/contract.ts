import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { defaultSocketPath, maxSocketPathBytes } from '../../../shared/defaults.ts';
import { version } from '../../../shared/version.ts';
import type { Client } from '../../support/clients.ts';
import { patient, TestDaemon } from '../../support/daemon.ts';
import { fullPipe } from '../../support/pipe.ts';
import { statFieldsOf } from '../../support/process.ts';
import { collect, end, run } from '../../support/run.ts';
import { type Context, cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

/** A server that is not readinessd. `answer` handles each connection. */
async function listener(t: Context, answer: (socket: Socket) => void): Promise<string> {
  const path = join(scratchDirectory(t), 'fake.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    answer(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  cleanUp(t, () => server.close());
  return path;
}

function http(status: string, body: string, headers = `Content-Length: ${Buffer.byteLength(body)}\r\n`): string {
  return `HTTP/1.1 ${status}\r\n${headers}\r\n${body}`;
}

/** Replies, and the code that a client must make of them. */
const replies: readonly (readonly [title: string, reply: string | Buffer, code: number])[] = [
  ['ready', http('200 OK', '0 Ready all well\n'), 0],
  ['ready without a message', http('200 OK', '0 Ready\n'), 0],
  ['ready, header names in any case', http('200 OK', '0 Ready\n', 'CONTENT-LENGTH:8 \r\nX: y\r\n'), 0],
  ['not ready, with output of the hook', http('503 Service Unavailable', '17 HookFailed hook exited with code 17\nbgp: 3 of 4\n'), 17],
  ['the highest code', http('503 No', '255 HookFailed x\n'), 255],
  ['nothing', '', 100],
  ['a line without HTTP', '0 Ready\n', 102],
  ['another protocol', 'SSH-2.0-OpenSSH\r\n', 102],
  ['HTTP/1.0', http('200 OK', '0 Ready\n').replace('1.1', '1.0'), 102],
  ['headers that do not end', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n', 102],
  ['half a body', http('200 OK', '0 Ready').replace('7', '70'), 102],
  ['more than its length', `${http('200 OK', '0 Ready\n')}more`, 102],
  ['no length', http('200 OK', '0 Ready\n', ''), 102],
  ['no headers', 'HTTP/1.1 200 OK\r\n\r\n0 Ready\n', 102],
  ['two lengths', http('200 OK', '0 Ready\n', 'Content-Length: 8\r\nContent-Length: 8\r\n'), 102],
  ['a negative length', http('200 OK', '0 Ready\n', 'Content-Length: -8\r\n'), 102],
  ['a length that is no number', http('200 OK', '0 Ready\n', 'Content-Length: 8x\r\n'), 102],
  ['an enormous length', http('200 OK', '0 Ready\n', 'Content-Length: 99999\r\n'), 102],
  ['a body in chunks', http('200 OK', '8\r\n0 Ready\n\r\n0\r\n\r\n', 'Transfer-Encoding: chunked\r\nContent-Length: 8\r\n'), 102],
  ['an empty body', http('200 OK', ''), 102],
  ['an enormous header', http('200 OK', '0 Ready\n', `X: ${'x'.repeat(9000)}\r\nContent-Length: 8\r\n`), 102],
  ['a page of another server', http('404 Not Found', '<html>404</html>\n'), 102],
  ['code 256', http('503 No', '256 HookFailed x\n'), 102],
  ['code 1000', http('503 No', '1000 HookFailed x\n'), 102],
  ['code -1', http('503 No', '-1 HookFailed x\n'), 102],
  ['a leading zero', http('503 No', '017 HookFailed x\n'), 102],
  ['00', http('200 OK', '00 Ready x\n'), 102],
  ['a leading blank', http('200 OK', ' 0 Ready x\n'), 102],
  ['256 X', http('200 OK', '256 X\n'), 102],
  ['a code alone', http('200 OK', '0\n'), 102],
  ['a code and a blank', http('200 OK', '0 '), 102],
  ['a reason that is none', http('200 OK', '0 ready\n'), 102],
  ['0 with the reason of a failure', http('200 OK', '0 HookFailed x\n'), 102],
  ['0 with a reason that begins as Ready', http('200 OK', '0 Ready5\n'), 102],
  ['Ready with another code', http('503 No', '1 Ready x\n'), 102],
  ['status 503 with 0', http('503 Service Unavailable', '0 Ready x\n'), 102],
  ['status 200 with 17', http('200 OK', '17 HookFailed x\n'), 102],
  ['status 204 with 0', http('204 No Content', '0 Ready x\n'), 102],
  ['a status line with a CR in it', http('200\rOK', '0 Ready\n'), 102],
  ['as much as there may be', http('200 OK', '0 Ready\n', `Content-Length: 8\r\nX: ${'x'.repeat(8192 - 17 - 19 - 5 - 2 - 8)}\r\n`), 0],
  ['one byte more', `${http('200 OK', '0 Ready\n', `Content-Length: 8\r\nX: ${'x'.repeat(8192 - 17 - 19 - 5 - 2 - 8)}\r\n`)}x`, 102],
  ['status 2000', http('2000 OK', '0 Ready x\n'), 102],
  ['a NUL in the body', http('200 OK', '0 Ready\0x\n'), 102],
  ['a terminal escape in the body', http('200 OK', '0 Ready \x1b[2J\n'), 102],
  ['bytes that are no UTF-8', Buffer.from(http('503 No', '17 HookFailed \xff\n').replace(/Length: \d+/, 'Length: 16'), 'latin1'), 17],
];

/** Tests that a client keeps the contract. */
export function keepsContract({ name, command, ask }: Client): void {
  suite(name, { concurrency: 4 }, () => {
    for (const [title, reply, code] of replies) {
      test(`makes ${code} of ${title}`, async (t) => {
        const path = await listener(t, (socket) => socket.once('data', () => socket.end(reply)));
        const { code: exitCode, stdout, stderr } = await ask([`--socket=${path}`], patient);
        assert.equal(exitCode, code);
        assert.match(stdout, new RegExp(`^${code} [A-Z]\\w+`));
        assert.equal(stderr, '');
        const body = Buffer.from(reply).toString('utf8').split('\r\n\r\n')[1];
        if (code !== 100 && code !== 102) assert.equal(stdout, body);
      });
    }

    test('reads a reply that comes in pieces', async (t) => {
      const path = await listener(t, (socket) => {
        socket.once('data', async () => {
          for (const piece of http('503 No', '112 StartFailed x\n').match(/.{1,7}/gs) ?? []) {
            socket.write(piece);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          // Left open: a whole reply does not wait for the end of the connection.
        });
      });
      assert.equal((await ask(['--socket', path], patient)).stdout, '112 StartFailed x\n');
    });

    for (const [title, answer] of [
      ['says nothing', () => {}],
      ['says half a reply and no more', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n0 Re')],
    ] as const) {
      test(`gives up on a daemon that ${title}`, async (t) => {
        const path = await listener(t, answer);
        const { code, stdout } = await ask([], { READINESSD_SOCKET: path, READINESSD_PROBE_TIMEOUT_MS: '150' });
        assert.deepEqual(
          { code, stdout },
          { code: 101, stdout: `101 DaemonTimeout readinessd at ${path} gave no whole answer within 150 ms\n` },
        );
      });
    }

    test('gives up on a frozen daemon, and on one whose backlog is full', async (t) => {
      const directory = scratchDirectory(t);
      const path = join(directory, 'full.sock');
      const script = writeScript(
        join(directory, 'full.py'),
        `#!/usr/bin/env python3\nimport socket,sys,time\ns=socket.socket(socket.AF_UNIX);s.bind(${JSON.stringify(path)});s.listen(0)\nc=[]\nfor _ in range(4):\n  x=socket.socket(socket.AF_UNIX);x.setblocking(False)\n  try: x.connect(${JSON.stringify(path)})\n  except BlockingIOError: pass\n  c.append(x)\nprint("full",flush=True);time.sleep(1000)`,
      );
      const full = spawn(script, { stdio: ['ignore', 'pipe', 'inherit'] });
      cleanUp(t, () => full.kill('SIGKILL'));
      await once(full.stdout, 'data');
      assert.equal((await ask(['--socket', path], { READINESSD_PROBE_TIMEOUT_MS: '150' })).code, 101);

      const daemon = new TestDaemon(t, { READINESSD_START_STEP: 'off' });
      await daemon.expect(/^0 /);
      daemon.child.kill('SIGSTOP');
      assert.equal((await ask(['--socket', daemon.socket], { READINESSD_PROBE_TIMEOUT_MS: '150' })).code, 101);
      daemon.child.kill('SIGCONT');
      await daemon.expect(/^0 /);
    });

    test('says 101 when it was stopped after its request, and continues when its deadline is over and the answer has come', async (t) => {
      const answers: (() => void)[] = [];
      const path = await listener(t, (socket) => socket.once('data', () => answers.push(() => socket.end(http('200 OK', '0 Ready\n')))));
      const [program, ...args] = command;
      const beganAtMs = performance.now();
      const env = { PATH: process.env['PATH'], READINESSD_SOCKET: path, READINESSD_PROBE_TIMEOUT_MS: '3000' };
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
      cleanUp(t, () => end(child));
      const output = collect(child, 'stdout');
      const closed = once(child, 'close');
      await until('it has asked', () => answers.length > 0);
      child.kill('SIGSTOP');
      await until('it is stopped', () => statFieldsOf(child.pid ?? 0)[0] === 'T');
      answers[0]?.();
      await until('its deadline is over', () => performance.now() > beganAtMs + 3500);
      child.kill('SIGCONT');
      assert.deepEqual(await closed, [101, null]);
      assert.match(output(), /^101 DaemonTimeout readinessd at .* gave no whole answer within 3000 ms\n$/);
    });

    for (const [title, reply, code] of [
      ['ready', http('200 OK', '0 Ready\n'), 107],
      ['not ready', http('503 No', '17 HookFailed x\n'), 17],
      ['no answer', undefined, 101],
      ['a wrong argument', undefined, 106],
    ] as const) {
      test(`exits with ${code} at its deadline when it has got "${title}" and nobody reads what it writes`, async (t) => {
        const path = await listener(t, (socket) => socket.once('data', () => reply === undefined || socket.end(reply)));
        const [program, ...args] = command;
        const stdout = await fullPipe(t);
        const env = { PATH: process.env['PATH'], READINESSD_SOCKET: path, READINESSD_PROBE_TIMEOUT_MS: '1500' };
        const child = spawn(program, code === 106 ? [...args, '--bogus'] : args, { stdio: ['ignore', stdout, 'ignore'], env });
        cleanUp(t, () => end(child));
        closeSync(stdout);
        const exited = once(child, 'exit');
        assert.deepEqual(await exited, [code, null]);
      });
    }

    test('exits with 107 at its deadline when its terminal is full', async (t) => {
      const path = await listener(t, (socket) => socket.once('data', () => socket.end(http('200 OK', '0 Ready\n'))));
      const script = writeScript(
        join(scratchDirectory(t), 'terminal.py'),
        // The kernel moves written bytes on a little later, which makes room again.
        `#!/usr/bin/env python3\nimport os,pty,select,subprocess,sys\nmaster,slave=pty.openpty()\nos.set_blocking(slave,False)\nwhile select.select([],[slave],[],0.5)[1]:\n  try: os.write(slave,b"x"*100)\n  except BlockingIOError: pass\nterminal=os.open(os.ttyname(slave),os.O_WRONLY|os.O_NOCTTY)\nsys.exit(subprocess.run(sys.argv[1:],stdout=terminal).returncode)`,
      );
      const env = { PATH: process.env['PATH'], READINESSD_SOCKET: path, READINESSD_PROBE_TIMEOUT_MS: '1500' };
      const { code, stderr } = await run(script, [...command], { env });
      assert.equal(code, 107, stderr);
    });

    test('says why it cannot reach the daemon, and where to look', async (t) => {
      const directory = scratchDirectory(t);
      writeFileSync(join(directory, 'file'), '');
      symlinkSync('loop', join(directory, 'loop'));
      for (const [file, why] of [
        ['none', 'no such file'],
        ['file', 'nobody listens'],
        ['file/below', 'error 20'],
        ['loop', 'error 40'],
      ]) {
        const path = join(directory, file ?? '');
        const { code, stdout } = await ask(['--socket', path], patient);
        assert.equal(stdout, `100 DaemonUnreachable cannot reach readinessd at ${path}: ${why}; see "supervisorctl status readinessd"\n`);
        assert.equal(code, 100);
      }
    });

    test('refuses unknown arguments and wrong settings', async () => {
      const usage = 'usage: readiness_probe.sh [--socket PATH] [--help] [--version]';
      const absolute = `must be an absolute path of at most ${maxSocketPathBytes} bytes`;
      const long = `/${'x'.repeat(maxSocketPathBytes)}`;
      const milliseconds = 'must be a number of milliseconds from 1 to 60000';
      for (const [args, env, message] of [
        [['--verbose'], {}, `unknown argument --verbose; ${usage}`],
        [['ready?\n'], {}, `unknown argument ready??; ${usage}`],
        [[''], {}, `unknown argument ; ${usage}`],
        [['--from-shim'], {}, `unknown argument --from-shim; ${usage}`],
        [['--socket'], {}, `--socket wants a path; ${usage}`],
        [['--socket', 'r.sock'], {}, `cannot use socket r.sock: ${absolute}`],
        [['--socket='], {}, `cannot use socket : ${absolute}`],
        [[], { READINESSD_SOCKET: '' }, `cannot use socket : ${absolute}`],
        [[], { READINESSD_SOCKET: long }, `cannot use socket ${long.slice(0, 100)}: ${absolute}`],
        [[], { READINESSD_PROBE_TIMEOUT_MS: '' }, `cannot use READINESSD_PROBE_TIMEOUT_MS=: ${milliseconds}`],
        [[], { READINESSD_PROBE_TIMEOUT_MS: '0' }, `cannot use READINESSD_PROBE_TIMEOUT_MS=0: ${milliseconds}`],
        [[], { READINESSD_PROBE_TIMEOUT_MS: '1s' }, `cannot use READINESSD_PROBE_TIMEOUT_MS=1s: ${milliseconds}`],
        [[], { READINESSD_PROBE_TIMEOUT_MS: '60001' }, `cannot use READINESSD_PROBE_TIMEOUT_MS=60001: ${milliseconds}`],
      ] as const) {
        const { code, stdout } = await ask(args, env);
        assert.equal(stdout, `106 ClientUsage ${message}\n`);
        assert.equal(code, 106);
      }
    });

    test('prints its usage and version', async () => {
      const help = await ask(['--help']);
      assert.equal(help.code, 0);
      assert.match(help.stdout, new RegExp(`^usage: .*${defaultSocketPath}`, 's'));
      assert.deepEqual(await ask(['--version']), { code: 0, signal: null, stdout: `readiness_probe.sh ${version}\n`, stderr: '' });
    });

    test('does not succeed when its answer cannot be written', async (t) => {
      const path = await listener(t, (socket) => socket.once('data', () => socket.end(http('200 OK', '0 Ready\n'))));
      const into = (target: string, socket: string) =>
        run('sh', ['-c', `"$@" >${target}`, 'sh', ...command, '--socket', socket], { env: { ...process.env, ...patient } });
      const { code, stderr } = await into('/dev/full', path);
      assert.equal(code, 107);
      assert.match(stderr, /^107 ClientBroken cannot write/);
      const closed = await into('&-', path);
      // Node itself opens /dev/null in the place of a closed stdout. The shim handles that.
      assert.equal(closed.code, name === 'TypeScript client' ? 0 : 107);
      const failing = await listener(t, (socket) => socket.once('data', () => socket.end(http('503 No', '17 HookFailed x\n'))));
      assert.equal((await into('/dev/full', failing)).code, 17);
    });
  });
}
