"""Figures, not a test: evidence of several GiB between two daemons on loopback, beside what others reach.

tests/bench/evidence_bench.py COMITYD COMITYCTL, with in the environment:
EVIDENCE_GIB     sizes in GiB, "4 10"; the first one is that of parts 2 to 4
EVIDENCE_PARTS   "1,2,3,4": 1 memory, 2 interruptions, 3 messages meanwhile, 4 beside others
EVIDENCE_RUNS    runs of part 4, of which the median is printed, 3
EVIDENCE_SEED    repeats the interruptions of a run
EVIDENCE_JSON    file in which the figures of part 1 are left for bench.py
TMPDIR           where the files lie"""
import json

from evidence_site import *
from evidence_rivals import Rivals

SIZES = [int(float(g) * GIB) for g in os.environ.get("EVIDENCE_GIB", "4 10").split()]
PARTS = os.environ.get("EVIDENCE_PARTS", "1,2,3,4").split(",")
RUNS = int(os.environ.get("EVIDENCE_RUNS", "3"))
SEED = int(os.environ.get("EVIDENCE_SEED", "0")) or random.randrange(1, 1 << 30)
CUTS = 16
FIRST = SIZES[0]
figures = []


def say(text):
    print(f"{text} [{load()}]", flush=True)


def gib(size):
    return f"{size / GIB:g} GiB"


def memory():
    for size in SIZES:
        site = Site()
        path = random_file(size)
        peak = Peak(site.us, site.ie)
        stored, put = site.put(path)
        while_put = peak.end()
        before = digest(path)
        os.unlink(path)  # the daemon has its own
        arrived = site.watch()
        peak = Peak(site.us, site.ie)
        start = time.monotonic()
        site.send(stored)
        took = arrived() - start
        while_sent = peak.end()
        after = digest(site.content(site.us, stored.evidence_stored.sha256))
        equal = "equal" if before == after == stored.evidence_stored.sha256.hex() else "DIFFERENT"
        say(f"{gib(size)}: digests {equal}; put in {put:.1f} s, across in {took:.1f} s ({mb(size, took):.0f} MB/s)")
        figures.append((f"evidence_put_{gib(size)}", f"{gib(size)} handed over by a client", mb(size, put), "MB/s"))
        figures.append((f"evidence_across_{gib(size)}", f"{gib(size)} across to the peer", mb(size, took), "MB/s"))
        say(f"  peak RssAnon, limit 64 MiB: while put {while_put}; while sent {while_sent}")
        site.close()


def part_size(daemon):
    """Bytes of the attachment that are in its file so far; None: it is complete."""
    folder = f"{daemon.dir}/store/evidence/part"
    sizes = [e.stat().st_size for e in os.scandir(folder) if "." not in e.name]
    return max(sizes) if sizes else None


