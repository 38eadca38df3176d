import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDaemon } from '../support/daemon.ts';
import { scratchDirectory, tree, writeScript } from '../support/scratch.ts';
import { compare, type Figure } from './figures.ts';
import { type Times, timeAll } from './hyperfine.ts';
import { useOf } from './process-figures.ts';
import { type Bench, compile, pidOf, startDaemon, startSupervisord } from './setup.ts';

/**
 * Measures for docs/migrate.md: three probes that people have, beside readinessd's, and what a check costs
 * the daemon.
 */
export async function measureMigrate(bench: Bench): Promise<Figure[]> {
  const supervisord = await startSupervisord(bench);
  const url = `http://127.0.0.1:${await serve(bench)}/healthz`;
  const hook = writeScript(join(scratchDirectory(bench), 'hook.py'), pythonHook(url));
  const start = (checks: string): TestDaemon => {
    const directory = scratchDirectory(bench);
    mkdirSync(join(directory, 'checks.d'));
    if (checks !== '') writeFileSync(join(directory, 'checks.d/checks.yaml'), `checks:\n  app: { ${checks} }\n`);
    const settings = { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_CHECKS_DIR: join(directory, 'checks.d') };
    return startDaemon(bench, { ...settings, READINESSD_PERIOD_READY: '1s' }, directory);
  };
  const daemons = {
    'no check': start(''),
    'two programs': start('programs: [service0, service1]'),
    'one http check': start(`http: { url: "${url}" }`),
    'the Python hook as exec check': start(`exec: { command: ${hook} }`),
  };
  for (const daemon of Object.values(daemons)) await daemon.expect(/^0 /);
  return [...(await measureProbes()), ...(await measureCycles(bench, daemons))];

  async function measureProbes(): Promise<Figure[]> {
    const commands = {
      'empty static C program': compile(bench, 'empty'),
      'readiness_probe.sh': join(tree, 'usr/bin/readiness_probe.sh'),
      curl: `curl -fsS -o /dev/null --max-time 2 ${url}`,
      'Python hook': hook,
      'supervisorctl status': `supervisorctl -c ${join(supervisord.directory, 'supervisord.conf')} status service0 service1`,
    };
    const { socket } = daemons['two programs'];
    const times = await timeAll(bench, commands, { READINESSD_SOCKET: socket, READINESSD_PROBE_TIMEOUT_MS: '10000' });
    return [
      ...probeFigures('probes that people have, wall', times, 'wallMs'),
      ...probeFigures('probes that people have, CPU', times, 'cpuMs'),
    ];
  }
}

function probeFigures(group: string, times: Readonly<Record<string, Times>>, what: keyof Times): Figure[] {
  const figures = Object.entries(times).map(([name, own]): Figure => ({ group, name, value: own[what], unit: 'ms' }));
  const base = figures.find(({ name }) => name === 'readiness_probe.sh') as Figure;
  return figures.map((figure) => (figure === base ? figure : compare(figure, base)));
}

/** All at the same time, so that a busy moment of the machine affects all of them. */
async function measureCycles(bench: Bench, daemons: Readonly<Record<string, TestDaemon>>): Promise<Figure[]> {
  const read = async (daemon: TestDaemon) => {
    const { cycles } = await daemon.status();
    const { cpuMs, childrenMs } = useOf(pidOf(daemon));
    return { cycles, cpuMs: cpuMs + childrenMs };
  };
  const all = Object.entries(daemons);
  const before = await Promise.all(all.map(([, daemon]) => read(daemon)));
  await sleep(bench.isQuick ? 10_000 : 60_000);
  const after = await Promise.all(all.map(([, daemon]) => read(daemon)));
  const figures = all.map(([name], index): Figure => {
    const [early, late] = [before[index], after[index]];
    if (early === undefined || late === undefined) throw new Error(`nothing was measured of ${name}`);
    const value = (late.cpuMs - early.cpuMs) / (late.cycles - early.cycles);
    return { group: 'a cycle each second, CPU of daemon and command', name, value, unit: 'ms' };
  });
  return figures.map((figure, index) => (index === 0 ? figure : compare(figure, figures[0] as Figure)));
}

/** An application that answers at once. */
async function serve(bench: Bench): Promise<number> {
  const server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  bench.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A hook as feature owners write it. In an image python3 is no wrapper, as it may be on a developer's machine. */
function pythonHook(url: string): string {
  return `#!/usr/bin/python3
import sys
import urllib.request

try:
    urllib.request.urlopen("${url}", timeout=2)
except OSError as error:
    print("app:", error)
    sys.exit(17)
`;
}
