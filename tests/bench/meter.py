"""What two daemons cost: processor, bytes on the wire and on the disk, syncs as the kernel counts them, memory."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time


def cpu(pid):
    """Seconds of all its threads, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def memory(pid, field="VmRSS"):
    """MiB; VmHWM is the most there ever was."""
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith(field))


def written(pid):
    """Bytes that the kernel was given to write to a disk; None: it does not tell this user."""
    try:
        with open(f"/proc/{pid}/io") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("write_bytes"))
    except PermissionError:
        return None


def wire(ports):
    """Bytes of TCP, that is with TLS and without headers of IP and TCP, both ways, of what these ports have accepted."""
    if not shutil.which("ss"):
        return None
    condition = " or ".join(f"sport = :{port}" for port in ports)
    run = subprocess.run(["ss", "-tinHO", "state", "established", f"( {condition} )"], capture_output=True, text=True)
    return sum(int(n) for n in re.findall(r"bytes_(?:sent|received):(\d+)", run.stdout))


def stored(daemon):
    """Bytes of the store of a daemon that was stopped."""
    folder = f"{daemon.dir}/store"
    return sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder) if name.startswith("comity.db"))


class Syncs:
    """fsync and fdatasync of some processes, counted by the kernel's tracepoints."""

    EVENTS = "syscalls:sys_enter_fdatasync,syscalls:sys_enter_fsync"

    @classmethod
    def why_not(cls):
        if not shutil.which("perf"):
            return "perf is not installed (package linux-perf)"
        run = subprocess.run(["perf", "stat", "-e", cls.EVENTS, "true"], capture_output=True, text=True)
        return "" if run.returncode == 0 else "the kernel lets only an administrator count them (perf_event_paranoid)"

    def __init__(self, pids):
        self.counts = []
        for pid in pids:
            out = tempfile.NamedTemporaryFile("r")
            self.counts.append((out, subprocess.Popen(["perf", "stat", "-x,", "-e", self.EVENTS, "-o", out.name, "-p", str(pid)],
                                                      stderr=subprocess.DEVNULL)))
        # perf says nothing when it has begun: it has when it holds its events.
        for _, p in self.counts:
            end = time.monotonic() + 10
            while time.monotonic() < end and not any("perf_event" in t for t in self._open(p.pid)):
                time.sleep(0.01)

    @staticmethod
    def _open(pid):
        found = []
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
            except FileNotFoundError:
                pass
        return found

    def end(self):
        """One number a process."""
        totals = []
        for out, p in self.counts:
            p.send_signal(signal.SIGINT)
            p.wait()
            totals.append(sum(int(line.split(",")[0]) for line in out.read().splitlines() if line[:1].isdigit()))
            out.close()
        return totals


class Meter:
    """Of a pair of daemons, from here to end()."""

    def __init__(self, us, ie, syncs):
        self.us, self.ie = us, ie
        self.syncs = Syncs([us.process.pid, ie.process.pid]) if syncs else None
        self.before = self._now()

    def _now(self):
        return {"cpu": [cpu(d.process.pid) for d in (self.us, self.ie)],
                "written": [written(d.process.pid) for d in (self.us, self.ie)],
                "wire": wire([self.us.port, self.ie.port])}

    def end(self, n):
        """For each of n messages: pairs of sender and receiver."""
        after = self._now()
        result = {"cpu": [(b - a) / n for a, b in zip(self.before["cpu"], after["cpu"])]}
        if None not in self.before["written"]:
            result["written"] = [(b - a) / n for a, b in zip(self.before["written"], after["written"])]
        if self.before["wire"] is not None:
            result["wire"] = (after["wire"] - self.before["wire"]) / n
        if self.syncs:
            result["syncs"] = [s / n for s in self.syncs.end()]
        return result
