#!/usr/bin/python3
"""Runs a command on a terminal of that many columns, and prints what it wrote there. Fails when it does, or when a line
is wider than the terminal. One of 0 columns does not say how wide it is: no line may be wider than 80 columns then.

    terminal.py COLUMNS COMMAND...
"""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import unicodedata


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


columns = int(sys.argv[1])
room = columns or 80
ours, its = pty.openpty()
fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
run = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=its)
os.close(its)
text = b""
while True:
    try:
        part = os.read(ours, 65536)
    except OSError:     # the last one that had it open is gone
        break
    if not part:
        break
    text += part
lines = text.decode().replace("\r\n", "\n")
sys.stdout.write(lines)
wide = [line for line in lines.splitlines() if width(line) > room]
sys.exit(run.wait() or (f"{len(wide)} lines are wider than {room} columns: {wide[0]}" if wide else 0))
