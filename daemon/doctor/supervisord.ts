import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding, Found } from '../../shared/report.ts';
import { environmentOf, isStopped } from '../proc/processes.ts';
import type { SupervisorBadReplyError, SupervisorUnreachableError } from '../supervisor/errors.ts';
import type { Facts } from './facts.ts';
import { fine, problem, waiting } from './found.ts';

/** supervisord itself: whether it can be asked, and if not, why. */
export function checkSupervisord(facts: Facts): Found[] {
  const { supervisord, settings, address, credentials } = facts;
  if (supervisord instanceof Error) {
    if (!settings.startStep) return [fine('supervisord', 'not asked: READINESSD_START_STEP=off')];
    return [problem('supervisord', whyStopped(facts) ?? whyNotReached(facts) ?? whyForbidden(facts, supervisord) ?? supervisord.finding)];
  }
  const found = [fine('supervisord', `supervisord ${supervisord.version} answers at ${address.display}, pid ${supervisord.pid}`)];
  if (credentials?.kind === 'found')
    found.push(fine('supervisord', `it asks for a password: user and password are those of ${credentials.source}`));
  if (supervisord.state !== 'RUNNING') found.push(waiting('supervisord', { kind: 'supervisord-state', state: supervisord.state }));
  return found;
}

function whyStopped({ supervisordPid: pid }: Facts): Finding | undefined {
  return pid !== undefined && isStopped(pid) ? { kind: 'supervisord-stopped', pid } : undefined;
}

function whyForbidden({ address }: Facts, { cause }: SupervisorUnreachableError | SupervisorBadReplyError): Finding | undefined {
  const isForbidden = (cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES';
  if (!isForbidden || address.socketPath === undefined) return undefined;
  return { kind: 'supervisord-forbidden', path: address.socketPath, user: process.geteuid?.() ?? 0 };
}

/**
 * Why no connection could be made: whether its files, its programs or the sockets here say that it
 * listens elsewhere.
 */
function whyNotReached({ supervisord, configuration, address, status, supervisordPid, daemons }: Facts): Finding | undefined {
  if (!(supervisord instanceof Error) || supervisord.finding.kind !== 'supervisord-unreachable') return undefined;
  const { socketPath, display: asked } = address;
  if (configuration !== undefined && socketPath !== undefined) {
    const { file, sections } = configuration;
    const server = sections.get('unix_http_server');
    const inet = sections.get('inet_http_server')?.get('port');
    if (server === undefined) {
      const instead = inet === undefined ? {} : { instead: `http://${inet.replace(/^(?:\*?:)?(?=\d+$)/, '127.0.0.1:')}` };
      return { kind: 'supervisord-no-server', file, path: socketPath, ...instead };
    }
    const path = server.get('file') ?? '';
    if (path.startsWith('/') && resolve(path) !== resolve(socketPath))
      return { kind: 'supervisord-elsewhere', url: `unix://${path}`, asked };
  }
  const pid = status?.pid ?? daemons[0]?.pid ?? 0;
  const said = pid > 0 ? environmentOf(pid)?.['SUPERVISOR_SERVER_URL'] : undefined;
  if (said !== undefined && said !== asked) return { kind: 'supervisord-elsewhere', url: said, asked };
  if (socketPath !== undefined && supervisordPid === undefined && existsSync(socketPath))
    return { kind: 'supervisord-gone', path: socketPath };
  return undefined;
}
