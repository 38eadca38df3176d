import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { sayDuration } from '../../shared/duration.ts';
import { codeOf } from '../../shared/exit-codes.ts';
import type { Found } from '../../shared/report.ts';
import { version } from '../../shared/version.ts';
import { isStopped } from '../proc/processes.ts';
import { listenerAt } from '../proc/sockets.ts';
import type { ListenAddress } from '../settings/values.ts';
import type { ProcessInfo } from '../supervisor/client.ts';
import { isDaemonCommand } from '../supervisor/entry.ts';
import { fullName, keyOf } from '../supervisor/names.ts';
import { processState as state, stateNames } from '../supervisor/states.ts';
import { lastEnd, type Supervisord } from './ask.ts';
import { reloadOf, whyNotConfigured } from './entry.ts';
import type { DaemonCall, Facts } from './facts.ts';
import { fine, problem, waiting, warning } from './found.ts';
import { unusableUser } from './sections.ts';

/** With fewer, supervisord may give up on the daemon one day. */
const enoughRetries = 1000;

/** How long a start can take on a slow processor. */
const startS = 10;

/** How the daemon ends when somebody stops it. */
const deliberate = ['exit status 0', 'terminated by SIGTERM', 'terminated by SIGKILL'];

const refusalBoundMs = 15_000;

/** The daemon as supervisord runs it. */
export async function checkDaemon(facts: Facts): Promise<Found[]> {
  const { status, supervisord, daemons } = facts;
  const found: Found[] = [];
  if (status !== undefined) {
    found.push(fine('daemon', `readinessd ${status.version} answers, pid ${status.pid}, up ${sayDuration(status.uptimeMs)}`));
    if (status.version !== version) found.push(warning('daemon', { kind: 'daemon-other-version', daemon: status.version, own: version }));
  }
  if (supervisord instanceof Error) return status === undefined ? [...found, ...(await whyNotUp(facts))] : found;
  const [own] = daemons;
  if (own === undefined || (status !== undefined && own.pid !== status.pid)) return [...found, notSupervised(facts, supervisord)];
  const program = fullName(own);
  if (daemons.length > 1) found.push(problem('daemon', { kind: 'daemon-twice', others: daemons.slice(1).map(fullName) }));
  if (status === undefined) found.push(...(await whySilent(facts, supervisord, own)));
  const { autostart, startretries } = supervisord.extras.get(keyOf(own)) ?? {};
  if (!supervisord.configs.some((config) => keyOf(config) === keyOf(own)))
    found.push(warning('daemon', { kind: 'daemon-not-in-file', program }));
  if (autostart === false) found.push(warning('daemon', { kind: 'daemon-not-autostarted', program }));
  if (startretries !== undefined && startretries < enoughRetries)
    found.push(warning('daemon', { kind: 'daemon-may-be-given-up', program, retries: startretries }));
  return found;
}

/** Why the daemon does not answer, as far as supervisord and its settings show. */
async function whySilent(facts: Facts, supervisord: Supervisord, own: ProcessInfo): Promise<Found[]> {
  const { examination, settings, isDaemonsOwn } = facts;
  const program = fullName(own);
  const name = stateNames.get(own.state) ?? String(own.state);
  if (own.state === state.STOPPED) return [problem('daemon', { kind: 'daemon-not-running', program, state: name, spawnerr: own.spawnerr })];
  const why = await whyNotStarted(facts, program);
  if (why.length > 0) return why;
  const isUp = own.state === state.RUNNING || own.state === state.STARTING;
  const end = own.state === state.EXITED ? `exit status ${own.exitstatus}` : lastEnd(supervisord, own);
  const hasFailed = end !== undefined && !deliberate.includes(end);
  if (isUp && !hasFailed) {
    const isElsewhere = isDaemonsOwn && settings.socketPath !== examination.socketPath;
    const isUnreachable = 'answer' in examination.answered && examination.answered.answer.code === codeOf('DaemonUnreachable');
    const isStarting = own.now - own.start < startS && isUnreachable && !isElsewhere && !isStopped(own.pid);
    return isStarting ? [waiting('daemon', { kind: 'daemon-starting', program })] : [];
  }
  if (isUp && own.now - own.start >= startS) return [];
  // With exit status 1 or 2 the daemon always says why. With any other end, its last words may be
  // from an earlier run.
  const said = hasFailed && /^exit status [12]$/.test(end) ? await lastWords(supervisord, own) : undefined;
  if (said !== undefined) return [problem('daemon', { kind: 'daemon-refuses', program, line: said })];
  const ended = end === undefined ? {} : { end: `its last run ended with ${end}` };
  return [problem('daemon', { kind: 'daemon-not-running', program, state: name, spawnerr: own.spawnerr, ...ended })];
}

