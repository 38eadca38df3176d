"""Mounts a FUSE that never answers into a process's mount namespace: hang.py PID DIRECTORY. With the word "reading" at the end, it
takes what the kernel asks, so that who waits for the answer cannot even be killed. Writes a line when it is there."""

import ctypes
import os
import signal
import struct
import sys

pid, directory = sys.argv[1:3]
fuse = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other"
if libc.setns(namespace, 0) or libc.mount(b"none", directory.encode(), b"fuse", 0, options.encode()):
    sys.exit(os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
if "reading" not in sys.argv:
    signal.pause()
request = os.read(fuse, 1 << 20)
_, _, unique = struct.unpack_from("<IIQ", request)
# The only answer, to FUSE_INIT: protocol 7.31.
answer = struct.pack("<IIIIHHII36x", 7, 31, 0, 0, 0, 0, 4096, 1)
os.write(fuse, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)
while True:
    os.read(fuse, 1 << 20)
