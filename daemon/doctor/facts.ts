import { join } from 'node:path';
import type { Status } from '../../shared/api.ts';
import { defaultSocketPath, socketVariable } from '../../shared/defaults.ts';
import type { Examination } from '../../shared/report.ts';
import { argumentsOf, environmentOf } from '../proc/processes.ts';
import { supervisordSockets } from '../proc/sockets.ts';
import type { Settings } from '../settings/definitions.ts';
import { readSettings, SettingsError } from '../settings/settings.ts';
import { parseSupervisorUrl, type SupervisorAddress } from '../supervisor/address.ts';
import type { ProcessInfo } from '../supervisor/client.ts';
import { type Configuration, configurationOf, environmentIn, type Section } from '../supervisor/configuration.ts';
import { findCredentials, type Lookup } from '../supervisor/credentials.ts';
import { daemonSection, isDaemonCommand, type NamedSection } from '../supervisor/entry.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../supervisor/errors.ts';
import { findSupervisord } from '../supervisor/find-supervisord.ts';
import { keyOf } from '../supervisor/names.ts';
import { lookAtSupervisord, type Supervisord } from './ask.ts';
import { sectionOf, wordsIn } from './sections.ts';

/** Everything that is found out before judging. */
export interface Facts {
  readonly examination: Examination;
  /** The daemon's answer; undefined when it did not answer. */
  readonly status: Status | undefined;
  readonly supervisord: Supervisord | SupervisorUnreachableError | SupervisorBadReplyError;
  readonly address: SupervisorAddress;
  /** The result of looking for user and password; undefined where supervisord requires none. */
  readonly credentials: Lookup | undefined;
  /** supervisord's programs that run the daemon. The one that answers comes first, or else one that runs. */
  readonly daemons: readonly ProcessInfo[];
  /** supervisord's configuration from its files; undefined where they cannot be read. */
  readonly configuration: Configuration | undefined;
  /** The section that runs the daemon. */
  readonly section: NamedSection | undefined;
  /** How that section calls the daemon. */
  readonly call: DaemonCall | undefined;
  /**
   * The running daemon's settings, if its process can be read. Otherwise those of a daemon started
   * by its section, or here.
   */
  readonly settings: Settings;
  /** Whether the settings are the running daemon's. */
  readonly isDaemonsOwn: boolean;
  /** The container's own environment, as supervisord got it; undefined where it cannot be read. */
  readonly containerEnvironment: NodeJS.ProcessEnv | undefined;
  readonly supervisordPid: number | undefined;
}

