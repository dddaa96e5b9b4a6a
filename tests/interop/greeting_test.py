"""Who speaks for IE to a real comityd (US-OIA), on both lanes and in both roles: everybody here has the TLS certificate
of IE, and all but the last lack something of its session proof.
"""
import os
import json
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import bulk as B  # noqa: E402
import carrier  # noqa: E402
import peer as P  # noqa: E402
from exporter import Exporter  # noqa: E402

P.load_protocol(f"{TOP}/proto", DIR)
B.load_protocol(f"{TOP}/proto", DIR)
YEAR = 365 * 86400


def comity_pki(*args, env=()):
    subprocess.run([f"{TOP}/certs/comity-pki", *args], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, **dict(env)})


def certificates(base):
    """Authorities of 800 days ago whose certificates have expired and were renewed. Of IE, beside the present one in
    IE/: in keys/NAME a signing key that has expired or is revoked, both pinned, and one that is not."""
    past = Shim(Daemon(base, "past", []))
    past.set(offset=-800 * 86400)
    comity_pki("throwaway", base, "US-OIA", "IE", env=past.env())
    for own in ("US-OIA", "IE"):
        comity_pki("renew", f"{base}/{own}", "tls", "--new-key")

    def keep(name):
        os.makedirs(f"{base}/keys/{name}")
        for what in ("pem", "key"):
            shutil.copy(f"{base}/IE/sign.{what}", f"{base}/keys/{name}/sign.{what}")
    keep("expired")
    for name in ("unpinned", "revoked"):
        comity_pki("renew", f"{base}/IE", "sign", "--new-key")
        keep(name)
    comity_pki("revoke", f"{base}/IE", f"{base}/keys/revoked/sign.pem")
    for own, other in (("US-OIA", "IE"), ("IE", "US-OIA")):
        comity_pki("renew", f"{base}/{own}", "sign", "--new-key")
        comity_pki("crl", f"{base}/{own}")
        shutil.copy(f"{base}/{own}/crl.pem", f"{base}/{other}/peers/{own}/crl.pem")
        pinned = [f"{base}/{own}/sign.pem"] + [f"{base}/keys/{k}/sign.pem" for k in ("expired", "revoked") if own == "IE"]
        with open(f"{base}/{other}/peers/{own}/sign.pem", "w") as f:
            f.writelines(open(p).read() for p in pinned)


class Ground:
    """US-OIA, and IE in Python twice: the true one, and whoever has its TLS key. IE dials, or US-OIA does."""

    def __init__(self, dials=True, tunnel=True):
        self.us = Daemon(base, "US-OIA", ["IE"], 'evidence { keep_free = "1M" }\nlimits { handshakes_per_address = 64 }')
        self.us.dir = tempfile.mkdtemp(dir=base)
        self.us.socket, self.us.pause = f"{self.us.dir}/local.sock", f"{self.us.dir}/pause"
        for name in os.listdir(f"{base}/US-OIA"):
            os.symlink(f"{base}/US-OIA/{name}", f"{self.us.dir}/{name}")
        self.us.tunnels = ["IE"] if tunnel else []
        self.true, self.thief = (P.Peer("IE", "US-OIA", base, f"{self.us.dir}/{name}") for name in ("true", "thief"))
        self.door = None if dials else carrier.Door(self.true)
        self.us.configure({"IE": self.door and self.door.port})
        self.us.start()

    def session(self, peer, **options):
        if self.door is None:
            return peer.dial(**options)
        return peer.take(self.door.lanes[carrier.MESSAGES].get(timeout=DEADLINE), **options)

    def lane(self, peer, **options):
        if self.door is None:
            return B.Lane(peer, self.us.port, **options)
        return B.Lane(peer, tls=self.door.lanes[carrier.BULK].get(timeout=DEADLINE), **options)

    def peer(self):
        return json.loads(self.us.ctl("--json", "status").stdout)["peers"][0]

    def close(self):
        self.us.stop()
        for p in (self.true, self.thief):
            p.close()
        if self.door:
            self.door.close()


