"""Features (PROTOCOL.md, "Features"): each of them named and not named, by a peer in Python and by comityd. What belongs
to a feature is sent to nobody who has not named it, and to those who have."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import bulk as B  # noqa: E402
import carrier  # noqa: E402
import peer as P  # noqa: E402
from evidence import attachment, bytes_of, file_of, put_file  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
B.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
MADE_UP = ("made-up-2020", "1")


class Pair:
    """US-OIA as comityd, which dials; IE in Python, which names these features and answers on both lanes."""

    def __init__(self, features, law=False):
        base = tempfile.mkdtemp(dir=DIR)
        pki(base, "US-OIA", "IE")
        self.us = Daemon(base, "US-OIA", ["IE"], 'evidence { keep_free = "1M" }')
        self.us.tunnels = ["IE"]
        self.ie = P.Peer("IE", "US-OIA", base, f"{base}/ie")
        self.ie.features = features
        self.door = carrier.Door(self.ie)
        self.us.configure({"IE": self.door.port})
        if law:
            shutil.copytree(f"{TOP}/tests/fixtures/treaties", f"{self.us.dir}/treaties")
            text = open(self.us.config).read()
            with open(self.us.config, "w") as f:
                f.write(text.replace('name = "US-OIA" }', 'name = "US-OIA"\nstate = "US" }\nlaw { treaties = "treaties" }')
                        .replace("peer IE {", 'peer IE {\nstate = "IE"'))
        self.us.start()
        self.desk, self.s = Client(self.us), None

    def session(self, **options):
        if self.s:
            self.s.close()
        self.s = self.ie.take(self.door.lanes[carrier.MESSAGES].get(timeout=DEADLINE), **options)
        self.until(lambda: self.s.theirs)
        return self.s

    def until(self, condition):
        assert P.pump([self.s], condition, DEADLINE), (self.s.goodbye, self.s.said_goodbye)

    def again(self, features):
        """The next session of the peer names these."""
        self.s.leave()
        self.ie.features = features
        return self.session()

    def offer(self):
        """A request with evidence of ours arrives at the peer."""
        data = bytes_of(1000, f"{time.monotonic_ns()}")
        stored = put_file(self.desk, f"{time.monotonic_ns()}", file_of(data))
        s = submission("IE", f"ref-{time.monotonic_ns()}")
        s.content.request.attachments.append(attachment(stored))
        ident = self.desk.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s)).submitted.message_id
        self.until(lambda: any(m.id == ident for m in self.ie.received))

    def receive(self):
        """A request with evidence of the peer's is receipted, and the evidence pulled; both are there then."""
        item = B.Item(bytes_of(1000, f"{time.monotonic_ns()}"))
        content = P.complete_request()
        content.request.attachments.add(**item.manifest)
        m = P.case.Message.FromString(raw := self.ie.message(content))
        self.ie.waiting.append(raw)
        n = len(self.ie.receipts)
        self.until(lambda: len(self.ie.receipts) > n)
        return m, item

    def served(self, lane, m, item):
        """It serves its evidence until comityd has it."""
        sender, end = B.Sender(lane, {(m.id, 1): item}), time.monotonic() + DEADLINE
        while self.state(m) != ["here"]:
            assert time.monotonic() < end, self.state(m)
            sender.step()
            self.s.step()

    def state(self, m):
        answer = self.desk.call(list_evidence=local_pb2.ListEvidence(case_ref=f"IE/{m.case_id}"))
        return [e.state for e in answer.evidence_list.items]

    def round_trip(self):
        """Whatever comityd wanted to send before it has sent now."""
        n, answers = len(self.ie.receipts), len(self.s.frames)
        self.ie.waiting.append(self.ie.message(P.complete_request()))
        self.until(lambda: len(self.ie.receipts) > n)
        self.s.send(P.pb.PeerFrame(heads_request=P.pb.HeadsRequest()))
        self.until(lambda: any(f.HasField("heads") for f in self.s.frames[answers:]))

    def bulk(self):
        """The bulk connection that comityd dials."""
        return B.Lane(self.ie, tls=self.door.lanes[carrier.BULK].get(timeout=DEADLINE))

    def statements(self):
        return [m for m in self.ie.received if m.content.WhichOneof("kind") == "evidence_statement"]

    def asked(self):
        return [f for f in self.s.frames if f.WhichOneof("kind") == "profile_request"]

    def close(self):
        self.desk.close()
        self.us.stop()
        self.door.close()
        self.ie.close()


