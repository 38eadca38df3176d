import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { TestContainer } from '../test/support/container.ts';
import { run } from '../test/support/run.ts';

/**
 * What an exec probe costs beside a httpGet one, for the README: `npx tsx script/compare-probes.ts`, as root, after a build.
 * Both are done in turn and timed by one clock, so that a busy moment of the machine falls on both. It shares the container's
 * network, so what is missing is the way from the kubelet to the pod's address.
 */

const port = 9464;

/** Rounds, and then how many GETs for each exec. */
const measure = `
import json, os, resource, socket, statistics, subprocess, sys, time
rounds, gets, daemon, port, runc = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5:]

def cpu_of(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime

def daemon_cpu():
    fields = open(f'/proc/{daemon}/stat').read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

def get():
    with socket.create_connection(('127.0.0.1', port)) as connection:
        connection.sendall(b'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n')
        answer = b''
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b'HTTP/1.1 200 '), answer

def timed(action, times):
    start = time.perf_counter()
    action()
    times.append((time.perf_counter() - start) * 1000)

execs, https, http_cpu = [], [], 0
for _ in range(rounds):
    timed(lambda: subprocess.run(runc, check=True, stdout=subprocess.DEVNULL), execs)
    before = cpu_of(resource.RUSAGE_SELF) + daemon_cpu()
    for _ in range(gets):
        timed(get, https)
    http_cpu += cpu_of(resource.RUSAGE_SELF) + daemon_cpu() - before
print(json.dumps({
    'execMs': statistics.median(execs), 'httpMs': statistics.median(https),
    'execCpuMs': cpu_of(resource.RUSAGE_CHILDREN) / rounds * 1000, 'httpCpuMs': http_cpu / rounds / gets * 1000,
}))
`;

interface Figures {
  readonly execMs: number;
  readonly httpMs: number;
  readonly execCpuMs: number;
  readonly httpCpuMs: number;
}

const cleanups: (() => unknown)[] = [];
try {
  const container = await TestContainer.start(
    { after: (action) => cleanups.push(action) },
    {
      env: { READINESSD_LISTEN: `127.0.0.1:${port}`, READINESSD_PERIOD_READY: '10m' },
      files: {
        'usr/bin/start.sh': '#!/bin/sh\nexit 0\n',
        'etc/supervisor/conf.d/start.conf': '[program:start]\ncommand=/usr/bin/start.sh\nstartsecs=0\nautorestart=false\n',
      },
    },
  );
  await container.becomes(/^0 /);
  const { pid } = await container.state();
  const daemon = await container.find('entry.cjs');
  const exec = ['runc', '--root', join(container.directory, 'runc'), 'exec', container.id, '/usr/bin/readiness_probe.sh'];
  const args = ['-n', '-t', `${pid}`, 'python3', '-c', measure, '100', '20', `${daemon}`, `${port}`, ...exec];
  const { stdout, stderr, code } = await run('nsenter', args, { timeout: 300_000 });
  if (code !== 0) throw new Error(`cannot measure: ${stderr}`);
  console.log(describe(JSON.parse(stdout) as Figures));
} finally {
  for (const action of cleanups) await action();
}

function describe({ execMs, httpMs, execCpuMs, httpCpuMs }: Figures): string {
  const row = (what: string, exec: number, http: number) =>
    `${what}: exec ${exec.toFixed(1)} ms, httpGet ${http.toFixed(2)} ms, ${(exec / http).toFixed(0)} times`;
  const [load] = readFileSync('/proc/loadavg', 'utf8').split(' ');
  return [
    row('until it has its answer (medians)', execMs, httpMs),
    row('processor time of both sides (means)', execCpuMs, httpCpuMs),
    `${cpus()[0]?.model}, ${cpus().length} processors, load ${load}`,
  ].join('\n');
}