export interface DaemonCall {
  readonly argv: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export async function findFacts(examination: Examination): Promise<Facts> {
  const { environment, answered } = examination;
  const status = 'status' in answered ? answered.status : undefined;
  const told = status === undefined ? undefined : settingsOf(status.pid);
  const here = settingsHere(environment);
  let look = await lookAt(addressFor(told ?? here, status), status?.pid);
  if (look.supervisord instanceof Error && status === undefined && !isAddressTold(environment)) {
    // supervisord tells its programs where it listens, but a daemon that is down cannot pass that
    // on.
    for (const path of socketsOfSupervisord()) {
      const other = await lookAt({ ...look.address, ...parseSupervisorUrl(`unix://${path}`) }, undefined);
      if (other.supervisord instanceof Error) continue;
      look = other;
      break;
    }
  }
  const { supervisord } = look;
  const daemons = supervisord instanceof Error ? [] : daemonsOf(supervisord, status?.pid);
  const supervisordPid = supervisord instanceof Error ? findSupervisord(status?.pid) : supervisord.pid;
  const read = supervisordPid === undefined ? undefined : configurationOf(supervisordPid);
  const configuration = read?.sections === undefined ? undefined : read;
  const containerEnvironment = supervisordPid === undefined ? undefined : environmentOf(supervisordPid);
  const section = configuration === undefined ? undefined : sectionFor(configuration, daemons[0]);
  const call = section === undefined ? undefined : callOf(section.options, containerEnvironment, examination.library);
  const own = told ?? (daemons[0] !== undefined && daemons[0].pid > 0 ? settingsOf(daemons[0].pid) : undefined);
  const entry = call === undefined ? undefined : settingsFrom(call.argv.slice(1), call.environment);
  return {
    examination,
    status,
    ...look,
    daemons,
    configuration,
    section,
    call,
    settings: own ?? entry ?? here,
    isDaemonsOwn: own !== undefined,
    containerEnvironment,
    supervisordPid,
  };
}

/** Asks in the same way as the daemon: with the password from supervisord's configuration, if one is required. */
async function lookAt(
  address: SupervisorAddress,
  daemonPid: number | undefined,
): Promise<Pick<Facts, 'address' | 'credentials' | 'supervisord'>> {
  let credentials: Lookup | undefined;
  const find = async () => {
    credentials = await findCredentials(address, daemonPid);
    return credentials;
  };
  const supervisord = await lookAtSupervisord(address, find).catch((error: unknown) => {
    if (error instanceof SupervisorUnreachableError || error instanceof SupervisorBadReplyError) return error;
    throw error;
  });
  return { address, credentials, supervisord };
}

/**
 * Where supervisord may listen: the socket in its configuration, if that is found, and sockets with
 * such a name. Only an answer shows whether it is supervisord.
 */
function socketsOfSupervisord(): string[] {
  const pid = findSupervisord(undefined);
  const configuration = pid === undefined ? undefined : configurationOf(pid);
  const path = configuration?.sections?.get('unix_http_server')?.get('file');
  return [...(path?.startsWith('/') ? [path] : []), ...supervisordSockets()];
}

function isAddressTold(environment: NodeJS.ProcessEnv): boolean {
  return ['READINESSD_SUPERVISOR_URL', 'SUPERVISOR_SERVER_URL'].some((name) => environment[name] !== undefined);
}

function daemonsOf({ processes, configs }: Supervisord, pid: number | undefined): ProcessInfo[] {
  const commands = new Map(configs.map((config) => [keyOf(config), config.command]));
  const found = processes.filter((process) => process.pid === pid || isDaemonCommand(process.name, commands.get(keyOf(process))));
  const rank = (process: ProcessInfo) => (process.pid === pid ? 0 : process.pid > 0 ? 1 : 2);
  return found.sort((one, other) => rank(one) - rank(other));
}

function sectionFor(configuration: Configuration, process: ProcessInfo | undefined): NamedSection | undefined {
  return process === undefined ? daemonSection(configuration) : sectionOf(configuration, process);
}

/**
 * How supervisord would start the daemon. If a shell or another program starts it, only the
 * environment is known. Undefined where that is not known either.
 */
function callOf(options: Section, containerEnvironment: NodeJS.ProcessEnv | undefined, library: string): DaemonCall | undefined {
  const command = options.get('command') ?? '';
  if (containerEnvironment === undefined) return undefined;
  const environment = { ...containerEnvironment, ...environmentIn(options) };
  const argv = wordsIn(command);
  const isDirect = /(?:^|\/)readinessd$/.test(argv[0] ?? '') && !command.includes('%(');
  return { argv: isDirect ? argv : [join(library, '../../bin/readinessd')], environment };
}

/**
 * The settings of a daemon started in this environment. If it would refuse them, only those that
 * say where supervisord is, or the defaults.
 */
function settingsHere(environment: NodeJS.ProcessEnv): Settings {
  const addressOnly = Object.fromEntries(Object.entries(environment).filter(([name]) => /^(?:READINESSD_)?SUPERVISOR_/.test(name)));
  const settings = settingsFrom([], environment) ?? settingsFrom([], addressOnly) ?? settingsFrom([], {});
  if (settings === undefined) throw new Error('even the defaults are refused');
  return settings;
}

/** The settings that a daemon would use; undefined if it would refuse them. */
function settingsFrom(argv: readonly string[], environment: NodeJS.ProcessEnv): Settings | undefined {
  try {
    const request = readSettings(argv, environment);
    return 'settings' in request ? request.settings : undefined;
  } catch (error) {
    if (error instanceof SettingsError) return undefined;
    throw error;
  }
}

/** The settings of a running daemon, from its arguments and environment; undefined where those cannot be read. */
function settingsOf(pid: number): Settings | undefined {
  const environment = environmentOf(pid);
  if (environment === undefined) return undefined;
  // The launcher sets it, and the daemon removes it before it reads its settings.
  delete environment['READINESSD_MALLOC'];
  try {
    const argv = argumentsOf(pid);
    const entry = argv.findIndex((argument) => argument.endsWith('/entry.cjs'));
    // The pid may be another process's: it may be from another container, or reused.
    return entry === -1 ? undefined : settingsFrom(argv.slice(entry + 1), environment);
  } catch {
    return undefined;
  }
}

/** Where to ask supervisord: at the address in the settings, or where the daemon says that it asks. */
function addressFor(settings: Settings, status: Status | undefined): SupervisorAddress {
  const { supervisor, supervisorUser, supervisorPassword } = settings;
  const shown = status?.settings['supervisor'];
  return {
    ...(shown === undefined || shown === supervisor.display ? supervisor : parseSupervisorUrl(shown)),
    ...(supervisorUser === undefined ? {} : { user: supervisorUser }),
    ...(supervisorPassword === undefined ? {} : { password: supervisorPassword }),
  };
}

/** The socket that probes started with the container's environment ask. */
export function containerSocket({ containerEnvironment }: Facts): string | undefined {
  return containerEnvironment === undefined ? undefined : (containerEnvironment[socketVariable] ?? defaultSocketPath);
}
