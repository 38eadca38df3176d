import { readFileSync } from 'node:fs';
import { split } from 'shlex';
import type { Settings } from '../../../daemon/settings/definitions.ts';
import { readSettings, SettingsError } from '../../../daemon/settings/settings.ts';
import { parseSupervisorUrl, type SupervisorAddress } from '../../../daemon/supervisor/address.ts';
import type { ProcessInfo } from '../../../daemon/supervisor/client.ts';
import { type Configuration, configurationOf, environmentIn, type Section } from '../../../daemon/supervisor/configuration.ts';
import { findCredentials, type Lookup } from '../../../daemon/supervisor/credentials.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../../daemon/supervisor/errors.ts';
import { keyOf } from '../../../daemon/supervisor/names.ts';
import { environmentOf, findSupervisord } from '../../../daemon/supervisor/proc.ts';
import type { Status } from '../../../shared/api.ts';
import { defaultSocketPath, socketVariable } from '../../../shared/defaults.ts';
import { askStatus, NoAnswerError, orNoAnswer } from '../ask.ts';
import type { Session } from '../session.ts';
import { supervisordSockets } from './listeners.ts';
import { createSupervisord, type SupervisordFacts } from './supervisord.ts';

/** What is found out before anything is judged. */
export interface Facts {
  readonly session: Session;
  /** What the daemon answers at the path where a probe here asks. */
  readonly daemon: Status | NoAnswerError;
  /** What supervisord's program readinessd is, if it has one. */
  readonly daemonProcess: ProcessInfo | undefined;
  /** Of the running daemon where its process may be looked at, else what one started here would take. */
  readonly settings: Settings;
  /** Whether they are those of the running daemon. */
  readonly isDaemonsOwn: boolean;
  /** Why the settings in this environment cannot be used. */
  readonly settingsError: string | undefined;
  /** With what supervisord's own configuration has of user and password, where it asks for them and none are set. */
  readonly address: SupervisorAddress;
  /** What that was; undefined where nothing had to be looked up. */
  readonly credentials: Lookup | undefined;
  readonly supervisord: SupervisordFacts | SupervisorUnreachableError | SupervisorBadReplyError;
  /** As its files have it; undefined where they may not be looked at. */
  readonly configuration: Configuration | undefined;
  /** The section of the configuration that runs the daemon, and its name. */
  readonly daemonSection: readonly [name: string, options: Section] | undefined;
  /** Why a daemon with the environment and command of its section would not start. */
  readonly entryError: string | undefined;
  /** The container's own, as supervisord got it; undefined where it may not be looked at. */
  readonly containerEnvironment: NodeJS.ProcessEnv | undefined;
  /** When supervisord was looked at, by the monotonic clock. */
  readonly lookedAtMs: number;
}

export async function findFacts(session: Session): Promise<Facts> {
  const daemon = await orNoAnswer(askStatus(session.socketPath));
  const here = settingsHere(session.environment);
  const told = 'pid' in daemon ? settingsOf(daemon.pid) : undefined;
  const daemonPid = 'pid' in daemon ? daemon.pid : undefined;
  const address = addressFor(told ?? here.settings, daemon);
  let look = await lookAt(address, daemonPid);
  if (look.supervisord instanceof Error && daemon instanceof NoAnswerError && !isAddressTold(session.environment)) {
    // supervisord tells its programs where it is, which a daemon that is down cannot pass on.
    for (const path of supervisordSockets()) {
      const other = await lookAt({ ...address, ...parseSupervisorUrl(`unix://${path}`) }, daemonPid);
      if (other.supervisord instanceof Error) continue;
      look = other;
      break;
    }
  }
  const { supervisord } = look;
  const daemonProcess = supervisord instanceof Error ? undefined : daemonProgram(supervisord, daemonPid ?? 0);
  const own = told ?? (daemonProcess !== undefined && daemonProcess.pid > 0 ? settingsOf(daemonProcess.pid) : undefined);
  const supervisordPid = supervisord instanceof Error ? findSupervisord(daemonPid) : supervisord.pid;
  const read = supervisordPid === undefined ? undefined : configurationOf(supervisordPid);
  const configuration = read?.sections === undefined ? undefined : read;
  const containerEnvironment = supervisordPid === undefined ? undefined : environmentOf(supervisordPid);
  const daemonSection = sectionOfDaemon(configuration);
  return {
    session,
    daemon,
    daemonProcess,
    settings: own ?? here.settings,
    isDaemonsOwn: own !== undefined,
    settingsError: here.error,
    ...look,
    configuration,
    daemonSection,
    entryError: daemonSection === undefined ? undefined : entryError(daemonSection[1], containerEnvironment),
    containerEnvironment,
    lookedAtMs: performance.now(),
  };
}

