"""Evidence between a real comityd (US-OIA) and a peer in Python (IE) that knows the specification only.

The messages go through stunnel (peer.py), the bytes over TLS with ALPN (bulk.py).
"""
import array
import hashlib
import os
import ssl
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import bulk as B  # noqa: E402
import peer as P  # noqa: E402

P.load_protocol(f"{TOP}/proto", DIR)
B.load_protocol(f"{TOP}/proto", DIR)
PB, MIB = B.bulk, B.CHUNK


def bytes_of(size, seed):
    """Content that is like nothing else; the same for the same seed."""
    block = hashlib.shake_256(seed.encode()).digest(MIB)
    return b"".join(i.to_bytes(8, "big") + block[8:] for i in range(-(-size // MIB)))[:size]


# -------------------------------------------------------------- before there is a daemon

@test
def an_audit_path_proves_its_chunk_and_no_other():
    for n in range(1, 20):
        leaves = [B.leaf(bytes([i])) for i in range(n)]
        for m in range(n):
            path = b"".join(B.proof(m, leaves))
            assert B.proved(bytes([m]), m, n, path, B.root(leaves)), (m, n)
            assert not B.proved(bytes([m + 1]), m, n, path, B.root(leaves))
            assert not B.proved(bytes([m]), m, n, path + bytes(32), B.root(leaves))
            assert n == 1 or not B.proved(bytes([m]), (m + 1) % n, n, path, B.root(leaves))


base = tempfile.mkdtemp(dir=DIR)
pki(base, "US-OIA", "IE")
daemon = Daemon(base, "US-OIA", ["IE"], 'evidence { keep_free = "1M" }')
daemon.tunnels = ["IE"]
daemon.configure({"IE": None})
daemon.start()
ie = P.Peer("IE", "US-OIA", base, f"{base}/work")
ie.open_dialler(daemon.port)
messages = ie.dial()
desk = Client(daemon)


def pump(condition, what):
    assert P.pump([messages], condition, DEADLINE), f"{what}: {messages.goodbye} {messages.said_goodbye}"


def offer(*items):
    """A request with these attachments, which the daemon accepts; returns message id, number and case."""
    content = P.complete_request()
    for item in items:
        content.request.attachments.add(**item.manifest)
    raw = ie.message(content)
    ie.waiting.append(raw)
    before = len(ie.receipts)
    pump(lambda: len(ie.receipts) > before, "no receipt")
    assert [e[2] for e in ie.receipts[ie.sent[-1].place].entries] == [None], ie.receipts[ie.sent[-1].place].entries
    return P.case.Message.FromString(raw)


def fates(m):
    """What the daemon has stated about the attachments of a message: place -> (fate, digest)."""
    return {i.attachment: (P.case.EvidenceFate.Name(i.fate), i.sha256)
            for r in ie.received if r.case_id == m.case_id and r.content.WhichOneof("kind") == "evidence_statement"
            for i in r.content.evidence_statement.items if i.message == m.number}


def arrived(m, items):
    return fates(m) == {i + 1: ("ARRIVED", item.manifest["sha256"]) for i, item in enumerate(items)}


def serve(sender, condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end and not sender.lane.carrier.ended.is_set(), what
        sender.step()
        messages.step()


def got(m, place):
    """The bytes as the daemon's case system gets them."""
    item = local_pb2.EvidenceRef(message_id=m.id, attachment=place)
    correlation = desk.send(get_evidence=local_pb2.GetEvidence(item=item))
    data = b""
    while True:
        frame = desk.receive()
        if frame.correlation != correlation:
            continue
        assert frame.HasField("evidence_data"), frame
        data += frame.evidence_data.data
        if frame.evidence_data.last:
            return data


def put(data):
    """Evidence handed over by the daemon's case system; its manifest."""
    path = f"{DIR}/put"
    with open(path, "wb") as f:
        f.write(data)
    desk.correlation += 1
    frame = local_pb2.ClientFrame(correlation=desk.correlation, upload_file=local_pb2.UploadFile(key="put"))
    frame = frame.SerializeToString()
    with open(path, "rb") as f:
        desk.sock.sendmsg([bytes([len(frame)]) + frame],
                          [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [f.fileno()]))])
    while True:
        answer = desk.receive()
        if answer.correlation == desk.correlation and not answer.HasField("upload_state"):
            break
    s = answer.evidence_stored
    assert s.sha256 == hashlib.sha256(data).digest(), answer
    return case_pb2.Attachment(name="log.txt", media_type="text/plain", size=s.size, sha256=s.sha256,
                               chunk_bytes=s.chunk_bytes, chunk_root=s.chunk_root)


# -------------------------------------------------------------- the daemon pulls

SMALL = [B.Item(b"", "empty.txt"), B.Item(bytes_of(5 * MIB + 1, "five")), B.Item(b"one line\n", "line.txt"),
         B.Item(bytes_of(2 * MIB, "two")), B.Item(bytes_of(MIB - 1, "one"))]


@test
def comityd_pulls_what_a_python_peer_offers_and_states_that_it_arrived():
    m = offer(*SMALL)
    lane = B.Lane(ie, daemon.port)
    sender = B.Sender(lane, {(m.id, i + 1): item for i, item in enumerate(SMALL)})
    serve(sender, lambda: arrived(m, SMALL), "not all has arrived")
    assert sorted(sender.pulls) == [(m.id, i + 1, 0) for i in range(len(SMALL))]
    assert all(sender.sent[m.id, i + 1] == len(item.chunks) for i, item in enumerate(SMALL))
    for i, item in enumerate(SMALL):
        assert got(m, i + 1) == item.data, i
    # The same content again needs no pull, unless its author wants one.
    again = B.Item(SMALL[1].data, "again.bin"), B.Item(SMALL[2].data, "always.txt", send_always=True)
    m = offer(*again)
    sender.offers = {(m.id, i + 1): item for i, item in enumerate(again)}
    sender.pulls.clear()
    serve(sender, lambda: arrived(m, again), "not all has arrived")
    assert sender.pulls == [(m.id, 2, 0)], sender.pulls
    lane.close()


LONG = B.Item(bytes_of(24 * MIB + 5, "long"))


@test
def a_transfer_goes_on_where_it_was_when_the_connection_broke():
    m = offer(LONG)
    lane = B.Lane(ie, daemon.port)
    sender = B.Sender(lane, {(m.id, 1): LONG})
    credit = []

    def stored():
        """What it gives beyond its first credit it has stored."""
        return sum(credit) >= 8

    end = time.monotonic() + DEADLINE
    while not stored():
        assert time.monotonic() < end
        frame = sender.step()
        if frame is not None and frame.WhichOneof("kind") == "credit":
            credit.append(frame.credit.chunks)
    lane.close()
    sender = B.Sender(B.Lane(ie, daemon.port), {(m.id, 1): LONG})
    serve(sender, lambda: arrived(m, [LONG]), "it has not arrived")
    assert len(sender.pulls) == 1 and sender.pulls[0][2] >= 8, sender.pulls
    assert got(m, 1) == LONG.data
    sender.lane.close()


@test
def a_sender_that_breaks_the_protocol_is_said_goodbye():
    item = B.Item(bytes_of(20 * MIB, "lies"))
    m = offer(item)

    def lie(what, *frames, upto="proof", pulled=True):
        """`frames`: made with the number of the pull, its first chunk and its credit."""
        lane = B.Lane(ie, daemon.port, upto=upto)
        p = lane.await_kind("pull") if pulled else None
        assert p or not pulled, f"{what}: no pull, {lane.goodbye}"
        for make in frames:
            lane.send(make(p))
        assert lane.ended() and lane.code == "PROTOCOL", (what, lane.code, lane.goodbye)
        lane.close()
        return lane.goodbye

    frame = PB.BulkFrame
    lie("no kind", lambda p: frame(), pulled=False)
    lie("a chunk of a number never used", lambda p: item.frame(77, 0))
    lie("out of order", lambda p: item.frame(p.pull, p.first_chunk + 1))
    lie("twice", lambda p: item.frame(p.pull, p.first_chunk), lambda p: item.frame(p.pull, p.first_chunk))

    def long_path(p):
        f = item.frame(p.pull, p.first_chunk)
        f.chunk.path = bytes(32 * 49)
        return f

    def odd_path(p):
        f = item.frame(p.pull, p.first_chunk)
        f.chunk.path = f.chunk.path[:-1]
        return f

    lie("a path that is too long", long_path)
    lie("a path that is not a row of digests", odd_path)
    # Beyond the credit: whether the last one is one too many depends on how fast it stores. 17 at once are.
    lie("more than was granted", lambda p: item.frame(p.pull, 19))
    assert fates(m) == {}


@test
def a_chunk_that_is_not_what_its_manifest_says_ends_its_pull_and_nothing_else():
    lane = B.Lane(ie, daemon.port)
    for name, spoil in (("short", lambda data: data[:-1]), ("wrong", lambda data: bytes([data[0] ^ 1]) + data[1:])):
        item = B.Item(bytes_of(3 * MIB, name))
        m = offer(item)
        p = lane.await_kind("pull")
        f = item.frame(p.pull, p.first_chunk)
        f.chunk.data = spoil(f.chunk.data)
        lane.send(f)
        cancel = lane.await_kind("cancel")
        assert (cancel.pull, cancel.code) == (p.pull, PB.CHUNK_DIFFERS), (name, cancel)
        assert fates(m) == {}
    good = B.Item(bytes_of(MIB, "beside them"))
    m = offer(good)
    serve(B.Sender(lane, {(m.id, 1): good}), lambda: arrived(m, [good]), "the good one has not arrived")
    assert lane.goodbye is None
    lane.close()


@test
def not_sent_ends_a_pull_and_leaves_the_session():
    m = offer(B.Item(bytes_of(3 * MIB, "unsent")))
    lane = B.Lane(ie, daemon.port)
    sender = B.Sender(lane, {})
    other = B.Item(bytes_of(MIB, "other"))
    until("a pull", lambda: sender.step() is not None and sender.lane.hello)
    second = offer(other)
    sender.offers = {(second.id, 1): other}
    serve(sender, lambda: arrived(second, [other]), "the other one has not arrived")
    assert fates(m) == {} and lane.goodbye is None
    lane.close()


# -------------------------------------------------------------- the Python peer pulls

def offered(reference, *contents):
    """A request of the daemon's case system with attachments; the message as the peer has it."""
    s = submission("IE", reference)
    s.content.request.attachments.extend(put(c) for c in contents)
    answer = desk.call(submit=local_pb2.Submit(idempotency_key=reference, submission=s))
    assert answer.HasField("submitted"), answer
    ident = answer.submitted.message_id
    pump(lambda: any(m.id == ident for m in ie.received), "the request has not arrived")
    return next(m for m in ie.received if m.id == ident)


DATA = [bytes_of(7 * MIB + 9, "seven"), b"", b"short"]
ours = offered("bulk-1", *DATA)
ATTACHMENTS = ours.content.request.attachments


@test
def a_python_peer_pulls_what_comityd_offers_and_states_that_it_arrived():
    lane = B.Lane(ie, daemon.port)
    assert lane.hello.pulls >= 1
    for i, (data, a) in enumerate(zip(DATA, ATTACHMENTS)):
        assert B.fetch(lane, i + 1, ours.id, i + 1, a, credit=1 + i) == data
    # From the middle; and one that is given up on the way, then again under another number.
    assert B.fetch(lane, 10, ours.id, 1, ATTACHMENTS[0], first=5, credit=64) == DATA[0][5 * MIB:]
    assert B.fetch(lane, 9, ours.id, 1, ATTACHMENTS[0], credit=8, stop=1) == DATA[0][:2 * MIB]
    assert B.fetch(lane, 11, ours.id, 1, ATTACHMENTS[0]) == DATA[0]
    content, at = P.case.Content(), P.now_ms()
    for i, a in enumerate(ATTACHMENTS):
        content.evidence_statement.items.add(message=ours.number, attachment=i + 1, sha256=a.sha256,
                                             fate=P.case.ARRIVED, at_ms=at)
    ie.waiting.append(ie.message(content, ours.case_id))

    before = len(ie.receipts)
    pump(lambda: len(ie.receipts) > before, "no receipt")
    assert [e[2] for e in ie.receipts[ie.sent[-1].place].entries] == [None], ie.receipts[ie.sent[-1].place].entries
    items = desk.call(list_evidence=local_pb2.ListEvidence(case_ref="bulk-1")).evidence_list.items
    assert [(e.state, e.here) for e in items] == [("delivered", len(d)) for d in DATA], items
    assert all(e.arrived_ms == at for e in items), items
    lane.close()


@test
def what_cannot_be_sent_is_told_and_the_session_goes_on():
    lane = B.Lane(ie, daemon.port)
    a = ATTACHMENTS[0]
    theirs = next(iter(ie.messages))
    assert B.fetch(lane, 1, P.uuid7(), 1, a) == "NEVER_OFFERED"
    assert B.fetch(lane, 2, ours.id, 4, a) == "NEVER_OFFERED"
    assert B.fetch(lane, 3, ours.id, 0, a) == "NEVER_OFFERED"
    assert B.fetch(lane, 4, ours.id, 2, a) == "NEVER_OFFERED"
    assert B.fetch(lane, 5, "../../etc/passwd", 1, a) == "NEVER_OFFERED"
    # Its own message is none that was offered to it.
    own = P.case.Message.FromString(ie.sent[0].messages[0])
    assert B.fetch(lane, 6, own.id, 2, own.content.request.attachments[1]) == "NEVER_OFFERED"
    assert theirs
    lane.say(pull=PB.Pull(pull=7, message_id=ours.id, attachment=1, sha256=a.sha256, first_chunk=8, credit=1))
    assert PB.NotSentCode.Name(lane.await_kind("not_sent").code) == "NO_SUCH_CHUNK"
    # As many as its hello says are served, each up to its credit; one more is not.
    most = lane.hello.pulls
    for i in range(most + 1):
        lane.say(pull=PB.Pull(pull=20 + i, message_id=ours.id, attachment=1, sha256=a.sha256, credit=1))
    no = lane.await_kind("not_sent")
    assert (no.pull, PB.NotSentCode.Name(no.code)) == (20 + most, "TOO_MANY_PULLS"), no
    chunks = [lane.await_kind("chunk") for _ in range(most)]
    assert sorted(c.pull for c in chunks) == list(range(20, 20 + most)) and {c.chunk for c in chunks} == {0}
    for i in range(most):
        lane.say(cancel=PB.Cancel(pull=20 + i))
        lane.say(credit=PB.Credit(pull=20 + i, chunks=1))  # crosses its end: no fault
    assert B.fetch(lane, 40, ours.id, 1, a) == DATA[0]
    assert lane.goodbye is None
    lane.close()


@test
def a_receiver_that_breaks_the_protocol_is_said_goodbye():
    def pull(number, credit):
        return PB.BulkFrame(pull=PB.Pull(pull=number, message_id=ours.id, attachment=1, sha256=ATTACHMENTS[0].sha256,
                                         credit=credit))

    def credit(chunks):
        return PB.BulkFrame(credit=PB.Credit(pull=1, chunks=chunks))

    for what, frames in (("number 0", [pull(0, 1)]), ("no credit", [pull(1, 0)]), ("credit of 65", [pull(1, 65)]),
                         ("a number that is in use", [pull(1, 1), pull(1, 1)]),
                         ("a credit of nothing", [pull(1, 1), credit(0)]),
                         ("too much credit", [pull(1, 1), credit(1 << 31)])):
        lane = B.Lane(ie, daemon.port)
        for f in frames:
            lane.send(f)
        assert lane.ended() and lane.code == "PROTOCOL", (what, lane.code, lane.goodbye)
        lane.close()


@test
def only_this_lane_is_spoken_on_it():
    try:
        B.Lane(ie, daemon.port, alpn="comity-bulk/2").close()
        raise AssertionError("another protocol was accepted")
    except ssl.SSLError as e:
        assert "NO_APPLICATION_PROTOCOL" in str(e).upper().replace(" ", "_"), e
    # A frame of the message lane is none of this one.
    lane = B.Lane(ie, daemon.port)
    lane.send_bytes(P.pb.PeerFrame(state=ie.state()).SerializeToString())
    assert lane.ended() and lane.code == "PROTOCOL", "a frame of the message lane was taken"
    lane.close()
    assert not messages.closed


desk.close()
ie.close()
finish(daemon)
