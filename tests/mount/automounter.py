#!/usr/bin/python3
"""automounter.py FOLDER COMMAND...: what systemd does for x-systemd.automount, once.

Covers FOLDER with an autofs, says `ready`, and runs COMMAND when somebody goes there.  Like systemd's, that is of the
automounter's process group: the kernel keeps all others waiting until it is told how COMMAND has ended.
"""
import fcntl
import os
import struct
import subprocess
import sys

PACKET = struct.Struct('iiIIQIIIII256s4x')      # struct autofs_v5_packet of linux/auto_fs.h
MISSING_DIRECT = 5
READY, FAIL = 0x9360, 0x9361

folder, command = sys.argv[1], sys.argv[2:]
os.setpgrp()
asked, asks = os.pipe()
os.set_inheritable(asks, True)
options = f'fd={asks},pgrp={os.getpgrp()},minproto=5,maxproto=5,direct'
subprocess.run(['mount', '-t', 'autofs', '-o', options, 'automounter', folder], check=True, pass_fds=[asks])
os.close(asks)
control = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
print('ready', flush=True)

_, kind, token = PACKET.unpack(os.read(asked, PACKET.size))[:3]
assert kind == MISSING_DIRECT, kind
code = subprocess.run(command).returncode
fcntl.ioctl(control, FAIL if code else READY, token)
sys.exit(code)
