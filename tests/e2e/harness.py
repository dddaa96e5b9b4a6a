"""Real daemons on loopback, for the end-to-end tests. Results are TAP lines."""
import concurrent.futures
import datetime
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMITYD, COMITYCTL = (os.path.abspath(p) for p in sys.argv[1:3])
DIR = tempfile.mkdtemp(prefix="comity-e2e.")
DEADLINE = 60 * int(os.environ.get("TIME_FACTOR", "1"))

subprocess.run(["protoc", "-I", f"{TOP}/proto", f"--python_out={DIR}"]
               + [f"{TOP}/proto/comity/v1/{n}.proto" for n in ("types", "case", "peer", "local")], check=True)
sys.path.insert(0, DIR)
from comity.v1 import local_pb2, case_pb2, types_pb2  # noqa: E402
from google.protobuf import json_format  # noqa: E402

# The daemon lets only root look into it; what looks for leaks does so as its own user.
LOOK_INTO = {"COMITY_TEST_DUMPABLE": "1"} if os.getuid() != 0 or os.environ.get("SANITIZE") else {}
count = 0
failed = 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    """One authority."""

    # A test changes these before configure().
    program = COMITYD
    enter = []  # command that leads into another network
    tunnels = ()  # peers that cannot export keying material
    listen = None
    client = ""  # who asks it, where several clients have this user
    delivery = 'backoff_first = "1s"\nbackoff_max = "1s"'

    def __init__(self, base, id, peers, extra=""):
        self.id, self.base = id, base
        self.dir = f"{base}/{id}"
        self.socket = f"{self.dir}/local.sock"
        self.port = free_port()
        self.pause = f"{self.dir}/pause"
        self.process = None
        self.peers = peers
        self.extra = extra

    def configure(self, others, dial=True):
        """`others`: id -> port, or host and port, to dial; None: it calls."""
        text = f'''authority {{ id = "{self.id}"
name = "{self.id}" }}
identity {{
  tls_certificate = "tls.pem"
  tls_key = "tls.key"
  signing_certificate = "sign.pem"
  signing_key = "sign.key"
}}
store {{ dir = "store" }}
run_dir = "run"
listen = {{ "{self.listen or f"127.0.0.1:{self.port}"}" }}
local {{ path = "local.sock" }}
client desk {{ user = "{pwd.getpwuid(os.getuid()).pw_name}"
role = submitter
cases = all }}
delivery {{ {self.delivery} }}
{self.extra}
'''
        for peer, port in others.items():
            address = f"127.0.0.1:{port}" if isinstance(port, int) else port
            line = f'dial = "{address}"' if dial and port else ""
            line += '\n  tunnel = "yes"' if peer in self.tunnels else ""
            text += f'''peer {peer} {{
  {line}
  anchors = "peers/{peer}/ca.pem"
  crl = "peers/{peer}/crl.pem"
  names = {{ "dns:{peer.lower()}.comity.invalid" }}
  signing_certificates = "peers/{peer}/sign.pem"
}}
'''
        self.config = f"{self.dir}/comityd.conf"
        with open(self.config, "w") as f:
            f.write(text)

    def start(self, env=()):
        log = open(f"{self.dir}/log", "a")
        self.process = subprocess.Popen([*self.enter, self.program, "--config", self.config], stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "COMITY_TEST_PAUSE": self.pause, **LOOK_INTO, **dict(env)})
        for line in self.process.stderr:
            log.write(line)
            log.flush()
            if line.strip().endswith("ready"):
                break
        else:
            raise RuntimeError(f"{self.id} did not start: see its last lines\n"
                               + open(f"{self.dir}/log").read()[-2000:])
        # From here on the log is drained by a thread of its own.
        import threading
        threading.Thread(target=self._drain, args=(self.process.stderr, log), daemon=True).start()
        return self

    @staticmethod
    def _drain(pipe, log):
        for line in pipe:
            log.write(line)
            log.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            return self.process.wait(DEADLINE)
        return None

    def log(self):
        return open(f"{self.dir}/log").read()

    def edit(self):
        """comity.db for SQLite alone, while the daemon is stopped: it gets its checksums at the next start."""
        os.unlink(f"{self.dir}/store/comity.db.checked")
        return sqlite3.connect(f"{self.dir}/store/comity.db")

    def ctl_command(self):
        return [COMITYCTL, "--socket", self.socket, *(["--client", self.client] if self.client else [])]

    def ctl(self, *args, input=None):
        return subprocess.run([*self.ctl_command(), *args], capture_output=True, text=True, input=input,
                              timeout=DEADLINE)

    def health(self, *options):
        """Of all but the room on the disk of the machine that the tests run on."""
        return self.ctl("health", "--warn-disk", "0", "--crit-disk", "0", *options)