def interruptions():
    chance = random.Random(SEED)
    site = Site(relayed=True)
    path = random_file(FIRST)
    stored, _ = site.put(path)
    before = digest(path)
    os.unlink(path)
    kinds = ["sender", "receiver", "link"] * (CUTS // 3 + 1)
    kinds = kinds[:CUTS]
    chance.shuffle(kinds)
    moments = sorted(chance.uniform(0.01, 0.97) * FIRST for _ in kinds)
    until("the message lane alone", lambda: site.relay.back)
    passed, start = site.relay.back, time.monotonic()
    site.send(stored)
    until("the first bytes", lambda: part_size(site.us), PATIENCE)
    done = {"sender": 0, "receiver": 0, "link": 0}
    for kind, moment in zip(kinds, moments):
        size = 0
        while size is not None and size < moment:
            time.sleep(0.002)
            try:
                size = part_size(site.us)
            except FileNotFoundError:  # renamed while looked at
                pass
        if size is None:
            break
        done[kind] += 1
        if kind == "link":
            site.relay.cut()
        else:
            daemon = site.us if kind == "receiver" else site.ie
            daemon.kill()
            daemon.start()
    content = site.content(site.us, stored.evidence_stored.sha256)
    until("the whole", lambda: os.path.exists(content), PATIENCE)
    took = time.monotonic() - start
    passed = site.relay.back - passed
    equal = "equal" if before == digest(content) == stored.evidence_stored.sha256.hex() else "DIFFERENT"
    n, more = sum(done.values()), 100 * (passed - FIRST) / FIRST
    site.desk = Client(site.ie)
    say(f"{gib(FIRST)} with {n} interruptions ({', '.join(f'{k} {v}' for k, v in done.items())}; seed {SEED}): "
        f"complete after {took:.0f} s, digests {equal}")
    say(f"  {passed} bytes passed the relay, TLS and all messages included: {more:.2f} % more than the file, "
        f"{more / max(n, 1):.3f} % of it per interruption (aim: less than 1)")
    site.close()


class Mail:
    """An EMERGENCY message of 1 KiB every 50 ms, each way. Nobody waits with the next one for the last."""

    def __init__(self, site):
        self.sent, self.ids, self.came, self.lock = {}, {}, {}, threading.Condition()
        self.over = threading.Event()
        self.threads = []
        self.clients = []
        for name, here, there in (("us", site.us, site.ie), ("ie", site.ie, site.us)):
            watcher, desk = Client(there), Client(here)
            self.clients += [watcher, desk]
            watcher.call(subscribe=local_pb2.Subscribe(cursor=f"mail-{time.monotonic_ns()}", from_now=True))
            for c in (watcher, desk):
                c.sock.settimeout(PATIENCE)
            threading.Thread(target=self._events, args=(watcher,), daemon=True).start()
            threading.Thread(target=self._answers, args=(desk, name), daemon=True).start()
            self.threads.append(threading.Thread(target=self._send, args=(desk, name, there.id)))
        for t in self.threads:
            t.start()

    def _send(self, desk, name, to):
        s = local_pb2.Submission(to=to, priority=types_pb2.EMERGENCY)
        s.content.spontaneous_information.title = "bench"
        s.content.spontaneous_information.text = "x" * 900
        next_at = time.monotonic()
        while not self.over.wait(max(0, next_at - time.monotonic())):
            s.own_reference = f"{name}-{time.monotonic_ns()}"
            with self.lock:
                now = time.monotonic()
                number = desk.send(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
                self.sent[name, number] = now
            next_at += 0.05

    def _answers(self, desk, name):
        try:
            while True:
                frame = desk.receive()
                if frame.HasField("submitted"):
                    with self.lock:
                        self.ids[name, frame.correlation] = frame.submitted.message_id
                        self.lock.notify()
        except (OSError, ValueError):
            pass

    def _events(self, watcher):
        try:
            while True:
                event = watcher.receive().event
                if event.type == local_pb2.MESSAGE_RECEIVED:
                    now = time.monotonic()
                    with self.lock:
                        self.came[event.message_id] = now
                        self.lock.notify()
        except (OSError, ValueError):
            pass

    def end(self):
        """ms from Submit to the other side's event, of each message"""
        self.over.set()
        for t in self.threads:
            t.join()
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.ids) == len(self.sent)
                                      and all(i in self.came for i in self.ids.values()), PATIENCE)
            times = [(self.came[self.ids[k]] - at) * 1000 for k, at in self.sent.items()]
        for c in self.clients:
            c.sock.shutdown(socket.SHUT_RDWR)
        return times


class Status:
    """get_status of both every 50 ms."""

    def __init__(self, site):
        self.times, self.over = [], threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(Client(d),)) for d in (site.us, site.ie)]
        for t in self.threads:
            t.start()

    def _ask(self, client):
        while not self.over.wait(0.05):
            start = time.monotonic()
            assert client.call(get_status=local_pb2.GetStatus()).HasField("status")
            self.times.append((time.monotonic() - start) * 1000)
        client.close()

    def end(self):
        self.over.set()
        for t in self.threads:
            t.join()
        return self.times


def times(values):
    return (f"p50 {percentile(values, 50):.1f} ms, p99 {percentile(values, 99):.1f} ms, most {max(values):.1f} ms "
            f"of {len(values)}")


def messages():
    site = Site()
    path = random_file(FIRST)
    stored, _ = site.put(path)
    os.unlink(path)
    mail, status = Mail(site), Status(site)
    time.sleep(10)
    idle, idle_status = mail.end(), status.end()
    say(f"EMERGENCY messages of 1 KiB, 20/s each way, link idle: {times(idle)}; status: {times(idle_status)}")
    arrived = site.watch()
    mail, status = Mail(site), Status(site)
    start = time.monotonic()
    site.send(stored)
    took = arrived() - start
    busy, busy_status = mail.end(), status.end()
    say(f"  while {gib(FIRST)} flow ({mb(FIRST, took):.0f} MB/s): {times(busy)} (aim: p99 100 ms); "
        f"p99 is {percentile(busy, 99) / percentile(idle, 99):.1f} times that of the idle link; "
        f"status: {times(busy_status)} (aim: p99 100 ms)")
    site.close()


