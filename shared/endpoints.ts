/** Everything that the daemon answers, declared once: for the page at /, docs/api.md and the man page. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** In one line. */
  readonly what: string;
}

/** On the Unix socket. */
export const socketEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/', what: 'a page of text for people; the same as /status if the client accepts JSON' },
  { method: 'GET', path: '/probe', what: 'the verdict, as readiness_probe.sh prints it' },
  { method: 'GET', path: '/status', what: 'everything that is known now, as JSON' },
  { method: 'GET', path: '/history', what: 'the last 100 changes of the verdict, as JSON' },
  { method: 'GET', path: '/metrics', what: "figures in Prometheus' text format" },
  { method: 'POST', path: '/check', what: 'a new cycle, then the verdict; the same as /status if the client accepts JSON' },
];

/** On the TCP listener (READINESSD_LISTEN). */
export const tcpEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/readyz', what: "the verdict's first line; with ?verbose a line for each step" },
  { method: 'GET', path: '/metrics', what: "figures in Prometheus' text format" },
];

/** The exact request that both probe clients send. The daemon recognises it by its bytes. */
export const probeRequest = 'GET /probe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
