import { createConnection, type Socket } from 'node:net';
import type { VerdictFinding } from '../../../shared/findings/findings.ts';
import { type Endpoint, findingOfFailure, locally, readHost, readPort, readSocketPath } from './endpoint.ts';
import type { CheckBody, Kind } from './kind.ts';
import { readFields, textField } from './value.ts';

const fields = {
  host: textField('an address, or localhost, which is the default', '127.0.0.1', readHost),
  port: textField('the port', '25', readPort),
  'unix-socket': textField('a Unix socket, in the place of host and port', '/run/redis.sock', readSocketPath),
};

/** Passes when a connection can be made. It is closed at once. */
export const tcp: Kind = {
  what: 'a connection can be made',
  example: '{ host: 127.0.0.1, port: 25 }',
  reason: 'CheckFailed',
  defaultTimeoutMs: 3000,
  fields,
  beside: {},
  runsCommand: false,

  read(value) {
    const { host, port, 'unix-socket': socketPath } = readFields(value, fields);
    if (socketPath !== undefined) {
      if (host !== undefined || port !== undefined) value.fail('cannot use unix-socket beside host and port: leave one of them out');
      return bodyOf({ socketPath });
    }
    if (port === undefined) return value.fail('needs a port, or a unix-socket');
    return bodyOf({ host: host ?? 'localhost', port });
  },
};

function bodyOf(endpoint: Endpoint): CheckBody {
  const display = `tcp ${describe(endpoint)}`;
  return {
    display,
    create:
      ({ timeoutMs, fail }) =>
      async (signal) => {
        const finding = await connect(endpoint, display, timeoutMs, signal);
        return finding === undefined ? { outcome: 'passed', message: `${display}: connected` } : fail(finding);
      },
  };
}

function describe(endpoint: Endpoint): string {
  if ('socketPath' in endpoint) return endpoint.socketPath;
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

/**
 * Whether a socket is connected to itself. This can happen when nobody listens on a port in the
 * range that the kernel uses for connecting sockets: the kernel may give the socket the very port
 * that it connects to.
 */
function isItself({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort !== undefined && localPort === remotePort && localAddress === remoteAddress;
}

/** @returns why it cannot connect; undefined when it is connected */
function connect(endpoint: Endpoint, check: string, timeoutMs: number, signal: AbortSignal): Promise<VerdictFinding | undefined> {
  const late: VerdictFinding = { kind: 'endpoint-silent', check, timeoutMs };
  const endAtMs = performance.now() + timeoutMs;
  return new Promise((resolve) => {
    const options = 'socketPath' in endpoint ? { path: endpoint.socketPath } : { ...endpoint, ...locally(timeoutMs) };
    const socket = createConnection(options);
    const settle = (finding: VerdictFinding | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(finding);
    };
    const onAbort = () => settle({ kind: 'stopping' });
    const timer = setTimeout(() => settle(late), timeoutMs);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    // If this process was stopped meanwhile, libuv may see the connection before it runs the timer.
    socket.once('connect', () => {
      if (isItself(socket)) settle({ kind: 'endpoint-refused', check });
      else settle(performance.now() > endAtMs ? late : undefined);
    });
    socket.on('error', (error) => settle(findingOfFailure(check, error)));
  });
}
