import { isIP, type LookupFunction } from 'node:net';
import type { endpointWords } from '../../../shared/findings/endpoint.ts';
import type { FindingIn } from '../../../shared/findings/words.ts';

/** What a check connects to: a port of a host, or a Unix socket. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** @throws Error whose message says what is allowed */
export function readHost(text: string): string {
  if (text !== 'localhost' && isIP(text) === 0) {
    throw new Error(
      'must be an IP address or localhost: a probe that waits for DNS would tell of DNS (a name belongs into the header Host)',
    );
  }
  return text;
}

/** @throws Error whose message says what is allowed */
export function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (!(port >= 1 && port <= 65_535)) throw new Error('must be a port, from 1 to 65535');
  return port;
}

/** The size of sun_path (unix(7)), less its NUL. */
const maxSocketPathBytes = 107;

/** @throws Error whose message says what is allowed */
export function readSocketPath(text: string): string {
  if (!text.startsWith('/') || text.includes('\0') || Buffer.byteLength(text) > maxSocketPathBytes) {
    throw new Error(`must be the absolute path of a Unix socket, of at most ${maxSocketPathBytes} bytes`);
  }
  return text;
}

/** Connects without asking DNS. localhost is both of its addresses, and the first may be refused. */
export function locally(timeoutMs: number) {
  // Node would give up on an address after 250 ms.
  return { lookup: lookupLocally, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: Math.max(10, timeoutMs) };
}

const lookupLocally: LookupFunction = (_host, { all }, done) => {
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (all === true) done(null, addresses);
  else done(null, '127.0.0.1', 4);
};

type EndpointFinding = FindingIn<typeof endpointWords>;

const reset = 'the connection was closed without a whole answer';

const causes: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'the connection timed out',
  ENOTSOCK: 'it is no socket',
  EACCES: 'permission denied',
  EAGAIN: 'it accepts no more connections',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EMFILE: 'the limit of open files is reached',
  ECONNRESET: reset,
  EPIPE: reset,
  UND_ERR_SOCKET: reset,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: reset,
  UND_ERR_HEADERS_OVERFLOW: 'its headers are larger than 16 KiB',
  HPE_HEADER_OVERFLOW: 'its headers are larger than 16 KiB',
};

/**
 * Why an endpoint could not be asked. The same cause always gives the same finding.
 *
 * @param check - its kind and what it asks, for people
 */
export function findingOfFailure(check: string, error: unknown): EndpointFinding {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return { kind: 'endpoint-refused', check };
  if (code === 'ENOENT') return { kind: 'endpoint-no-socket', check };
  const isNoHttp = code.startsWith('HPE_') || (error as Error).name === 'HTTPParserError';
  const other = isNoHttp ? 'it does not answer in HTTP' : `it cannot be asked (${code === '' ? (error as Error).name : code})`;
  return { kind: 'endpoint-unusable', check, why: causes[code] ?? other };
}