class Attempt:
    """A connection of the thief that says only what it is told to."""

    def __init__(self, ground, lane):
        self.lane = lane
        if lane == "bulk":
            self.on = ground.lane(ground.thief, upto="nothing")
        else:
            self.on = ground.session(ground.thief, upto="nothing", polite=False)
            self.until(lambda: self.on.ready)
        self.greeting, self.send = self.on.greeting, self.on.send_bytes

    def until(self, condition):
        if self.lane == "messages":
            assert P.pump([self.on], condition, DEADLINE), f"{self.on.goodbye} {self.on.said_goodbye}"
            return
        while not condition():
            frame = self.on.take(DEADLINE)
            assert frame and frame.WhichOneof("kind") != "goodbye", self.on.goodbye

    def hello(self, **changed):
        """In our turn; their answer is awaited where there is to be one."""
        if self.greeting.role == "listener":
            self.until(lambda: self.greeting.hello)
        self.send(self.greeting.say_hello(**changed))

    def greeted(self):
        """Both Hellos are good, and it is our turn to prove ourselves."""
        self.hello()
        self.until(lambda: self.greeting.hello if self.greeting.role == "dialler" else self.greeting.proof)

    def proof(self, **changed):
        self.greeted()
        self.send(self.greeting.say_proof(**changed))

    def frame(self, **kind):
        self.send(self.greeting.frame(**kind).SerializeToString())

    def ended(self):
        """The code of their goodbye, once they have closed; None without one."""
        if self.lane == "bulk":
            assert self.on.ended(DEADLINE), "it stays"
            code = self.on.code
        else:
            assert P.pump([self.on], lambda: self.on.closed, DEADLINE), "it stays"
            assert self.on.said_goodbye is None, self.on.said_goodbye
            code = self.on.goodbye and self.on.goodbye[0]
        self.on.close()
        return code


def version_1(a):
    """The Hello that a daemon and a peer of protocol version 1 began with."""
    if a.lane == "bulk":
        return a.greeting.frame().SerializeToString() + wrapped(1, b"\x08\x01\x10\x01\x1a\x02IE\x22\x06US-OIA\x28\x04")
    peer = a.on.peer
    head = peer.audit_head()
    head = peer.signer.sign(head.text.replace(b"# to US-OIA\n", b"")).SerializeToString()
    hello = a.greeting.make_hello(lowest_version=1, highest_version=1, features=[], nonce=b"").SerializeToString()
    return wrapped(1, hello + b"\x38\x07" + wrapped(8, b"") + wrapped(9, b"") + wrapped(17, head))


def wrapped(field, data):
    """A protobuf field of bytes."""
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)
    return varint(field << 3 | 2) + varint(len(data)) + data


def say_version_1(a):
    if a.greeting.role == "listener":
        a.until(lambda: a.greeting.hello)
    a.send(version_1(a))


def damaged(a):
    a.greeted()
    frame = a.greeting.frame.FromString(a.greeting.say_proof())
    signature = frame.session_proof.proof.signature
    frame.session_proof.proof.signature = signature[:-1] + bytes([signature[-1] ^ 1])
    a.send(frame.SerializeToString())


def with_text(change):
    """A proof whose text was altered before it was signed."""
    def say(a):
        a.greeted()
        text = change(a.greeting.proof_text())
        a.frame(session_proof=P.pb.SessionProof(proof=a.greeting.peer.signer.sign(text)))
    return say


def other(role):
    return "listener" if role == "dialler" else "dialler"


def after_hello(*frames):
    """Something else than the proof that is awaited."""
    def say(a):
        a.greeted()
        for make in frames:
            a.send(make(a))
    return say


def signed_by(name, **changed):
    return lambda a: a.proof(signer_dir=f"{base}/keys/{name}", **changed)


def a_frame(a):
    """One that means something once both sides are proven."""
    if a.lane == "bulk":
        return B.bulk.BulkFrame(pull=B.bulk.Pull(pull=1, message_id=P.uuid7(), attachment=1, sha256=bytes(32),
                                                 credit=1)).SerializeToString()
    return a.on.peer.parcel_frame(a.on.peer.parcel([a.on.peer.message(P.complete_request())],
                                                   remember=False)).SerializeToString()


ZEROS = "0" * 64
ATTEMPTS = [
    ("IDENTITY", "a hello of another authority", lambda a: a.hello(**{"from": "FR"})),
    ("IDENTITY", "a hello for another authority", lambda a: a.hello(to="FR")),
    ("IDENTITY", "a hello of ourselves", lambda a: a.hello(**{"from": "US-OIA", "to": "IE"})),
    ("VERSION", "version 1", say_version_1),
    ("IDENTITY", "a proof of another authority", lambda a: a.proof(**{"from": "FR"})),
    ("IDENTITY", "a proof for another authority", lambda a: a.proof(to="FR")),
    ("IDENTITY", "the wrong role", lambda a: a.proof(role=other(a.greeting.role))),
    ("IDENTITY", "the wrong lane", lambda a: a.proof(lane="messages" if a.lane == "bulk" else "bulk")),
    ("IDENTITY", "another hello of its own", lambda a: a.proof(hello_from=ZEROS)),
    ("IDENTITY", "another hello of the other side", lambda a: a.proof(hello_to=ZEROS)),
    ("IDENTITY", "a binding to another certificate", lambda a: a.proof(binding=f"certificate {ZEROS}")),
    ("IDENTITY", "a binding of the other kind", lambda a: a.proof(binding=f"exporter {ZEROS}")),
    ("IDENTITY", "an audit head for a proof", with_text(lambda _: ground.true.audit_head().text)),
    ("PROTOCOL", "a proof without a binding", with_text(lambda t: t[:t.index(b"# binding")])),
    ("PROTOCOL", "a proof with two bindings", with_text(lambda t: t + t[t.index(b"# binding"):])),
    ("PROTOCOL", "a proof with CR LF", with_text(lambda t: t.replace(b"\n", b"\r\n"))),
    ("SIGNATURE", "a damaged signature", damaged),
    ("SIGNATURE", "the key of another authority", lambda a: a.proof(signer_dir=f"{base}/US-OIA")),
    ("SIGNATURE", "a signer that is not pinned", signed_by("unpinned")),
    ("SIGNATURE", "a revoked signer", signed_by("revoked")),
    ("SIGNATURE", "an expired signer", signed_by("expired")),
    ("SIGNATURE", "an expired signer that says it was in time",
     signed_by("expired", made=P.rfc3339(P.now_ms() - 2 * YEAR * 1000))),
    ("PROTOCOL", "something else before the proof", after_hello(a_frame)),
    ("PROTOCOL", "a second hello", after_hello(lambda a: a.greeting.say_hello())),
    ("PROTOCOL", "a proof before the hello", lambda a: a.send(a.greeting.say_proof())),
    ("PROTOCOL", "something else before the hello", lambda a: a.send(a_frame(a))),
]


