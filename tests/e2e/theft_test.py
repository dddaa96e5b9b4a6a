"""Somebody who has TLS certificates that pass for another authority, and no signing key of it: US-OIA is the victim, IE
is who the thief wants to be, and FR is an authority whose CA issues whatever is asked for."""
import contextlib
import json
import re
import select
import ssl
import threading

from harness import *

sys.path.insert(0, f"{TOP}/tests/interop")
sys.dont_write_bytecode = True
import bulk as B  # noqa: E402
import peer as P  # noqa: E402
from evidence import attachment, bytes_of, file_of, put_file  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
B.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
EVIDENCE = 'evidence { keep_free = "1M" }'
GREETING = ("hello", "session_proof", "goodbye")    # all that an unproven connection may carry


def two_names(base):
    """FR, whose own CA has issued its TLS certificate for the names of FR and of IE."""
    subprocess.run([f"{TOP}/certs/comity-pki", "init", f"{base}/FR", "--id", "FR", "--name", "An authority", "--country",
                    "FR", "--dns", "fr.comity.invalid", "--dns", "ie.comity.invalid"], check=True, stdout=subprocess.DEVNULL)
    for own, other in (("FR", "US-OIA"), ("US-OIA", "FR")):
        os.makedirs(f"{base}/{own}/peers/{other}")
        for name in ("ca.pem", "crl.pem", "sign.pem"):
            shutil.copy(f"{base}/{other}/{name}", f"{base}/{own}/peers/{other}/{name}")


def as_ie(base, tls, sign):
    """The thief: IE in Python with the TLS certificate of one directory and the signing key of another."""
    thief = P.Peer("IE", "US-OIA", base, f"{base}/thief-{time.monotonic_ns()}")
    thief.own_dir, thief.peer_dir = f"{base}/{tls}", f"{base}/{tls}/peers/US-OIA"
    thief.signer.own = f"{base}/{sign}"
    return thief


def a_waiting_request(us, reference="for IE only"):
    desk = Client(us)
    answer = desk.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission("IE", reference)))
    assert answer.HasField("submitted"), answer
    desk.close()
    return answer.submitted


def peer_of(d, id):
    return next(p for p in json.loads(d.ctl("--json", "status").stdout)["peers"] if p["peer"] == id)


def kinds(raw, frame):
    """The kinds of the frames in what one side has said within TLS."""
    found, at = [], 64
    while at < len(raw):
        flags = raw[at]
        size = 8 if flags & 2 else 1
        length = int.from_bytes(raw[at + 1:at + 1 + size], "big")
        body = raw[at + 1 + size:at + 1 + size + length]
        at += 1 + size + length
        if not flags & 4:
            found.append((frame.FromString(bytes(body)).WhichOneof("kind"), bytes(body)))
    return found


# -------------------------------------------------------------- a certificate with two names

base = tempfile.mkdtemp(dir=DIR)
pki(base, "US-OIA", "IE")
two_names(base)
us = Daemon(base, "US-OIA", ["FR", "IE"])
us.configure({"FR": None, "IE": None})
us.start()
a_waiting_request(us)


@test
def who_has_a_certificate_with_two_names_is_the_one_whose_CA_has_issued_it():
    thief = as_ie(base, "FR", "FR")
    thief.open_dialler(us.port)
    s = thief.dial(polite=False)
    assert P.pump([s], lambda: s.closed, DEADLINE), "it stays"
    assert s.goodbye and s.goodbye[0] == "IDENTITY", (s.goodbye, s.said_goodbye)
    assert [f.WhichOneof("kind") for f in s.frames] == ["goodbye"], s.frames
    until("the alarm", lambda: "ALARM: peer FR: a connection in its name was refused before it was proven: the hello names "
          "another authority than the certificate" in us.log())
    peer = peer_of(us, "IE")
    assert peer["state"] != "connected" and peer.get("waiting") == "1" and not peer.get("lastFault"), peer
    thief.close()


