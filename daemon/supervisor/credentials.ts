import { resolve } from 'node:path';
import type { SupervisorAddress } from './address.ts';
import type { Configuration, NoConfiguration } from './configuration.ts';

/** What supervisord's configuration says of user and password for an address. */
export type Lookup =
  | { readonly kind: 'found'; readonly user: string; readonly password: string /** For people. */; readonly source: string }
  /** supervisord only compares hashes, so the password cannot be read from one. */
  | { readonly kind: 'hash'; readonly file: string }
  | { readonly kind: 'none' | 'unreadable'; readonly file: string }
  | { readonly kind: 'no supervisord' };

/** Never throws. */
export type FindCredentials = (address: SupervisorAddress) => Promise<Lookup>;

/**
 * Looks in supervisord's files for the user and password that supervisorctl would use. A module of
 * its own reads them, so a daemon that needs no password does not load it.
 *
 * @param pid - a process under that supervisord
 */
export async function findCredentials(address: SupervisorAddress, pid: number | undefined = process.pid): Promise<Lookup> {
  try {
    const [{ configurationOf }, { findSupervisord }] = await Promise.all([import('./configuration.ts'), import('./find-supervisord.ts')]);
    const supervisord = findSupervisord(pid);
    const read: Configuration | NoConfiguration = supervisord === undefined ? { file: undefined } : configurationOf(supervisord);
    if (read.sections !== undefined) return credentialsFor(address, read);
    return read.file === undefined ? { kind: 'no supervisord' } : { kind: 'unreadable', file: read.file };
  } catch {
    return { kind: 'no supervisord' };
  }
}

/** `[supervisorctl]` comes first, then the section that serves the address. A plain password wins over a hash. */
export function credentialsFor(address: SupervisorAddress, configuration: Configuration): Lookup {
  let hash: Lookup | undefined;
  for (const section of sectionsFor(address, configuration)) {
    const user = configuration.certain(section, 'username');
    const password = configuration.certain(section, 'password');
    if (user === undefined || user === '' || password === undefined) continue;
    const file = configuration.fileOf(section);
    if (!password.startsWith('{SHA}')) return { kind: 'found', user, password, source: `[${section}] in ${file}` };
    hash ??= { kind: 'hash', file };
  }
  return hash ?? { kind: 'none', file: configuration.file };
}

function sectionsFor(address: SupervisorAddress, configuration: Configuration): string[] {
  const { certain } = configuration;
  const of = (kind: string) => [...configuration.sections.keys()].filter((name) => name === kind || name.startsWith(`${kind}:`));
  const url = certain('supervisorctl', 'serverurl') ?? '';
  if (address.socketPath !== undefined) {
    const all = of('unix_http_server');
    const serving = all.filter((section) => resolve(certain(section, 'file') ?? '') === address.socketPath);
    // The path may be a link to the socket in the configuration.
    return inOrder(!url.startsWith('http:'), serving.length === 0 ? all : serving);
  }
  // Never send a password to a server that the configuration does not name.
  const serving = of('inet_http_server').filter((section) => isAt(address.origin, certain(section, 'port') ?? ''));
  const isNamed = isAt(address.origin, url.replace(/^http:\/\/([^/]*).*$/, '$1'));
  return serving.length === 0 && !isNamed ? [] : inOrder(!url.startsWith('unix:'), serving);
}

/** @param isFor - whether [supervisorctl] is for this kind of server */
function inOrder(isFor: boolean, servers: readonly string[]): string[] {
  return isFor ? ['supervisorctl', ...servers] : [...servers, 'supervisorctl'];
}

/** @param place - host:port or only a port, as in inet_http_server */
function isAt(origin: string, place: string): boolean {
  const { hostname, port } = new URL(origin);
  const [, host = '', number] = /^(?:(.*):)?(\d+)$/.exec(place.trim()) ?? [];
  return number === (port || '80') && (/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname) || host.toLowerCase() === hostname);
}
