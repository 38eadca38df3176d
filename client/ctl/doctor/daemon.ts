import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { socketVariable } from '../../../shared/defaults.ts';
import { sayDuration } from '../../../shared/duration.ts';
import { firstLine } from '../../../shared/reply.ts';
import { version } from '../../../shared/version.ts';
import { NoAnswerError } from '../ask.ts';
import { explanationOf } from '../explanations.ts';
import { containerSocket, type Facts } from './facts.ts';
import { textOf } from './files.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { listenerOf } from './listeners.ts';

/** The daemon as a probe here meets it: its socket, who it is, what it says. */
export function checkDaemon(facts: Facts): Finding[] {
  const { daemon, settingsError } = facts;
  return [
    ...(settingsError === undefined
      ? []
      : [problem('settings', `a daemon with this environment does not start: ${settingsError}`, 'put that variable right, or remove it')]),
    ...checkPaths(facts),
    ...(daemon instanceof NoAnswerError ? [whyNoAnswer(facts, daemon)] : checkAnswer(facts, daemon)),
  ];
}

/** That daemon and probes mean the same socket. */
function checkPaths(facts: Facts): Finding[] {
  const { session, settings, isDaemonsOwn } = facts;
  const inContainer = containerSocket(facts);
  const served = isDaemonsOwn ? settings.socketPath : undefined;
  if (served !== undefined && inContainer !== undefined && served !== inContainer) {
    return [
      problem(
        'socket',
        `the daemon serves ${served}, but the kubelet's probes ask at ${inContainer}: its path is set where only supervisord's children see it (environment=, or --socket in command=)`,
        `set ${socketVariable}=${served} in the container's environment (env: in the pod, ENV in the image), and remove it from supervisord's configuration`,
      ),
    ];
  }
  if (inContainer !== undefined && inContainer !== session.socketPath) {
    return [
      warning(
        'socket',
        `readinessctl asks at ${session.socketPath}, as it was told here, but the kubelet's probes ask at ${inContainer}`,
        `run readinessctl without --socket and ${socketVariable}, or set ${socketVariable} in the container's environment`,
      ),
    ];
  }
  return [];
}

/** Why nobody answers, as far as the file tells. */
function whyNoAnswer({ session: { socketPath }, daemonProcess }: Facts, { answer }: NoAnswerError): Finding {
  const runs = 'look at "daemon" below; when it runs: supervisorctl restart readinessd';
  const about = 'socket';
  if (answer.code === 101) {
    const isStopped = daemonProcess !== undefined && stateOf(daemonProcess.pid) === 'T';
    const cure = isStopped
      ? `kill -CONT ${daemonProcess.pid}`
      : 'see whether the node is overloaded or the container throttled (/sys/fs/cgroup/cpu.stat); else supervisorctl restart readinessd';
    return problem(about, `${answer.message}${isStopped ? `: process ${daemonProcess.pid} is stopped (state T)` : ''}`, cure);
  }
  try {
    const stats = lstatSync(socketPath);
    if (!stats.isSocket())
      return problem(about, `${socketPath} is there, but is no socket`, `rm -r ${socketPath}; then supervisorctl restart readinessd`);
    const owner = `user ${stats.uid}, mode ${modeOf(stats.mode)}`;
    if (answer.message.endsWith('permission denied')) {
      const cure = 'run the probe as that user or root, or set READINESSD_SOCKET_MODE=0660 and give both a common group';
      return problem(about, `${socketPath} may not be opened by user ${process.geteuid?.()}: it belongs to ${owner}`, cure);
    }
    if (answer.code === 102) {
      const who = listenerOf(socketPath);
      const cure = `stop that program, or set ${socketVariable} to another path, for the daemon and in the container's environment`;
      return problem(about, `something else than readinessd answers at ${socketPath}${who === undefined ? '' : ` (${who})`}`, cure);
    }
    return problem(about, `${socketPath} is there, but nobody listens: a daemon that was killed has left it`, runs);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return problem(about, `cannot look at ${socketPath}: ${(error as Error).message}`, 'mend that path');
    const directory = dirname(socketPath);
    const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isThere)
      return problem(
        about,
        `there is no directory ${directory} for the socket`,
        `mkdir ${directory}, or set ${socketVariable} to another path`,
      );
    return problem(about, `there is no socket ${socketPath}: no daemon has made one there`, runs);
  }
}

function checkAnswer({ session: { socketPath } }: Facts, daemon: Exclude<Facts['daemon'], NoAnswerError>): Finding[] {
  const { mode, uid } = lstatSync(socketPath);
  const findings: Finding[] = [];
  const isOpen = (mode & 0o006) !== 0;
  const file = `${socketPath}, mode ${modeOf(mode)}, of user ${uid}`;
  findings.push(
    isOpen
      ? warning('socket', `${file}: every user may ask, and ask for checks`, 'READINESSD_SOCKET_MODE=0660 or less, unless that is wanted')
      : ok('socket', file),
  );
  const who = `readinessd ${daemon.version} answers, pid ${daemon.pid}, up ${sayDuration(daemon.uptimeMs)}`;
  findings.push(
    daemon.version === version
      ? ok('daemon', who)
      : warning(
          'daemon',
          `${who}; readinessctl is ${version}`,
          'the image was changed under a running daemon: supervisorctl restart readinessd',
        ),
  );
  return [...findings, judgeVerdict(daemon)];
}

/** What a start or a first cycle takes is no problem yet. */
function judgeVerdict(daemon: Exclude<Facts['daemon'], NoAnswerError>): Finding {
  const line = firstLine(daemon);
  if (daemon.ready) return ok('verdict', line);
  const judge = daemon.code === 2 || daemon.code === 104 ? warning : problem;
  const lastWords = daemon.detail === undefined ? '' : `; the hook's last line: ${daemon.detail.trimEnd().split('\n').at(-1)}`;
  const { about, actions } = explanationOf(daemon.reason);
  const [first = ''] = actions;
  // What is wrong with the set-up has a finding of its own; what the hook says of its feature has none.
  const isFoundBelow = daemon.code === 2 || (daemon.code >= 110 && daemon.code <= 123);
  return judge('verdict', line + lastWords, `${isFoundBelow ? `see "${about}" below` : first} ("readinessctl explain" says more)`);
}

function modeOf(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

/** R, S, T, and so on (proc(5)); '' when there is no such process. */
function stateOf(pid: number): string {
  return /^State:\s+(\S)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1] ?? '';
}
