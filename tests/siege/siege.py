"""A besieged daemon, US-OIA, its true peer IE, and what both must still do while somebody means harm.

The attackers are the tests; this is the ground they stand on. Every attack runs inside
`besieged()`, which holds it to the same five things: the true peer's requests and the local
client's go through and are receipted, `comityctl status` answers, memory stays under the bound,
the log names what happens in a line without personal data and is not flooded, and nothing that
was accepted is lost."""
import contextlib
import json
import re
import resource
import ssl
import sys
import threading

sys.dont_write_bytecode = True
import os  # noqa: E402

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [f"{_TESTS}/e2e", f"{_TESTS}/interop"]
from harness import *  # noqa: E402,F403
import harness  # noqa: E402
import peer as P  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")

# Stands in every free text that a test sends; it must never be in a log.
SECRET = "Quillfeather"
ROOT = os.getuid() == 0
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL" + bytes(16) + b"\x00" + bytes(31)
READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"
READY = b"\x04" + bytes([len(READY)]) + READY
# Microseconds that a command takes, by a shell: this process is busy with the attack.
TIMED = 'LC_ALL=C; a=${EPOCHREALTIME/./}; "$@" >/dev/null; rc=$?; echo $((${EPOCHREALTIME/./} - a)); exit $rc'
grounds = []
status_ms = []      # every call of comityctl status, in ms
connect_ms = []     # what a true peer needed from its start to the session, in ms
watchdog_ms = []    # the longest time that the watchdog was not fed in an attack, in ms