def ours(path):
    """One run: seconds of the put, of the way across, and who was busy meanwhile."""
    site = Site()
    warm(FIRST)
    held = Held(site.ie)
    stored, put = site.put(path)
    put_held = held.end()
    arrived = site.watch()
    warm(FIRST)
    held = Held(site.ie, site.us)
    start = time.monotonic()
    site.send(stored)
    across = arrived() - start
    held = held.end()
    site.close()
    return put, across, put_held, held


def beside_others():
    path = random_file(FIRST)
    others = Rivals(path)
    results = {"ours": []}
    try:
        for _ in range(RUNS):
            results["ours"].append(ours(path))
            for name in others.names:
                results.setdefault(name, []).append(others.run(name))
        limits = others.limits(FIRST)
    finally:
        others.close()
    os.unlink(path)
    say(f"{gib(FIRST)}, warm memory, medians of {RUNS} run(s), MB/s:")
    put = percentile([r[0] for r in results["ours"]], 50)
    across = percentile([r[1] for r in results["ours"]], 50)
    print(f"  ours, Submit to EVIDENCE_ARRIVED: SHA-256 verified and synced at the receiver: {mb(FIRST, across):.0f}; "
          f"the put before it (whole and chunks hashed, synced): {mb(FIRST, put):.0f}; "
          f"both together: {mb(FIRST, put + across):.0f}")
    best = 0
    for name in others.names:
        copied = percentile([sum(r[1:3]) for r in results[name]], 50)
        whole = percentile([sum(r) for r in results[name]], 50)
        best = max(best, mb(FIRST, whole))
        print(f"  {name}: copied and synced {mb(FIRST, copied):.0f}; "
              f"with openssl dgst -sha256 on both sides {mb(FIRST, whole):.0f}")
    for why in others.missing:
        print(f"  {why}")
    for name, rate in limits.items():
        print(f"  limit: {name}: {rate / 1e6:.0f}")
    least = min(limits, key=limits.get)
    print(f"  ours / smallest limit ({least}): {mb(FIRST, across) / (limits[least] / 1e6):.2f} (aim: 0.8)")
    if best:
        print(f"  ours / best of the others: {mb(FIRST, across) / best:.2f}; "
              f"with the put: {mb(FIRST, put + across) / best:.2f}")
    _, _, put_held, held = sorted(results["ours"], key=lambda r: r[1])[(RUNS - 1) // 2]
    print("  busy while put: " + "; ".join(put_held))
    for line in held:
        print(f"  busy while sent: {line}", flush=True)


def main():
    for missing in [name for name in ("openssl", "protoc") if not shutil.which(name)]:
        print(f"evidence: not measured, {missing} is missing")
        return
    need = max([2 * max(SIZES)] * ("1" in PARTS) + [3 * FIRST] * any(p in PARTS for p in "234")) + 2 * GIB
    free = shutil.disk_usage(harness.DIR).free
    minutes = (sum(SIZES) * ("1" in PARTS) + FIRST * (3 * ("2" in PARTS) + 2 * ("3" in PARTS)
               + 8 * RUNS * ("4" in PARTS))) / 100e6 / 60 + 1
    print(f"evidence: {', '.join(gib(s) for s in SIZES)}, parts {','.join(PARTS)}: needs {gib(need)} of disk in "
          f"{tempfile.gettempdir()} and about {minutes:.0f} minutes; {os.cpu_count()} cores", flush=True)
    if free < need:
        print(f"evidence: not measured, only {free / GIB:.1f} GiB are free there (TMPDIR names another place, "
              f"EVIDENCE_GIB=1 takes less)")
        return
    for part, run in (("1", memory), ("2", interruptions), ("3", messages), ("4", beside_others)):
        if part in PARTS:
            run()


try:
    main()
    if "EVIDENCE_JSON" in os.environ:
        with open(os.environ["EVIDENCE_JSON"], "w") as f:
            json.dump(figures, f)
finally:
    for daemon in STARTED:
        if daemon.process and daemon.process.poll() is None:
            daemon.kill()
    shutil.rmtree(harness.DIR, ignore_errors=True)
