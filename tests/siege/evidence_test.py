"""A peer with valid certificates that lies on the bulk lane: about its evidence, and in what it asks for."""
import select
import ssl

from siege import *
from evidence import *
import bulk as B

B.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
many_descriptors()
ground = Ground('evidence { keep_free = "1M" }')
us, ie = ground.us, ground.ie
shim = Shim(us)
shim.store += "/evidence"
ground.start(shim.env())
liar = P.Peer("FR", "US-OIA", ground.base, f"{ground.base}/liar")
liar.open_dialler(us.port)
PB, NAME = B.bulk, f"{SECRET}.mbox"
MEMORY = 96             # MiB: a window of chunks, those of the disk's thread, and 48 as without evidence
true_items = {}         # (message, place) -> Item, for an honest session


# --------------------------------------------------------------- the message lane

def session():
    s = liar.dial()
    assert P.pump([s], lambda: s.theirs), "no session"
    return s


def delivered(raw, seconds=60):
    """The verdicts on a parcel of them."""
    s = session()
    made = liar.parcel(raw)
    s.send(liar.parcel_frame(made))
    assert P.pump([s], lambda: made.place in liar.receipts, seconds), f"no receipt: {s.goodbye}"
    s.leave()
    return [e[2] and e[2][0] for e in liar.receipts[made.place].entries]


def message_with(manifests):
    content = secret_request()
    for m in manifests:
        content.request.attachments.add(**m)
    return liar.message(content)


def offer(items, manifests=None):
    """A message with these attachments, which is accepted."""
    raw = message_with(manifests or [i.manifest for i in items])
    assert delivered([raw]) == [None]
    m = P.case.Message.FromString(raw)
    if manifests is None:
        true_items.update({(m.id, i + 1): item for i, item in enumerate(items)})
    return m


def ref(m):
    return f"FR/{m.case_id}"


def fates(m):
    """What the daemon has stated about the attachments of a message."""
    return {i.attachment: P.case.EvidenceFate.Name(i.fate) for r in liar.received
            if r.case_id == m.case_id and r.content.WhichOneof("kind") == "evidence_statement"
            for i in r.content.evidence_statement.items if i.message == m.number}


def stated(m, awaited):
    s = session()
    assert P.pump([s], lambda: fates(m) == awaited, DEADLINE), (fates(m), s.goodbye)
    s.leave()


def tiny(number):
    """The manifest of an item of ten bytes that is not there."""
    d = hashlib.sha256(f"tiny {number}".encode()).digest()
    return dict(name=NAME, media_type="text/plain", size=10, sha256=d, chunk_bytes=B.CHUNK, chunk_root=d)


def items_of(count, size, seed):
    return [B.Item(bytes_of(size, f"{seed}-{i}"), NAME) for i in range(count)]


def given(size, seed, to="FR"):
    """Evidence of ours that is offered to a peer; the message's id and the content."""
    data, desk = bytes_of(size, seed), Client(us)
    stored = put_file(desk, f"given-{seed}", file_of(data))
    s = secret_submission(to, ground.reference())
    s.content.request.attachments.append(attachment(stored, NAME))
    answer = desk.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
    assert answer.HasField("submitted"), answer
    desk.close()
    return answer.submitted, B.Item(data, NAME)


def received(submitted):
    """The liar takes that message."""
    s = session()
    assert P.pump([s], lambda: any(m.id == submitted.message_id for m in liar.received), DEADLINE)
    s.leave()


# ------------------------------------------------------------------ the bulk lane

def lane(**options):
    return B.Lane(liar, us.port, **options)


def ended(l):
    """Why the daemon has ended it."""
    assert l.ended(DEADLINE), "the session stays"
    l.close()
    return l.goodbye


def a_pull(l, m):
    """The next pull of an attachment of that message, and what it is of; others are refused."""
    while True:
        pull = l.await_kind("pull", DEADLINE)
        assert pull, f"no pull: {l.goodbye}"
        if pull.message_id == m.id:
            return pull
        l.say(not_sent=PB.NotSent(pull=pull.pull, code=PB.NOT_NOW))


