import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { socketVariable } from '../../shared/defaults.ts';
import { sayDuration } from '../../shared/duration.ts';
import { codeOf } from '../../shared/exit-codes.ts';
import { sayLoadTrouble } from '../../shared/findings/executable.ts';
import { processorDirectory } from '../../shared/processors.ts';
import type { Examination, Found } from '../../shared/report.ts';
import { whyNotLoadable } from '../process/loadable.ts';
import type { Facts } from './facts.ts';
import { isExecutable } from './files.ts';
import { fine, problem, warning } from './found.ts';

/** A probe's timeoutSeconds by default. The exec itself takes 25 to 50 ms of it, more on a busy node. */
const allowedMs = 1000;

const probesMade = 5;
const probeBoundMs = 10_000;

/** What the kubelet runs: whether it is complete, and how long it takes here. */
export async function checkClients({ examination }: Facts): Promise<Found[]> {
  const { library } = examination;
  const path = resolve(library, '../../bin/readiness_probe.sh');
  if (!existsSync(path)) return [problem('probe', { kind: 'probe-missing', path })];
  if (!isExecutable(path)) return [problem('probe', { kind: 'probe-not-executable', path })];
  const names = ['readiness_probe.launch', 'fallback.sh', 'readiness_probe.cjs'].filter((name) => !existsSync(join(library, name)));
  const incomplete = names.length === 0 ? [] : [problem('probe', { kind: 'probe-incomplete', path: library, names })];
  return [
    ...incomplete,
    await checkNative(join(library, processorDirectory(process.arch), 'readiness_probe')),
    ...checkScripted(join(library, 'readiness_probe.cjs')),
    ...(await checkLatency(path, examination)),
  ];
}

async function checkNative(path: string): Promise<Found> {
  if (!existsSync(path)) return warning('probe', { kind: 'probe-not-native', path });
  if (!isExecutable(path)) return warning('probe', { kind: 'probe-native-mode', path });
  const why = await whyNotLoadable(path);
  if (why === undefined) return fine('probe', `the native client is there, and of this machine (${process.arch})`);
  return warning('probe', { kind: 'probe-native-foreign', path, machine: process.arch, why: sayLoadTrouble(why) });
}

/** The file ends in a mark, so that a file cut short is noticed. */
function checkScripted(path: string): Found[] {
  const isWhole = !existsSync(path) || (readFileSync(path, 'utf8').trimEnd().endsWith('// whole') && isExecutable(path));
  return isWhole ? [] : [warning('probe', { kind: 'probe-no-fallback', path })];
}

async function checkLatency(path: string, { socketPath, environment }: Examination): Promise<Found[]> {
  const timesMs: number[] = [];
  let code: number | null = null;
  for (let made = 0; made < probesMade; made++) {
    const startedAtMs = performance.now();
    const child = spawn(path, [], { stdio: 'ignore', timeout: probeBoundMs, env: { ...environment, [socketVariable]: socketPath } });
    const result = await once(child, 'exit').catch((error: Error) => error);
    if (result instanceof Error) return [problem('probe', { kind: 'probe-cannot-start', path, why: result.message })];
    timesMs.push(performance.now() - startedAtMs);
    code = result[0] as number | null;
  }
  if (code === codeOf('ClientBroken')) return [problem('probe', { kind: 'probe-no-client', path })];
  if (code === codeOf('ClientUsage')) return [problem('probe', { kind: 'probe-setting', path })];
  // If the daemon does not answer, the probe is slow. The check of the socket reports that.
  if (code === codeOf('DaemonTimeout')) return [];
  const longestMs = Math.max(...timesMs);
  const medianMs = timesMs.sort((one, other) => one - other)[Math.floor(probesMade / 2)] ?? 0;
  if (longestMs > allowedMs / 2) return [warning('probe', { kind: 'probe-slow', medianMs, longestMs, allowedMs })];
  return [fine('probe', `a probe takes ${sayDuration(medianMs)} here, ${sayDuration(longestMs)} at most (exit code ${code})`)];
}
