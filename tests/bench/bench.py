"""Figures, not a test: rates with 1 and 16 submitting clients, memory idle and with 50 peers.

tests/bench/bench.py COMITYD COMITYCTL"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import *  # noqa: E402

N = int(os.environ.get("BENCH_MESSAGES", "4000"))


def rss(daemon):
    for line in open(f"/proc/{daemon.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def frames(prefix, n, kilobyte=1):
    """Serialised Submit frames of a notification of about 1 KiB, ready to send."""
    s = local_pb2.Submission(to="IE")
    note = s.content.spontaneous_information
    note.title, note.text = "bench", "x" * (900 * kilobyte)
    for i in range(n):
        s.own_reference = f"{prefix}-{i}"
        data = local_pb2.ClientFrame(correlation=i + 10, submit=local_pb2.Submit(
            idempotency_key=s.own_reference, submission=s)).SerializeToString()
        n_, head = len(data), b""
        while n_ > 127:
            head, n_ = head + bytes([n_ & 127 | 128]), n_ >> 7
        yield head + bytes([n_]) + data


def rate(us, clients, label):
    work = [list(frames(f"{label}-{c}", N // clients)) for c in range(clients)]
    connections = [Client(us) for _ in range(clients)]
    watcher = Client(us)
    watcher.call(subscribe=local_pb2.Subscribe(cursor=label, from_now=True))

    def run(k):
        for f in work[k]:
            connections[k].sock.sendall(f)
            connections[k].receive()

    threads = [threading.Thread(target=run, args=(k,)) for k in range(clients)]
    start = time.monotonic()
    for t in threads:
        t.start()
    relayed = 0
    accepted = None
    total = sum(len(w) for w in work)
    while relayed < total:
        frame = watcher.receive()
        relayed += frame.HasField("event") and frame.event.type == local_pb2.RELAY_ACCEPTED
        if accepted is None and not any(t.is_alive() for t in threads):
            accepted = time.monotonic()
    end = time.monotonic()
    accepted = accepted or end
    print(f"{clients:3d} clients: {total / (accepted - start):8.0f} accepted/s, "
          f"{total / (end - start):8.0f} delivered with receipt/s (1 KiB)", flush=True)


us, ie = pair()
us.start()
ie.start()
until("the link", lambda: "connected" in us.ctl("peer", "list").stdout)
print(f"RSS of a daemon with one peer, idle: {rss(us):.1f} MiB", flush=True)
rate(us, 1, "one")
rate(us, 16, "sixteen")
print(f"RSS after {2 * N} messages: US-OIA {rss(us):.1f} MiB, IE {rss(ie):.1f} MiB", flush=True)
us.stop()
ie.stop()

PEERS = int(os.environ.get("BENCH_PEERS", "50"))
base = tempfile.mkdtemp(dir=DIR)
ids = [f"P{i:02d}" for i in range(PEERS)]
pki(base, "HUB", *ids)
hub = Daemon(base, "HUB", ids)
peers = [Daemon(base, i, ["HUB"]) for i in ids]
hub.configure({p.id: p.port for p in peers}, dial=False)
for p in peers:
    p.configure({"HUB": hub.port})
hub.start()
for p in peers:
    p.start()
until("all peers", lambda: hub.ctl("--json", "status").stdout.count('"connected"') == PEERS, 120)
print(f"RSS of a daemon with {PEERS} connected peers: {rss(hub):.1f} MiB, "
      f"{len(os.listdir(f'/proc/{hub.process.pid}/fd'))} descriptors")
for p in peers:
    p.process.terminate()
finish(hub, *peers)
