import { defaultSocketPath, maxSocketPathBytes, socketVariable } from '../../../shared/defaults.ts';
import { codeOf, type Reason } from '../../../shared/exit-codes.ts';
import { type Answer, oneLine } from '../../../shared/reply.ts';
import { answerOf, askProbe, askStatus, NoAnswerError, orNoAnswer } from '../ask.ts';
import { findDaemon, variableIn } from './daemon.ts';
import { below, closeFile, codeOfError } from './files.ts';
import type { Mounts } from './mounts.ts';
import { findPlace } from './place.ts';
import type { Namespace, Process } from './process.ts';

/** Twice the probe's time, because many are asked at the same time. */
const answerTimeoutMs = 1000;

const maxReasonBytes = 60;

/** A readinessd's answer, or the reason why it cannot be asked. Safe for a terminal. */
export interface Look {
  readonly answer: Answer;
  /** The time since the verdict last changed. Undefined when it is not known. */
  readonly unchangedForMs?: number | undefined;
  /** The same in all mount namespaces that see the same socket. */
  readonly socketId?: string | undefined;
}

/**
 * Asks the readinessd of a mount namespace what it would tell a probe. The container decides how long that
 * takes, perhaps for ever.
 *
 * @param process - the oldest of the namespace
 * @param environment - this process's, or undefined when it cannot be read
 * @param own - the mounts of this process's own namespace
 * @returns undefined when there certainly is no readinessd; rejects as open(2), with ESRCH or ENOENT when the
 * process has ended
 */
export async function look(
  process: Process,
  namespace: Namespace,
  environment: readonly string[] | undefined,
  own: Mounts,
): Promise<Look | undefined> {
  // The environment might name another socket.
  if (environment === undefined) return unreachable('the environment of its first process cannot be read without danger');
  const configured = variableIn(environment, socketVariable);
  const found = await lookAt(process, configured ?? defaultSocketPath, own);
  if (found !== undefined) return found;
  // A readinessd among this machine's own processes is one that somebody tries out.
  const daemon = namespace.isOwn ? undefined : await findDaemon(namespace);
  if (daemon === 'unknown') return unreachable('the arguments of a process of it cannot be read without danger');
  const path = daemon?.path ?? configured ?? defaultSocketPath;
  if (daemon === undefined && configured === undefined) return undefined;
  const atDaemons = daemon?.path === undefined ? undefined : await lookAt(process, path, own);
  const though = daemon === undefined ? '' : `, though a process of it runs (pid ${daemon.pid})`;
  return atDaemons ?? unreachable(`cannot reach readinessd at ${path}: no such file${though}`);
}

/** @returns undefined when nothing is there */
async function lookAt(process: Process, path: string, own: Mounts): Promise<Look | undefined> {
  const cannot = `cannot reach readinessd at ${path}`;
  if (!path.startsWith('/') || Buffer.byteLength(path) > maxSocketPathBytes) {
    return notReady('ClientUsage', `cannot use socket ${path}: it must be an absolute path of at most ${maxSocketPathBytes} bytes`);
  }
  const place = await findPlace(process, path, own);
  if (place === 'missing') return undefined;
  if ('refused' in place) return unreachable(`${cannot}: ${place.refused}`);
  try {
    return place.type === 'socket' ? await ask(place.fd, path, place.id) : unreachable(`${cannot}: it is no socket`);
  } finally {
    closeFile(place.fd);
  }
}

/** Connects to exactly the socket that was found. */
async function ask(fd: number, path: string, socketId: string): Promise<Look> {
  const socket = below(fd);
  const [found, status] = await Promise.all([
    orNoAnswer(askProbe(socket, answerTimeoutMs)),
    orNoAnswer(askStatus(socket, { path: '/status', timeoutMs: answerTimeoutMs })),
  ]);
  const { code, reason, message } = answerOf(found);
  const shown = found instanceof NoAnswerError ? message.replace(socket, () => path) : message;
  const isKnown = !(status instanceof NoAnswerError) && status.code === code && status.reason === reason;
  const unchangedForMs = isKnown ? asDuration(status.unchangedForMs) : undefined;
  return { answer: { code, reason: oneLine(reason, maxReasonBytes), message: oneLine(shown) }, unchangedForMs, socketId };
}

/** A container may answer anything. */
function asDuration(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER ? value : undefined;
}

/** Turns the error of a system call into a result to show. */
export function lookOfError(error: unknown): Look {
  return unreachable(`cannot look into it: ${codeOfError(error)}`);
}

/** The result for a container that takes too long. */
export function lookTimedOut(timeoutMs: number): Look {
  return notReady('DaemonTimeout', `cannot look into it within ${timeoutMs} ms: what it made of its files may hang`);
}

function unreachable(message: string): Look {
  return notReady('DaemonUnreachable', message);
}

function notReady(reason: Extract<Reason, 'DaemonUnreachable' | 'DaemonTimeout' | 'ClientUsage'>, message: string): Look {
  return { answer: { code: codeOf(reason), reason, message: oneLine(message) } };
}