@test
def who_has_stolen_a_TLS_key_cannot_sign_as_its_owner():
    thief = as_ie(base, "IE", "FR")
    thief.open_dialler(us.port)
    s = thief.dial(polite=False)
    assert P.pump([s], lambda: s.closed, DEADLINE), "it stays"
    assert s.goodbye and s.goodbye[0] == "SIGNATURE", (s.goodbye, s.said_goodbye)
    assert [f.WhichOneof("kind") for f in s.frames] == ["hello", "goodbye"], s.frames
    until("the alarm",
          lambda: "ALARM: peer IE: a connection in its name was refused before it was proven" in us.log())
    assert peer_of(us, "IE").get("waiting") == "1"
    thief.close()


@test
def a_certificate_that_may_be_either_of_two_peers_is_neither():
    """Both are expected to have their certificates from the same CA."""
    subprocess.run([f"{TOP}/certs/comity-pki", "renew", f"{base}/FR", "sign", "--new-key"], check=True,
                   stdout=subprocess.DEVNULL)
    for name in ("ca.pem", "crl.pem", "sign.pem"):
        shutil.copy(f"{base}/FR/{name}", f"{base}/US-OIA/peers/IE/{name}")
    us.stop()
    us.start()
    thief = as_ie(base, "FR", "FR")
    thief.open_dialler(us.port)
    s = thief.dial(polite=False)
    assert P.pump([s], lambda: s.closed, DEADLINE), "it stays"
    thief.tunnel.wait_line(r"\balert\b.*", DEADLINE)
    assert not s.ready and not s.frames, s.frames
    until("a line of the log", lambda: re.search("refused a connection from .*FR.*IE", us.log()))
    thief.close()


us.stop()


# -------------------------------------------------------------- one who stands between two

class Between(threading.Thread):
    """Who is IE to US-OIA and US-OIA to IE by stolen TLS keys, and hands on unchanged whatever either says.
    The lanes that are not in `attacked` it lets pass as they come."""

    def __init__(self, base, port):
        super().__init__(daemon=True)
        self.base, self.target, self.attacked, self.said = base, port, {"comity/1", "comity-bulk/1"}, []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self._stand, args=(near,), daemon=True).start()

    def _stand(self, near):
        with contextlib.suppress(OSError, ssl.SSLError):
            first = near.recv(4096, socket.MSG_PEEK)
            lane = "comity-bulk/1" if b"comity-bulk/1" in first else "comity/1"
            far = socket.create_connection(("127.0.0.1", self.target), DEADLINE)
            said = None
            if lane in self.attacked:
                far = self._context("US-OIA", lane, False).wrap_socket(far)
                near = self._context("IE", lane, True).wrap_socket(near, server_side=True)
                said = {near: bytearray(), far: bytearray()}
                self.said.append((lane, said[near], said[far]))
            self._hand_on(near, far, said)

    def _context(self, who, lane, listen):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listen else ssl.PROTOCOL_TLS_CLIENT)
        c.load_cert_chain(f"{self.base}/{who}/tls.pem", f"{self.base}/{who}/tls.key")
        c.check_hostname = False
        # It asks for a certificate as a true listener does, and takes whatever comes from whom it expects.
        c.load_verify_locations(f"{self.base}/{'US-OIA' if who == 'IE' else 'IE'}/ca.pem")
        c.verify_mode = ssl.CERT_REQUIRED
        c.set_alpn_protocols([lane])
        if listen:
            c.num_tickets = 0
        return c

    @staticmethod
    def _hand_on(near, far, said):
        for s in (near, far):
            s.setblocking(False)
        left = {near: bytearray(), far: bytearray()}    # for that one
        try:
            while True:
                pending = said and (near.pending() or far.pending())
                select.select([near, far], [s for s in left if left[s]], [], 0 if pending else None)
                for s, to in ((near, far), (far, near)):
                    with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                        data = s.recv(1 << 16)
                        if not data:
                            return
                        left[to] += data
                        if said:
                            said[s] += data
                    if left[to]:
                        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                            del left[to][:to.send(left[to])]
        finally:
            for s in (near, far):
                s.setblocking(True)
                with contextlib.suppress(OSError, ssl.SSLError):
                    s.sendall(left[s])
                s.close()

    def close(self):
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()


