import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../shared/exit-codes.ts';
import type { Finding, Found } from '../../shared/report.ts';
import { isStopped } from '../proc/processes.ts';
import { listenerOf } from '../proc/sockets.ts';
import { containerSocket, type Facts } from './facts.ts';
import { fine, problem, warning } from './found.ts';

/** The socket as a probe sees it, and whether daemon and probes use the same one. */
export function checkSocket(facts: Facts): Found[] {
  const { status, examination } = facts;
  const { socketPath: path } = examination;
  const found = checkPaths(facts);
  if (status === undefined) return [...found, problem('socket', whyNoAnswer(facts))];
  const { mode, uid } = lstatSync(path);
  const isOpen = (mode & 0o006) !== 0;
  if (isOpen) return [...found, warning('socket', { kind: 'socket-for-everybody', path, mode: modeOf(mode), owner: uid })];
  return [...found, fine('socket', `${path}, mode ${modeOf(mode)}, of user ${uid}`)];
}

function checkPaths(facts: Facts): Found[] {
  const { examination, settings, isDaemonsOwn } = facts;
  const asked = containerSocket(facts);
  if (asked === undefined) return [];
  const served = settings.socketPath;
  if (isDaemonsOwn && served !== asked) return [problem('socket', { kind: 'socket-elsewhere', served, asked })];
  const here = examination.socketPath;
  return here === asked ? [] : [warning('socket', { kind: 'socket-told-here', here, asked })];
}

/** Why nobody answers, as far as the file shows. */
function whyNoAnswer({ examination: { socketPath: path, answered }, daemons: [daemon] }: Facts): Finding {
  const code = 'answer' in answered ? answered.answer.code : undefined;
  if (daemon !== undefined && isStopped(daemon.pid)) return { kind: 'daemon-stopped', path, pid: daemon.pid };
  if (code === codeOf('DaemonTimeout')) return { kind: 'daemon-silent', path };
  try {
    const stats = lstatSync(path);
    if (!stats.isSocket()) return { kind: 'socket-no-socket', path };
    if (code === codeOf('DaemonBadReply')) {
      const by = listenerOf(path);
      return { kind: 'socket-of-another', path, ...(by === undefined ? {} : { by }) };
    }
    const user = process.geteuid?.() ?? 0;
    if (user !== 0 && user !== stats.uid && (stats.mode & 0o002) === 0)
      return { kind: 'socket-forbidden', path, user, owner: stats.uid, mode: modeOf(stats.mode) };
    return { kind: 'socket-unheard', path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return { kind: 'socket-unusable', path, why: (error as Error).message };
    const directory = dirname(path);
    const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
    return isThere ? { kind: 'socket-missing', path } : { kind: 'socket-no-directory', path: directory };
  }
}

function modeOf(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
