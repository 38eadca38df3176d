import { existsSync, lstatSync } from 'node:fs';
import { type ProcessConfig, type ProcessInfo, stateNames } from '../../../daemon/supervisor/client.ts';
import { SupervisorUnreachableError } from '../../../daemon/supervisor/errors.ts';
import { fullName, keyOf } from '../../../daemon/supervisor/names.ts';
import { environmentOf } from '../../../daemon/supervisor/proc.ts';
import { NoAnswerError } from '../ask.ts';
import { daemonProcesses, type Facts, isDaemon } from './facts.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { supervisordSockets } from './listeners.ts';
import { createSupervisord, endsInLog, type SupervisordFacts } from './supervisord.ts';

/** With fewer, supervisord gives up on the daemon one day. */
const enoughRetries = 1000;

/** supervisord itself, and its program readinessd. */
export async function checkSupervisor(facts: Facts): Promise<Finding[]> {
  const { supervisord, address, settings, credentials } = facts;
  if (supervisord instanceof Error) {
    if (!settings.startStep) return [ok('supervisord', 'not asked: READINESSD_START_STEP=off')];
    return [problem('supervisord', supervisord.message, cureFor(facts, supervisord))];
  }
  const who = `supervisord ${supervisord.version} answers at ${address.display}, pid ${supervisord.pid}`;
  const state =
    supervisord.state === 'RUNNING'
      ? ok('supervisord', who)
      : warning('supervisord', `${who}, in state ${supervisord.state}`, 'wait until it is over');
  const password =
    credentials?.kind === 'found'
      ? [ok('supervisord', `it asks for a password: user and password are those of ${credentials.source}`)]
      : [];
  return [state, ...password, ...(await checkProgram(facts, supervisord))];
}

function cureFor({ address, daemon, configuration, credentials }: Facts, error: Error): string {
  const { message } = error;
  if (/HTTP 401/.test(message)) {
    const which =
      credentials?.kind === 'hash'
        ? 'the user and the password itself, which its file does not have'
        : 'username= and password= of its [unix_http_server]';
    return `set READINESSD_SUPERVISOR_USER and READINESSD_SUPERVISOR_PASSWORD to ${which}, in environment= of its section`;
  }
  if (/UNKNOWN_METHOD|HTTP 404/.test(message)) {
    return 'its configuration lacks [rpcinterface:supervisor] with "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface": add it, and start the container again';
  }
  if (/SHUTDOWN_STATE/.test(message)) return 'it is shutting down or reloading: wait until its programs have ended';
  if (!(error instanceof SupervisorUnreachableError)) return 'see whether that URL is really of supervisord (READINESSD_SUPERVISOR_URL)';
  if (/no whole answer/.test(message))
    return 'it is frozen or busy: see its state with ps -o pid,stat,wchan,cmd -C supervisord; T is stopped (kill -CONT PID)';
  if (/permission denied/.test(message)) return 'run as root, or widen chmod= and chown= of [unix_http_server]';
  const inFile = cureInFile(configuration, address.socketPath);
  if (inFile !== undefined) return inFile;
  const said = 'pid' in daemon ? environmentOf(daemon.pid)?.['SUPERVISOR_SERVER_URL'] : undefined;
  if (said !== undefined && said !== address.display)
    return `supervisord says that it is at ${said}: remove READINESSD_SUPERVISOR_URL (or --supervisor-url), and the daemon asks there`;
  const others = supervisordSockets().filter((path) => path !== address.socketPath);
  if (others.length > 0) {
    return `there is a socket like supervisord's at ${others.join(', ')}: for the daemon set READINESSD_SUPERVISOR_URL=unix://${others[0]}, if that is it`;
  }
  const isLeft = address.socketPath !== undefined && existsSync(address.socketPath) && lstatSync(address.socketPath).isSocket();
  if (isLeft) return 'supervisord has ended and left its socket: start it (it should be the first process of the container)';
  return address.socketPath === undefined
    ? 'see whether supervisord runs with [inet_http_server], and READINESSD_SUPERVISOR_URL is its port='
    : 'see whether supervisord runs and has [unix_http_server] with file= that path; in a container without supervisord set READINESSD_START_STEP=off';
}

/** What its files say of the socket that is not there. */
function cureInFile(configuration: Facts['configuration'], socketPath: string | undefined): string | undefined {
  if (configuration === undefined || socketPath === undefined) return undefined;
  const { file, sections } = configuration;
  const section = sections.get('unix_http_server');
  if (section === undefined) {
    const inet = sections.get('inet_http_server')?.get('port');
    const instead =
      inet === undefined
        ? ''
        : `; or set READINESSD_SUPERVISOR_URL to its [inet_http_server], http://${inet.replace(/^(?:\*?:)?(?=\d+$)/, '127.0.0.1:')}`;
    return `${file} has no [unix_http_server]: add it with file=${socketPath}, and start the container again${instead}`;
  }
  const path = section.get('file') ?? '';
  return path === '' || path === socketPath
    ? undefined
    : `${file} has it at file=${path}: set READINESSD_SUPERVISOR_URL=unix://${path} for the daemon, or remove that setting`;
}

