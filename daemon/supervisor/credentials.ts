import { resolve } from 'node:path';
import type { SupervisorAddress } from './address.ts';
import type { Configuration, NoConfiguration } from './configuration.ts';

/** What supervisord's configuration has of user and password for an address. */
export type Lookup =
  | { readonly kind: 'found'; readonly user: string; readonly password: string /** For people. */; readonly source: string }
  /** supervisord compares hashes, so nobody can learn the password from it. */
  | { readonly kind: 'hash'; readonly file: string }
  | { readonly kind: 'none' | 'unreadable'; readonly file: string }
  | { readonly kind: 'no supervisord' };

/** Never throws. */
export type FindCredentials = (address: SupervisorAddress) => Promise<Lookup>;

/**
 * Looks for what supervisorctl would take, in the files of a supervisord. They are read by a module of its own, which a daemon
 * that needs no password does not load.
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

/** `[supervisorctl]` comes first, then what serves the address; a plain password before a hash. */
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
    // A path may be a link to the one that is written there.
    return inOrder(!url.startsWith('http:'), serving.length === 0 ? all : serving);
  }
  // A password goes to no other server than those that the configuration names.
  const serving = of('inet_http_server').filter((section) => isAt(address.origin, certain(section, 'port') ?? ''));
  const isNamed = isAt(address.origin, url.replace(/^http:\/\/([^/]*).*$/, '$1'));
  return serving.length === 0 && !isNamed ? [] : inOrder(!url.startsWith('unix:'), serving);
}

/** @param isFor - whether [supervisorctl] is for that kind of server */
function inOrder(isFor: boolean, servers: readonly string[]): string[] {
  return isFor ? ['supervisorctl', ...servers] : [...servers, 'supervisorctl'];
}

/** @param place - host:port, or a port alone, as inet_http_server has it */
function isAt(origin: string, place: string): boolean {
  const { hostname, port } = new URL(origin);
  const [, host = '', number] = /^(?:(.*):)?(\d+)$/.exec(place.trim()) ?? [];
  return number === (port || '80') && (/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname) || host.toLowerCase() === hostname);
}