/** The daemon's own error message, if that is the last line in its stderr file. */
async function lastWords(supervisord: Supervisord, own: ProcessInfo): Promise<string | undefined> {
  const lines = (await supervisord.output(own, 'stderr'))?.trimEnd().split('\n') ?? [];
  return /^readinessd: (.+)/.exec(lines.at(-1) ?? '')?.[1];
}

function notSupervised(facts: Facts, { configs }: Supervisord): Found {
  const { status, section } = facts;
  if (status !== undefined) return warning('daemon', { kind: 'daemon-not-supervised' });
  const config = configs.find(({ name, command }) => isDaemonCommand(name, command));
  // If the section was added after supervisord had read its files, only the file itself has it.
  const program = config === undefined ? section?.name.replace(/^\w+:/, '') : fullName(config);
  if (program === undefined) return problem('daemon', whyNotConfigured(facts));
  const reload = reloadOf(facts);
  return problem('daemon', { kind: 'daemon-not-loaded', program, ...(reload === undefined ? {} : { reload }) });
}

/** Why the daemon does not run, if supervisord cannot be asked. */
async function whyNotUp(facts: Facts): Promise<Found[]> {
  const { configuration, section } = facts;
  if (configuration?.include === undefined || section !== undefined) return whyNotStarted(facts, 'readinessd');
  return [problem('daemon', whyNotConfigured(facts))];
}

/** Why a daemon started by its section does not come up. */
async function whyNotStarted({ call, section, settings, supervisordPid }: Facts, program: string): Promise<Found[]> {
  const user = unusableUser(section, supervisordPid);
  if (user !== undefined) return [problem('daemon', { kind: 'daemon-user', program, ...user })];
  const line = call === undefined ? undefined : await refusal(call);
  if (line !== undefined) return [problem('daemon', { kind: 'daemon-refuses', program, line })];
  // The daemon replaces a socket, but cannot replace a directory.
  if (statSync(settings.socketPath, { throwIfNoEntry: false })?.isDirectory())
    return [problem('daemon', { kind: 'socket-no-socket', path: settings.socketPath })];
  return settings.listen === undefined ? [] : await whyNotListening(settings.listen);
}

/**
 * Lets the daemon itself say which settings or checks it refuses. With --check-config it checks and
 * serves nothing.
 */
async function refusal({ argv: [program = '', ...args], environment }: DaemonCall): Promise<string | undefined> {
  try {
    await promisify(execFile)(program, [...args, '--check-config'], { cwd: '/', env: environment, timeout: refusalBoundMs });
    return undefined;
  } catch (error) {
    const { stderr = '', code } = error as { readonly stderr?: string; readonly code?: unknown };
    // If it cannot be started at all, supervisord reports that itself.
    if (typeof code !== 'number') return undefined;
    return (
      stderr
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^readinessd: /, '') || undefined
    );
  }
}

/**
 * Whether another process has the port. The only way to know is to listen on it for a moment, which
 * is possible because the daemon does not run.
 */
async function whyNotListening({ host, port, display: address }: ListenAddress): Promise<Found[]> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host, port, ipv6Only: true, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (code === undefined) return [];
  if (code === 'EADDRINUSE') {
    const by = listenerAt(port);
    return [problem('daemon', { kind: 'listen-taken', address, ...(by === undefined ? {} : { by }) })];
  }
  return [problem('daemon', code === 'EADDRNOTAVAIL' ? { kind: 'listen-no-address', address } : { kind: 'listen-refused', address, code })];
}
