import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { whyNotLoadable } from '../../../daemon/process/loadable.ts';
import { socketVariable } from '../../../shared/defaults.ts';
import { sayDuration } from '../../../shared/duration.ts';
import { codeOf } from '../../../shared/exit-codes.ts';
import type { Facts } from './facts.ts';
import { isExecutable } from './files.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** timeoutSeconds of a probe, unless it is set. The exec itself takes 25 to 50 ms of it, more on a busy node. */
const kubeletTimeoutMs = 1000;

const probesMade = 5;
const probeBoundMs = 10_000;

const again = 'copy the whole of dist/rootfs/ onto / again, with its modes';

/** What the kubelet runs: whether it is whole, and how long it takes here. */
export async function checkClients({ session }: Facts): Promise<Finding[]> {
  const { library } = session;
  const shim = resolve(library, '../../bin/readiness_probe.sh');
  if (!existsSync(shim))
    return [problem('probe', `there is no ${shim}: the kubelet cannot start it, and keeps the readiness that it knew last`, again)];
  if (!isExecutable(shim))
    return [
      problem(
        'probe',
        `${shim} is not executable: the kubelet cannot start it, and keeps the readiness that it knew last`,
        `chmod 0755 ${shim}`,
      ),
    ];
  const missing = ['readiness_probe.launch', 'fallback.sh', 'readiness_probe.cjs'].filter((name) => !existsSync(join(library, name)));
  const parts = missing.length === 0 ? [] : [problem('probe', `${library} lacks ${missing.join(', ')}`, again)];
  return [
    ...parts,
    await checkNative(join(library, 'readiness_probe')),
    ...checkScripted(join(library, 'readiness_probe.cjs')),
    await checkLatency(shim, session.socketPath, session.environment),
  ];
}

async function checkNative(path: string): Promise<Finding> {
  const instead = 'each probe starts Node instead, which takes 65 ms and more';
  if (!existsSync(path))
    return warning('probe', `there is no native client ${path}: ${instead}`, 'build where there is a C compiler (npm run build says so)');
  if (!isExecutable(path)) return warning('probe', `${path} is not executable: ${instead}`, `chmod 0755 ${path}`);
  const why = await whyNotLoadable(path);
  if (why !== undefined)
    return warning(
      'probe',
      `the native client ${path} does not run here (${process.arch}): ${why}; ${instead}`,
      'build it for this architecture, and copy it again',
    );
  return ok('probe', `the native client is there, and of this machine (${process.arch})`);
}

/** It ends in a mark, so that one cut short is noticed. */
function checkScripted(path: string): Finding[] {
  if (!existsSync(path) || (readFileSync(path, 'utf8').trimEnd().endsWith('// whole') && isExecutable(path))) return [];
  return [warning('probe', `${path} is cut short or not executable: there is no client to fall back to`, again)];
}

async function checkLatency(shim: string, socketPath: string, environment: NodeJS.ProcessEnv): Promise<Finding> {
  const times: number[] = [];
  let code: number | null = null;
  for (let made = 0; made < probesMade; made++) {
    const startedAtMs = performance.now();
    const child = spawn(shim, [], { stdio: 'ignore', timeout: probeBoundMs, env: { ...environment, [socketVariable]: socketPath } });
    const result = await once(child, 'exit').catch((error: Error) => error);
    if (result instanceof Error) return problem('probe', `${shim} cannot be started: ${result.message}`, again);
    times.push(performance.now() - startedAtMs);
    code = result[0] as number | null;
  }
  if (code === codeOf('ClientBroken')) return problem('probe', `${shim} finds no client that it can run (107)`, again);
  if (code === codeOf('ClientUsage'))
    return problem('probe', `${shim} is called with a setting that it cannot use (106)`, `run ${shim}: it says which`);
  const longestMs = Math.max(...times);
  const text = `a probe takes ${sayDuration(times.sort((a, b) => a - b)[Math.floor(probesMade / 2)] ?? 0)} here, ${sayDuration(longestMs)} at most (exit code ${code}); the kubelet allows ${sayDuration(kubeletTimeoutMs)} unless timeoutSeconds says otherwise`;
  return longestMs > kubeletTimeoutMs / 2
    ? warning('probe', text, 'timeoutSeconds: 3 in the readinessProbe, and see why this node is slow')
    : ok('probe', text);
}
