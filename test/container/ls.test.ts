import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ContainerOptions, goodStartFiles, TestContainer } from '../support/container.ts';
import { type Machine, newRuntimeId, startMachine } from '../support/machine.ts';
import { run } from '../support/run.ts';
import { type Context, scratchDirectory, tree, until } from '../support/scratch.ts';

interface Row {
  readonly name?: string;
  readonly id?: string;
  readonly ready: boolean;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly unchangedForMs?: number;
}

const socket = '/run/readinessd.sock';

/** The container with a real readinessd, which is ready. */
const honest = newRuntimeId();

/** Sends its second argument as JSON to every client. Then it goes on, ends or waits. */
const server = `
const [path, json, then] = process.argv.slice(2);
const answer = JSON.parse(json);
require('node:net').createServer((socket) => {
  socket.on('error', () => {}).on('data', () => {});
  const send = () => {
    const isFull = !socket.write(answer);
    if (then === 'endless' && isFull) socket.once('drain', send);
    else if (then === 'endless' && !socket.destroyed) setImmediate(send);
  };
  send();
  if (then === 'end') socket.end();
}).listen(path, () => console.log('up'));
`;

const reply = (status: string, body: string, length = Buffer.byteLength(body)) =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`;
const ready = reply('200 OK', '0 Ready all is well\n');

/** One container serves this answer, and one does this and then nothing more. */
const serving = (answer: string, then: 'wait' | 'end' | 'endless' = 'wait', path = socket): ContainerOptions => ({
  files: { 'server.cjs': server },
  command: ['/usr/local/bin/node', '/server.cjs', path, JSON.stringify(answer), then],
});
const doing = (script: string, env: Readonly<Record<string, string>> = {}): ContainerOptions => ({
  command: ['/bin/sh', '-c', `${script}; echo up; exec sleep infinity`],
  env,
});

/** Replaces a page of the memory that holds its environment with a page of a file. */
const swapEnvironment = `
import ctypes, mmap, os, time
with open('/proc/self/stat') as stat: start = int(stat.read().rsplit(') ', 1)[1].split()[47])
page = start + 4095 & ~4095
file = os.open('/run/memory', os.O_RDWR | os.O_CREAT)
os.write(file, bytes(4096))
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
fixed = 16
assert libc.mmap(page, 4096, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | fixed, file, 0) == page
print('up', flush=True)
time.sleep(1e6)
`;

/** For Node itself: a stat of this directory never returns, and blocks one of Node's threads. */
const hangingStat = (fifo: string) => `
const fs = require('node:fs');
const { fstat } = fs;
fs.fstat = (fd, ...rest) => (fs.readlinkSync('/proc/self/fd/' + fd).endsWith('/hangs') ? fs.open('${fifo}', 'r', () => {}) : fstat(fd, ...rest));
`;

const elsewhere = '/run/outside/readinessd.sock';

/** Each is shown as not ready, with this code and message, and delays no other. */
const notReady: readonly (readonly [title: string, options: ContainerOptions, code: number, message: RegExp])[] = [
  [
    'a link to a socket outside that says ready',
    doing(`ln -s ${elsewhere} ${socket}`),
    100,
    /readinessd\.sock is a link, which is not followed$/,
  ],
  [
    'a directory that is a link to one outside',
    doing('ln -s /run/outside /srv/way', { READINESSD_SOCKET: '/srv/way/readinessd.sock' }),
    100,
    /at \/srv\/way\/readinessd\.sock: \/srv\/way is a link, which is not followed$/,
  ],
  ['a path with ..', doing('true', { READINESSD_SOCKET: '/run/../run/x' }), 100, / has \. or \.\., which is not followed$/],
  ['a path that is no absolute one', doing('true', { READINESSD_SOCKET: 'run/x' }), 106, /^cannot use socket run\/x: /],
  ['a socket that is configured and not there', doing('true', { READINESSD_SOCKET: '/run/x' }), 100, /at \/run\/x: no such file$/],
  ['a regular file', doing(`echo 0 Ready >${socket}`), 100, /it is no socket$/],
  ['a FIFO', doing(`mkfifo ${socket}`), 100, /it is no socket$/],
  ['a directory', doing(`mkdir ${socket}`), 100, /it is no socket$/],
  [
    'a socket that nobody listens on',
    doing(`python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('${socket}')"`),
    100,
    /^cannot reach readinessd at \/run\/readinessd\.sock: nobody listens$/,
  ],
  [
    'a daemon without its socket',
    {
      files: { 'usr/lib/readinessd/entry.cjs': 'console.log("up"); setInterval(() => {}, 1e6);' },
      command: ['/usr/local/bin/node', '/usr/lib/readinessd/entry.cjs', '--socket', '/run/other.sock'],
    },
    100,
    /at \/run\/other\.sock: no such file, though a process of it runs \(pid \d+\)$/,
  ],
  ['garbage', serving('0 Ready\n', 'end'), 102, /is not readinessd/],
  ['a reply that is cut short', serving(reply('200 OK', '0 Ready\n', 9), 'end'), 102, /cut short$/],
  ['a ready verdict with the status of another', serving(reply('503 Unavailable', '0 Ready\n'), 'end'), 102, /is not readinessd/],
  ['a reply that says nothing', serving('', 'wait'), 101, /^readinessd at \/run\/readinessd\.sock gave no whole answer within/],
  ['a connection that is closed', serving('', 'end'), 100, /it closed the connection without an answer$/],
  ['a body without an end', serving(`HTTP/1.1 200 OK\r\n\r\n0 Ready ${'x'.repeat(60_000)}`, 'endless'), 102, /is not readinessd/],
  ['headers without an end', serving(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`, 'endless'), 102, /is not readinessd/],
  ['interim replies without an end', serving('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000), 'endless'), 102, /is not readinessd/],
  ['escapes in the message', serving(reply('503 No', '17 HookFailed \u001B]0;x\u0007\n')), 102, /is not readinessd/],
  ['escapes of one character', serving(reply('503 No', `17 Hook${'k'.repeat(500)} a\u009B31mb\u202Ec\n`)), 17, /^a 31mb c$/],
];

test('readinessctl ls lists the containers of a machine from outside, and no hostile one harms the others', async (t) => {
  const machine = await startMachine(t);
  const makeDirectory = "require('node:fs').mkdirSync('/run/outside');";
  await machine.keep(t, process.execPath, '-e', makeDirectory + server, '', elsewhere, JSON.stringify(ready), 'end');
  const none = await machine.readinessctl('ls');
  assert.deepEqual([none.code, none.stdout], [2, 'no container with a readinessd was found\n']);

  await TestContainer.start(t, { files: goodStartFiles, runtimeId: honest, by: machine.by });
  const found = await until('it is listed as ready', async () => {
    const { code, rows } = await list(machine);
    return code === 0 ? rows : undefined;
  });
  assert.equal(found.length, 1);

  const startBeside = async (t: Context, options: ContainerOptions, runtimeId = newRuntimeId()) => {
    const container = await TestContainer.start(t, { ...options, runtimeId, by: machine.by });
    await until('it is up', () => container.log().includes('up\n'));
    return container;
  };
  const beside = async (t: Context, options: ContainerOptions, expected: Expected) => {
    await expectRow(machine, await startBeside(t, options), expected);
  };

  for (const [title, options, code, message] of notReady) {
    await t.test(title, (t) => beside(t, options, (row) => row?.code === code && message.test(row.message)));
  }

  for (const mode of ['silent', 'reading']) {
    await t.test(`a file system that never answers, ${mode}`, async (t) => {
      const container = await startBeside(t, doing('true'));
      const { pid } = await container.state();
      await machine.keep(t, 'python3', join(import.meta.dirname, '../support/hang.py'), `${pid}`, '/run', mode);
      await expectRow(machine, container, (row) => / \/run is on a file system \(fuse\) that may hang/.test(row?.message ?? ''));
    });
  }

  await t.test('an environment in memory that a file system serves', (t) => {
    const options = { files: { 'swap.py': swapEnvironment }, command: ['/usr/bin/python3', '/swap.py'], env: { LONG: 'x'.repeat(20_000) } };
    return beside(t, options, (row) => /environment .* cannot be read/.test(row?.message ?? ''));
  });

  await t.test('a container without a readinessd, which is not listed', (t) => beside(t, doing('true'), (row) => row === undefined));

  await t.test('a process that has entered a container, which is not listed separately', async (t) => {
    const container = await startBeside(t, serving(ready, 'end'));
    const { pid } = await container.state();
    await machine.keep(t, 'nsenter', '--target', `${pid}`, '--mount', 'unshare', '--mount', 'sh', '-c', 'echo up; exec sleep infinity');
    const rows = await expectRow(machine, container, (row) => row?.message === 'all is well');
    assert.equal(rows.filter(({ message }) => message === 'all is well').length, 1, JSON.stringify(rows));
  });

  await t.test('names as their runtimes know them, without escapes', async (t) => {
    const kubernetes = {
      annotations: {
        'io.kubernetes.cri.sandbox-namespace': 'shop',
        'io.kubernetes.cri.sandbox-name': 'web-0\u001B[31m',
        'io.kubernetes.cri.container-name': 'app',
      },
    };
    for (const [file, content, name] of [
      ['/run/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json', kubernetes, 'shop/web-0 [31m/app'],
      ['/var/lib/docker/containers/ID/config.v2.json', { Name: '/web\u009B' }, 'web'],
      [undefined, undefined, 'self-named'],
    ] as const) {
      const runtimeId = newRuntimeId();
      if (file !== undefined) await machine.write(file.replace('ID', runtimeId), JSON.stringify(content));
      const container = await startBeside(t, doing(`touch ${socket}`, { HOSTNAME: 'self-named' }), runtimeId);
      await expectRow(machine, container, (row) => row?.name === name && row.message.endsWith('it is no socket'));
    }
    const script = `echo from-file >/etc/hostname; touch ${socket}`;
    await beside(t, doing(script, { HOSTNAME: '\u001B[31m' }), (row) => row?.name === 'from-file');
  });

  await t.test('a call that never returns, after which a signal ends it', async (t) => {
    const directory = scratchDirectory(t);
    await run('mkfifo', [join(directory, 'fifo')]);
    const fault = join(directory, 'fault.cjs');
    writeFileSync(fault, hangingStat(join(directory, 'fifo')));
    await startBeside(t, doing('mkdir /srv/hangs', { READINESSD_SOCKET: '/srv/hangs/x' }));
    const words = ['timeout', '100', 'env', `NODE_OPTIONS=--require=${fault}`, join(tree, 'usr/bin/readinessctl'), 'ls', '--json'];
    const containers = await until('the others have answered, on however busy a machine', async () => {
      const { signal, stdout } = await machine.run(...words);
      assert.equal(signal, 'SIGKILL');
      const found = (JSON.parse(stdout) as { containers: Row[] }).containers;
      return found.find(({ id }) => id === honest)?.ready === true ? found : undefined;
    });
    assert.match(containers.find(({ ready }) => !ready)?.message ?? '', /^cannot look into it within 2000 ms/);
  });
});

/** Lists the containers with readinessctl. Its exit code must match them. */
async function list(machine: Machine): Promise<{ readonly code: number | null; readonly rows: readonly Row[] }> {
  const { code, stdout, stderr } = await machine.readinessctl('ls', '--json');
  assert.equal(stderr, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(stdout, /[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  const { containers } = JSON.parse(stdout) as { readonly containers: readonly Row[] };
  assert.equal(code, containers.length === 0 ? 2 : containers.every(({ ready }) => ready) ? 0 : 1);
  return { code, rows: containers };
}

type Expected = (row: Row | undefined) => boolean;

/**
 * Lists until the container's row is as expected and the honest one's is ready beside it. Until then the row
 * must not be ready.
 */
async function expectRow(machine: Machine, container: TestContainer, expected: Expected): Promise<readonly Row[]> {
  let last: readonly Row[] = [];
  const asExpected = async () => {
    const { rows } = await list(machine);
    last = rows;
    const row = rows.find(({ id }) => id === container.runtimeId);
    if (!expected(row)) assert.notEqual(row?.ready, true, JSON.stringify(rows));
    return expected(row) && rows.some(({ id, ready }) => id === honest && ready) ? rows : undefined;
  };
  return until('its row is as expected', asExpected).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last)}`);
  });
}
