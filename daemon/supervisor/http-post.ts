import { TextDecoder } from 'node:util';
import Client from 'undici/lib/dispatcher/client.js';
import { formatDuration } from '../../shared/duration.ts';
import type { SupervisorAddress } from './address.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from './errors.ts';

/** 1,000 programs' configuration is 2.6 MB; whatever is larger than this is not an answer. */
const maxReplyBytes = 8 * 1024 * 1024;

/** Longer than any rest between two cycles, so that one connection serves them all. */
const keepAliveMs = 120_000;

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ECONNREFUSED: 'connection refused',
  EACCES: 'permission denied',
  ENOTFOUND: 'no such host',
  ECONNRESET: 'connection reset',
  UND_ERR_SOCKET: 'connection closed without an answer',
};

/** Sends one body and gives what `read` makes of the reply's, which throws when it means nothing. */
export type Post = <T>(body: string, read: (text: string) => T, signal: AbortSignal) => Promise<T>;

/**
 * The HTTP side of XML-RPC: POST /RPC2 over one kept connection.
 * After any failure the connection is thrown away, for a late answer must not meet the next question.
 *
 * @param address - where supervisord listens; user and password travel as basic auth
 * @param timeoutMs - for connection, request and whole reply together
 * @returns a function that throws SupervisorUnreachableError or SupervisorBadReplyError, or the signal's reason when that is aborted
 */
export function createPost(address: SupervisorAddress, timeoutMs: number): Post {
  const headers: Record<string, string> = { 'content-type': 'text/xml' };
  if (address.user !== undefined) {
    headers['authorization'] = `Basic ${Buffer.from(`${address.user}:${address.password ?? ''}`).toString('base64')}`;
  }
  const connect = address.socketPath === undefined ? {} : { socketPath: address.socketPath };
  let client: Client | undefined;

  return async (body, read, signal) => {
    signal.throwIfAborted();
    client ??= new Client(address.origin, { ...connect, keepAliveTimeout: keepAliveMs, headersTimeout: 0, bodyTimeout: 0 });
    const used = client;
    let status = 0;
    const { promise, resolve, reject } = settler();
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const late = () => unreachable(address, `no whole answer within ${formatDuration(timeoutMs)}`);
    const endAtMs = performance.now() + timeoutMs;
    const timer = setTimeout(() => reject(late()), timeoutMs);
    try {
      const chunks: Buffer[] = [];
      let received = 0;
      used.dispatch(
        { method: 'POST', path: '/RPC2', headers, body },
        {
          onRequestStart() {},
          onResponseStart(_controller, statusCode) {
            status = statusCode;
            if (status !== 200) reject(badStatus(address, status));
          },
          onResponseData(_controller, chunk) {
            if (status !== 200) return;
            chunks.push(chunk);
            received += chunk.length;
            if (received <= maxReplyBytes) return;
            status = 0;
            reject(new SupervisorBadReplyError(`supervisord's answer is larger than ${maxReplyBytes} bytes`));
          },
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(status === 200 ? cutShort(error) : unreachable(address, causeOf(error), error)),
        },
      );
      await promise;
      // Whether a process that was stopped meanwhile reads first or comes to its timer, is libuv's affair.
      if (performance.now() > endAtMs) throw late();
      return read(decode(chunks));
    } catch (error) {
      client = undefined;
      used.destroy().catch(() => {});
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  };
}

function settler() {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

function decode(chunks: readonly Buffer[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new SupervisorBadReplyError("supervisord's answer cannot be read: it is not UTF-8", { cause });
  }
}

function causeOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return causes[code] ?? (error.message || code);
}

function unreachable(address: SupervisorAddress, why: string, cause?: Error): SupervisorUnreachableError {
  return new SupervisorUnreachableError(`cannot ask supervisord at ${address.display}: ${why}`, { cause });
}

function cutShort(cause: Error): SupervisorBadReplyError {
  return new SupervisorBadReplyError("supervisord's answer cannot be read: it was cut short", { cause });
}

function badStatus(address: SupervisorAddress, status: number): SupervisorBadReplyError {
  const helps: Readonly<Record<number, string>> = {
    401: ': user or password is missing or wrong (READINESSD_SUPERVISOR_USER, READINESSD_SUPERVISOR_PASSWORD)',
    500: ': its log has the reason; it cannot tell a number of 2 GiB or more, as of stdout_capture_maxbytes in the section of any program',
  };
  const help = helps[status] ?? ', not 200';
  return new SupervisorBadReplyError(`supervisord at ${address.display} answered with HTTP ${status}${help}`);
}