class Shim:
    """What is wrong with a daemon's disk and clock; see shim.c."""

    def __init__(self, daemon):
        self.preload, self.path = f"{DIR}/shim.so", f"{DIR}/shim-{daemon.id}-{time.monotonic_ns()}"
        if not os.path.exists(self.preload):
            subprocess.run(["cc", "-shared", "-fPIC", "-O", "-w", "-o", self.preload,
                            f"{TOP}/tests/e2e/shim.c", "-ldl"], check=True)
        self.store = f"{daemon.dir}/store"     # or a folder below it, before env()
        self.set()

    def set(self, full=0, read_only=0, offset=0, delay_ms=0):
        data = struct.pack("iiqi4x", full, read_only, int(offset), delay_ms)
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb", buffering=0) as f:
            f.write(data)

    def env(self):
        return {"LD_PRELOAD": self.preload, "SIEGE_SHIM": self.path, "SIEGE_STORE": self.store}


class Client:
    """The local socket, as the page in README.md does it."""

    def __init__(self, daemon, client=""):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(daemon.socket)
        self.stream = self.sock.makefile("rb")
        self.correlation = 0
        self.events = []
        self.call(hello=local_pb2.LocalHello(version=1, client=client or daemon.client))

    def send(self, **kind):
        self.correlation += 1
        data = local_pb2.ClientFrame(correlation=self.correlation, **kind).SerializeToString()
        n, prefix = len(data), b""
        while n > 127:
            prefix, n = prefix + bytes([n & 127 | 128]), n >> 7
        self.sock.sendall(prefix + bytes([n]) + data)
        return self.correlation

    def receive(self):
        length = shift = 0
        while True:
            byte = self.stream.read(1)
            if not byte:
                raise ConnectionError("closed")
            length, shift = length | (byte[0] & 127) << shift, shift + 7
            if byte[0] < 128:
                break
        data = self.stream.read(length)
        if len(data) < length:
            raise ConnectionError("closed")
        return local_pb2.ServerFrame.FromString(data)

    def call(self, **kind):
        correlation = self.send(**kind)
        while True:
            frame = self.receive()
            if frame.HasField("event"):
                self.events.append(frame.event)
            elif frame.correlation == correlation:
                return frame

    def close(self):
        self.stream.close()
        self.sock.close()


def pki(base, *ids):
    subprocess.run([f"{TOP}/certs/comity-pki", "throwaway", base, *ids], check=True, stdout=subprocess.DEVNULL)


def milliseconds(fields):
    """Instants of a file for people, as the schema has them."""
    return {name: int(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000)
            if name.endswith("Ms") else value for name, value in fields.items()}


def submission(to="IE", reference="ref-1"):
    with open(f"{TOP}/contrib/demo/request.json") as file:
        s = json_format.ParseDict(json.load(file, object_hook=milliseconds), local_pb2.Submission())
    s.to, s.own_reference = to, reference
    if to != "IE":
        s.content.request.requested_state, s.content.request.requesting_state = "US", "IE"
    return s


def pair(dial_both=True):
    """Two authorities that know each other."""
    base = tempfile.mkdtemp(dir=DIR)
    pki(base, "US-OIA", "IE")
    us, ie = Daemon(base, "US-OIA", ["IE"]), Daemon(base, "IE", ["US-OIA"])
    us.configure({"IE": ie.port})
    ie.configure({"US-OIA": us.port}, dial=dial_both)
    return us, ie


def until(what, condition, seconds=DEADLINE):
    """For what can only be asked for: a state of another process."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(what)


READ, REFUSED = "the configuration was read again", "the one of before stays in force"


def reload(d, answer=READ):
    """The lines since."""
    before = d.log()
    d.process.send_signal(signal.SIGHUP)
    until(f"{d.id}: {answer}", lambda: answer in d.log()[len(before):])
    return d.log()[len(before):]


def said(d, text, since=0):
    return until(f"{d.id} to say {text!r}", lambda: text in d.log()[since:])


def install(source, target):
    """As an administrator should: never half."""
    shutil.copy(source, target + ".new")
    os.rename(target + ".new", target)


def state(d, peer):
    return {p.peer: p.state for p in Client(d).call(get_status=local_pb2.GetStatus()).status.peers}.get(peer)


def connected(d, peer):
    until(f"{d.id} to be connected with {peer}", lambda: state(d, peer) == "connected")


def result(function, error=None, skip=None):
    """The TAP line of one test."""
    global count, failed
    count += 1
    failed += error is not None
    name = function.__name__.replace("_", " ") + (f" # SKIP {skip}" if skip else "")
    print(f"{'not ok' if error else 'ok'} {count} - {name}", flush=True)
    if error:
        lines = "".join(traceback.format_exception(error)).splitlines()
        print("\n".join("# " + line for line in lines), flush=True)


def test(function):
    """Run one test now."""
    try:
        function()
        result(function)
    except Exception as e:
        result(function, e)
    return function


def together(functions, at_once):
    """Run tests that share nothing, some at a time; `test` for those that cannot wait for each other."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        running = {pool.submit(f): f for f in functions}
        for done in concurrent.futures.as_completed(running):
            result(running[done], done.exception())


def finish(*daemons):
    for d in daemons:
        d.stop()
    shutil.rmtree(DIR, ignore_errors=True)
    print(f"1..{count}")
    sys.exit(1 if failed else 0)