def honest(*messages):
    """What was lied about arrives as soon as it is sent."""
    l = lane()
    sender = B.Sender(l, true_items)
    end = time.monotonic() + DEADLINE
    while not all(e.state == "here" for m in messages for e in evidence(us, ref(m))):
        assert time.monotonic() < end and not l.carrier.ended.is_set(), [evidence(us, ref(m)) for m in messages]
        for _ in range(20):
            sender.step(0.01)
    l.close()
    desk = Client(us)
    for m in messages:
        for e in evidence(us, ref(m), desk):
            assert get(desk, e.item) == true_items[m.id, e.item.attachment].data
        stated(m, {e.item.attachment: "ARRIVED" for e in evidence(us, ref(m))})
    desk.close()


class Raw:
    """The same lane without anybody who reads, once it is proven."""

    def __init__(self):
        self.sock = ground.raw_tls(alpn=B.ALPN)
        self.said = self.sock.recv(1)    # a dialler is silent until the listener has said something
        self.sock.sendall(GREETING + READY)
        # Nor may it send frames before this, which is the last thing that is no frame.
        while b"\x05READY" not in self.said or len(self.said) < 66 + self.said[65]:
            self._more()
        self.said = self.said[66 + self.said[65]:]
        greeting = B.Greeting(liar, "dialler", "bulk", PB.BulkFrame)
        self.sock.sendall(self.framed(greeting.say_hello()))
        raw = self._frame()
        greeting.take_hello(PB.BulkFrame.FromString(raw).hello, raw)
        self.sock.sendall(self.framed(greeting.say_proof()))
        greeting.take_proof(PB.BulkFrame.FromString(self._frame()).session_proof)

    def _more(self):
        more = self.sock.recv(4096)
        assert more, self.said
        self.said += more

    def _frame(self):
        """The next frame, which may be long or short; a command before it, such as a PING, is passed over."""
        while True:
            flags = self._take(1)[0]
            size = int.from_bytes(self._take(8 if flags & 2 else 1), "big")
            body = self._take(size)
            if not flags & 4:
                return body

    def _take(self, count):
        while len(self.said) < count:
            self._more()
        taken, self.said = self.said[:count], self.said[count:]
        return taken

    @staticmethod
    def framed(data):
        return b"\x02" + struct.pack(">Q", len(data)) + data

    @classmethod
    def frame(cls, **kind):
        return cls.framed(PB.BulkFrame(**kind).SerializeToString())

    def say(self, **kind):
        self.sock.sendall(self.frame(**kind))

    def close(self):
        self.sock.close()


def others_evidence_crosses(witness, size=3 * MIB):
    """Of a request to the true peer."""
    submitted, item = given(size, f"{time.monotonic_ns()}", "IE")
    witness.accepted.append(("US-OIA", submitted.message_id))
    in_state(ie, f"US-OIA/{submitted.case_id}", "here")
    assert item.manifest["sha256"].hex() in contents(ie)


@contextlib.contextmanager
def besieged_by_liar(log, memory=MEMORY, lines=60):
    """As `besieged`; evidence of others crosses meanwhile, and no file name is in the log (it is the secret)."""
    with besieged(ground, memory, log, lines) as witness:
        before = us.log()
        yield witness
        others_evidence_crosses(witness)
        touched = [x for x in us.log()[len(before):].splitlines() if re.search(r"peer IE: session ended", x)]
        assert not touched, touched


