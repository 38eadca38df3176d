import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { request } from 'node:http';
import { dirname } from 'node:path';
import type { ListenAddress } from '../../../daemon/settings/values.ts';
import { NoAnswerError } from '../ask.ts';
import type { Facts } from './facts.ts';
import { textOf } from './files.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Cold, node does not start in time with less. */
const leastMemoryBytes = 96 * 1024 * 1024;

/** No container of today was made before. */
const earliestYear = 2024;

const listenerTimeoutMs = 3000;

/** What the daemon stands on: Node, the directory of its socket, memory, the clock; and its TCP listener. */
export async function checkSystem(facts: Facts): Promise<Finding[]> {
  const { settings, daemon } = facts;
  return [
    ok('node', `Node.js ${process.versions.node} (${process.execPath})`),
    checkDirectory(dirname(settings.socketPath)),
    ...checkMemory(),
    ...checkClock(),
    ...(settings.listen === undefined ? [] : [await checkListener(settings.listen, !(daemon instanceof NoAnswerError))]),
  ];
}

function checkDirectory(directory: string): Finding {
  if (!existsSync(directory))
    return problem('system', `there is no directory ${directory} for the socket`, `mkdir -p ${directory}, or set READINESSD_SOCKET`);
  try {
    accessSync(directory, constants.W_OK);
  } catch (error) {
    const isReadOnly = (error as NodeJS.ErrnoException).code === 'EROFS';
    if (isReadOnly) {
      return problem(
        'system',
        `${directory} is on a read-only file system, where no socket can be made`,
        `mount an emptyDir (medium: Memory) at ${directory}, or set READINESSD_SOCKET to a path that can be written`,
      );
    }
    return warning(
      'system',
      `${directory} may not be written by user ${process.geteuid?.()}`,
      'run readinessctl doctor as the user of the daemon',
    );
  }
  const { bavail, ffree, files } = statfsSync(directory);
  if (bavail === 0 || (files > 0 && ffree === 0))
    return problem('system', `${directory} is full`, `remove what fills it (du -x ${directory}, df -i ${directory})`);
  return ok('system', `${directory} can be written`);
}

function checkMemory(): Finding[] {
  // Of either version of cgroups; neither where there is no limit.
  const limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'].map((file) =>
    Number(textOf(file) ?? Number.NaN),
  );
  const limit = limits.find((bytes) => bytes < leastMemoryBytes);
  if (limit === undefined) return [];
  const megabytes = Math.round(limit / 1024 / 1024);
  return [warning('system', `the container may use ${megabytes} MB of memory, with which node hardly starts`, 'a limit of 128 MB or more')];
}

function checkClock(): Finding[] {
  const now = new Date();
  if (now.getUTCFullYear() >= earliestYear) return [];
  return [
    warning(
      'system',
      `the clock says ${now.toISOString()}: times in the log and the history are wrong (verdicts are not, they count on another clock)`,
      'set the clock (NTP)',
    ),
  ];
}

/** Also whether the kubelet can reach it, which asks from the node, at the pod's address. */
async function checkListener({ host, port, display }: ListenAddress, isUp: boolean): Promise<Finding> {
  const status = await new Promise<number | Error>((resolve) => {
    const asked = request({
      host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
      port,
      path: '/readyz',
      agent: false,
      timeout: listenerTimeoutMs,
    });
    asked.on('response', (response) => resolve(response.resume().statusCode ?? 0));
    asked.on('timeout', () => asked.destroy(new Error('no answer in time'))).on('error', resolve);
    asked.end();
  });
  if (typeof status !== 'number') {
    const cure = isUp ? 'see its log' : 'the daemon does not run, or another process has that port: see "daemon" above';
    return problem('listener', `nothing answers at ${display} (READINESSD_LISTEN): ${status.message}`, cure);
  }
  const isLocal = /^127\.|^::1$/.test(host);
  const reach = isLocal ? '; the kubelet reaches that address only with hostNetwork: true, and host: set in the httpGet' : '';
  return ok('listener', `${display} answers GET /readyz with ${status}${reach}`);
}
