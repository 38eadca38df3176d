import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import {
  defaultProbeTimeoutMs,
  defaultSocketPath,
  maxProbeTimeoutMs,
  maxSocketPathBytes,
  probeTimeoutVariable,
  socketVariable,
} from '../shared/defaults.ts';
import { probeRequest } from '../shared/endpoints.ts';
import { codeOf, type Reason } from '../shared/exit-codes.ts';
import { codeInReply } from '../shared/reply.ts';
import { version } from '../shared/version.ts';
import { parseHttpReply } from './http-reply.ts';
import { probeHelp, probeUsage } from './probe-help.ts';

/**
 * The probe client for images without the native one. It obeys the same contract as readiness_probe.c, and
 * one test table runs against both. It exits 0 only for a whole reply of readinessd that says "0 Ready".
 */

/** A full backlog answers EAGAIN at once, so the client connects again. */
const connectAgainMs = 5;

/** The deadline counts from the start of the process. A slow start must leave some time for the answer. */
const leastWaitMs = 100;

/** For the line that says that the deadline is over, if stdout is full. */
const lastLineMs = 20;

/** The time between two tries to write to a full pipe. */
const writeAgainMs = 5;

interface Options {
  readonly path: string;
  readonly timeoutMs: number;
}

// From here on no end without a verdict is a success.
process.exitCode = codeOf('ClientBroken');
process.on('uncaughtException', (error) => say('ClientBroken', `the TypeScript client failed: ${error.message}`));

/** On Node's own clock, which begins with the process. */
let deadlineMs = deadlineAfter(defaultProbeTimeoutMs);
const options = readOptions(process.argv.slice(2));
deadlineMs = deadlineAfter(options.timeoutMs);
setTimeout(timeOut, deadlineMs - performance.now());
connect(options.path);

function deadlineAfter(timeoutMs: number): number {
  return Math.max(performance.now() + leastWaitMs, timeoutMs);
}

function timeOut(): never {
  deadlineMs = performance.now() + lastLineMs;
  say('DaemonTimeout', `readinessd at ${options.path} gave no whole answer within ${options.timeoutMs} ms`);
}

function connect(path: string): void {
  const socket = createConnection(path);
  let received = Buffer.alloc(0);
  socket.on('connect', () => socket.write(probeRequest));
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    conclude(received, path);
  });
  socket.on('end', () => fail(socket, received, path, 0));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EAGAIN') setTimeout(connect, connectAgainMs, path);
    else fail(socket, received, path, error.errno ?? 0);
  });
}

/** Exits when the reply is whole, or cannot become whole. */
function conclude(received: Buffer, path: string): void {
  const reply = parseHttpReply(received);
  // The process may have been stopped or frozen before it read the reply.
  if (performance.now() > deadlineMs) timeOut();
  if (reply === 'incomplete') return;
  const code = reply === 'bad' ? undefined : codeInReply(reply.status, reply.body.toString('latin1'));
  if (reply === 'bad' || code === undefined) badReply(path);
  end(code, reply.body);
}

/** Reports that the connection ended before the reply was whole. */
function fail(socket: Socket, received: Buffer, path: string, errno: number): void {
  socket.destroy();
  if (received.length > 0) badReply(path);
  const causes: Readonly<Record<string, string>> = {
    0: 'it closed the connection without an answer',
    2: 'no such file',
    13: 'permission denied',
    111: 'nobody listens',
  };
  const error = [32, 104].includes(-errno) ? 0 : Math.abs(errno);
  say(
    'DaemonUnreachable',
    `cannot reach readinessd at ${path}: ${causes[error] ?? `error ${error}`}; see "supervisorctl status readinessd"`,
  );
}

function badReply(path: string): never {
  say('DaemonBadReply', `what answers at ${path} is not readinessd, or its answer was cut short`);
}

function readOptions(args: readonly string[]): Options {
  let path = process.env[socketVariable];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? '';
    if (argument === '--socket' && i + 1 < args.length) path = args[++i];
    else if (argument.startsWith('--socket=')) path = argument.slice('--socket='.length);
    else if (argument === '--help') end(0, probeHelp);
    else if (argument === '--version') end(0, `readiness_probe.sh ${version}\n`);
    else if (argument === '--socket') say('ClientUsage', `--socket wants a path; ${probeUsage}`);
    else say('ClientUsage', `unknown argument ${cut(argument)}; ${probeUsage}`);
  }
  path ??= defaultSocketPath;
  if (!path.startsWith('/') || Buffer.byteLength(path) > maxSocketPathBytes) {
    say('ClientUsage', `cannot use socket ${cut(path)}: must be an absolute path of at most ${maxSocketPathBytes} bytes`);
  }
  return { path, timeoutMs: readTimeout(process.env[probeTimeoutVariable]) };
}

function readTimeout(text: string | undefined): number {
  if (text === undefined) return defaultProbeTimeoutMs;
  const timeoutMs = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (timeoutMs < 1 || timeoutMs > maxProbeTimeoutMs) {
    say('ClientUsage', `cannot use ${probeTimeoutVariable}=${cut(text)}: must be a number of milliseconds from 1 to ${maxProbeTimeoutMs}`);
  }
  return timeoutMs;
}

/** Quotes as the native client does: at most 100 bytes. */
function cut(text: string): string {
  return Buffer.from(text).subarray(0, 100).toString();
}

function say(
  reason: Extract<Reason, 'DaemonUnreachable' | 'DaemonTimeout' | 'DaemonBadReply' | 'ClientUsage' | 'ClientBroken'>,
  message: string,
): never {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a path or argument may hold them
  end(codeOf(reason), `${codeOf(reason)} ${reason} ${message}`.replace(/[\x00-\x1F\x7F]/g, '?').concat('\n'));
}

/** Writes the answer and exits. If it cannot be written, or not in time, that is no success. */
function end(code: number, text: string | Buffer): never {
  try {
    const fd = withoutWaiting(process.stdout.fd);
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSome(fd, bytes.subarray(written));
    if (performance.now() > deadlineMs) throw new Error('it took longer than the deadline allows');
  } catch (error) {
    if (code !== 0) process.exit(code);
    complain(`${codeOf('ClientBroken')} ClientBroken cannot write the answer to stdout: ${(error as Error).message}\n`);
    process.exit(codeOf('ClientBroken'));
  }
  process.exit(code);
}

/**
 * A write to a full pipe or terminal would wait without end. A second descriptor can be set not to wait, and
 * other writers do not notice.
 */
function withoutWaiting(fd: number): number {
  const stats = fstatSync(fd);
  if (!stats.isFIFO() && !stats.isCharacterDevice()) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}

function complain(line: string): void {
  try {
    writeSync(withoutWaiting(process.stderr.fd), line);
  } catch {}
}

/** @returns how many bytes were written; 0 while the pipe is full */
function writeSome(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > deadlineMs) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, writeAgainMs);
    return 0;
  }
}
