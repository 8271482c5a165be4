#!/usr/bin/env python3
"""Runs a command on a pseudo-terminal of 80 columns and prints what it wrote there.

    terminal.py [--stdout] COMMAND [ARGUMENT ...]

Only stderr is the terminal, and stdout is discarded; with --stdout it is a terminal too. The exit
status is the command's.
"""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
command = sys.argv[1:]
output = subprocess.DEVNULL
if command[0] == "--stdout":
    command, output = command[1:], slave
child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=slave)
os.close(slave)
while True:
    try:
        data = os.read(master, 65536)
    except OSError:                                           # the other end is closed
        break
    if not data:
        break
    os.write(1, data)
sys.exit(child.wait())
