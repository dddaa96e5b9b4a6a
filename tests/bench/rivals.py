"""RabbitMQ and NATS beside Comity: site to site over mutual TLS 1.3 with keys of P-256, on loopback, in the same sitting.

RabbitMQ: quorum queues at both sites; a shovel at A takes from one and publishes to the other with publisher confirms, so
that it lets go of a message only when B has it on its disk (ack-mode on-confirm).
NATS: streams on disk, that of B takes from that of A over a leaf node. 2.9 has no setting that syncs before it acknowledges;
a second run has `chattr +S` on its folders, by which the kernel makes each write durable, in the place of `sync_interval:
always` of later versions.

The servers are those of Debian's packages (contrib/packages, `bench`). They are started here, with data in a temporary
folder, and stopped by their process ids; no service of the system is used."""
import base64
import glob
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from harness import DIR, TOP, free_port, until
from meter import memory
from sheet import say

RIVAL = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[1]))), "tests", "rival")
N = int(os.environ.get("MESSAGES") or 20000)
BYTES, WINDOW = 1024, 1000
PATIENCE = 120


def certificates(folder):
    """A CA, and a certificate of each site for both directions."""
    os.makedirs(folder)

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def key(name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")

    key("ca")
    openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=bench", "-days", "2", "-out", "ca.crt",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    for site in ("a", "b"):
        key(site)
        openssl("req", "-new", "-key", f"{site}.key", "-subj", f"/CN=site-{site}", "-out", f"{site}.csr")
        with open(f"{folder}/{site}.ext", "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
                    "keyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", f"{site}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", f"{site}.ext", "-out", f"{site}.crt")


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def measure(protocol, ports, n, window):
    run = subprocess.run([RIVAL, protocol, *map(str, ports), str(n), str(window), str(BYTES)], stdout=subprocess.PIPE,
                         text=True, timeout=600)
    if run.returncode != 0:
        raise RuntimeError(f"{protocol}: the driver failed")
    return json.loads(run.stdout)


class Servers:
    """Two sites in a folder of their own; whatever was started here ends with them."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(dir=DIR)
        os.chmod(self.dir, 0o755)
        self.started = []
        certificates(f"{self.dir}/tls")
        self.ports = [free_port(), free_port()]
        self.tls = free_port()

    def write(self, name, text, mode=0o644):
        with open(f"{self.dir}/{name}", "w") as f:
            f.write(text)
        os.chmod(f"{self.dir}/{name}", mode)

    def spawn(self, name, command, env=None):
        with open(f"{self.dir}/{name}.out", "a") as out:
            self.started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                                                 cwd=self.dir, start_new_session=True))

    def close(self):
        """Each was started as a session of its own, whose other processes end with it."""
        for p in reversed(self.started):
            for s in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(p.pid, s)
                    p.wait(20)
                    break
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    pass
        subprocess.run(["chattr", "-R", "-S", self.dir], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)


class RabbitMq(Servers):
    name = "RabbitMQ, quorum queues and shovel with confirms"
    key, protocol = "rabbitmq", "amqp"

    @staticmethod
    def why_not():
        if not glob.glob("/usr/lib/rabbitmq/bin/rabbitmq-server"):
            return "rabbitmq-server is not installed (make deps FOR=bench)"
        return "" if shutil.which("epmd") else "epmd is not installed (package erlang-base)"

    def __init__(self):
        super().__init__()
        self.epmd, self.dist = free_port(), [free_port(), free_port()]
        salt = b"salt"
        word = base64.b64encode(salt + hashlib.sha256(salt + b"guest").digest()).decode()
        tls = f"{self.dir}/tls"
        shovel = {"vhost": "/", "component": "shovel", "name": "to-b", "value": {
            "src-protocol": "amqp091", "src-uri": f"amqp://guest:guest@127.0.0.1:{self.ports[0]}", "src-queue": "bench",
            "dest-protocol": "amqp091", "dest-queue": "bench", "dest-uri": f"amqps://localhost:{self.tls}"
            f"?cacertfile={tls}/ca.crt&certfile={tls}/a.crt&keyfile={tls}/a.key&verify=verify_peer"
            "&server_name_indication=localhost&auth_mechanism=external",
            "ack-mode": "on-confirm", "src-prefetch-count": 1000, "reconnect-delay": 1, "dest-add-forward-headers": False}}
        for i, site in enumerate("ab"):
            users = ["guest", "site-a"]
            self.write(f"{site}.json", json.dumps({
                "users": [{"name": u, "password_hash": word if u == "guest" else "", "tags": "",
                           "hashing_algorithm": "rabbit_password_hashing_sha256"} for u in users],
                "vhosts": [{"name": "/"}],
                "permissions": [{"user": u, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"} for u in users],
                "queues": [{"name": "bench", "vhost": "/", "durable": True, "auto_delete": False,
                            "arguments": {"x-queue-type": "quorum"}}],
                "parameters": [shovel] if site == "a" else []}))
            self.write(f"{site}.conf", f"listeners.tcp.1 = 127.0.0.1:{self.ports[i]}\n"
                       f"load_definitions = {self.dir}/{site}.json\ncollect_statistics = none\n" + (f"""\
listeners.ssl.1 = 127.0.0.1:{self.tls}
ssl_options.cacertfile = {tls}/ca.crt
ssl_options.certfile = {tls}/b.crt
ssl_options.keyfile = {tls}/b.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_options.versions.1 = tlsv1.3
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
""" if site == "b" else ""))
        self.write("a.plugins", "[rabbitmq_shovel].")
        self.write("b.plugins", "[rabbitmq_auth_mechanism_ssl].")
        self.write(".erlang.cookie", os.urandom(16).hex(), 0o400)
        env = {**os.environ, "HOME": self.dir, "ERL_EPMD_PORT": str(self.epmd), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        self.spawn("epmd", ["epmd", "-port", str(self.epmd), "-address", "127.0.0.1"], env)
        until("epmd", lambda: listens(self.epmd), PATIENCE)
        for site, i in (("b", 1), ("a", 0)):
            self.spawn(site, ["/usr/lib/rabbitmq/bin/rabbitmq-server"], {
                **env, "RABBITMQ_NODENAME": f"bench-{site}@localhost", "RABBITMQ_DIST_PORT": str(self.dist[i]),
                "RABBITMQ_CONFIG_FILE": f"{self.dir}/{site}.conf", "RABBITMQ_ADVANCED_CONFIG_FILE": f"{self.dir}/none",
                "RABBITMQ_CONF_ENV_FILE": f"{self.dir}/none", "RABBITMQ_MNESIA_BASE": f"{self.dir}/{site}",
                "RABBITMQ_LOG_BASE": f"{self.dir}/{site}/log", "RABBITMQ_LOGS": f"{self.dir}/{site}.log",
                "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.dir}/{site}.plugins", "RABBITMQ_PID_FILE": f"{self.dir}/{site}.pid",
                "RABBITMQ_FEATURE_FLAGS_FILE": f"{self.dir}/{site}-features",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"})
            until(f"RabbitMQ {site}", lambda: listens(self.ports[i]) and (site == "a" or listens(self.tls)), PATIENCE)
        until("the shovel", lambda: "user 'site-a' authenticated" in read(f"{self.dir}/b.log"), PATIENCE)

    def memory(self):
        return [memory(int(read(f"{self.dir}/{site}.pid"))) for site in "ab"]


class Nats(Servers):
    name, key, protocol = "NATS, leaf node and source, never synced", "nats", "nats"
    synced = False

    @classmethod
    def why_not(cls):
        if not os.path.exists("/usr/sbin/nats-server"):
            return "nats-server is not installed (make deps FOR=bench)"
        if cls.synced:
            folder = tempfile.mkdtemp(dir=DIR)
            run = subprocess.run(["chattr", "+S", folder], capture_output=True, text=True)
            if run.returncode != 0:
                return f"chattr +S is not possible in {DIR}: {run.stderr.strip()}"
        return ""

    def __init__(self):
        super().__init__()
        tls = f"{self.dir}/tls"
        store = 'jetstream {{ domain: {}, store_dir: "{}", max_memory_store: 1G, max_file_store: 20G }}\n'
        for i, site in enumerate("ab"):
            os.mkdir(f"{self.dir}/{site}")
            if self.synced:
                subprocess.run(["chattr", "+S", f"{self.dir}/{site}"], check=True)
            pair = f'cert_file: "{tls}/{site}.crt", key_file: "{tls}/{site}.key", ca_file: "{tls}/ca.crt"'
            leaf = (f'reconnect: 1, remotes: [ {{ url: "tls://localhost:{self.tls}", tls {{ {pair} }} }} ]' if site == "a" else
                    f'listen: "127.0.0.1:{self.tls}", tls {{ {pair}, verify: true }}')
            self.write(f"{site}.conf", f"server_name: site-{site}\nlisten: 127.0.0.1:{self.ports[i]}\n"
                       + store.format(site.upper(), f"{self.dir}/{site}") + f"leafnodes {{ {leaf} }}\n")
        for site, i in (("b", 1), ("a", 0)):
            self.spawn(site, ["/usr/sbin/nats-server", "-c", f"{self.dir}/{site}.conf", "-l", f"{self.dir}/{site}.log"])
            until(f"NATS {site}", lambda: listens(self.ports[i]) and (site == "a" or listens(self.tls)), PATIENCE)
        until("the leaf node", lambda: "Leafnode connection created for account" in read(f"{self.dir}/a.log"), PATIENCE)
        self.stream(0, {"name": "OUT", "subjects": ["x.>"], "retention": "limits", "storage": "file", "num_replicas": 1})
        self.stream(1, {"name": "IN", "retention": "workqueue", "storage": "file", "num_replicas": 1, "sources": [
            {"name": "OUT", "external": {"api": "$JS.A.API", "deliver": "src.deliver"}}]})

    def stream(self, at, config):
        body = json.dumps(config).encode()

        def created():
            with socket.create_connection(("127.0.0.1", self.ports[at]), timeout=3) as s:
                s.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB _INBOX.s 1\r\n'
                          b"PUB $JS.API.STREAM.CREATE.%s _INBOX.s %d\r\n%s\r\n" % (config["name"].encode(), len(body), body))
                answer = b""
                while b"MSG _INBOX.s" not in answer or not answer.endswith(b"}\r\n"):
                    more = s.recv(65536)
                    if not more or b"503" in answer:
                        return False
                    answer += more
                return b'"error"' not in answer
        until(f"the stream {config['name']}", created, PATIENCE)

    def memory(self):
        return [memory(p.pid) for p in reversed(self.started)]


class SyncedNats(Nats):
    name, key = "NATS, leaf node and source, each write synced", "nats_synced"
    synced = True


class Rivals:
    """Those that are here, each measured once in each run."""

    def __init__(self, sheet):
        self.sheet = sheet
        self.there = []
        if not os.path.exists(RIVAL):
            sheet.skip("RabbitMQ and NATS", "their driver was not built: librabbitmq-dev is missing (make deps FOR=bench)")
            return
        for kind in (RabbitMq, Nats, SyncedNats):
            if why := kind.why_not():
                sheet.skip(kind.name, why)
            else:
                self.there.append(kind)

    def run(self):
        for kind in list(self.there):
            say(f"{kind.name}: {N:,} messages, then 1,000 one at a time")
            servers = None
            try:
                servers = kind()
                measure(kind.protocol, servers.ports, 2000, WINDOW) if kind is RabbitMq else None
                r = measure(kind.protocol, servers.ports, N, WINDOW)
                self.sheet.add(f"rate_{kind.key}", f"{kind.name}: rate", r["per_s"], "1/s", "others")
                if kind is not RabbitMq:  # whose stream knows the numbers as repeated
                    servers.close()
                    servers = kind()
                r = measure(kind.protocol, servers.ports, 1000, 1)
                for part in ("p50", "p99", "p99.9"):
                    self.sheet.add(f"one_{kind.key}_{part}", f"{kind.name}: one at a time, one way, {part}", r[f"{part}_ms"],
                                   "ms", "others")
                a, b = servers.memory()
                self.sheet.add(f"rss_{kind.key}", f"{kind.name}: memory of both", a + b, "MiB", "others")
            except (RuntimeError, TimeoutError, OSError, subprocess.SubprocessError) as e:
                self.sheet.skip(kind.name, f"{type(e).__name__}: {e}")
                self.there.remove(kind)
            finally:
                if servers:
                    servers.close()

    def ratios(self):
        for key, words in (("rabbitmq", "RabbitMQ"), ("nats_synced", "NATS, synced"), ("nats", "NATS, never synced")):
            for clients in (16, 64):
                self.sheet.ratio(f"rate_{clients}_to_{key}", f"rate of {clients} clients against {words}", f"rate_{clients}",
                                 f"rate_{key}")
            self.sheet.ratio(f"one_to_{key}", f"one at a time, p50 to the receipt, against one way of {words}", "one_receipt_p50",
                             f"one_{key}_p50")
