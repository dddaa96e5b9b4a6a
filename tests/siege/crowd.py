"""Peers by the hundred in this process: each has certificates of its own, under one CA, and needs no process."""
from siege import *
import bulk as B
import carrier
import zmq

B.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
NAMES = [f"P{i:03}" for i in range(1, 1000)]
SCRIPT = """set -e
make() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj /CN=crowd; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout ca.key -out ca.pem -subj /CN=crowd-ca \\
  -addext keyUsage=critical,keyCertSign,cRLSign
make tls; make sign; ln -s ../US-OIA US-OIA
for n in $NAMES; do
mkdir -p $n/peers $n/work; ln -s ../../../IE/peers/US-OIA $n/peers/US-OIA; ln -s ../tls.key ../sign.key $n
printf 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=serverAuth,clientAuth\\nsubjectAltName=DNS:%s.comity.invalid\\n' ${n,,} >ext
openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -days 30 -extfile ext -out $n/tls.pem
printf 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=emailProtection\\n' >ext
openssl x509 -req -in sign.csr -CA ca.pem -CAkey ca.key -days 30 -extfile ext -out $n/sign.pem
done"""


def sections(base, count):
    """Their sections in the configuration of US-OIA."""
    return "".join(f'''peer {n} {{
  tunnel = "yes"
  anchors = "{base}/crowd/ca.pem"
  names = {{ "dns:{n.lower()}.comity.invalid" }}
  signing_certificates = "{base}/crowd/{n}/sign.pem"
}}
''' for n in NAMES[:count])


def certificates(base, count):
    os.mkdir(f"{base}/crowd")
    subprocess.run(["bash", "-c", SCRIPT], cwd=f"{base}/crowd", env={**os.environ, "NAMES": " ".join(NAMES[:count])},
                   check=True, capture_output=True)


class Believing(P.Signer):
    """Signs, and takes what the other side signs for good: it is the daemon that is tried."""

    def verify(self, signed, made):
        pass


class One(P.Peer):
    """One of them. What it says goes through TLS by carrier.py, and all of them share one ZeroMQ."""
    shared = zmq.Context()

    def __init__(self, name, base, port):
        super().__init__(name, "US-OIA", f"{base}/crowd", f"{base}/crowd/{name}/work")
        self.context.term()
        self.context, self.port = One.shared, port
        self.signer = Believing(self.own_dir, self.peer_dir, self.work)

    def dial(self, **options):
        with socket.create_server(("127.0.0.1", 0)) as door:
            s = P.Session(self, False, port=door.getsockname()[1], **options)
            plain, _ = door.accept()
        carrier.Carrier(carrier.dial(self, self.port, carrier.MESSAGES), plain).start()
        return s

    def offer(self, manifests):
        """A message with these attachments, which is accepted; its id."""
        content = secret_request()
        for m in manifests:
            content.request.attachments.add(**m)
        raw, s = self.message(content), self.dial()
        assert P.pump([s], lambda: s.theirs, DEADLINE), f"{self.own}: no session: {s.goodbye}"
        made = self.parcel([raw])
        s.send(self.parcel_frame(made))
        assert P.pump([s], lambda: made.place in self.receipts, DEADLINE), f"{self.own}: no receipt: {s.goodbye}"
        s.leave()
        return P.case.Message.FromString(raw).id
