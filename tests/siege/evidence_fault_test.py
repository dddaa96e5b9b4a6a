"""Evidence between two true daemons whose processes, link and disks fail in the middle of it."""
import random

from siege import *
from evidence import *

rng = random.Random(int(os.environ.get("SIEGE_SEED", "1")))
ITEM = 64 * MIB
MARK, WINDOW = 16 * MIB, 16 * MIB       # what a crash, and a session, may cost at most


class Relay:
    """A TCP path to a daemon that counts what passes, and can be cut."""

    def __init__(self, port):
        self.target, self.bytes, self.pairs = port, 0, set()
        self.lock = threading.Lock()
        self.door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), 5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.add((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(a, b, (near, far)), daemon=True).start()

    def _carry(self, a, b, pair):
        with contextlib.suppress(OSError):
            while data := a.recv(1 << 18):
                with self.lock:
                    self.bytes += len(data)
                b.sendall(data)
        self._end(pair)

    def _end(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
                s.close()

    def cut(self):
        """All connections are reset."""
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            for s in pair:
                with contextlib.suppress(OSError):
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._end(pair)

    def close(self):
        self.door.close()
        self.cut()


class Pair:
    """IE has evidence for US-OIA, which fetches it through a relay."""

    def __init__(self, rate=None, failing="evidence"):
        base = tempfile.mkdtemp(dir=DIR)
        pki(base, "US-OIA", "IE")
        self.us, self.ie = (Daemon(base, id, [other]) for id, other in (("US-OIA", "IE"), ("IE", "US-OIA")))
        for d in (self.us, self.ie):
            d.extra = f'evidence {{ dir = "{d.dir}/evidence"\nkeep_free = "1M" }}'
        self.relay = Relay(self.us.port)
        self.us.configure({"IE": None})
        self.ie.configure({"US-OIA": self.relay.port})
        if rate:
            text = open(self.ie.config).read()
            with open(self.ie.config, "w") as f:
                f.write(text.replace("peer US-OIA {", f'peer US-OIA {{\n  evidence_rate = {{ "00:00-12:00 {rate}", "12:00-00:00 {rate}" }}'))
        self.shims = {d: Shim(d) for d in (self.us, self.ie)}
        for d, shim in self.shims.items():
            shim.store = f"{d.dir}/{failing}"
            self.start(d)
        self.references = 0

    def start(self, d):
        d.start(self.shims[d].env())

    def offer(self, seed, size=ITEM):
        """A spontaneous information with it; its case."""
        data, desk = bytes_of(size, seed), Client(self.ie)
        stored = put_file(desk, f"{seed}", file_of(data))
        assert stored.HasField("evidence_stored"), stored
        case = self.send(self.ie, "US-OIA", desk, attachment(stored, f"{SECRET}.img"))
        desk.close()
        return f"IE/{case}", data

    def send(self, author, to, desk=None, *attachments):
        """A message is accepted and arrives; its case."""
        c = desk or Client(author)
        self.references += 1
        s = secret_submission(to, f"{author.id}-{self.references}")
        s.content.request.attachments.extend(attachments)
        answer = c.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
        assert answer.HasField("submitted"), answer
        if desk is None:
            c.close()
        other = self.us if author is self.ie else self.ie
        until("the message", lambda: other.ctl("case", "show", f"{author.id}/{answer.submitted.case_id}").returncode == 0)
        return answer.submitted.case_id

    def item(self, case):
        items = evidence(self.us, case)
        return items[0] if items else None

    def arrives(self, case, data):
        here, = in_state(self.us, case, "here")
        c = Client(self.us)
        assert get(c, here.item) == data
        c.close()
        assert hashlib.sha256(data).hexdigest() in [n for _, _, names in os.walk(f"{self.us.dir}/evidence/content") for n in names]

    def stop(self):
        for d in (self.us, self.ie):
            log = d.log()
            assert SECRET not in log, "personal data in a log"
            d.stop()
        self.relay.close()


def interrupted(times, interruption):
    """So often, at random while it is on its way."""
    pair = Pair("24M")
    case, data = pair.offer("interrupted")
    done = 0
    for _ in range(times):
        until("it to be on its way", lambda: (i := pair.item(case)) and i.state in ("fetching", "here"))
        time.sleep(rng.uniform(0.1, 0.6))         # the moment is the point of this
        if pair.item(case).state == "here":
            break
        interruption(pair)
        done += 1
    pair.arrives(case, data)
    twice = pair.relay.bytes - ITEM
    print(f"# {done} interruptions, {twice / MIB:.1f} MiB sent twice, {twice / max(done, 1) / MIB:.1f} MiB each", flush=True)
    assert done >= 3, "it was faster than its interruptions"
    assert twice < done * (MARK + WINDOW) + 4 * MIB
    pair.stop()


@test
def the_receiver_is_killed_in_the_middle():
    def kill(pair):
        pair.us.kill()
        pair.start(pair.us)
    interrupted(8, kill)


@test
def the_sender_is_killed_in_the_middle():
    def kill(pair):
        pair.ie.kill()
        pair.start(pair.ie)
    interrupted(8, kill)


@test
def the_link_is_cut_in_the_middle():
    interrupted(8, lambda pair: pair.relay.cut())


@test
def the_disk_of_the_receiver_is_full_in_the_middle():
    """It waits and says why, messages go on, and it goes on by itself when there is room."""
    pair = Pair("16M")
    case, data = pair.offer("full")
    until("a part of it", lambda: (i := pair.item(case)) and i.here >= 8 * MIB)
    pair.shims[pair.us].set(full=1)
    until("it to be paused", lambda: pair.item(case).state == "paused")
    reason = pair.item(case).reason
    assert "space" in reason or "room" in reason or "full" in reason, reason
    for _ in range(3):
        pair.send(pair.us, "IE")
        pair.send(pair.ie, "US-OIA")
        assert pair.us.ctl("status").returncode in (0, 2), pair.us.ctl("status")
    assert pair.item(case).state == "paused"
    pair.shims[pair.us].set()
    pair.arrives(case, data)
    assert re.search(r"warning: peer IE: attachment 1 of message \S+ is not fetched now: ", pair.us.log())
    pair.stop()


@test
def the_disk_of_the_sender_is_full_while_it_is_put():
    """The client is told, messages go on, and it goes on with what is durable."""
    pair = Pair()
    data, desk = bytes_of(40 * MIB, "put"), Client(pair.ie)
    put_frames(desk, "put", data, stop=34 * MIB)
    pair.shims[pair.ie].set(full=1)
    for offset in range(34 * MIB, 40 * MIB, 512 * 1024):
        desk.send(upload_data=local_pb2.UploadData(key="put", offset=offset, data=data[offset:offset + 512 * 1024]))
    while True:
        answer = desk.receive()
        if answer.HasField("error"):
            break
    assert answer.error.code == types_pb2.UNAVAILABLE, answer
    desk.close()
    for _ in range(3):
        pair.send(pair.us, "IE")
        pair.send(pair.ie, "US-OIA")
    # What is here already can be fetched: nothing is written for that.
    pair.shims[pair.ie].set()
    desk = Client(pair.ie)
    stored = put_frames(desk, "put", data, start=lambda offset: offset >= 16 * MIB)
    assert stored.evidence_stored.sha256 == hashlib.sha256(data).digest(), stored
    case = pair.send(pair.ie, "US-OIA", desk, attachment(stored, f"{SECRET}.img"))
    pair.arrives(f"IE/{case}", data)
    desk.close()
    pair.stop()


def spoilt(path, how):
    os.chmod(path, 0o600)
    if how == "changed":
        with open(path, "r+b") as f:
            f.seek(-1, os.SEEK_END)
            byte = f.read(1)
            f.seek(-1, os.SEEK_END)
            f.write(bytes([byte[0] ^ 1]))
    elif how == "cut off":
        os.truncate(path, os.path.getsize(path) - 5)
    else:
        os.unlink(path)


@test
def what_the_disk_of_the_sender_has_spoilt_holds_up_nothing_else():
    """Whatever it has done to some items, the good ones arrive in the same session, and the sender learns of it."""
    pair, sizes = Pair(), (1000, 3 * MIB + 7)
    kinds = [(how, size) for how in ("changed", "cut off", "lost", "changed tree", "good") for size in sizes]
    kinds.remove(("changed tree", 1000))       # it has none
    desk, items = Client(pair.ie), []
    for how, size in kinds:
        data = bytes_of(size, f"{how} {size}")
        stored = put_file(desk, f"{how} {size}", file_of(data))
        items.append((how, data, attachment(stored, f"{SECRET}.img")))
        digest = hashlib.sha256(data).hexdigest()
        if how != "good":
            path = f"{pair.ie.dir}/evidence/content/{digest[:2]}/{digest}"
            spoilt(path + (".tree" if "tree" in how else ""), how.split(" tree")[0])
    case = pair.send(pair.ie, "US-OIA", desk, *(a for _, _, a in items))
    wanted = ["here" if how == "good" else "paused" for how, _, _ in items]
    until("the good ones", lambda: [e.state for e in evidence(pair.us, f"IE/{case}")] == wanted)
    for e in evidence(pair.us, f"IE/{case}"):
        assert e.state == "here" or "the sender has it no more" in e.reason, e
    # An alarm at home, and its chain of custody says so.
    log = pair.ie.log()
    for (how, _, _), e in zip(items, evidence(pair.ie, case, desk), strict=True):
        name = f"attachment {e.item.attachment} of message {e.item.message_id}: "
        assert (name in log) == (how != "good"), (how, log)
        found = [x.action for x in custody(pair.ie, e.item).entries if x.action in ("spoilt", "missing")]
        assert found == ([] if how == "good" else ["missing"] if how == "lost" else ["spoilt"]), (how, found)
    # Nobody is blamed, and the lane was not begun anew.
    assert "ALARM: peer" not in pair.us.log() + log, pair.us.log() + log
    for d in (pair.us, pair.ie):
        assert "bulk session ended" not in d.log(), d.log()
    desk.close()
    pair.stop()


@test
def a_slow_disk_of_evidence_holds_up_nothing_else():
    pair = Pair()
    for shim in pair.shims.values():
        shim.set(delay_ms=100)
    case, data = pair.offer("slow", 48 * MIB)
    in_state(pair.us, case, "fetching")
    for _ in range(5):
        for d in (pair.us, pair.ie):
            assert d.ctl("status").returncode in (0, 2)
        pair.send(pair.us, "IE")
        pair.send(pair.ie, "US-OIA")
    # All of that was done while it was under way.
    assert pair.item(case).state == "fetching", pair.item(case)
    for shim in pair.shims.values():
        shim.set()
    pair.arrives(case, data)
    pair.stop()


@test
def what_happens_while_the_store_cannot_commit_is_recorded_when_it_can():
    """Bytes that were read, came or were handed over: a commit that fails undoes none of it. Nobody begins to read."""
    pair = Pair("8M", failing="store")
    case, data = pair.offer("read", 2 * MIB)
    pair.arrives(case, data)
    item = pair.item(case).item
    count = lambda action: sum(e.count for e in custody(pair.us, item).entries if e.action == action)
    until("that it was read", lambda: (count("read"), count("read_end")) == (1, 1))
    later, more = pair.offer("later", 24 * MIB)
    until("a part of it", lambda: pair.item(later).here >= 4 * MIB)
    reader = Client(pair.us)
    reader.send(get_evidence=local_pb2.GetEvidence(item=item))
    assert reader.receive().HasField("evidence_data")
    pair.shims[pair.us].set(full=1)
    while not reader.receive().evidence_data.last:
        pass
    desk, put = Client(pair.us), bytes_of(2 * MIB, "handed over")
    error = get(desk, item).error
    assert error.code == types_pb2.UNAVAILABLE, error
    error = put_frames(desk, "put", put).error
    assert error.code == types_pb2.UNAVAILABLE, error
    digest = hashlib.sha256(more).hexdigest()
    until("all of it", lambda: digest in [n for _, _, names in os.walk(f"{pair.us.dir}/evidence/content") for n in names])
    assert pair.item(later).state == "fetching"
    assert (count("read"), count("read_end")) == (2, 1)
    pair.shims[pair.us].set()
    until("the end of the other reading", lambda: (count("read"), count("read_end")) == (2, 2))
    reader.close()
    pair.arrives(later, more)
    stored = local_pb2.ServerFrame(evidence_stored=local_pb2.EvidenceStored(
        size=len(put), sha256=hashlib.sha256(put).digest(), chunk_bytes=MIB, chunk_root=merkle(put)))
    pair.send(pair.us, "IE", desk, attachment(stored, f"{SECRET}.img"))
    desk.close()
    pair.stop()


@test
def content_whose_row_was_never_committed_is_destroyed_after_a_kill():
    """It has its name, and its client does not come back."""
    pair = Pair(failing="store")
    desk, kept, lost = Client(pair.us), bytes_of(2 * MIB, "kept"), bytes_of(2 * MIB, "lost")
    stored = put_frames(desk, "kept", kept)
    assert stored.HasField("evidence_stored"), stored
    pair.shims[pair.us].set(full=1)
    error = put_frames(desk, "lost", lost).error
    assert error.code == types_pb2.UNAVAILABLE, error
    desk.close()

    def there(folder):
        return [n for _, _, names in os.walk(f"{pair.us.dir}/evidence/{folder}") for n in names]
    names = [hashlib.sha256(data).hexdigest() for data in (kept, lost)]
    assert all(n in there("content") for n in names)
    assert [n for n in there("part") if n.endswith(".seal")]
    pair.us.kill()
    pair.shims[pair.us].set()
    pair.start(pair.us)
    until("its end", lambda: not [n for n in there("part") if n.endswith(".seal")] and names[1] not in there("content"))
    assert names[0] in there("content")
    desk = Client(pair.us)
    pair.send(pair.us, "IE", desk, attachment(stored, f"{SECRET}.img"))
    desk.close()
    pair.stop()


finish()