/** Gets in as the daemon does, if need be with what supervisord's configuration has. */
async function lookAt(
  address: SupervisorAddress,
  daemonPid: number | undefined,
): Promise<Pick<Facts, 'address' | 'credentials' | 'supervisord'>> {
  let credentials: Lookup | undefined;
  const find = async () => {
    credentials = await findCredentials(address, daemonPid);
    return credentials;
  };
  const supervisord = await createSupervisord(address, find)
    .look()
    .catch((error: unknown) => {
      if (error instanceof SupervisorUnreachableError || error instanceof SupervisorBadReplyError) return error;
      throw error;
    });
  if (credentials?.kind !== 'found') return { address, credentials, supervisord };
  const { user, password } = credentials;
  return { address: { ...address, user, password }, credentials, supervisord };
}

function isAddressTold(environment: NodeJS.ProcessEnv): boolean {
  return ['READINESSD_SUPERVISOR_URL', 'SUPERVISOR_SERVER_URL'].some((name) => environment[name] !== undefined);
}

/** supervisord's live programs that run readinessd. */
export function daemonProcesses({ processes, configs }: SupervisordFacts): ProcessInfo[] {
  return processes.filter((process) => {
    const config = configs.find((candidate) => keyOf(candidate) === keyOf(process));
    return isDaemon(process.name, config?.command);
  });
}

/** Of several the one that answers, else one that runs. */
function daemonProgram(supervisord: SupervisordFacts, pid: number): ProcessInfo | undefined {
  const found = daemonProcesses(supervisord);
  return found.find((process) => process.pid === pid) ?? found.find((process) => process.pid > 0) ?? found[0];
}

function sectionOfDaemon(configuration: Configuration | undefined): Facts['daemonSection'] {
  const programs = [...(configuration?.sections ?? [])].filter(([name]) => /^(?:program|eventlistener):/.test(name));
  return programs.find(([name, options]) => isDaemon(name.replace(/^\w+:/, ''), options.get('command')));
}

/** As a daemon would say it that supervisord starts by its section. */
function entryError(section: Section, containerEnvironment: NodeJS.ProcessEnv = {}): string | undefined {
  try {
    readSettings(split(section.get('command') ?? '').slice(1), { ...containerEnvironment, ...environmentIn(section) });
    return undefined;
  } catch (error) {
    return error instanceof SettingsError ? error.message : undefined;
  }
}

/** By its program's name, or by what that runs. */
export function isDaemon(name: string, command: string | undefined): boolean {
  return name === 'readinessd' || /(?:^|[\s/"'])readinessd(?:$|[\s"'])/.test(command ?? '');
}

/** What a daemon would take that was started with this environment; the defaults when it would refuse. */
function settingsHere(environment: NodeJS.ProcessEnv): { readonly settings: Settings; readonly error: string | undefined } {
  try {
    return { settings: take(readSettings([], environment)), error: undefined };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { settings: take(readSettings([], {})), error: error.message };
  }
}

/** The settings of a running daemon, from its arguments and environment; undefined where they may not be read. */
function settingsOf(pid: number): Settings | undefined {
  const environment = environmentOf(pid);
  if (environment === undefined) return undefined;
  // The launcher's own, which the daemon takes away before it reads its settings.
  delete environment['READINESSD_MALLOC'];
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    const entry = argv.findIndex((argument) => argument.endsWith('/entry.cjs'));
    // The number may be another process's: of another container, or given out again.
    return entry === -1 ? undefined : take(readSettings(argv.slice(entry + 1), environment));
  } catch {
    return undefined;
  }
}

function take(request: ReturnType<typeof readSettings>): Settings {
  if (!('settings' in request)) throw new Error('no settings were asked for');
  return request.settings;
}

/** Where supervisord is asked: as the daemon does, and else where it says that it asks. */
function addressFor(settings: Settings, daemon: Facts['daemon']): SupervisorAddress {
  const { supervisor, supervisorUser, supervisorPassword } = settings;
  const shown = 'settings' in daemon ? daemon.settings['supervisor'] : undefined;
  return {
    ...(shown === undefined || shown === supervisor.display ? supervisor : parseSupervisorUrl(shown)),
    ...(supervisorUser === undefined ? {} : { user: supervisorUser }),
    ...(supervisorPassword === undefined ? {} : { password: supervisorPassword }),
  };
}

/** Where probes ask that are started with the container's environment. */
export function containerSocket({ containerEnvironment }: Facts): string | undefined {
  return containerEnvironment === undefined ? undefined : (containerEnvironment[socketVariable] ?? defaultSocketPath);
}
