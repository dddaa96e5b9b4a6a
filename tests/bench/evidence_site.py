"""What the benchmark of evidence is made of: two authorities, a relay between them, and looks into /proc."""
import fcntl
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from evidence import *  # noqa: E402
import harness  # noqa: E402

MIB, GIB = 1 << 20, 1 << 30
TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 3600
STARTED = []  # daemons


def load():
    return "load " + " ".join(f"{x:.1f}" for x in os.getloadavg())


def mb(size, seconds):
    return size / seconds / 1e6


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


def warm(size):
    """Pages that a virtual machine's host has taken back are slow at their first touch: touch as many as the next
    copy will want, in a process that gives them back to this kernel."""
    available = next(int(line.split()[1]) << 10 for line in open("/proc/meminfo") if line.startswith("MemAvailable"))
    size = min(size + GIB, available // 2)
    subprocess.run([sys.executable, "-c", f"import mmap\nm = mmap.mmap(-1, {size})\nz = b'1' * {MIB}\n"
                    f"for i in range(0, {size} - {MIB}, {MIB}): m[i:i + {MIB}] = z"], check=True)


def random_file(size):
    """Bytes like nothing else, on disk and in the page cache."""
    path = f"{harness.DIR}/source-{time.monotonic_ns()}"
    with open(path, "wb") as f:
        zero = subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE)
        subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", os.urandom(16).hex(), "-iv", "0" * 32],
                       stdin=zero.stdout, stdout=f, check=True)
        zero.stdout.close()
        zero.wait()
        os.fsync(f.fileno())
    return path


def digest(path):
    return subprocess.run(["openssl", "dgst", "-sha256", "-r", path], check=True, capture_output=True,
                          text=True).stdout[:64]


class Relay:
    """Carries TCP to a port, counts what comes back from there, and can cut all that it carries."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.to = self.listener.getsockname()[1], port
        self.back = 0
        self.live = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                near.close()
                continue
            pair = (near, far)
            self.live.add(pair)
            there = threading.Thread(target=self._carry, args=(near, far, False), daemon=True)
            there.start()
            threading.Thread(target=self._carry_back, args=(pair, there), daemon=True).start()

    def _carry(self, source, sink, counted):
        r, w = os.pipe()
        fcntl.fcntl(w, 1031, MIB)  # F_SETPIPE_SZ
        try:
            while n := os.splice(source.fileno(), w, MIB):
                while n:
                    done = os.splice(r, sink.fileno(), n)
                    n -= done
                    self.back += done if counted else 0
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for s in (source, sink):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        finally:
            os.close(r)
            os.close(w)

    def _carry_back(self, pair, there):
        self._carry(pair[1], pair[0], True)
        there.join()
        self.live.discard(pair)
        for s in pair:
            s.close()

    def cut(self):
        for pair in list(self.live):
            for s in pair:
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()


class Site:
    """IE, which has the evidence, and US-OIA, which asked for it and fetches it."""

    def __init__(self, relayed=False):
        base = tempfile.mkdtemp(dir=harness.DIR)
        self.base = base
        pki(base, "US-OIA", "IE")
        self.us, self.ie = Daemon(base, "US-OIA", ["IE"]), Daemon(base, "IE", ["US-OIA"])
        self.relay = Relay(self.ie.port) if relayed else None
        self.us.configure({"IE": self.relay.port if relayed else self.ie.port})
        self.ie.configure({"US-OIA": None})
        STARTED.extend((self.us, self.ie))
        self.us.start()
        self.ie.start()
        ask(self.us, self.ie, "e-1")
        self.desk = Client(self.ie)
        self.desk.sock.settimeout(PATIENCE)

    def put(self, path):
        """(what is to be said about it, seconds)"""
        start = time.monotonic()
        stored = put_file(self.desk, "bench", path)
        assert stored.HasField("evidence_stored"), stored
        return stored, time.monotonic() - start

    def send(self, stored):
        answer = result_of(self.desk, "e-1", [attachment(stored, "disk.img")], "bench")
        assert answer.HasField("submitted"), answer

    def watch(self):
        """To be called before send(): a function that waits for the event and says when it came."""
        client = Client(self.us)
        client.sock.settimeout(PATIENCE)
        client.call(subscribe=local_pb2.Subscribe(cursor="bench", from_now=True))

        def arrived():
            while True:
                event = client.receive().event
                assert event.type != local_pb2.EVIDENCE_FAILED, event
                if event.type == local_pb2.EVIDENCE_ARRIVED:
                    client.close()
                    return time.monotonic()
        return arrived

    def content(self, daemon, sha256):
        name = sha256.hex()
        return f"{daemon.dir}/store/evidence/content/{name[:2]}/{name}"

    def close(self):
        self.desk.close()
        self.us.stop()
        self.ie.stop()
        if self.relay:
            self.relay.close()
        shutil.rmtree(self.base)


class Peak:
    """The most RssAnon of each daemon, looked at every 50 ms."""

    def __init__(self, *daemons):
        self.peak = {d.id: 0 for d in daemons}
        self.daemons, self.over = daemons, threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self):
        while not self.over.wait(0.05):
            for d in self.daemons:
                try:
                    with open(f"/proc/{d.process.pid}/status") as f:
                        kib = next((int(line.split()[1]) for line in f if line.startswith("RssAnon")), 0)
                except OSError:
                    continue
                self.peak[d.id] = max(self.peak[d.id], kib / 1024)

    def end(self):
        self.over.set()
        self.thread.join()
        return ", ".join(f"{name} {peak:.1f} MiB" for name, peak in self.peak.items())


def thread_seconds(daemon):
    """name -> seconds of its threads so far: as user, in the kernel, waiting for a core"""
    seconds = {}
    for tid in os.listdir(f"/proc/{daemon.process.pid}/task"):
        with open(f"/proc/{daemon.process.pid}/task/{tid}/stat") as f:
            text = f.read()
        with open(f"/proc/{daemon.process.pid}/task/{tid}/schedstat") as f:
            waited = int(f.read().split()[1]) / 1e9
        name, fields = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        now = int(fields[11]) / TICK, int(fields[12]) / TICK, waited
        seconds[name] = tuple(map(sum, zip(now, seconds.get(name, (0, 0, 0)))))
    return seconds


class Held:
    """Who was busy between its making and end(): threads of daemons, and the disk below a path."""

    def __init__(self, *daemons):
        dev = os.stat(harness.DIR).st_dev
        self.disk = f"{os.major(dev)} {os.minor(dev)}"
        self.daemons = daemons
        self.start, self.before, self.io = time.monotonic(), [thread_seconds(d) for d in daemons], self._disk()

    def _disk(self):
        for line in open("/proc/diskstats"):
            fields = line.split()
            if " ".join(fields[:2]) == self.disk:
                return int(fields[12])
        return None

    def end(self):
        took = time.monotonic() - self.start
        lines = []
        for d, before in zip(self.daemons, self.before):
            busy = []
            for name, now in thread_seconds(d).items():
                user, system, waited = (100 * (n - b) / took for n, b in zip(now, before.get(name, (0, 0, 0))))
                if user + system + waited >= 2:
                    busy.append((user + system, f"{name} {user + system:.0f} % ({user:.0f} user, {system:.0f} system) "
                                                f"and {waited:.0f} % waiting for a core"))
            lines.append(f"{d.id}: " + ", ".join(text for _, text in sorted(busy, reverse=True)))
        io = self._disk()
        lines.append("disk: " + (f"busy {(io - self.io) / 10 / took:.0f} %" if io is not None and self.io is not None
                                 else "its figures are not to be had here"))
        return lines