def altered(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def chunk(pull, number=0, path=b"", data=b""):
    return PB.BulkFrame(chunk=PB.Chunk(pull=pull, chunk=number, path=path, data=data))


def cancelled(l, pull):
    """The daemon wants no more of it, says why, and goes on with all others."""
    said = l.await_kind("cancel", DEADLINE)
    assert said and (said.pull, said.code) == (pull.pull, PB.CHUNK_DIFFERS), (said, l.goodbye)
    l.say(pull=PB.Pull(pull=1, message_id=P.uuid7(), attachment=1, sha256=bytes(32), credit=1))
    answer = l.await_kind("not_sent", DEADLINE)
    assert answer and answer.code == PB.NEVER_OFFERED, (answer, l.goodbye)
    l.close()


def lied(items, lies, log):
    """Each lie about a pull of one of them ends its session by that sentence, or where only the item is not what it should
    be that pull, and nothing else is hurt."""
    assert len(items) >= len(lies)
    with besieged_by_liar(log):
        m = offer(items)
        for sentence, lie in lies:
            before = len(us.log())
            l = lane()
            pull = a_pull(l, m)
            item = items[pull.attachment - 1]
            true = item.frame(pull.pull, 0).chunk
            for frame in lie(pull, item, true):
                l.send_bytes(frame if isinstance(frame, bytes) else frame.SerializeToString())
            if sentence in (WRONG, SIZE):
                cancelled(l, pull)
                alarm = f"ALARM: peer FR: attachment {pull.attachment} of message {m.id}: it sent {sentence}"
            else:
                # What it says may be lost where much is on the way to it; what it logs is not.
                why = ended(l)
                assert why is None or re.search(sentence, why), (sentence, why)
                alarm = f"ALARM: peer FR: bulk lane: .*{sentence}"
            until("the alarm", lambda b=before, a=alarm: re.search(a, us.log()[b:]))
        assert not any(e.state == "here" for e in evidence(us, ref(m)))
        shim.set()
    # What it left out after a lie it tries again after half a minute, or when it starts anew.
    us.stop()
    us.start(ground.env)
    ground.connected()
    honest(m)


# ------------------------------------------------------------------------ lies

WRONG = "a chunk that is not what its manifest says"
NEXT = "a chunk that was not granted, or is not the next one"
SIZE = "a chunk of another size than its manifest says"
NEVER = "a chunk of a pull that was never asked for"


@test
def chunks_with_wrong_bytes():
    lied(items_of(3, 2 * MIB + 5, "wrong"), [
        (WRONG, lambda p, i, t: [chunk(p.pull, 0, t.path, altered(t.data))]),
        (WRONG, lambda p, i, t: [chunk(p.pull, 0, t.path, bytes(MIB))]),
        (WRONG, lambda p, i, t: [chunk(p.pull, 0, t.path, i.chunks[1])]),
    ], f"ALARM: peer FR: .*{WRONG}")


@test
def chunks_with_a_wrong_path():
    lied(items_of(6, 4 * MIB, "path"), [
        (WRONG, lambda p, i, t: [chunk(p.pull, 0, b"", t.data)]),
        (WRONG, lambda p, i, t: [chunk(p.pull, 0, t.path + bytes(32), t.data)]),
        (WRONG, lambda p, i, t: [chunk(p.pull, 0, t.path[32:] + t.path[:32], t.data)]),
        (WRONG, lambda p, i, t: [chunk(p.pull, 0, b"".join(B.proof(1, i.leaves)), t.data)]),
        ("not a row of digests", lambda p, i, t: [chunk(p.pull, 0, t.path[:-1], t.data)]),
        ("digests", lambda p, i, t: [chunk(p.pull, 0, bytes(32 * 49), t.data[:1000])]),
    ], f"ALARM: peer FR: .*{WRONG}")


@test
def chunks_that_are_not_next_or_were_not_asked_for():
    lied(items_of(8, 2 * MIB + 5, "next"), [
        (NEXT, lambda p, i, t: [i.frame(p.pull, 1)]),
        (NEXT, lambda p, i, t: [i.frame(p.pull, 0)] * 2),
        (NEXT, lambda p, i, t: [chunk(p.pull, 1 << 62, t.path, t.data)]),
        (NEXT, lambda p, i, t: [chunk(p.pull, (1 << 64) - 1, t.path, t.data)]),
        (NEVER, lambda p, i, t: [chunk(999, 0, t.path, t.data)]),
        (NEVER, lambda p, i, t: [chunk(0, 0, t.path, t.data)]),
        (NEVER, lambda p, i, t: [chunk((1 << 32) - 1, 0, t.path, t.data)]),
    ], f"ALARM: peer FR: bulk lane: {NEXT}")


@test
def chunks_without_credit():
    """All of it at once, while the disk takes its time."""
    shim.set(delay_ms=300)
    lied(items_of(1, 40 * MIB, "credit"), [(NEXT, lambda p, i, t: [i.frame(p.pull, n) for n in range(40)])],
         f"ALARM: peer FR: bulk lane: {NEXT}")


@test
def chunks_of_the_wrong_size():
    lied(items_of(4, 2 * MIB + 5, "size"), [
        (SIZE, lambda p, i, t: [chunk(p.pull, 0, t.path, t.data[:-1])]),
        ("a chunk has at most 1048576", lambda p, i, t: [chunk(p.pull, 0, t.path, t.data + b"x")]),
        (SIZE, lambda p, i, t: [chunk(p.pull, 0, t.path, b"")]),
        (SIZE, lambda p, i, t: [i.frame(p.pull, 0), i.frame(p.pull, 1), chunk(p.pull, 2, b"", i.chunks[2] + bytes(MIB - 5))]),
    ], f"ALARM: peer FR: .*{SIZE}")


@test
def frames_that_are_none_and_hellos_that_claim_too_much():
    huge, pull = (1 << 32) - 1, PB.Pull(pull=1, message_id=P.uuid7(), attachment=1, sha256=bytes(32), credit=1)
    hello = B.Greeting(liar, "dialler", "bulk", PB.BulkFrame).make_hello()
    with besieged_by_liar("peer FR: a connection in its name was refused before it was proven: a frame before the session proof"):
        for first, sentence in (
                ([PB.BulkFrame(pull=pull)], "before the session proof"),
                ([PB.BulkFrame(credit=PB.Credit(pull=1, chunks=1))], "before the session proof"),
                ([chunk(1, 0, b"", b"x" * MIB)], "before the session proof"),
                ([PB.BulkFrame(hello=hello)] * 2, "a second hello"),
                ([PB.BulkFrame()], "."), ([b"\xff" * 1000], "."), ([b""], "."), ([os.urandom(MIB)], "."),
                ([b"\xfa\x01\x00" * 300_000], "too many unknown fields")):
            l = lane(upto="nothing")
            for frame in first:
                l.send_bytes(frame if isinstance(frame, bytes) else frame.SerializeToString())
            why = ended(l)
            assert why and re.search(sentence, why), (sentence, why)
        for fields, sentence in (
                ({"lowest_version": 3, "highest_version": huge}, "version"), ({"lowest_version": huge}, "version"),
                ({"lowest_version": 0, "highest_version": 0}, "version"), ({"pulls": 0}, "no pull"),
                ({"from": "IE"}, "another authority"), ({"to": SECRET}, "another authority"), ({"from": SECRET * 1000}, "another authority")):
            l = lane(upto="nothing")
            l.say_hello(**fields)
            why = ended(l)
            assert why and re.search(sentence, why), (fields, why)
        # Numbers that are only large give nothing that others would not get.
        l = lane(upto="nothing")
        l.say_hello(highest_version=huge, pulls=huge)
        assert l.await_kind("hello"), l.goodbye
        l.say_proof()
        assert l.await_proven(), l.goodbye
        l.say(pull=pull)
        assert l.await_kind("not_sent").code == PB.NEVER_OFFERED
        l.close()


# ------------------------------------------------------------------- manifests

@test
def manifests_that_lie_about_their_content():
    whole, short, root, empty = items_of(4, 2 * MIB, "manifest")
    lies = [{**whole.manifest, "sha256": bytes(32)}, {**short.manifest, "size": 2 * MIB - 1},
            {**root.manifest, "chunk_root": bytes(32)}, {**empty.manifest, "size": 0}]
    with besieged_by_liar(r"ALARM: peer FR: attachment 1 of message \S+ is not what its manifest says; it was thrown away"):
        m = offer(None, lies)
        # All chunks fit the root, the whole is another one: both are signed, and one of them is wrong.
        l = lane()
        while (pull := a_pull(l, m)).attachment != 1:
            pass
        for n in range(len(whole.chunks)):
            l.send(whole.frame(pull.pull, n))
        in_state(us, ref(m), "mismatched")
        l.close()
        stated(m, {1: "MISMATCHED"})
        assert hashlib.sha256(whole.data).hexdigest() not in contents(us)
        desk = Client(us)
        error = get(desk, evidence(us, ref(m))[0].item).error
        assert error.code == types_pb2.NOT_FOUND, error
        desk.close()
        # A size or a root that lies is found out with the first chunk that it speaks of.
        for place, item in ((2, short), (3, root), (4, empty)):
            l = lane()
            while (pull := a_pull(l, m)).attachment != place:
                pass
            for n in range(len(item.chunks)):
                l.send(item.frame(pull.pull, n))
            cancelled(l, pull)
            l.close()
        assert not any(e.state == "here" for e in evidence(us, ref(m)))


@test
def a_manifest_that_lies_holds_up_nobody_who_has_that_content():
    data = bytes_of(2 * MIB, "the content of another one")
    item = B.Item(data, NAME)
    with besieged_by_liar("peer FR: "):
        m = offer(None, [{**item.manifest, "chunk_root": bytes(32)}])
        l = lane()
        a_pull(l, m)
        # It is asked for, and sends nothing of it; the one who truly has it sends it all.
        desk = Client(ie)
        stored = put_file(desk, "true", file_of(data))
        s = secret_submission("US-OIA", ground.reference())
        s.content.request.attachments.append(attachment(stored, NAME))
        answer = desk.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
        desk.close()
        in_state(us, f"IE/{answer.submitted.case_id}", "here")
        assert not l.carrier.ended.is_set(), l.goodbye
        l.close()
    assert not any(e.state == "here" for e in evidence(us, ref(m)))


@test
def an_item_that_another_one_has_begun_and_left_holds_up_nobody_who_has_it():
    """The same bytes from two peers: each sends its own, and the most urgent one comes whoever has stopped."""
    data = bytes_of(3 * MIB, "of two peers")
    item = B.Item(data, NAME)
    with besieged_by_liar("peer FR: "):
        m = offer([item])
        l = lane()
        l.send(item.frame(a_pull(l, m).pull, 0))
        until("it to be written", lambda: evidence(us, ref(m))[0].here >= MIB)
        for place in ("while the lane stands", "after it has gone"):
            desk = Client(ie)
            s = secret_submission("US-OIA", ground.reference())
            s.priority = types_pb2.EMERGENCY
            s.content.request.attachments.append(attachment(put_file(desk, place, file_of(data)), NAME))
            answer = desk.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
            desk.close()
            in_state(us, f"IE/{answer.submitted.case_id}", "here")
            assert evidence(us, ref(m))[0].state != "here"
            l.close()


@test
def manifests_that_no_file_can_have():
    item, = items_of(1, 100, "shape")
    with besieged_by_liar(r"peer FR: message \S+ rejected"):
        bad = [{"size": 1 << 63}, {"size": (1 << 46) + 1}, {"sha256": bytes(31)}, {"chunk_root": bytes(31)},
               {"chunk_bytes": 0}, {"chunk_bytes": 512}, {"chunk_bytes": (1 << 32) - 1}] + [
               {"name": n} for n in (f"a/{SECRET}", "..", ".", "", f"{SECRET}\x1b[2J", f"{SECRET}\n", "x" * 300)]
        verdicts = delivered([message_with([{**item.manifest, **b}]) for b in bad])
        assert verdicts == ["INCOMPLETE"] * len(bad), list(zip(bad, verdicts))
        # A name that is not UTF-8 does not parse.
        raw = message_with([{**item.manifest, "name": "NAMENAME"}])
        made = liar.parcel([raw.replace(b"NAMENAME", b"NA\xff\xfeNAME"[:8])], ids=[P.case.Message.FromString(raw).id])
        s = session()
        s.send(liar.parcel_frame(made))
        assert P.pump([s], lambda: made.place in liar.receipts)
        s.leave()
        assert liar.receipts[made.place].entries[0][2][0] == "MALFORMED"


@test
def an_item_of_a_tebibyte_for_a_disk_without_room():
    """It waits and says why; what stands beside it arrives."""
    free = os.statvfs(us.dir).f_bavail * os.statvfs(us.dir).f_frsize
    small, big = items_of(2, 3 * MIB, "tebibyte")
    size = 1 << 40 if free < 1 << 40 else 1 << 46
    with besieged_by_liar(r"warning: peer FR: attachment 1 of message \S+ is not fetched now: the disk has no room for \d+ bytes"):
        m = offer(None, [{**big.manifest, "size": size}, small.manifest])
        true_items[m.id, 2] = small
        l = lane()
        sender = B.Sender(l, true_items)

        def settled():
            sender.step(0.01)
            return [e.state for e in evidence(us, ref(m))] == ["paused", "here"]
        until("the small one", settled)
        assert "no room" in evidence(us, ref(m))[0].reason
        assert not any(p[:2] == (m.id, 1) for p in sender.pulls), "it was asked for"
        l.close()
        part = f"{us.dir}/store/evidence/part"
        assert sum(os.stat(f"{part}/{n}").st_blocks * 512 for n in os.listdir(part)) < 64 * MIB


# ------------------------------------------------------------------- questions

@test
def pulls_of_what_was_never_offered():
    digest = hashlib.sha256
    with besieged_by_liar("warning: peer FR: it asks for evidence that was never offered to it"):
        ours, item = given(3 * MIB, "ours")
        received(ours)
        second, other = given(MIB, "second")
        received(second)
        theirs, foreign = given(2 * MIB, "theirs", "IE")
        own = offer(items_of(1, 10, "own"))
        l = lane()
        number = 0
        for message, place, sha256 in (
                (P.uuid7(), 1, item.manifest["sha256"]), (theirs.message_id, 1, foreign.manifest["sha256"]),
                (own.id, 1, digest(b"").digest()),
                (ours.message_id, 0, item.manifest["sha256"]), (ours.message_id, 2, item.manifest["sha256"]),
                (ours.message_id, (1 << 32) - 1, item.manifest["sha256"]), (ours.message_id, 1, bytes(32)),
                (ours.message_id, 1, b""), (ours.message_id, 1, item.manifest["sha256"] + b"x"),
                (ours.message_id, 1, other.manifest["sha256"]), (second.message_id, 1, item.manifest["sha256"]),
                (ours.case_id, 1, item.manifest["sha256"]), ("", 1, item.manifest["sha256"]), ("../" * 10_000, 1, bytes(32))):
            number += 1
            l.say(pull=PB.Pull(pull=number, message_id=message, attachment=place, sha256=sha256, first_chunk=0, credit=4))
            assert l.await_kind("not_sent").code == PB.NEVER_OFFERED, (message, place)
        # A message that is void gives nothing either.
        admit, liar.admit = liar.admit, lambda raw, ident: ("MALFORMED", "no")
        void, refused = given(MIB + 2, "void")
        s = session()
        assert P.pump([s], lambda: any(void.message_id in [e[1] for e in P.read_text(r.text, "receipt").entries]
                                       for _, r in liar.taken.values()))
        liar.admit = admit
        until("the verdict", lambda: json.loads(us.ctl("--json", "message", "show", void.message_id).stdout)["summary"].get("voidCode"))
        s.leave()
        for first, message, of, code in ((3, ours, item, PB.NO_SUCH_CHUNK), ((1 << 64) - 1, ours, item, PB.NO_SUCH_CHUNK),
                                         (0, void, refused, PB.NEVER_OFFERED)):
            number += 1
            l.say(pull=PB.Pull(pull=number, message_id=message.message_id, attachment=1, sha256=of.manifest["sha256"],
                               first_chunk=first, credit=4))
            assert l.await_kind("not_sent").code == code
        # What was offered to it, it gets.
        manifest = case_pb2.Attachment(**item.manifest)
        assert B.fetch(l, 1000, ours.message_id, 1, manifest) == item.data
        l.close()
        for bad in (dict(pull=0, credit=1), dict(pull=1, credit=0), dict(pull=1, credit=65), dict(pull=1, credit=(1 << 32) - 1)):
            l = lane()
            l.say(pull=PB.Pull(message_id=ours.message_id, attachment=1, sha256=item.manifest["sha256"], **bad))
            assert "a pull under the number of another one, or without proper credit" == ended(l)
        for chunks in (0, 64, (1 << 32) - 1):
            l = lane()
            l.say(pull=PB.Pull(pull=1, message_id=ours.message_id, attachment=1, sha256=item.manifest["sha256"], credit=1))
            for _ in range(2):
                l.say(credit=PB.Credit(pull=1, chunks=chunks))
            l.ended(DEADLINE)
            l.close()
            assert l.goodbye in ("more credit than a pull may have", None), l.goodbye


@test
def evidence_of_another_peer_is_not_here_for_this_one():
    """Who names what another peer has sent, or what is ours, is asked for every byte of it, and learns nothing."""
    theirs, half = (B.Item(bytes_of(3 * MIB, s), NAME) for s in ("theirs", "half"))
    with besieged_by_liar("bulk session with FR is up"):
        desk = Client(ie)
        s = secret_submission("US-OIA", ground.reference())
        s.content.request.attachments.append(attachment(put_file(desk, "theirs", file_of(theirs.data)), NAME))
        sent = desk.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s)).submitted
        in_state(us, f"IE/{sent.case_id}", "here")
        given_to_ie, ours = given(2 * MIB, "ours alone", "IE")
        in_state(ie, f"US-OIA/{given_to_ie.case_id}", "here")
        items = [theirs, ours]
        m = offer(items)
        # An item whose manifest lies about it is asked for as well: a refusal would tell that it is known.
        lie = offer(None, [{**theirs.manifest, "size": 3 * MIB - 1}])
        l = lane()
        asked = {}
        while len(asked) < 3:
            pull = l.await_kind("pull", DEADLINE)
            assert pull, (asked, l.goodbye)
            if pull.message_id in (m.id, lie.id):
                assert pull.first_chunk == 0, pull
                asked[pull.message_id, pull.attachment] = pull
            l.say(not_sent=PB.NotSent(pull=pull.pull, code=PB.NOT_NOW))
        l.close()
        assert not any(e.state == "here" for e in [*evidence(us, ref(m)), *evidence(us, ref(lie))])
        # Half of an item that comes from us besides is not another one's beginning either.
        part = offer([half])
        l = lane()
        l.send(half.frame(a_pull(l, part).pull, 0))
        until("it to be written", lambda: evidence(us, ref(part))[0].here >= MIB)
        l.close()
        s = secret_submission("US-OIA", ground.reference())
        s.content.request.attachments.append(attachment(put_file(desk, "half", file_of(half.data)), NAME))
        sent = desk.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s)).submitted
        in_state(us, f"IE/{sent.case_id}", "here")
        assert evidence(us, ref(part))[0].state != "here"
        desk.close()
    us.stop()
    us.start(ground.env)
    ground.connected()
    assert not fates(m) and not fates(part), (fates(m), fates(part))
    honest(m, part)
    # What it has delivered itself it need not send again, and custody says with what it came.
    again = offer([theirs])
    l = lane()
    in_state(us, ref(again), "here")
    l.close()
    stated(again, {1: "ARRIVED"})
    desk = Client(us)
    last = desk.call(show_custody=local_pb2.ShowCustody(item=evidence(us, ref(again), desk)[0].item)).custody.entries[-1]
    desk.close()
    assert last.action == "arrived" and last.text == \
        f"the same content came with message {m.id}, attachment 1, and was hashed again here", last


