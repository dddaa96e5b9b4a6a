"""The gate of an authority with 150 peers: what strangers, and one of the peers, can have TLS do.

What is held to is work, counted by work.c inside the daemon. How long a true peer needed for its
session, and how long the watchdog was not fed, `make siege` prints."""
import ctypes
import struct

from siege import *

PEERS = 150
TICK_S = 0.1        # how often the watchdog is fed when nothing is amiss
many_descriptors()


class Work:
    """What work.c counts."""
    FIELDS = ("decoded", "chains", "finished", "most_read", "in_turn")

    def __init__(self):
        self.path, self.preload = f"{DIR}/work", f"{DIR}/work.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O", "-w", "-o", self.preload, f"{TOP}/tests/siege/work.c", "-ldl"],
                       check=True)
        self.clear()

    def clear(self):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb", buffering=0) as f:
            f.write(bytes(8 * len(self.FIELDS)))

    def __getattr__(self, name):
        with open(self.path, "rb") as f:
            return struct.unpack(f"{len(self.FIELDS)}Q", f.read())[self.FIELDS.index(name)]


class Watchdog:
    """Stands for systemd: when it was fed."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(f"{DIR}/notify")
        self.fed = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            if b"WATCHDOG=1" in self.sock.recv(4096):
                self.fed.append(time.monotonic())

    def since(self, start):
        """How often, and the longest wait in ms, up to now."""
        times = [start, *(t for t in self.fed if t > start), time.monotonic()]
        return len(times) - 2, max(b - a for a, b in zip(times, times[1:])) * 1000


def run(*command, **kwargs):
    subprocess.run(command, check=True, capture_output=True, **kwargs)


def make_crowd(ground):
    """Peers that are configured and never call, each with a CA of its own; their sections."""
    script = f"""set -e; cd {ground.us.dir}/peers
