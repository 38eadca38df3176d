import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/run.ts';
import { lib, nativeClient, scratchDirectory, tree, writeScript } from '../support/scratch.ts';
import type { TestSupervisord } from '../support/supervisord.ts';
import { atMost, compare, compareAtMost, type Figure, ofSamples } from './figures.ts';
import { type Times, timeAll } from './hyperfine.ts';
import { type Samples, timeInTurn } from './in-turn.ts';
import { type Bench, compile, startDaemon, startSupervisord, trivialHook } from './setup.ts';

const bytesPerKilobyte = 1024;

/** How many times cheaper than the direct way a probe should be. */
const cheaper = 200;

/**
 * Measures a probe as a whole process, beside the least that such a process costs, and beside the way it was
 * done before.
 */
export async function measureProbe(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_HOOK: trivialHook(bench) });
  await daemon.expect(/^0 /);
  // With a deadline that a busy machine keeps too, because the answer is what is timed.
  const env = { READINESSD_SOCKET: daemon.socket, READINESSD_PROBE_TIMEOUT_MS: '10000' };
  const client = join(lib, nativeClient);
  const directory = scratchDirectory(bench);
  const emptyScript = writeScript(join(directory, 'empty'), '');
  const shim = join(tree, 'usr/bin/readiness_probe.sh');
  const quick = await timeInTurn(
    bench,
    {
      'empty static program': compile(bench, 'empty'),
      'native client': client,
      'an empty sh script': emptyScript,
      'sh script that execs the client': writeScript(join(directory, 'exec'), `exec ${client}`),
      'readiness_probe.sh': shim,
    },
    env,
  );
  const slow = await timeAll(
    bench,
    {
      'curl --unix-socket': `curl -sf -o /dev/null --unix-socket ${daemon.socket} http://localhost/probe`,
      'node -e 0': 'node -e 0',
      'TypeScript client': `node ${join(lib, 'readiness_probe.cjs')}`,
      'direct way': directWay(bench, supervisord),
    },
    env,
  );
  return [
    ...timeFigures('a probe, wall', quick, 'wallsMs', slow, 'wallMs'),
    ...timeFigures('a probe, CPU', quick, 'cpusMs', slow, 'cpuMs'),
    sizeFigure(client),
    ...(await callFigures(bench, emptyScript, shim, env)),
  ];
}

function timeFigures<Quick extends string, Slow extends string>(
  group: string,
  quick: Record<Quick, Samples>,
  samplesOf: keyof Samples,
  slow: Record<Slow, Times>,
  timeOf: keyof Times,
): Figure[] {
  const figures = new Map<string, Figure>();
  for (const name of Object.keys(quick) as Quick[]) figures.set(name, ofSamples(group, name, quick[name][samplesOf], 'ms'));
  for (const name of Object.keys(slow) as Slow[]) figures.set(name, { group, name, value: slow[name][timeOf], unit: 'ms' });
  const of = (name: Quick | Slow | string) => figures.get(name) as Figure;
  const beside = (name: string, base: string) => compare(of(name), of(base));

  const [empty, native, shim] = [of('empty static program'), of('native client'), of('readiness_probe.sh')];
  const direct = compare(of('direct way'), shim);
  return [
    empty,
    { ...compare(native, empty), goal: atMost(empty.value + 0.25, native.value, '0.25 ms more') },
    of('an empty sh script'),
    beside('sh script that execs the client', 'an empty sh script'),
    compareAtMost(shim, of('an empty sh script'), 1.6),
    beside('curl --unix-socket', 'native client'),
    of('node -e 0'),
    beside('TypeScript client', 'node -e 0'),
    { ...direct, goal: { text: `at least ${cheaper} ×`, isMet: (direct.ratio ?? 0) >= cheaper } },
  ];
}

function sizeFigure(client: string): Figure {
  const value = statSync(client).size / bytesPerKilobyte;
  return { group: 'a probe, size', name: 'native client', value, unit: 'KB', goal: atMost(50, value, '50') };
}

/** Counts system calls, which do not depend on load. */
async function callFigures(bench: Bench, emptyScript: string, shim: string, env: Record<string, string>): Promise<Figure[]> {
  const group = 'a probe, system calls';
  const base: Figure = { group, name: 'an empty sh script', value: await callsOf(bench, emptyScript, env), unit: '' };
  return [base, compare({ group, name: 'readiness_probe.sh', value: await callsOf(bench, shim, env), unit: '' }, base)];
}

async function callsOf(bench: Bench, program: string, env: Record<string, string>): Promise<number> {
  const output = join(scratchDirectory(bench), 'calls');
  const args = ['-f', '-c', '-U', 'calls,name', '-o', output, program];
  const { code, stderr } = await run('strace', args, { env: { PATH: process.env['PATH'], ...env } });
  if (code !== 0) throw new Error(`cannot count the system calls of ${program}: ${stderr}`);
  return Number(/^\s*(\d+) total$/m.exec(readFileSync(output, 'utf8'))?.[1]);
}

/** What each probe did before: ask supervisord with its own tool, then run a hook, which is mostly in Python. */
function directWay(bench: Bench, supervisord: TestSupervisord): string {
  const directory = scratchDirectory(bench);
  const hook = writeScript(join(directory, 'hook.py'), '#!/usr/bin/env python3\nimport sys\n\nsys.exit(0)\n');
  return writeScript(
    join(directory, 'probe'),
    `supervisorctl -c ${join(supervisord.directory, 'supervisord.conf')} status start | grep -q EXITED || exit 1\nexec ${hook}`,
  );
}