async function checkProgram(facts: Facts, supervisord: SupervisordFacts): Promise<Finding[]> {
  const { configs, traps, log } = supervisord;
  const { daemon, daemonProcess, address } = facts;
  const isUp = !(daemon instanceof NoAnswerError);
  const config = configs.find(({ name, command }) => isDaemon(name, command));
  if (daemonProcess === undefined) {
    if (config !== undefined) return [problem('daemon', `${config.name} is configured, but not loaded`, 'supervisorctl update')];
    if (!isUp)
      return [
        problem(
          'daemon',
          'supervisord has no program that runs readinessd',
          'copy supervisor.conf.example to /etc/supervisor/conf.d/readinessd.conf (the tree has it there), see that [include] of supervisord.conf names that folder; supervisorctl update',
        ),
      ];
    return [
      warning(
        'daemon',
        'the daemon that answers is no program of this supervisord, so nobody starts it again',
        'run it by supervisor.conf.example',
      ),
    ];
  }
  const name = fullName(daemonProcess);
  const findings: Finding[] = [];
  const state = stateNames.get(daemonProcess.state) ?? String(daemonProcess.state);
  // Where node starts slowly, it is RUNNING for a moment before it refuses a setting.
  if (state === 'RUNNING' && (isUp || facts.entryError === undefined))
    findings.push(ok('daemon', `supervisord's program ${name} is RUNNING, pid ${daemonProcess.pid}`));
  else if (state === 'STARTING' && isUp) findings.push(ok('daemon', `supervisord has just started program ${name}`));
  else findings.push(whyNotRunning(daemonProcess, state, facts.entryError ?? (await createSupervisord(address).lastWords(name)), log));

  const { last, startedAgain } = endsInLog(log, daemonProcess.name);
  if (last !== undefined && startedAgain > 1 && state !== 'FATAL') {
    findings.push(
      warning(
        'daemon',
        `it has ended and been started again ${startedAgain} times lately, the last time with ${last}`,
        'its log (of the container) says why; SIGKILL: the memory limit of the container, perhaps',
      ),
    );
  }
  return [...findings, ...checkTraps(name, daemonProcess, config, traps), ...checkBeside(supervisord, daemonProcess)];
}

function whyNotRunning(process: ProcessInfo, state: string, lastWords: string, log: readonly string[]): Finding {
  const name = fullName(process);
  const ends = endsInLog(log, process.name);
  const code = state === 'EXITED' ? `exit status ${process.exitstatus}` : ends.last;
  const parts = [process.spawnerr, code === undefined ? '' : `ended with ${code}`, lastWords].filter((part) => part !== '');
  const help: Readonly<Record<string, string>> = {
    'exit status 2': "a setting cannot be used; mend environment= of its section, or the container's, then supervisorctl update; ",
    'exit status 1':
      'its stderr (in the log of the container) says why it cannot listen, or that node is missing or too old; mend that, then ',
    'exit status 127': 'node or the launcher is missing; mend that, then ',
  };
  const cure = `${help[code ?? ''] ?? (state === 'STOPPED' ? '' : 'see its stderr in the log of the container; ')}supervisorctl start ${name}`;
  return problem('daemon', `supervisord's program ${name} is ${state}${parts.length === 0 ? '' : `: ${parts.join('; ')}`}`, cure);
}

/** What does no harm today. */
function checkTraps(name: string, process: ProcessInfo, config: ProcessConfig | undefined, traps: SupervisordFacts['traps']): Finding[] {
  const trap = traps.get(keyOf(process));
  const findings: Finding[] = [];
  if (config === undefined)
    findings.push(
      warning(
        'daemon',
        `program ${name} runs, but is no longer in the configuration`,
        'put it back: the next "supervisorctl update" removes it',
      ),
    );
  if (trap?.autostart === false)
    findings.push(warning('daemon', `program ${name} has autostart=false`, 'autostart=true, as in supervisor.conf.example'));
  if (trap?.startretries !== undefined && trap.startretries < enoughRetries) {
    findings.push(
      warning(
        'daemon',
        `program ${name} has startretries=${trap.startretries}, after which supervisord gives up on it`,
        'startretries=1000000000, as in supervisor.conf.example',
      ),
    );
  }
  return findings;
}

/** Two daemons take the socket from each other. */
function checkBeside(supervisord: SupervisordFacts, daemon: ProcessInfo): Finding[] {
  const others = daemonProcesses(supervisord).filter((process) => process !== daemon);
  if (others.length === 0) return [];
  return [
    problem('daemon', `there is a second program that runs readinessd: ${others.map(fullName).join(', ')}`, 'remove one of the sections'),
  ];
}
