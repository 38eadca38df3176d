import Client from 'undici/lib/dispatcher/client.js';
import type { PasswordLookup } from '../../shared/findings/supervisord.ts';
import type { SupervisorAddress } from './address.ts';
import type { FindCredentials, Lookup } from './credentials.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from './errors.ts';

/** The configuration of 1,000 programs is 2.6 MB. Anything larger than this is not an answer. */
const maxReplyBytes = 8 * 1024 * 1024;

/** Longer than any pause between two cycles, so that one connection serves them all. */
const keepAliveMs = 120_000;

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ECONNREFUSED: 'connection refused',
  EACCES: 'permission denied',
  ENOTFOUND: 'no such host',
  ECONNRESET: 'connection reset',
  UND_ERR_SOCKET: 'connection closed without an answer',
};

/** Sends a body and returns what `read` makes of the reply's body. `read` throws if it makes no sense. */
export type Post = <T>(body: string, read: (reply: Buffer) => T, signal: AbortSignal) => Promise<T>;

interface Call<T> {
  readonly body: string;
  readonly read: (reply: Buffer) => T;
  readonly signal: AbortSignal;
  readonly endAtMs: number;
  readonly authorization: string | undefined;
}

/** supervisord requires user and password, or rejected those it got. */
class UnauthorizedError extends SupervisorBadReplyError {}

/**
 * The HTTP side of XML-RPC: POST /RPC2 over one kept connection.
 *
 * @param address - where supervisord listens; user and password are sent as basic auth
 * @param timeoutMs - for connecting, the request and the whole reply together
 * @param find - finds user and password when supervisord requires them and the address has none
 * @returns a function that throws SupervisorUnreachableError, SupervisorBadReplyError, or the
 * signal's reason when that is aborted
 */
export function createPost(address: SupervisorAddress, timeoutMs: number, find?: FindCredentials): Post {
  const send = createSend(address, timeoutMs);
  let authorization = address.user === undefined ? undefined : basic(address.user, address.password ?? '');
  const mayFind = find !== undefined && address.user === undefined;

  return async (body, read, signal) => {
    const call = { body, read, signal, endAtMs: performance.now() + timeoutMs };
    try {
      return await send({ ...call, authorization });
    } catch (error) {
      if (!mayFind || !(error instanceof UnauthorizedError)) throw error;
      // Look again each time: a restarted supervisord may have another password.
      const lookup = await find(address);
      if (lookup.kind !== 'found') throw unauthorized(address, notFound[lookup.kind], 'file' in lookup ? lookup.file : '');
      const found = basic(lookup.user, lookup.password);
      const refused = unauthorized(address, 'refused', lookup.source);
      if (found === authorization) throw refused;
      authorization = found;
      return await send({ ...call, authorization }).catch((again: unknown) => {
        throw again instanceof UnauthorizedError ? refused : again;
      });
    }
  };
}

/** After any failure the connection is closed: a late answer must not be taken for the next call's. */
function createSend(address: SupervisorAddress, timeoutMs: number): <T>(call: Call<T>) => Promise<T> {
  const connect = address.socketPath === undefined ? {} : { socketPath: address.socketPath };
  let client: Client | undefined;

  return async ({ body, read, signal, endAtMs, authorization }) => {
    signal.throwIfAborted();
    client ??= new Client(address.origin, { ...connect, keepAliveTimeout: keepAliveMs, headersTimeout: 0, bodyTimeout: 0 });
    const used = client;
    const headers = { 'content-type': 'text/xml', ...(authorization === undefined ? {} : { authorization }) };
    let status = 0;
    const { promise, resolve, reject } = settler();
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const late = () => new SupervisorUnreachableError({ kind: 'supervisord-silent', url: address.display, timeoutMs });
    const timer = setTimeout(() => reject(late()), endAtMs - performance.now());
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
            reject(new SupervisorBadReplyError({ kind: 'supervisord-too-long', bytes: maxReplyBytes }));
          },
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(status === 200 ? cutShort(error) : unreachable(address, causeOf(error), error)),
        },
      );
      await promise;
      // If this process was stopped meanwhile, libuv may read the reply before it runs the timer.
      if (performance.now() > endAtMs) throw late();
      return read(Buffer.concat(chunks));
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

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
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

function causeOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return causes[code] ?? (error.message || code);
}

function unreachable(address: SupervisorAddress, why: string, cause?: Error): SupervisorUnreachableError {
  return new SupervisorUnreachableError({ kind: 'supervisord-unreachable', url: address.display, why }, { cause });
}

function cutShort(cause: Error): SupervisorBadReplyError {
  return new SupervisorBadReplyError({ kind: 'supervisord-unreadable', why: 'it was cut short' }, { cause });
}

function badStatus({ display: url }: SupervisorAddress, status: number): SupervisorBadReplyError {
  if (status === 401) return unauthorized({ display: url });
  const kind = status === 404 ? 'supervisord-no-rpc' : 'supervisord-http-status';
  return new SupervisorBadReplyError({ kind, url, status });
}

/**
 * @param lookup - the result of looking for user and password
 * @param place - where they were looked for
 */
function unauthorized(
  { display: url }: Pick<SupervisorAddress, 'display'>,
  lookup: PasswordLookup = 'not-looked-for',
  place = '',
): UnauthorizedError {
  return new UnauthorizedError({ kind: 'supervisord-password', url, lookup, place });
}

const notFound: Readonly<Record<Exclude<Lookup, { kind: 'found' }>['kind'], PasswordLookup>> = {
  hash: 'only-a-hash',
  none: 'none-there',
  unreadable: 'unreadable',
  'no supervisord': 'no-configuration',
};
