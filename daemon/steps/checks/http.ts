import Client from 'undici/lib/dispatcher/client.js';
import type { VerdictFinding } from '../../../shared/findings/findings.ts';
import { findingOfFailure, locally, readHost, readSocketPath } from './endpoint.ts';
import type { Kind } from './kind.ts';
import { quote, readFields, readText, textField, type Value } from './value.ts';

interface HttpRequest {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly socketPath: string | undefined;
}

/** Read at most this much of a body. A longer one is a good enough answer. */
const maxBodyBytes = 4096;

/** Headers that HTTP itself needs. undici refuses most of them. */
const reservedHeaders = ['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/** A url may hold a secret, especially in its query. */
const fields = {
  url: {
    what: 'http://ADDRESS:PORT/PATH; the address is an IP address or localhost',
    example: 'http://127.0.0.1:8080/healthz',
    // Whether the host is allowed depends on the other keys.
    read: (written: Value) => ({ written, url: readText(written, readUrl, true) }),
  },
  headers: { what: 'headers of the request; their values are shown nowhere', example: '{ Host: app }', read: readHeaders },
  'unix-socket': textField('a Unix socket to connect to, beside url, whose host is then only a name', '/run/app.sock', readSocketPath),
};

/** Passes when a GET is answered with a status of 200 to 299. */
export const http: Kind = {
  what: 'a GET is answered with a status of 200 to 299',
  example: '{ url: "http://127.0.0.1:8080/healthz" }',
  reason: 'CheckFailed',
  defaultTimeoutMs: 3000,
  fields,
  beside: {},
  runsCommand: false,

  read(value) {
    const { url: given, headers = {}, 'unix-socket': socketPath } = readFields(value, fields);
    if (given === undefined) return value.fail('needs a url, as http://127.0.0.1:8080/healthz');
    const { written, url } = given;
    if (socketPath === undefined) readText(written, () => readHost(hostOf(url)), true);
    const { origin, pathname, search, host } = url;
    const request: HttpRequest = { origin, path: `${pathname}${search}`, headers: { host, ...headers }, socketPath };
    // Without the query and the headers' values, which may hold secrets.
    const display = `http ${origin}${pathname}${socketPath === undefined ? '' : ` over ${socketPath}`}`;
    return {
      display,
      create:
        ({ timeoutMs, fail }) =>
        async (signal) => {
          const answer = await get(request, display, timeoutMs, signal);
          return typeof answer === 'number' ? { outcome: 'passed', message: `${display}: status ${answer}` } : fail(answer);
        },
    };
  },
};

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') {
    throw new Error('https is not spoken here: ask the plain port, or use exec with "curl --fail --max-time 2 URL"');
  }
  if (url?.protocol !== 'http:') throw new Error('must be http://ADDRESS:PORT/PATH');
  if (url.port === '0') throw new Error('must have a port from 1 to 65535');
  if (url.username !== '' || url.password !== '') throw new Error('must not hold a user and password: use the header Authorization');
  return url;
}

/** Removes the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function readHeaders(value: Value): Record<string, string> {
  const names = new Set<string>();
  const entries = value.entries().map(({ name, key, value: text }) => {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) key.fail(`cannot use the header ${quote(name)}: no header is called so`);
    if (reservedHeaders.includes(name.toLowerCase())) key.fail(`cannot use the header ${name}: HTTP itself sets it`);
    if (names.has(name.toLowerCase())) key.fail(`cannot use the header ${name}: it stands here twice, whatever its capitals`);
    names.add(name.toLowerCase());
    return [name.toLowerCase(), readText(text, readHeaderValue, true)] as const;
  });
  return Object.fromEntries(entries);
}

function readHeaderValue(text: string): string {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) throw new Error('must be one line of Latin-1 characters');
  return text;
}

/** The status of a good answer, or what is wrong. */
type HttpAnswer = number | VerdictFinding;

/** One GET over its own connection. The timeout covers everything. */
async function get(request: HttpRequest, check: string, timeoutMs: number, signal: AbortSignal): Promise<HttpAnswer> {
  const { origin, path, headers, socketPath } = request;
  const endAtMs = performance.now() + timeoutMs;
  const connect = socketPath === undefined ? locally(timeoutMs) : { socketPath };
  const client = new Client(origin, { connect: { ...connect, timeout: timeoutMs }, headersTimeout: 0, bodyTimeout: 0 });
  let stop = () => {};
  try {
    const answer = await new Promise<HttpAnswer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new LateError()), timeoutMs);
      const onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      stop = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      let answered: HttpAnswer = { kind: 'endpoint-unusable', check, why: 'no status' };
      let received = 0;
      client.dispatch(
        { method: 'GET', path, headers, reset: true },
        {
          onRequestStart() {},
          onResponseStart(_controller, status, { location }) {
            answered = judgeStatus(status, location, check, request);
            if (status >= 300) resolve(answered);
          },
          onResponseData(_controller, chunk) {
            received += chunk.length;
            if (received > maxBodyBytes) resolve(answered);
          },
          onResponseEnd: () => resolve(answered),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
    // If this process was stopped meanwhile, libuv may read the answer before it runs the timer.
    if (performance.now() > endAtMs) throw new LateError();
    return answer;
  } catch (error) {
    const isLate = error instanceof LateError || (error as NodeJS.ErrnoException).code === 'UND_ERR_CONNECT_TIMEOUT';
    return isLate ? { kind: 'endpoint-silent', check, timeoutMs } : findingOfFailure(check, error);
  } finally {
    stop();
    client.destroy().catch(() => {});
  }
}

class LateError extends Error {}

function judgeStatus(status: number, location: string | string[] | undefined, check: string, request: HttpRequest): HttpAnswer {
  if (status >= 200 && status < 300) return status;
  // Without the query, which may hold a secret, or differ each time.
  const bare = (url: string) => url.replace(/[?#].*$/s, '');
  if (status < 300 || status >= 400 || location === undefined) {
    const { origin, path, socketPath: socket } = request;
    return { kind: 'endpoint-status', check, status, url: bare(origin + path), ...(socket === undefined ? {} : { socket }) };
  }
  return { kind: 'endpoint-redirects', check, status, location: bare(String(location)) };
}
