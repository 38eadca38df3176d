"""An event listener of supervisord's that notes when it was told of what: milliseconds of the monotonic clock, header and payload."""

import sys
import time

with open(sys.argv[1], "a", buffering=1) as notes:
    while True:
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        header = sys.stdin.readline()
        now_ms = time.monotonic_ns() / 1e6
        if not header:
            break
        payload = sys.stdin.read(int(header.rsplit("len:", 1)[1]))
        notes.write(f"{now_ms:.3f} {header.strip()} {payload}\n")
        sys.stdout.write("RESULT 2\nOK")