def pour(raw, data, reads):
    """Send it until the other side takes nothing for five seconds, or closes. One thread reads and writes:
    OpenSSL forbids two on one connection."""
    raw.sock.setblocking(False)
    left = memoryview(data)
    with contextlib.suppress(OSError, ValueError):
        while left:
            watched = [raw.sock] if reads else []
            readable, writable, _ = select.select(watched, [raw.sock], [], 5)
            if not readable and not writable:
                return
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                while reads:
                    if not raw.sock.recv(1 << 16):
                        return
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                left = left[raw.sock.send(left[:1 << 16]):]


@test
def floods_of_pulls_credit_and_cancels():
    never = Raw.frame(pull=PB.Pull(pull=7, message_id=P.uuid7(), attachment=1, sha256=bytes(32), credit=64))
    flood = (never + Raw.frame(credit=PB.Credit(pull=9, chunks=64)) + Raw.frame(cancel=PB.Cancel(pull=7))
             + Raw.frame(not_sent=PB.NotSent(pull=3, code=PB.GONE))) * 250
    with besieged_by_liar("warning: peer FR: it asks for evidence that was never offered to it"):
        before = len(us.log())
        for reads in (True, False):
            raw = Raw()
            pour(raw, flood * 400, reads)
            until("it to be heard", lambda: "it asks for evidence" in us.log()[before:])
            raw.close()