def none_is_believed(lane, unchanged):
    """`unchanged`: what is told of the peer, which none of them may change."""
    before = unchanged()
    for code, name, say in ATTEMPTS:
        a = Attempt(ground, lane)
        if a.greeting.role == "listener" and name.endswith("before the hello"):
            a.until(lambda: a.greeting.hello)
        say(a)
        got = a.ended()
        if name == "version 1" and lane == "bulk":
            # It began with a message of its own, which is none of this version: the sentence says so.
            code = "PROTOCOL"
            assert "protocol version 2 begins with its hello" in a.on.goodbye, a.on.goodbye
        assert got == code, f"{lane}, {a.greeting.role}: {name}: {got}"
        after = unchanged()
        assert after == before, f"{name}: {before} {after}"
    assert "ALARM: peer IE: a connection" in ground.us.log()


def exchanged():
    """A request of the true peer's is receipted in its live session."""
    ground.true.waiting.append(ground.true.message(P.complete_request()))
    n = len(ground.true.receipts)
    assert P.pump([live], lambda: len(ground.true.receipts) > n, DEADLINE), live.goodbye


base = tempfile.mkdtemp(dir=DIR)
certificates(base)


# -------------------------------------------------------------- the thief dials

ground = Ground()
ground.true.open_dialler(ground.us.port)
ground.thief.open_dialler(ground.us.port)
live = ground.true.dial()
assert P.pump([live], lambda: live.theirs, DEADLINE), live.goodbye
exchanged()
bulk_live = ground.lane(ground.true)


def of_the_true_peer():
    """All that status tells of it; its session answers before and after."""
    live.step()
    assert not live.closed and not bulk_live.carrier.ended.is_set()
    return ground.peer()


@test
def who_dials_the_message_lane_without_proof_changes_nothing_of_the_true_peer():
    none_is_believed("messages", of_the_true_peer)
    exchanged()


@test
def who_dials_the_bulk_lane_without_proof_changes_nothing_of_the_true_peer():
    none_is_believed("bulk", of_the_true_peer)
    item = B.Item(b"still there")
    content = P.complete_request()
    content.request.attachments.add(**item.manifest)
    raw = ground.true.message(content)
    ground.true.waiting.append(raw)
    ident = P.case.Message.FromString(raw).id
    sender, end = B.Sender(bulk_live, {(ident, 1): item}), time.monotonic() + DEADLINE
    while not any(r.content.WhichOneof("kind") == "evidence_statement" for r in ground.true.received):
        assert time.monotonic() < end, "it has not arrived"
        sender.step()
        live.step()


@test
def what_was_said_in_an_earlier_connection_proves_nothing_in_this_one():
    exchanged()    # and with it the receipt of what came before
    before = of_the_true_peer()
    for lane, was in (("messages", live), ("bulk", bulk_live)):
        a = Attempt(ground, lane)
        a.send(was.greeting.said)
        a.greeting.said = was.greeting.said
        a.until(lambda a=a: a.greeting.hello)
        a.send(was.greeting.said_proof)
        assert a.ended() == "IDENTITY", lane
        # The other side's own proof, which it gave to the true peer.
        a = Attempt(ground, lane)
        a.greeted()
        a.frame(session_proof=was.greeting.proof)
        assert a.ended() == "IDENTITY", lane
    after = of_the_true_peer()
    assert after == before, (before, after)
    exchanged()


