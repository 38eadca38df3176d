import { join } from 'node:path';
import { lib, scratchDirectory, tree, writeScript } from '../support/scratch.ts';
import type { TestSupervisord } from '../support/supervisord.ts';
import { atMost, compare, type Figure } from './figures.ts';
import { timeAll } from './hyperfine.ts';
import { type Bench, compile, startDaemon, startSupervisord, trivialHook } from './setup.ts';

/** A probe as a whole process, beside the least that such a process costs, and beside what was done before. */
export async function measureProbe(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const daemon = startDaemon(bench, { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_HOOK: trivialHook(bench) });
  await daemon.expect(/^0 /);
  const commands = {
    'empty static C program': compile(bench, 'empty'),
    'native client': join(lib, 'readiness_probe'),
    'sh -c :': 'sh -c :',
    'readiness_probe.sh': join(tree, 'usr/bin/readiness_probe.sh'),
    'curl --unix-socket': `curl -sf -o /dev/null --unix-socket ${daemon.socket} http://localhost/probe`,
    'node -e 0': 'node -e 0',
    'TypeScript client': `node ${join(lib, 'readiness_probe.cjs')}`,
    'direct way': directWay(bench, supervisord),
  };
  // With a deadline that a busy machine keeps too: it must be the answer that is timed.
  const times = await timeAll(bench, commands, { READINESSD_SOCKET: daemon.socket, READINESSD_PROBE_TIMEOUT_MS: '10000' });
  const figure = (name: keyof typeof commands): Figure => ({ group: 'a probe, wall', name, value: times[name].wallMs, unit: 'ms' });
  const beside = (name: keyof typeof commands, base: keyof typeof commands) => compare(figure(name), figure(base));

  const [empty, native] = [times['empty static C program'].wallMs, times['native client'].wallMs];
  const shim = beside('readiness_probe.sh', 'sh -c :');
  const direct = figure('direct way');
  const [directTimes, shimTimes] = [times['direct way'], times['readiness_probe.sh']];
  const [cheaperWall, cheaperCpu] = [directTimes.wallMs / shimTimes.wallMs, directTimes.cpuMs / shimTimes.cpuMs];
  return [
    figure('empty static C program'),
    {
      ...beside('native client', 'empty static C program'),
      goal: atMost(Math.max(2.2 * empty, empty + 0.4), native, '2.2 ×, or 0.4 ms more'),
    },
    figure('sh -c :'),
    { ...shim, goal: atMost(2.2, shim.ratio ?? Number.NaN, '2.2 ×') },
    beside('curl --unix-socket', 'native client'),
    figure('node -e 0'),
    beside('TypeScript client', 'node -e 0'),
    { ...compare(direct, figure('readiness_probe.sh')), goal: { text: 'at least 150 ×', isMet: cheaperWall >= 150 } },
    ...Object.keys(commands).map((name): Figure => {
      const own: Figure = { group: 'a probe, CPU', name, value: times[name as keyof typeof commands].cpuMs, unit: 'ms' };
      if (name !== 'direct way') return own;
      return { ...own, ratio: cheaperCpu, ratioTo: 'readiness_probe.sh', goal: { text: 'at least 150 ×', isMet: cheaperCpu >= 150 } };
    }),
  ];
}

/** What was done at each probe before: ask supervisord by its own tool, then run a hook, as most are, in Python. */
function directWay(bench: Bench, supervisord: TestSupervisord): string {
  const directory = scratchDirectory(bench);
  const hook = writeScript(join(directory, 'hook.py'), '#!/usr/bin/env python3\nimport sys\n\nsys.exit(0)\n');
  return writeScript(
    join(directory, 'probe'),
    `supervisorctl -c ${join(supervisord.directory, 'supervisord.conf')} status start | grep -q EXITED || exit 1\nexec ${hook}`,
  );
}
