"""start.py WORD COMMAND...: runs COMMAND until a line of its stderr has WORD, or else to its end, and prints what that took, with
the CPU time of all its threads and of the children that it has waited for. It is killed at that line."""

import json
import os
import signal
import subprocess
import sys
import time

word, *command = sys.argv[1:]
started = time.monotonic()
child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
said = b""
for line in child.stderr:
    said += line
    if word.encode() in line:
        wall = time.monotonic() - started
        os.kill(child.pid, signal.SIGKILL)
        break
else:
    wall = None
_, status, used = os.wait4(child.pid, 0)
if wall is None:
    wall = time.monotonic() - started
    if status != 0:
        sys.exit(f"{command[0]} ended with {status}: {said.decode()}")
print(json.dumps({"cpuMs": (used.ru_utime + used.ru_stime) * 1000, "wallMs": wall * 1000}))
