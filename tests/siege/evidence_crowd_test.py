"""Two hundred peers and clients that each try to hold the disk or the lane of evidence, and those who mean it honestly."""
from siege import *
from evidence import *
from room import Small
import crowd
import bulk as B

PEERS, CLIENTS = 180, 20
HONEST = 2 * MIB            # less than the share of each
ME = pwd.getpwuid(os.getuid()).pw_name
many_descriptors()
sections = "".join(f'client greedy-{i} {{ user = "{ME}"\nrole = submitter }}\n' for i in range(CLIENTS))
ground = Small(sections)


def nothing(size):
    """The manifest of an item of which there are no bytes."""
    digest = os.urandom(32)
    return dict(name="nothing.img", media_type="a/b", size=size, sha256=digest, chunk_bytes=MIB, chunk_root=digest)


class Attacker:
    """A peer that offers what it does not send, or sends slowly, or as much and as fast as it can."""

    def __init__(self, number):
        self.peer = crowd.One(crowd.NAMES[number], ground.base, ground.us.port)
        self.kind = ("huge", "silent", "slow", "greedy")[number % 4]
        self.items, self.sent, self.pulled = {}, 0, 0
        if self.kind == "huge":
            manifests = [nothing(900 * MIB)]
        elif self.kind == "silent":
            manifests = [nothing(MIB // 2)] * 4
        else:
            own = [B.Item(bytes_of(MIB // 4, f"{number}-{i}")) for i in range(20)]
            manifests = [i.manifest for i in own]
        m = self.peer.offer(manifests)
        if self.kind in ("slow", "greedy"):
            self.items = {(m, i + 1): item for i, item in enumerate(own)}
        self.lane = B.Lane(self.peer, ground.us.port)

    def turn(self):
        """What comes is dealt with in its way."""
        while self.lane.frames or self.lane.socket.poll(0):
            frame = self.lane.take(0)
            if frame is None or not frame.HasField("pull"):
                continue
            self.pulled += 1
            item = self.items.get((frame.pull.message_id, frame.pull.attachment))
            if item is None or (self.kind == "slow" and self.sent >= 2):
                continue
            self.lane.send(item.frame(frame.pull.pull, 0))
            self.sent += 1

    def holds(self):
        return not self.lane.carrier.ended.is_set()


class Attack:
    """All of them, until they are told to stop."""

    def __init__(self):
        self.peers = []
        for i in range(PEERS):
            self.peers.append(Attacker(i))
        self.clients = [Client(ground.us, f"greedy-{i}") for i in range(CLIENTS)]
        for c in self.clients:
            opened = [c.call(open_upload=local_pb2.OpenUpload(key=f"all-{k}", size=size))
                      for k, size in enumerate([900 * MIB] + [MIB // 2] * 3)]
            assert any(o.HasField("upload_state") for o in opened), opened
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.over.wait(0.01):
            for a in self.peers:
                a.turn()

    def goes_on(self):
        """Is every one of them still there, with what it has reserved?"""
        status = Client(ground.us, "watch").call(get_status=local_pb2.GetStatus()).status
        reserving = [p.peer for p in status.peers if p.evidence_reserved_bytes > 0]
        for c in self.clients:
            assert c.call(list_uploads=local_pb2.ListUploads()).upload_list.uploads, "a client holds nothing"
        return all(a.holds() for a in self.peers) and len(reserving) >= PEERS // 4

    def stop(self):
        self.over.set()
        self.thread.join()
        for a in self.peers:
            a.lane.close()
        for c in self.clients:
            c.close()


def crosses(author, to, data, key):
    """A request with this content arrives, and its evidence; how long it took in seconds."""
    desk = Client(author, "desk")
    start = time.monotonic()
    stored = put_frames(desk, key, data)
    assert stored.HasField("evidence_stored"), stored
    s = secret_submission(to.id, ground.reference())
    s.content.request.attachments.append(attachment(stored))
    answer = desk.call(submit=local_pb2.Submit(idempotency_key=key, submission=s))
    assert answer.HasField("submitted"), answer
    here, = in_state(to, f"{author.id}/{answer.submitted.case_id}", "here")
    took = time.monotonic() - start
    desk.close()
    desk = Client(to, "desk")
    assert get(desk, here.item) == data
    desk.close()
    return took


def two_hundred_that_hold_the_disk_or_the_lane_and_the_honest_who_get_their_share():
    alone = crosses(ground.ie, ground.us, bytes_of(HONEST, "alone"), "alone")
    attack = Attack()
    try:
        assert attack.goes_on()
        there = crosses(ground.ie, ground.us, bytes_of(HONEST, "peer"), "peer")
        away = crosses(ground.us, ground.ie, bytes_of(HONEST, "client"), "client")
        assert attack.goes_on(), "the attack was over before"
        print(f"# {HONEST // MIB} MiB of the honest peer arrived after {there:.2f} s, those of the honest client after "
              f"{away:.2f} s; {alone:.2f} s without {PEERS} peers and {CLIENTS} clients, which have sent "
              f"{sum(a.sent for a in attack.peers) // 4} MiB", flush=True)
    finally:
        attack.stop()


if ground.mounted:
    crowd.certificates(ground.base, PEERS)
    with open(ground.us.config, "a") as f:
        f.write(crowd.sections(ground.base, PEERS))
    ground.start()
ground.test(two_hundred_that_hold_the_disk_or_the_lane_and_the_honest_who_get_their_share)
done()
