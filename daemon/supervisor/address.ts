/** Where supervisord listens, as parsed from a URL. */
export interface SupervisorAddress {
  /** For people: without user and password. */
  readonly display: string;
  /** For undici. Over a Unix socket the host is only a name. */
  readonly origin: string;
  readonly socketPath?: string;
  readonly user?: string;
  readonly password?: string;
}

/** supervisord's own default, and what Debian's package configures. */
export const defaultSupervisorUrl = 'unix:///var/run/supervisor.sock';

/**
 * Parses a supervisord URL: `unix:///path` or `http://host:port`, both with an optional
 * `user:password@`.
 *
 * @throws Error whose message says what is allowed
 */
export function parseSupervisorUrl(text: string): SupervisorAddress {
  // Node's URL parser does not accept unix://user:password@/path.
  const unix = /^unix:\/\/(?:([^@/]*)@)?(\/[^\0]+)$/.exec(text);
  if (unix?.[2] !== undefined) {
    const [user, ...password] = (unix[1] ?? '').split(':');
    return { display: `unix://${unix[2]}`, origin: 'http://localhost', socketPath: unix[2], ...credentials(user, password.join(':')) };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || !['', '/', '/RPC2'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new Error('must be unix:///path/of/supervisor.sock or http://host:port, with an optional user:password@ before path or host');
  }
  return { display: url.origin, origin: url.origin, ...credentials(url.username, url.password) };
}

function credentials(user: string | undefined, password: string): Pick<SupervisorAddress, 'user' | 'password'> {
  if (user === undefined || user === '') return {};
  return { user: percentDecoded(user), password: percentDecoded(password) };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
