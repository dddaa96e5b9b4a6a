"""A name server for one name: name_server.py ADDRESS NAME ZONE. The file ZONE holds the IPv4 address, read anew for each
question; other types have no answer, other names do not exist."""
import socket
import struct
import sys

address, known, zone = sys.argv[1:]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((address, 53))
print("there", flush=True)
while True:
    question, caller = sock.recvfrom(512)
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    kind, = struct.unpack("!H", question[at + 1:at + 3])
    is_known = ".".join(labels) == known
    answer = b""
    if is_known and kind == 1:
        with open(zone, encoding="ascii") as f:
            answer = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 1, 4, socket.inet_aton(f.read().strip()))
    head = question[:2] + struct.pack("!HHHHH", 0x8580 | (0 if is_known else 3), 1, bool(answer), 0, 0)
    sock.sendto(head + question[12:at + 5] + answer, caller)