make() {{ mkdir $1 && cd $1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout ca.key -out ca.pem -subj /CN=$1 \
  -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout sign.key -out sign.csr -subj /CN=$1-sign
printf 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=emailProtection\\n' >ext
openssl x509 -req -in sign.csr -CA ca.pem -CAkey ca.key -days 30 -extfile ext -out sign.pem; }}
for n in $(seq -w {PEERS - len(ground.us.peers)}); do (make P$n); done"""
    run("bash", "-c", script)


def crowd(n):
    return "".join(f'''peer P{i:03} {{
  anchors = "peers/P{i:03}/ca.pem"
  names = {{ "dns:p{i:03}.comity.invalid" }}
  signing_certificates = "peers/P{i:03}/sign.pem"
}}
''' for i in range(1, n + 1))


def self_signed(name, names):
    """A certificate of nobody with these names."""
    path = f"{DIR}/{name}"
    with open(f"{path}.cnf", "w") as f:
        f.write("[req]\ndistinguished_name=d\nx509_extensions=e\nprompt=no\n[d]\nCN=stranger\n[e]\nsubjectAltName=@n\n[n]\n")
        f.writelines(f"DNS.{i}={name}\n" for i, name in enumerate(names))
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-config", f"{path}.cnf", "-keyout", f"{path}.key", "-out", f"{path}.pem")
    return path


ground = Ground(extra=crowd(PEERS - 2))
make_crowd(ground)
us, work, watchdog = ground.us, Work(), Watchdog()
ground.start({"LD_PRELOAD": work.preload, "SIEGE_WORK": work.path, "NOTIFY_SOCKET": f"{DIR}/notify",
              "WATCHDOG_USEC": str(int(4e6 * TICK_S))})


def stranger(n):
    s = socket.socket()
    s.bind((f"127.0.0.{n}", 0))
    s.settimeout(DEADLINE)
    s.connect(("127.0.0.1", us.port))
    return s


class Callers:
    """Some that show a certificate again and again, as fast as they are answered."""

    def __init__(self, certificate, n):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
        self.context.set_alpn_protocols(["comity/1"])
        self.over, self.calls = threading.Event(), 0
        self.threads = [threading.Thread(target=self._call, args=(2 + i % 8,)) for i in range(n)]

    def _call(self, address):
        while not self.over.is_set():
            with contextlib.suppress(OSError), self.context.wrap_socket(stranger(address)) as s:
                s.recv(1)       # the alert
            self.calls += 1

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join()


@contextlib.contextmanager
def watched():
    """The watchdog is fed meanwhile, and what is counted begins anew."""
    work.clear()
    start, at = time.monotonic(), len(connect_ms)
    try:
        yield
        # A flood may be over before the next tick is due.
        until("the watchdog to be fed", lambda: watchdog.since(start)[0] > 0)
    finally:
        _, gap = watchdog.since(start)
        watchdog_ms.append(gap)
        print(f"# {work.decoded} certificates decoded, {work.chains} chains, {work.finished} handshakes finished, "
              f"{work.most_read} bytes in a read, {work.in_turn} reads in a turn; true peer {max(connect_ms[at:], default=0):.0f} ms, "
              f"watchdog {gap:.0f} ms", flush=True)


def strangers_with(certificate, log):
    with besieged(ground, 64, log):
        with watched():
            with Callers(certificate, 32) as callers:
                for _ in range(3):
                    ground.true_peer_connects()
                until("a hundred calls", lambda: callers.calls >= 100)
            assert 2 * work.finished < callers.calls, "the strangers were to be refused"
            # Only who is somebody has a chain; and nobody's names are looked at for each peer.
            assert work.decoded <= callers.calls + 4 * work.finished, work.decoded
            assert work.chains <= 4 * work.finished, work.chains


@test
def certificates_of_95_KB_while_a_true_peer_connects():
    strangers_with(self_signed("long", [f"n{i:04}.{'x' * 45}.invalid" for i in range(1560)]),
                   "certificates may have 16384 bytes")


@test
def certificates_with_names_of_all_peers_while_a_true_peer_connects():
    strangers_with(self_signed("named", [f"p{i:03}.comity.invalid" for i in range(1, PEERS - 1)]),
                   "it has names of more than 4 peers")


@test
def half_open_handshakes_beside_150_peers_while_a_true_peer_connects():
    with besieged(ground, 64, r"refused a connection from 127\.0\.0\.\d+"):
        with watched():
            held = [stranger(2 + i % 50) for i in range(400)]
            ground.true_peer_connects()
            for s in held:
                s.close()
            # IE's connections, and none that has sent nothing.
            assert work.decoded <= 4 * work.finished and work.finished <= 8


class Flooder:
    """FR by libssl itself: Python's ssl cannot renew keys."""

    def __init__(self):
        self.lib = lib = ctypes.CDLL("libssl.so.3")
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new", "BIO_new", "BIO_s_mem"):
            getattr(lib, name).restype = ctypes.c_void_p
        p = ctypes.c_void_p
        own = f"{ground.base}/FR".encode()
        context = p(lib.SSL_CTX_new(p(lib.TLS_client_method())))
        assert lib.SSL_CTX_use_certificate_chain_file(context, own + b"/tls.pem") == 1
        assert lib.SSL_CTX_use_PrivateKey_file(context, own + b"/tls.key", 1) == 1
        self.ssl = p(lib.SSL_new(context))
        self.to_us, self.from_us = (p(lib.BIO_new(p(lib.BIO_s_mem()))) for _ in range(2))
        lib.SSL_set_bio(self.ssl, self.from_us, self.to_us)
        lib.SSL_set_alpn_protos(self.ssl, b"\x08comity/1", 9)
        lib.SSL_set_connect_state(self.ssl)
        self.sock = stranger(9)

    def said(self):
        """What libssl has to send."""
        data = ctypes.create_string_buffer(1 << 16)
        out = []
        while (n := self.lib.BIO_read(self.to_us, data, len(data))) > 0:
            out.append(data.raw[:n])
        return b"".join(out)

    def shake(self):
        while self.lib.SSL_do_handshake(self.ssl) != 1:
            self.sock.sendall(self.said())
            data = self.sock.recv(65536)
            self.lib.BIO_write(self.from_us, data, len(data))
        self.sock.sendall(self.said())

    def write(self, data):
        self.lib.SSL_write(self.ssl, data, len(data))

    def speak(self):
        """As far as libzmq: from here on the gate pumps."""
        self.shake()
        self.write(GREETING + READY)
        self.sock.sendall(self.said())

    def pour(self, flood):
        """It comes while a true peer connects."""
        def send():
            with contextlib.suppress(OSError):      # it is closed meanwhile
                self.sock.sendall(flood)
        thread = threading.Thread(target=send)
        thread.start()
        ground.true_peer_connects()
        thread.join()
        self.sock.close()


@test
def a_flood_of_key_updates_while_a_true_peer_connects():
    with besieged(ground, 64, "renews its keys too often"):
        fr = Flooder()
        fr.speak()
        for _ in range(200_000):
            fr.lib.SSL_key_update(fr.ssl, 0)
            fr.lib.SSL_do_handshake(fr.ssl)
        flood = fr.said()
        with watched():
            fr.pour(flood)
            # A few reads of the socket, however much comes.
            assert 0 < work.most_read <= 256 * 1024, work.most_read


@test
def records_of_a_single_byte_while_a_true_peer_connects():
    with besieged(ground, 64):
        fr = Flooder()
        fr.speak()
        fr.write(b"\x02" + (1 << 20).to_bytes(8, "big"))     # a frame of 1 MiB begins
        for _ in range(300_000):
            fr.write(b"x")
        flood = fr.said()
        with watched():
            fr.pour(flood)
            # Four rounds of 64 reads, for the socket and for what was left, of FR and of IE.
            assert 64 <= work.in_turn <= 4 * 4 * 64, work.in_turn


done()
