import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { request } from 'node:http';
import { dirname } from 'node:path';
import { codeInReply } from '../../shared/reply.ts';
import type { Found } from '../../shared/report.ts';
import { textOf } from '../proc/processes.ts';
import type { ListenAddress } from '../settings/values.ts';
import type { Facts } from './facts.ts';
import { fine, problem, warning } from './found.ts';

/** With less, node does not start in time when its files are not in the page cache. */
const leastMemoryBytes = 96 * 1024 * 1024;

/** A wrong clock shows an earlier year: no container of today was made before this one. */
const earliestYear = 2024;

const listenerTimeoutMs = 3000;
const maxAnswerBytes = 4096;

/** What the daemon needs: Node, a directory for its socket, memory, the clock, and its TCP listener. */
export async function checkSystem({ settings, status }: Facts): Promise<Found[]> {
  return [
    fine('system', `Node.js ${process.versions.node} (${process.execPath})`),
    ...checkDirectory(dirname(settings.socketPath)),
    ...checkMemory(),
    ...checkClock(),
    ...(settings.listen === undefined || status === undefined ? [] : [await checkListener(settings.listen)]),
  ];
}

function checkDirectory(path: string): Found[] {
  if (!existsSync(path)) return [problem('system', { kind: 'socket-no-directory', path })];
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') return [problem('system', { kind: 'directory-read-only', path })];
    return [warning('system', { kind: 'directory-not-mine', path, user: process.geteuid?.() ?? 0 })];
  }
  const { bavail, ffree, files } = statfsSync(path);
  const isFull = bavail === 0 || (files > 0 && ffree === 0);
  return [isFull ? problem('system', { kind: 'directory-full', path }) : fine('system', `${path} can be written`)];
}

function checkMemory(): Found[] {
  // Version 1 and 2 of cgroups. Neither file has a small number where there is no limit.
  const limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'].map((file) =>
    Number(textOf(file) ?? Number.NaN),
  );
  const limit = limits.find((bytes) => bytes < leastMemoryBytes);
  return limit === undefined ? [] : [warning('system', { kind: 'memory-low', megabytes: Math.round(limit / 1024 / 1024) })];
}

function checkClock(): Found[] {
  const now = new Date();
  return now.getUTCFullYear() >= earliestYear ? [] : [warning('system', { kind: 'clock-wrong', now: now.toISOString() })];
}

/**
 * Whether readinessd answers there, and whether the kubelet can reach it: it asks from the node, at
 * the pod's address.
 */
async function checkListener({ host, port, display }: ListenAddress): Promise<Found> {
  const answer = await new Promise<{ readonly status: number; readonly body: string } | Error>((resolve) => {
    const where = { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port, path: '/readyz' };
    const asked = request({ ...where, agent: false, timeout: listenerTimeoutMs }, (response) => {
      let body = '';
      const done = () => resolve({ status: response.statusCode ?? 0, body });
      response.setEncoding('latin1').on('end', done).on('error', resolve);
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > maxAnswerBytes) done();
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time'))).on('error', resolve);
    asked.end();
  });
  const isOurs = !(answer instanceof Error) && codeInReply(answer.status, answer.body) !== undefined;
  if (!isOurs) {
    const why = answer instanceof Error ? answer.message : `GET /readyz is not answered by readinessd (status ${answer.status})`;
    return problem('system', { kind: 'listener-silent', address: display, why });
  }
  const isLocal = /^127\.|^::1$/.test(host);
  const reach = isLocal ? '; the kubelet reaches that address only with hostNetwork: true, and host: set in the httpGet' : '';
  return fine('system', `${display} answers GET /readyz with ${answer.status}${reach}`);
}