def secret_submission(to, reference, size=0):
    s = submission(to, reference)
    r = s.content.request
    r.title, r.facts = f"Case of {SECRET}", f"{SECRET} is suspected." + " Read on." * (size // 9)
    for person in r.persons:
        person.name = SECRET
    return s


def secret_request():
    """The same, from a Python peer."""
    content = P.complete_request("FR", "US")
    content.request.title, content.request.facts = f"Case of {SECRET}", f"{SECRET} is suspected."
    content.request.persons[0].name = SECRET
    return content


def proc_kib(pid, name):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise KeyError(name)


class Ground:
    """US-OIA and IE as real daemons; FR has valid certificates too, and is played by the test, in Python
    where it is one of `tunnels`."""

    def __init__(self, extra="", dial_both=False, others=("FR",), tunnels=("FR",)):
        grounds.append(self)
        self.base = tempfile.mkdtemp(dir=DIR)
        pki(self.base, "US-OIA", "IE", *others)
        self.us = Daemon(self.base, "US-OIA", ["IE", *others], extra=extra)
        self.ie = Daemon(self.base, "IE", ["US-OIA"])
        self.us.tunnels = tunnels
        self.us.configure({"IE": self.ie.port if dial_both else None, **{o: None for o in others}})
        self.ie.configure({"US-OIA": self.us.port})
        self.count = 0

    def start(self, env=()):
        self.env = env
        self.us.start(env)
        self.ie.start()
        self.connected()
        return self

    def peer_state(self, id="IE"):
        answer = self.us.ctl("--json", "status")
        peers = json.loads(answer.stdout)["peers"] if answer.returncode == 0 else []
        return next((p["state"] for p in peers if p["peer"] == id), None)

    def connected(self, id="IE"):
        until(f"{id} to be connected", lambda: self.peer_state(id) == "connected")

    def true_peer_connects(self):
        """IE starts anew; how long it needs until it has its session."""
        self.ie.stop()
        until("IE to be gone", lambda: self.peer_state() != "connected")
        self.ie.start()
        start = time.monotonic()
        self.connected()
        connect_ms.append((time.monotonic() - start) * 1000)

    def reference(self):
        self.count += 1
        return f"siege-{self.count}"

    def raw_tls(self, source="127.0.0.1", identity="FR", alpn="comity/1"):
        """A TLS connection as that peer, before ZMTP."""
        own = f"{self.base}/{identity}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.load_verify_locations(f"{own}/peers/US-OIA/ca.pem")
        context.load_cert_chain(f"{own}/tls.pem", f"{own}/tls.key")
        context.set_alpn_protocols([alpn])
        sock = socket.socket()
        sock.bind((source, 0))
        sock.settimeout(DEADLINE)
        sock.connect(("127.0.0.1", self.us.port))
        return context.wrap_socket(sock)

    def stop(self):
        for d in (self.us, self.ie):
            d.stop()


class Desk:
    """A case system at one authority: one cursor, keys that it repeats until they are answered."""

    def __init__(self, daemon):
        self.daemon, self.client = daemon, None
        self.cursor = f"desk-{time.monotonic_ns()}"
        self.connect()

    def connect(self):
        self.client = Client(self.daemon)
        self.client.call(subscribe=local_pb2.Subscribe(cursor=self.cursor, from_now=True))

    def lasting(self, work):
        """Does `work`, again after the daemon was restarted or could not commit."""
        end = time.monotonic() + DEADLINE
        while True:
            try:
                answer = work()
                if not (answer.HasField("error") and answer.error.code == types_pb2.UNAVAILABLE):
                    assert not answer.HasField("error"), answer.error
                    return answer
            except OSError:
                with contextlib.suppress(OSError):
                    self.connect()
            assert time.monotonic() < end, "no service"
            time.sleep(0.05)

    def submit(self, to, reference, size=0):
        call = local_pb2.Submit(idempotency_key=reference, submission=secret_submission(to, reference, size))
        return self.lasting(lambda: self.client.call(submit=call)).submitted

    def receipted(self, message):
        def event():
            seen = self.client.events
            if not any(e.message_id == message and e.type == local_pb2.RELAY_ACCEPTED for e in seen):
                frame = self.client.receive()
                if frame.HasField("event"):
                    seen.append(frame.event)
                return local_pb2.ServerFrame(error=local_pb2.Error(code=types_pb2.UNAVAILABLE))
            return local_pb2.ServerFrame()
        self.lasting(event)
        self.client.events.clear()


class Witness:
    """Uses the service as its users do, while the attack goes on."""

    def __init__(self, ground):
        self.ground = ground
        self.desks = {d.id: Desk(d) for d in (ground.us, ground.ie)}
        self.accepted = []       # (author, message id)

    def status(self):
        answer = subprocess.run(["bash", "-c", TIMED, "status", *self.ground.us.ctl_command(), "status"],
                                capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert answer.returncode == 0, answer.stderr
        status_ms.append(int(answer.stdout) / 1000)

    def request(self, author, to):
        """A request of `author` is accepted, arrives, and its receipt comes back."""
        desk = self.desks[author.id]
        message = desk.submit(to.id, self.ground.reference()).message_id
        self.accepted.append((author.id, message))
        desk.receipted(message)

    def served(self, rounds=3):
        for _ in range(rounds):
            self.status()
            self.request(self.ground.us, self.ground.ie)
            self.status()
            self.request(self.ground.ie, self.ground.us)

    def nothing_lost(self):
        """Whatever was accepted stands on both sides, as the same bytes."""
        for author, message in self.accepted:
            views = []
            for id in ("US-OIA", "IE"):
                desk = self.desks[id]
                show = local_pb2.ShowMessage(message_id=message)
                views.append(desk.lasting(lambda: desk.client.call(show_message=show)).message_view.content)
            assert views[0] == views[1] and views[0]

    def close(self):
        for desk in self.desks.values():
            desk.client.close()


@contextlib.contextmanager
def besieged(ground, memory, log=None, lines=60, watch=True):
    """An attack. `memory`: MiB that the daemon may hold at its peak; `log`: what one line of its
    log says about it; `lines`: how many it may write in all; `watch`: status is asked all the time."""
    us = ground.us
    if us.process.poll() is None:
        us.stop()              # what the last attack left uncounted is not this one's
        us.start(ground.env)
        ground.connected()
    pid = us.process.pid
    before = len(us.log())
    asked = len(status_ms)
    witness = Witness(ground)
    witness.served(1)
    with open(f"/proc/{pid}/clear_refs", "w") as f:
        f.write("5")       # VmHWM starts anew
    over = threading.Event()
    failures = []

    def ask():
        while not over.wait(0.1):
            try:
                witness.status()
            except Exception as why:     # told by the test
                failures.append(why)

    watcher = threading.Thread(target=ask, daemon=True)
    if watch:
        watcher.start()
    try:
        yield witness
        witness.served()
    finally:
        over.set()
        if watch:
            watcher.join()
    assert not failures, failures[0]
    witness.nothing_lost()
    witness.close()
    assert us.process.poll() is None and us.process.pid == pid, "the daemon ended"
    peak = proc_kib(pid, "VmHWM") / 1024
    text = us.log()[before:]
    print(f"# peak {peak:.0f} MiB of {memory}, {len(text.splitlines())} log lines of {lines}, "
          f"the slowest status {max(status_ms[asked:]):.0f} ms", flush=True)
    if not os.environ.get("SANITIZE"):     # it needs more memory itself than what it watches
        assert peak <= memory, f"{peak:.1f} MiB at the peak"
    written = text.splitlines()
    assert len(written) <= lines, f"{len(written)} lines in the log, the last: " + "\n".join(written[-10:])
    assert log is None or re.search(log, text), f"no line {log!r} in:\n" + "\n".join(written[-20:])
    for d in (us, ground.ie):
        assert SECRET not in d.log(), "personal data in a log"


def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def closed(sock, seconds=DEADLINE):
    """The other side ends the connection; what it still said."""
    said = b""
    sock.settimeout(seconds)
    try:
        while True:
            data = sock.recv(65536)
            if not data:
                return said
            said += data
    except (ConnectionError, ssl.SSLError):
        return said


def done():
    """Ends the file: the figures for `make siege`, then the TAP plan."""
    if os.environ.get("SIEGE_FIGURES"):
        with open(os.environ["SIEGE_FIGURES"], "a") as f:
            f.write(json.dumps({"status": status_ms, "connect": connect_ms, "watchdog": watchdog_ms}) + "\n")
    for g in grounds:
        if harness.failed:
            print("\n".join("# US-OIA: " + line for line in g.us.log().splitlines()[-40:]))
        g.stop()
    finish()