base = tempfile.mkdtemp(dir=DIR)
pki(base, "US-OIA", "IE")
us, ie = Daemon(base, "US-OIA", ["IE"], EVIDENCE), Daemon(base, "IE", ["US-OIA"], EVIDENCE)
between = Between(base, ie.port)
us.configure({"IE": between.port})
ie.configure({"US-OIA": None})
ie.start()
us.start()
desk = Client(us)
stored = put_file(desk, "picture", file_of(bytes_of(1 << 20, "picture")))
request = submission("IE", "between")
request.content.request.attachments.append(attachment(stored))
request = desk.call(submit=local_pb2.Submit(idempotency_key="between", submission=request)).submitted
desk.close()


def alarms(d):
    return len(re.findall(r"ALARM: peer \S+: ", d.log()))


def nothing_crossed(lane, frame):
    """Of a lane: the thief has seen greetings and goodbyes only."""
    seen = [x for x in between.said if x[0] == lane]
    assert len(seen) >= 3, seen
    for _, near, far in seen:
        for raw in (near, far):
            # Since either side has closed, what it had said is whole, or cut after a goodbye.
            assert {k for k, _ in kinds(raw, frame)} <= set(GREETING), kinds(raw, frame)
    assert any({"hello", "session_proof"} <= {k for k, _ in kinds(near, frame)} for _, near, _ in seen)


@test
def who_hands_everything_on_between_two_is_believed_by_neither():
    until("alarms on both sides", lambda: alarms(us) >= 2 and alarms(ie) >= 2)
    until("three attempts", lambda: len(between.said) > 3)
    nothing_crossed("comity/1", P.pb.PeerFrame)
    assert peer_of(us, "IE")["state"] != "connected" and peer_of(us, "IE").get("waiting") == "1"
    assert peer_of(ie, "US-OIA")["state"] != "connected"


@test
def what_was_recorded_proves_nothing_in_a_connection_of_the_thief():
    """US-OIA's own Hello and proof, said again to IE with US-OIA's TLS key."""
    near = next(near for lane, near, _ in between.said
                if [k for k, _ in kinds(near, P.pb.PeerFrame)][:2] == ["hello", "session_proof"])
    hello, proof = (raw for _, raw in kinds(near, P.pb.PeerFrame)[:2])
    thief = P.Peer("US-OIA", "IE", base, f"{base}/thief")
    thief.open_dialler(ie.port)
    s = thief.dial(upto="nothing", polite=False)
    assert P.pump([s], lambda: s.ready, DEADLINE)
    s.send_bytes(hello)
    assert P.pump([s], lambda: s.greeting.hello, DEADLINE), s.goodbye
    s.send_bytes(proof)
    assert P.pump([s], lambda: s.closed, DEADLINE), "it stays"
    assert s.goodbye and s.goodbye[0] == "IDENTITY", (s.goodbye, s.said_goodbye)
    assert [f.WhichOneof("kind") for f in s.frames] == ["hello", "goodbye"], s.frames
    thief.close()


@test
def nor_on_the_bulk_lane():
    between.attacked = {"comity-bulk/1"}
    until("the request to be delivered", lambda: peer_of(us, "IE").get("waiting", "0") == "0")
    before = alarms(us), alarms(ie)
    until("three attempts", lambda: len([x for x in between.said if x[0] == "comity-bulk/1"]) > 3)
    until("alarms on both sides", lambda: alarms(us) > before[0] and alarms(ie) > before[1])
    nothing_crossed("comity-bulk/1", B.bulk.BulkFrame)
    desk = Client(ie)

    def state():
        answer = desk.call(list_evidence=local_pb2.ListEvidence(case_ref=f"US-OIA/{request.case_id}"))
        return [e.state for e in answer.evidence_list.items]
    assert state() == ["waiting"], state()
    assert peer_of(us, "IE")["state"] == peer_of(ie, "US-OIA")["state"] == "connected"
    between.attacked = set()
    until("the evidence", lambda: state() == ["here"])
    desk.close()


between.close()
if failed:
    for d in (us, ie):
        print("\n".join(f"# {d.id}: {line}" for line in d.log().splitlines()[-40:]))
finish(us, ie)