@test
def a_second_proof_or_hello_ends_a_session():
    for lane in ("messages", "bulk"):
        for again in (lambda a: a.greeting.say_proof(), lambda a: a.greeting.say_hello()):
            a = Attempt(ground, lane)
            a.proof()
            a.until(lambda a=a: a.greeting.proof)
            a.send(again(a))
            assert a.ended() == "PROTOCOL", lane


@test
def the_last_of_two_proven_connections_stays_and_the_other_is_told():
    global live, bulk_live
    # Two sessions of the true peer, and it does not matter when the second one says that it was made.
    for made in (0, P.now_ms(), P.now_ms() + 50 * YEAR * 1000):
        old, old_bulk = ground.session(ground.true), ground.lane(ground.true)
        assert P.pump([old], lambda o=old: o.theirs, DEADLINE), old.goodbye
        live = ground.session(ground.true, upto="hello")
        assert P.pump([live], lambda: live.greeting.hello, DEADLINE), live.goodbye
        live.steps = P.STEPS.index("state")
        live.send_bytes(live.greeting.say_proof(made=P.rfc3339(made)))
        assert P.pump([old, live], lambda o=old: o.closed and live.theirs, DEADLINE), (made, live.goodbye)
        assert old.goodbye and old.goodbye[0] == "REPLACED", old.goodbye
        bulk_live = ground.lane(ground.true, upto="hello")
        assert bulk_live.await_kind("hello")
        bulk_live.say_proof(made=P.rfc3339(made))
        assert bulk_live.await_proven() and old_bulk.ended() and old_bulk.code == "REPLACED", (old_bulk.code, made)
    exchanged()


@test
def who_proves_nothing_is_closed_after_a_while():
    before = of_the_true_peer()
    silent = [Attempt(ground, lane) for lane in ("messages", "bulk")]
    greeted = [Attempt(ground, lane) for lane in ("messages", "bulk")]
    for a in greeted:
        a.greeted()
    for a in silent + greeted:
        assert a.ended() is None, (a.lane, a.on.goodbye)
    assert of_the_true_peer() == before
    exchanged()


live.close()
bulk_live.close()
ground.close()


# -------------------------------------------------------------- the thief is dialled

ground = Ground(dials=False)


def of_a_peer_that_is_not_there():
    """That an attempt to reach it has failed may be told, and nothing else."""
    peer = ground.peer()
    assert peer.pop("state") != "connected"
    peer.pop("lastFault", None)
    return peer


@test
def who_is_dialled_on_the_message_lane_without_proof_is_not_believed():
    none_is_believed("messages", of_a_peer_that_is_not_there)


live = ground.session(ground.true)
assert P.pump([live], lambda: live.theirs, DEADLINE), live.goodbye
# Something to fetch, for which the bulk lane is dialled again and again.
wanted = P.complete_request()
wanted.request.attachments.add(**B.Item(b"never sent").manifest)
ground.true.waiting.append(ground.true.message(wanted))
assert P.pump([live], lambda: ground.true.receipts, DEADLINE), live.goodbye


@test
def our_own_proof_handed_back_is_none_of_the_other_side():
    a = Attempt(ground, "bulk")
    a.greeted()
    a.frame(session_proof=a.greeting.proof)
    assert a.ended() == "IDENTITY"


@test
def who_is_dialled_on_the_bulk_lane_without_proof_changes_nothing_of_the_true_peer():
    def unchanged():
        live.step()
        assert not live.closed, live.goodbye
        return ground.peer()
    none_is_believed("bulk", unchanged)
    exchanged()


live.close()
ground.close()


# -------------------------------------------------------------- a binding that an outside tool has made

ground = Ground(tunnel=False)


@test
def the_exporter_that_openssl_prints_proves_a_connection():
    peer = ground.true
    tunnel = Exporter(peer, ground.us.port)
    s = peer.dial(port=tunnel.port, binding=("exporter", tunnel.exporter, tunnel.exporter))
    assert P.pump([s], lambda: s.theirs, DEADLINE), (s.goodbye, s.said_goodbye)
    peer.waiting.append(peer.message(P.complete_request()))
    assert P.pump([s], lambda: peer.receipts, DEADLINE), s.goodbye
    s.leave()
    tunnel.close()


@test
def nobody_falls_back_to_the_certificate_where_the_exporter_is_agreed():
    for lane in ("messages", "bulk"):
        ground.thief.open_dialler(ground.us.port)
        a = Attempt(ground, lane)
        a.proof()
        assert a.ended() == "IDENTITY", lane
        ground.thief.close_tunnel()
    tunnel = Exporter(ground.thief, ground.us.port)
    s = ground.thief.dial(port=tunnel.port, binding=("exporter", ZEROS, tunnel.exporter))
    assert P.pump([s], lambda: s.closed, DEADLINE) and s.goodbye[0] == "IDENTITY", s.goodbye
    tunnel.close()


ground.close()
finish()
