"""Networks for the tests: sites, each a network namespace of its own, and a path between two of them that delays,
loses, slows and forgets.

The kernel may have no netem. So the path is in user space: it takes Ethernet frames from one veth device and puts them
on another. Packet sockets do that without /dev/net/tun, and in a user namespace too. Everything ends with this process.
"""
import ctypes
import fcntl
import heapq
import ipaddress
import itertools
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time

ETH_P_ALL, PACKET_OUTGOING = 3, 4
SIOCETHTOOL, OFFLOADS = 0x8946, (0x17, 0x1F, 0x24)  # ETHTOOL_STXCSUM, STSO, SGSO


def enter():
    """Go on in namespaces of our own, or say why that is not possible here."""
    if os.environ.get("COMITY_NET") == "inside":
        return None
    argv = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    probe = subprocess.run(argv + ["ip", "link", "add", "probe", "type", "veth", "peer", "name", "probee"], capture_output=True,
                           text=True)
    if probe.returncode:
        return (probe.stderr.strip().splitlines() or ["unshare failed"])[-1]
    os.execvpe(argv[0], argv + [sys.executable] + sys.argv, {**os.environ, "COMITY_NET": "inside"})


def ip(*args, site=None):
    subprocess.run((site.enter if site else []) + ["ip", *args], check=True)


def write(path, text):
    """In place: what is mounted from it stays this file."""
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


class Site:
    """Network and mount namespace of one authority, with /etc/hosts and /etc/resolv.conf of its own."""

    def __init__(self, directory, name):
        self.name, self.hosts, self.resolv = name, f"{directory}/hosts.{name}", f"{directory}/resolv.{name}"
        self.zone, self.server = f"{directory}/zone.{name}", None
        self.write_hosts({})
        write(self.resolv, "nameserver 127.0.0.1\n")
        script = (f"mount --bind {self.hosts} /etc/hosts && mount --bind {self.resolv} /etc/resolv.conf && ip link set lo up && "
                  "echo there && exec cat")
        self.process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "there\n":
            raise RuntimeError(f"no namespace for {name}")
        self.enter = ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", f"--mount=/proc/{self.process.pid}/ns/mnt"]

    def write_hosts(self, names):
        write(self.hosts, "".join(f"{a} {n}\n" for n, a in {"localhost": "127.0.0.1", **names}.items()))

    def serve_name(self, address, name):
        """Answer for this name from self.zone, at another loopback address than before."""
        if self.server:
            self.server.kill()
            self.server.wait()
        self.server = subprocess.Popen(self.enter + [sys.executable, f"{os.path.dirname(__file__)}/name_server.py",
                                                     address, name, self.zone], stdout=subprocess.PIPE, text=True)
        if self.server.stdout.readline() != "there\n":
            raise RuntimeError("no name server")

    def add_address(self, address):
        ip("address", "add", address, "dev", "eth0", "noprefixroute", *(["nodad"] if ":" in address else []), site=self)
        # The most cautious congestion control, and the one that a namespace always may choose: by the route, as /proc/sys
        # may be read-only.
        ip("route", "add", str(ipaddress.ip_interface(address).network), "dev", "eth0", "congctl", "reno", site=self)

    def remove_address(self, address):
        ip("address", "del", address, "dev", "eth0", site=self)

    def close(self):
        if self.server:
            self.server.kill()
            self.server.wait()
        self.process.stdin.close()
        self.process.wait()


class Way:
    """One direction of a path; everything may be changed while it is in use."""

    def __init__(self):
        self.delay = 0.0      # seconds
        self.loss = 0.0       # share of packets
        self.rate = None      # bits a second
        self.queue = 32768    # bytes that wait for a slow line; what is beyond is lost
        self.broken = False   # nothing passes
        self.mtu = 1500       # what is longer vanishes, and nobody is told
        self.free_at = 0.0
        self.bytes = self.packets = self.dropped = 0


class Path(threading.Thread):
    """Joins the eth0 of two sites."""
    numbers = itertools.count()

    def __init__(self, left, right, seed=1):
        super().__init__(daemon=True)
        self.there, self.back = Way(), Way()  # left to right, right to left
        self.rng, self.lock = random.Random(seed), threading.Lock()
        self.seen, self.forgotten = set(), set()
        self.sockets = [self._join(left), self._join(right)]
        self.wake_r, self.wake_w = os.pipe()
        self.start()

    def _join(self, site):
        ours = f"path{next(Path.numbers)}"
        ip("link", "add", ours, "type", "veth", "peer", "name", ours + "e")
        # Packets have to be whole, with true checksums: no device finishes them after us.
        for what in OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("=II", what, 0))
            with socket.socket() as s:
                fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP", (ours + "e").encode(), ctypes.addressof(value)))
        ip("link", "set", ours, "addrgenmode", "none", "up")
        ip("link", "set", ours + "e", "netns", str(site.process.pid), "name", "eth0")
        ip("link", "set", "eth0", "addrgenmode", "none", "up", site=site)
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        s.bind((ours, ETH_P_ALL))
        s.setblocking(False)
        return s

    def forget(self):
        """As a NAT device does: packets of connections that were seen so far vanish."""
        with self.lock:
            self.forgotten |= self.seen

    def both(self, **settings):
        for way in (self.there, self.back):
            for name, value in settings.items():
                setattr(way, name, value)

    @staticmethod
    def flow(frame):
        """The two ends of a TCP packet, in either direction the same."""
        kind = frame[12:14]
        if kind == b"\x08\x00" and frame[23] == socket.IPPROTO_TCP:
            at, size, src = 14 + (frame[14] & 15) * 4, 4, 26
        elif kind == b"\x86\xdd" and frame[20] == socket.IPPROTO_TCP:
            at, size, src = 54, 16, 22
        else:
            return None
        return frozenset(((frame[src:src + size], frame[at:at + 2]),
                          (frame[src + size:src + 2 * size], frame[at + 2:at + 4])))

    def _admit(self, way, frame, now):
        """When this frame is due on the other side; None: it is lost."""
        way.packets += 1
        flow = self.flow(frame)
        if flow:
            self.seen.add(flow)
        if way.broken or len(frame) - 14 > way.mtu or flow in self.forgotten or self.rng.random() < way.loss:
            return None
        if way.rate:
            if (way.free_at - now) * way.rate / 8 > way.queue:
                return None
            way.free_at = max(way.free_at, now) + len(frame) * 8 / way.rate
            return way.free_at + way.delay
        return now + way.delay

    def run(self):
        waiting, order = [], itertools.count()
        while True:
            timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            ready, _, _ = select.select(self.sockets + [self.wake_r], [], [], timeout)
            if self.wake_r in ready:
                return
            now = time.monotonic()
            for s in ready:
                index = self.sockets.index(s)
                way = (self.there, self.back)[index]
                frame, source = s.recvfrom(65536)
                if source[2] == PACKET_OUTGOING:
                    continue
                with self.lock:
                    due = self._admit(way, frame, now)
                if due is None:
                    way.dropped += 1
                else:
                    heapq.heappush(waiting, (due, next(order), self.sockets[1 - index], way, frame))
            while waiting and waiting[0][0] <= now:
                _, _, out, way, frame = heapq.heappop(waiting)
                way.bytes += len(frame)
                try:
                    out.send(frame)
                except OSError:  # the device is full or gone: that is a loss too
                    way.dropped += 1

    def close(self):
        os.write(self.wake_w, b"x")
        self.join()
        for s in self.sockets:
            s.close()
        os.close(self.wake_r)
        os.close(self.wake_w)
