"""Times runc exec and GET /readyz in turn, by one clock, in a container's network: rounds, GETs a round, the daemon's pid, port, and the command.

Prints medians and means as JSON, milliseconds. The daemon's processor time is counted with that of the GETs, which it answers.
"""

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
        connection.sendall(b'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
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
