"""A file system that answers as slowly as it likes, as any user may have one: FUSE, spoken over /dev/fuse. Some of its
files never answer one question until end() lets all go."""
import ctypes
import errno
import os
import struct
import threading

ROOT_NODE, SIZE = 1, 3 << 20
LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 14, 15, 18, 25, 26, 36, 42
# Its files: what each of them never answers.
HANGS = {"stat": GETATTR, "read": READ, "flush": FLUSH, "short": None}
NODES = {2 + i: name for i, name in enumerate(HANGS)}
libc = ctypes.CDLL(None, use_errno=True)


class Fuse:
    def __init__(self, at):
        """OSError: the machine, or this user, has none."""
        self.at, self.asked = at, {name: threading.Event() for name in HANGS}
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
        if libc.mount(b"comity-siege", at.encode(), b"fuse", 0, options) < 0:
            os.close(self.fd)
            raise OSError(ctypes.get_errno(), "no FUSE file system can be mounted here")
        threading.Thread(target=self.serve, daemon=True).start()

    def open(self, name):
        """It is not to be closed here before end(): that is what may hang."""
        return os.open(f"{self.at}/{name}", os.O_RDONLY)

    def end(self):
        """Whoever waits for an answer gets an error."""
        libc.umount2(self.at.encode(), 3)    # MNT_FORCE and MNT_DETACH
        os.close(self.fd)

    def attributes(self, node):
        mode = 0o040755 if node == ROOT_NODE else 0o100644
        return struct.pack("<6Q10I", node, SIZE, SIZE // 512, 1, 1, 1, 0, 0, 0, mode, 1, os.getuid(), os.getgid(), 0, 4096, 0)

    def answer(self, op, node, body):
        """Its data, or an errno; None: none at all."""
        name = NODES.get(node)
        if op == INIT:
            return struct.pack("<4I2H2I2H8I", 7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, *[0] * 8)
        if name and HANGS[name] == op:
            self.asked[name].set()
            return None
        if op in (FORGET, INTERRUPT, BATCH_FORGET):
            return None
        if op == LOOKUP:
            found = [n for n, known in NODES.items() if known.encode() == body.rstrip(b"\0")]
            return struct.pack("<4Q2I", found[0], 0, 60, 0, 0, 0) + self.attributes(found[0]) if found else errno.ENOENT
        if op == GETATTR:
            return struct.pack("<Q2I", 0, 0, 0) + self.attributes(node)
        if op == OPEN:
            return struct.pack("<Q2I", 0, 1, 0)        # FOPEN_DIRECT_IO
        if op == READ:
            _, offset, size = struct.unpack("<QQI", body[:20])
            end = SIZE // 2 if name == "short" else SIZE
            return bytes(max(0, min(size, end - offset)))
        return b"" if op in (RELEASE, FLUSH) else errno.ENOSYS

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, 1 << 20)
            except OSError:
                return
            _, op, unique, node = struct.unpack("<IIQQ", request[:24])
            answer = self.answer(op, node, request[40:])
            if isinstance(answer, int):
                os.write(self.fd, struct.pack("<IiQ", 16, -answer, unique))
            elif answer is not None:
                os.write(self.fd, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)
