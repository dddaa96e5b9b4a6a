"""Real daemons on bad networks. Prints what was measured; nothing fails for being slow.

usage: net_test.py COMITYD COMITYCTL [PATTERN]
"""
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
import path as net  # noqa: E402

WHY_NOT = net.enter()
from harness import *  # noqa: E402,F403

SEED = int(os.environ.get("NET_SEED", "1"))
PORT = 5671
V4 = {"US-OIA": "10.9.0.1", "IE": "10.9.0.2"}
V6 = {"US-OIA": "fd00:9::1", "IE": "fd00:9::2"}
# A heartbeat each second: what takes a minute in service shows in seconds.
QUICK = dict(heartbeat="1s", heartbeat_timeout="4s", backoff_first="1s", backoff_max="2s")
tests = []


def case(function):
    tests.append(function)
    return function


class World:
    """Two authorities, each on a site of its own, with a path between them."""

    def __init__(self, dial="10.9.0.2:5671", dial_back=None, family=4, options=None, **more):
        base = tempfile.mkdtemp(dir=DIR)
        pki(base, "US-OIA", "IE")
        self.sites = {name: net.Site(base, name) for name in V4}
        self.path = net.Path(*self.sites.values(), seed=SEED)
        self.us, self.ie = (Daemon(base, name, []) for name in V4)
        for daemon in (self.us, self.ie):
            site = self.sites[daemon.id]
            site.add_address(f"{V4[daemon.id]}/24" if family == 4 else f"{V6[daemon.id]}/64")
            daemon.enter = site.enter
            daemon.listen = f"0.0.0.0:{PORT}" if family == 4 else f"[::]:{PORT}"
            daemon.delivery = "\n".join(f"{k} = {v}" for k, v in {**QUICK, **(options or {}), **more}.items())
        self.us.configure({"IE": dial})
        self.ie.configure({"US-OIA": dial_back or "unused:1"}, dial=dial_back is not None)
        self.clients = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for daemon in (self.us, self.ie):
            if kind and daemon.process:
                print("".join(f"# {daemon.id}: {line}\n" for line in daemon.log().splitlines()[-12:]), end="", flush=True)
            if daemon.process and daemon.process.poll() is None:
                daemon.kill()
        self.path.close()
        for site in self.sites.values():
            site.close()

    def start(self):
        self.ie.start()
        self.us.start()
        return self.up(1)

    def up(self, times):
        """Both sides have had this many good sessions."""
        start = time.monotonic()
        until(f"session {times}", lambda: self.hellos(self.us) >= times and self.hellos(self.ie) >= times)
        return time.monotonic() - start

    @staticmethod
    def hellos(daemon):
        return len(re.findall("connected, it holds", daemon.log()))

    def noticed(self, daemon, since, word="session ended"):
        """Seconds until the daemon told the end of its session, and what it said."""
        line = until(f"{daemon.id} to notice", lambda: re.findall(f".*{word}.*", daemon.log()))[-1]
        return time.monotonic() - since, line.split(f"{word}: ")[-1]

    def client(self, daemon):
        if daemon.id not in self.clients:
            self.clients[daemon.id] = Client(daemon)
            self.clients[daemon.id].call(subscribe=local_pb2.Subscribe(cursor="all"))
        return self.clients[daemon.id]

    def submit(self, reference, size=0, priority=0, to="IE"):
        s = submission(to, reference)
        s.priority = priority or s.priority
        if size:
            s.content.request.facts = (os.urandom(size // 2).hex())[:size]
        daemon = self.us if to == "IE" else self.ie
        frame = self.client(daemon).call(submit=local_pb2.Submit(idempotency_key=reference, submission=s))
        assert frame.HasField("submitted"), frame.error
        return frame.submitted.message_id

    def events(self, daemon, kind, ids):
        """The named messages in the order of their events of this kind; waits for all."""
        client, want, found = self.client(daemon), set(ids), []
        while True:
            for e in client.events:
                if e.type == kind and e.message_id in want:
                    want.discard(e.message_id)
                    found.append(e.message_id)
            client.events.clear()
            if not want:
                return found
            frame = client.receive()
            if frame.HasField("event"):
                client.events.append(frame.event)

    def receipted(self, *ids):
        return self.events(self.us, local_pb2.RELAY_ACCEPTED, ids)

    def one_session(self):
        for daemon in (self.us, self.ie):
            assert self.hellos(daemon) == 1 and "session ended" not in daemon.log(), daemon.log()

    def cpu(self):
        """Seconds of processor time that the daemons have used."""
        def used(daemon):
            with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return used(self.us) + used(self.ie)


def say(text):
    print("# " + text, flush=True)


@case
def far_away_and_lossy():
    with World(heartbeat_timeout="20s") as w:
        w.path.both(delay=0.15, loss=0.02)
        connected = w.start()
        start, count, size = time.monotonic(), 20, 20000
        w.receipted(*[w.submit(f"far-{i}", size) for i in range(count)])
        took = time.monotonic() - start
        w.one_session()
        say(f"300 ms and 2 % loss: connected in {connected:.1f} s, {count * size / took / 1000:.0f} kB/s of messages, "
            f"{w.path.there.dropped} of {w.path.there.packets} packets lost on the way there")


@case
def a_slow_line_keeps_its_session_and_the_urgent_goes_first():
    with World(window=1, heartbeat_timeout="6s") as w:
        w.path.both(delay=0.02, rate=64000, queue=16384)
        w.start()
        start = time.monotonic()
        # The first parcel alone takes longer than any of the timeouts; the rest waits for its receipt.
        ids = [w.submit("slow-0", 100_000)]
        ids += [w.submit(f"slow-{i}", 40_000) for i in range(1, 4)]
        urgent = w.submit("urgent", priority=types_pb2.EMERGENCY)
        w.receipted(*ids, urgent)
        order = w.events(w.ie, local_pb2.MESSAGE_RECEIVED, [*ids, urgent])
        assert order == [ids[0], urgent, *ids[1:]], order
        w.one_session()
        say(f"64 kbit/s: {w.path.there.bytes} bytes in {time.monotonic() - start:.0f} s on one session")


def partition(broken):
    with World() as w:
        w.start()
        before, start = w.cpu(), time.monotonic()
        getattr(w.path, broken).broken = True
        first, why = w.noticed(w.us, start)
        second, why_ie = w.noticed(w.ie, start)
        lost = w.submit("during")
        # As long again: how much does it cost to dial a path that does not answer?
        until("an attempt", lambda: "cannot connect" in w.us.log())
        cpu, wall = w.cpu() - before, time.monotonic() - start
        getattr(w.path, broken).broken = False
        healed = time.monotonic()
        w.up(2)
        again = time.monotonic() - healed
        w.receipted(lost)
        w.events(w.ie, local_pb2.MESSAGE_RECEIVED, [lost])
        say(f"{broken} is lost: noticed by the dialler in {first:.1f} s ({why}), by the listener in {second:.1f} s "
            f"({why_ie}); session again {again:.1f} s after healing; {100 * cpu / wall:.1f} % of a processor")
        assert cpu < wall / 4, f"{cpu} s of processor time in {wall} s"


@case
def a_partition_of_the_way_there():
    partition("there")


@case
def a_partition_of_the_way_back():
    partition("back")


@case
def a_path_forgets_the_connection_with_data_under_way():
    with World() as w:
        w.start()
        w.receipted(w.submit("before"))
        start = time.monotonic()
        w.path.forget()
        lost = w.submit("after")
        took, why = w.noticed(w.us, start)
        w.up(2)
        say(f"a forgotten connection: noticed in {took:.1f} s ({why}), session again after "
            f"{time.monotonic() - start:.1f} s")
        w.receipted(lost)
        w.events(w.ie, local_pb2.MESSAGE_RECEIVED, [lost])


@case
def a_path_forgets_an_idle_connection():
    with World() as w:
        w.start()
        start = time.monotonic()
        w.path.forget()
        took, why = w.noticed(w.us, start)
        w.up(2)
        say(f"a forgotten idle connection: noticed in {took:.1f} s ({why}), session again after "
            f"{time.monotonic() - start:.1f} s")
        w.receipted(w.submit("after"))


@case
def a_path_forgets_and_both_sides_dial():
    with World(dial_back="10.9.0.1:5671") as w:
        w.start()
        w.receipted(w.submit("before"))
        before, start = [w.hellos(d) for d in (w.us, w.ie)], time.monotonic()
        w.path.forget()
        lost = w.submit("after")
        until("a new session", lambda: w.hellos(w.us) > before[0] and w.hellos(w.ie) > before[1])
        say(f"both sides dial: session again {time.monotonic() - start:.1f} s after the path forgot")
        w.receipted(lost)


@case
def an_interruption_shorter_than_the_timeout_keeps_the_session():
    with World(heartbeat_timeout="30s") as w:
        w.start()
        w.path.both(broken=True)
        waiting = w.submit("interrupted", 50_000)
        dropped = w.path.there.dropped
        until("repetitions that are lost", lambda: w.path.there.dropped >= dropped + 4)
        w.path.both(broken=False)
        w.receipted(waiting)
        w.one_session()


@case
def a_daemon_stops_although_its_path_is_dead():
    with World() as w:
        w.start()
        w.path.both(broken=True)
        w.submit("stays")
        start = time.monotonic()
        assert w.us.stop() == 0
        say(f"a stop with a dead path took {time.monotonic() - start:.1f} s")


@case
def a_restart_in_the_middle_of_a_parcel_on_a_slow_line():
    with World(heartbeat_timeout="30s") as w:
        w.path.both(rate=64000)
        w.start()
        before = w.path.there.bytes
        half = w.submit("half", 60_000)
        until("half of it", lambda: w.path.there.bytes > before + 30_000)
        assert w.us.stop() == 0
        w.clients.pop("US-OIA").close()
        w.us.start()
        w.receipted(half)
        assert w.events(w.ie, local_pb2.MESSAGE_RECEIVED, [half]) == [half]


def swallows_long_packets(**options):
    with World(**options) as w:
        w.path.both(mtu=1280)
        w.start()
        w.receipted(*[w.submit(f"long-{i}", 50_000) for i in range(4)])
        w.one_session()
        assert w.path.there.dropped == w.path.back.dropped == 0


@case
def a_path_swallows_long_packets():
    swallows_long_packets(heartbeat_timeout="30s")


@case
def a_path_swallows_long_packets_of_ipv6():
    swallows_long_packets(dial=f"[{V6['IE']}]:{PORT}", family=6, heartbeat_timeout="30s")


@case
def ipv6_only():
    with World(dial=f"[{V6['IE']}]:{PORT}", family=6, heartbeat_timeout="30s") as w:
        w.start()
        w.receipted(w.submit("six"))
        w.one_session()
        assert f"[{V6['US-OIA']}]" in w.ie.log(), w.ie.log()


@case
def ipv6_only_by_name():
    with World(dial=f"mla.example.ie:{PORT}", family=6, heartbeat_timeout="30s") as w:
        w.sites["US-OIA"].write_hosts({"mla.example.ie": V6["IE"]})
        w.start()
        w.receipted(w.submit("six"))
        w.one_session()


@case
def the_dialler_changes_its_address():
    with World() as w:
        w.start()
        start, site = time.monotonic(), w.sites["US-OIA"]
        site.remove_address("10.9.0.1/24")
        site.add_address("10.9.0.77/24")
        moved = w.submit("moved")
        w.up(2)
        say(f"the dialler's address changes: session again after {time.monotonic() - start:.1f} s")
        w.receipted(moved)
        assert "called by 10.9.0.77:" in w.ie.log(), w.ie.log()


@case
def the_listener_changes_its_address_under_the_same_name():
    with World(dial=f"mla.example.ie:{PORT}") as w:
        us, ie = w.sites["US-OIA"], w.sites["IE"]
        us.write_hosts({"mla.example.ie": "10.9.0.2"})
        w.start()
        start = time.monotonic()
        ie.remove_address("10.9.0.2/24")
        ie.add_address("10.9.0.78/24")
        moved = w.submit("moved")
        until("an attempt at the old address", lambda: "cannot connect" in w.us.log())
        us.write_hosts({"mla.example.ie": "10.9.0.78"})
        w.up(2)
        say(f"the listener's address changes: session again after {time.monotonic() - start:.1f} s")
        w.receipted(moved)
        assert "dialled 10.9.0.78:" in w.us.log(), w.us.log()


@case
def the_listener_and_the_name_server_change_their_addresses():
    with World(dial=f"mla.example.ie:{PORT}") as w:
        us, ie = w.sites["US-OIA"], w.sites["IE"]
        net.write(us.zone, "10.9.0.2")
        us.serve_name("127.0.0.1", "mla.example.ie")
        w.start()
        ie.remove_address("10.9.0.2/24")
        ie.add_address("10.9.0.78/24")
        net.write(us.zone, "10.9.0.78")
        us.serve_name("127.0.0.2", "mla.example.ie")
        moved = w.submit("moved")
        until("a failed attempt", lambda: "cannot connect" in w.us.log())
        net.write(us.resolv, "nameserver 127.0.0.2\n")
        w.up(2)
        w.receipted(moved)


@case
def a_peer_that_hangs():
    with World() as w:
        w.start()
        start = time.monotonic()
        # Its kernel goes on acknowledging: only the missing answers tell.
        w.ie.process.send_signal(signal.SIGSTOP)
        waiting = w.submit("hung")
        took, why = w.noticed(w.us, start)
        w.ie.process.send_signal(signal.SIGCONT)
        w.up(2)
        say(f"a peer that hangs: noticed in {took:.1f} s ({why})")
        w.receipted(waiting)
        assert "no sign of life" in why, why


chosen = [t for t in tests if re.search(sys.argv[3] if len(sys.argv) > 3 else ".", t.__name__)]
if WHY_NOT:
    for t in chosen:
        result(t, skip=f"no network namespaces here: {WHY_NOT}")
else:
    together(chosen, 6)
finish()
