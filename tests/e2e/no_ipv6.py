#!/usr/bin/python3
"""no_ipv6.py COMMAND...: run it as under a kernel without IPv6 (ipv6.disable=1): socket(AF_INET6, ..) is EAFNOSUPPORT."""
import ctypes
import errno
import os
import platform
import socket
import struct
import sys

ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}  # AUDIT_ARCH_*, number of socket(2)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06      # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def deny_ipv6():
    arch, number = ARCHITECTURES[platform.machine()]
    # struct seccomp_data: number, architecture, instruction pointer, arguments of 8 bytes each
    program = [(LOAD, 0, 0, 4), (EQUAL, 0, 5, arch), (LOAD, 0, 0, 0), (EQUAL, 0, 3, number), (LOAD, 0, 0, 16),
               (EQUAL, 0, 1, socket.AF_INET6), (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in program))
    fprog = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog, 0, 0):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "seccomp")


if platform.machine() not in ARCHITECTURES:
    sys.exit(f"no_ipv6.py: it does not know the system calls of {platform.machine()}")
deny_ipv6()
os.execvp(sys.argv[1], sys.argv[1:])