@test
def one_that_pulls_with_all_credit_and_reads_nothing():
    with besieged_by_liar("bulk session with FR is up") as witness:
        ours, item = given(80 * MIB, "unread")
        received(ours)
        held = Raw()
        held.say(pull=PB.Pull(pull=1, message_id=ours.message_id, attachment=1, sha256=item.manifest["sha256"], credit=64))
        until("it to be sent", lambda: evidence(us, f"FR/{ours.case_id}")[0].here)
        for _ in range(3):
            others_evidence_crosses(witness, 8 * MIB)
        sent = evidence(us, f"FR/{ours.case_id}")[0].here
        assert 0 < sent < 64 * MIB, sent    # what fits into sockets and queues
        held.close()


@test
def one_that_refuses_all_that_it_has_offered():
    """A hundred items and an answer to each: it is not asked again and again."""
    items = items_of(100, 10, "refused")
    with besieged_by_liar(r"warning: peer FR: attachment \d+ of message \S+ is not fetched now: the sender"):
        m = offer(items)
        l = lane()
        pulls = 0
        while (pull := l.await_kind("pull", 3)) is not None:
            pulls += 1
            assert pulls <= 200, "it is asked without end"
            l.say(not_sent=PB.NotSent(pull=pull.pull, code=PB.NEVER_OFFERED))
        assert not l.carrier.ended.is_set(), l.goodbye
        l.close()
    us.stop()
    us.start(ground.env)
    ground.connected()
    honest(m)