def pair_of(features, law=False):
    def wrap(function):
        def run():
            p = Pair(features, law)
            try:
                function(p)
            except BaseException:
                print("\n".join(f"# US-OIA: {line}" for line in p.us.log().splitlines()[-40:]))
                raise
            finally:
                p.close()
        run.__name__ = function.__name__
        return test(run)
    return wrap


def differs(p):
    """The peer's State names another profile under the same name."""
    state = p.ie.state
    p.ie.state = lambda: state(profiles=[P.pb.ProfileDigest(instrument=MADE_UP[0], version=MADE_UP[1], digest=bytes(32))])


@pair_of(["profile-text"])
def who_does_not_name_evidence_is_not_dialled_for_it(p):
    p.session()
    p.offer()
    p.receive()
    p.round_trip()
    assert p.door.lanes[carrier.BULK].empty()
    # Once it names it, it is dialled for the same evidence.
    p.again(["evidence"])
    p.bulk().close()


@pair_of([])
def who_does_not_name_evidence_is_told_nothing_of_what_became_of_it(p):
    """It dials the lane itself, and what it sends is taken."""
    p.session()
    m, item = p.receive()
    lane = B.Lane(p.ie, p.us.port)
    p.served(lane, m, item)
    p.round_trip()
    assert not p.statements()
    lane.close()
    # What arrives once it names it is stated; what has been left unsaid stays so.
    p.again(["evidence"])
    second, item = p.receive()
    lane = p.bulk()
    p.served(lane, second, item)
    p.until(p.statements)
    assert [s.case_id for s in p.statements()] == [second.case_id], p.statements()
    lane.close()


@pair_of(["evidence"])
def who_names_evidence_is_dialled_and_told(p):
    p.session()
    p.offer()
    m, item = p.receive()
    lane = p.bulk()
    p.served(lane, m, item)
    p.until(p.statements)
    lane.close()


@pair_of(["evidence"])
def what_a_peer_understood_last_holds_while_it_is_away(p):
    """Its last Hello counts, over our restart too."""
    p.session()
    p.offer()
    p.bulk().close()
    p.again([])
    p.round_trip()
    while not p.door.lanes[carrier.BULK].empty():
        p.door.lanes[carrier.BULK].get().close()
    p.desk.close()
    p.us.stop()
    p.us.start()
    p.desk = Client(p.us)
    p.session()
    p.round_trip()
    assert p.door.lanes[carrier.BULK].empty()


@pair_of(["x-made-up", "", "evidence" * 1000])
def features_that_nobody_knows_are_ignored(p):
    p.session()
    p.offer()
    p.round_trip()
    assert p.door.lanes[carrier.BULK].empty()


@pair_of(["evidence"], law=True)
def who_does_not_name_profile_text_is_asked_for_none(p):
    differs(p)
    p.session()
    assert list(p.s.greeting.hello.features) == ["evidence", "profile-text", "verdicts", "tombstones"], p.s.greeting.hello.features
    p.round_trip()
    assert not p.asked()
    p.again(["evidence", "profile-text"])
    p.until(p.asked)


@pair_of(["profile-text"], law=True)
def who_names_profile_text_is_asked(p):
    differs(p)
    p.session()
    p.until(p.asked)
    asked = p.asked()[0].profile_request
    assert (asked.instrument, asked.version) == MADE_UP, asked


@pair_of(["evidence", "profile-text"])
def comityd_without_treaties_does_not_name_profile_text_and_asks_for_none(p):
    differs(p)
    p.session()
    assert list(p.s.greeting.hello.features) == ["evidence", "verdicts", "tombstones"], p.s.greeting.hello.features
    p.round_trip()
    assert not p.asked()
    # Who asks all the same is answered: there is no such text.
    p.s.send(P.pb.PeerFrame(profile_request=P.pb.ProfileRequest(instrument=MADE_UP[0], version=MADE_UP[1])))
    p.until(lambda: any(f.HasField("profile") for f in p.s.frames))
    assert next(f.profile.text for f in p.s.frames if f.HasField("profile")) == b""


@pair_of(["evidence"])
def the_bulk_lane_names_the_same_features(p):
    p.session()
    p.offer()
    lane = p.bulk()
    assert list(lane.hello.features) == ["evidence", "verdicts", "tombstones"], lane.hello.features
    lane.close()


finish()