@test
def a_thousand_connections_on_the_bulk_lane():
    with besieged(ground, MEMORY, "FR at .*: too many connections of this peer at one time") as witness:
        held = []
        for _ in range(1000):
            with contextlib.suppress(OSError):
                held.append(ground.raw_tls(alpn=B.ALPN))
        ground.true_peer_connects()
        others_evidence_crosses(witness)
        for s in held:
            s.close()


# The last one: of so many items that wait, others would have to wait for their turn.
@test
def a_flood_of_tiny_items():
    """Each message offers a thousand, and none is ever sent. ITEMS=1000000 is the whole of it."""
    messages = int(os.environ.get("ITEMS", "20000")) // 1000
    with besieged_by_liar(r"warning: peer FR: attachment \d+ of message \S+ is not fetched now: the sender"):
        s = session()
        for m in range(messages):
            parcel = liar.parcel([message_with([tiny(m * 1000 + i) for i in range(1000)])])
            s.send(liar.parcel_frame(parcel))
            assert P.pump([s], lambda: parcel.place in liar.receipts, DEADLINE), s.goodbye
            assert not [e for e in liar.receipts[parcel.place].entries if e[2]]
        s.leave()
        l = lane()
        asked = set()
        while pull := l.await_kind("pull", 3):
            asked.add((pull.message_id, pull.attachment))
            l.say(not_sent=PB.NotSent(pull=pull.pull, code=PB.NEVER_OFFERED))
        assert 64 <= len(asked) < 100, len(asked)    # as many as may be left out, and then it waits
        l.close()


liar.close()
done()
