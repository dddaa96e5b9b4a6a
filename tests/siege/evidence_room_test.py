"""Who holds the room on the disk of evidence: clients that leave, copies that are too long, manifests without bytes."""
from siege import *
from evidence import *
from room import CLIENTS, Small
import bulk as B

B.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
QUOTA = 300 * MIB
def held(folder):
    """Bytes of the disk that parts have."""
    with contextlib.suppress(FileNotFoundError):
        return sum(os.stat(f"{folder}/part/{n}").st_blocks * 512 for n in os.listdir(f"{folder}/part"))
    return 0


def opened(client, key, size=None):
    return client.call(open_upload=local_pb2.OpenUpload(key=key, **({"size": size} if size is not None else {})))


def gone(us, client):
    """The connection is closed, and the daemon knows it."""
    watch = Client(us, "watch")
    count = lambda: watch.call(get_status=local_pb2.GetStatus()).status.clients
    before = count()
    client.close()
    until("the client to be gone", lambda: count() < before)
    watch.close()


# -------------------------------------------------------------------- clients

ground = Ground(f'evidence {{ keep_free = "1M"\nquota_client = "300M" }}\n{CLIENTS}')
us = ground.us
us.client = "desk"
ground.start()
FOLDER = f"{us.dir}/store/evidence"


def asks(client, *words):
    """comityctl evidence uploads, as that client; its exit code and answer."""
    run = subprocess.run([COMITYCTL, "--socket", us.socket, "--client", client, "--json", "evidence", "uploads", *words],
                         capture_output=True, text=True, timeout=DEADLINE, check=False)
    return run.returncode, json.loads(run.stdout).get("uploads", []) if run.stdout and not words else run.stderr


def listed(client, state, count=1):
    """What that client is shown as being in this state."""
    def look():
        code, uploads = asks(client)
        assert code == 0, uploads
        found = [u for u in uploads if u["state"] == state]
        return found if len(found) == count else None
    return until(f"{count} uploads that are {state}", look)


@test
def uploads_that_were_left_hold_what_is_durable_and_no_more():
    """Six of 64 KiB, of which each had announced all that the quota gives."""
    for i in range(6):
        c = Client(us, "mine")
        c.call(open_upload=local_pb2.OpenUpload(key=f"left-{i}", size=256 * MIB))
        c.send(upload_data=local_pb2.UploadData(key=f"left-{i}", offset=0, data=bytes(64 * 1024)))
        gone(us, c)
    until(f"the room to be free: {held(FOLDER) / MIB:.0f} MiB are held", lambda: held(FOLDER) < MIB)


@test
def a_copy_stops_at_the_quota():
    path = f"{DIR}/long"
    with open(path, "wb") as f:
        f.truncate(2048 * MIB)
    most, over = [0], threading.Event()

    def look():
        while not over.wait(0.001):
            most[0] = max(most[0], held(FOLDER))
    watcher = threading.Thread(target=look)
    watcher.start()
    c = Client(us, "mine")
    answer = put_file(c, "long", path)
    over.set()
    watcher.join()
    c.close()
    assert answer.error.code == types_pb2.TOO_MANY and "quota_client" in answer.error.text, answer
    assert "drop some (comityctl evidence uploads)" in answer.error.text, answer
    assert most[0] <= QUOTA + MIB, f"{most[0] / MIB:.0f} MiB were held"
    until("the room to be free", lambda: held(FOLDER) < MIB)


@test
def what_was_left_counts_after_a_restart_until_it_is_dropped():
    c = Client(us, "mine")
    assert put_frames(c, "left", bytes_of(40 * MIB, "left"), stop=20 * MIB) is None
    until("all that was sent", lambda: listed("mine", "open")[0].get("here") == str(20 * MIB))
    gone(us, c)
    one, = until("its room to be free", lambda: [u for u in listed("watch", "left") if u["heldBytes"] == u["here"]])
    assert (one["client"], one["here"], one["heldBytes"]) == ("mine", str(20 * MIB), str(20 * MIB)), one
    us.stop()
    us.start()
    ground.connected()
    assert held(FOLDER) < 21 * MIB
    one, = listed("chief", "left")
    c = Client(us, "mine")
    error = opened(c, "more", QUOTA - 10 * MIB).error
    assert error.code == types_pb2.TOO_MANY and str(20 * MIB) in error.text, error
    # Who may not: an operator, another client.
    assert listed("mine", "left") == [one] and asks("other") == (0, [])
    assert asks("watch", "drop", one["id"])[0] == 1
    assert asks("other", "drop", one["id"])[0] == 5
    assert asks("chief", "drop", one["id"] + "0")[0] == 5
    assert listed("chief", "left") == [one]
    assert asks("chief", "drop", one["id"])[0] == 0
    until("the room to be free", lambda: held(FOLDER) < MIB)
    assert asks("chief") == (0, [])
    assert opened(c, "more", QUOTA - 10 * MIB).HasField("upload_state")
    gone(us, c)


@test
def an_administrator_drops_what_is_handed_over_or_stored():
    c = Client(us, "mine")
    assert opened(c, "open", 8 * MIB).HasField("upload_state")
    one, = listed("chief", "open")
    assert asks("chief", "drop", one["id"])[0] == 0
    error = c.receive().error
    assert error.code == types_pb2.NOT_FOUND and "dropped" in error.text, error
    stored = put_frames(c, "stored", bytes_of(2 * MIB, "stored"))
    name = stored.evidence_stored.sha256.hex()
    one, = listed("chief", "stored")
    assert one["client"] == "mine" and one["heldBytes"] == str(2 * MIB) and name in contents(us), one
    assert asks("other", "drop", one["id"])[0] == 5
    assert asks("mine", "drop", one["id"])[0] == 0
    until("its end", lambda: name not in contents(us))
    s = secret_submission("IE", ground.reference())
    s.content.request.attachments.append(attachment(stored))
    error = c.call(submit=local_pb2.Submit(idempotency_key="gone", submission=s)).error
    assert error.code == types_pb2.INVALID, error
    c.close()


@test
def a_client_leaves_no_more_than_64_uploads():
    c = Client(us, "mine")
    for i in range(64):
        assert put_frames(c, f"many-{i}", bytes_of(2 * MIB, "many"), stop=MIB) is None
        until("what was sent", lambda k=i: [u for u in asks("mine")[1] if u["state"] == "open" and u.get("here")])
        gone(us, c)
        c = Client(us, "mine")
    listed("chief", "left", 64)
    error = opened(c, "one more", MIB).error
    assert error.code == types_pb2.TOO_MANY and "evidence uploads" in error.text, error
    assert put_frames(c, "many-7", bytes_of(2 * MIB, "many"), start=lambda at: at == MIB).HasField("evidence_stored")
    assert opened(c, "one more", MIB).HasField("upload_state")
    c.close()


# ---------------------------------------------------------------------- peers

small = Small('')
liar = P.Peer("FR", "US-OIA", small.base, f"{small.base}/liar")


def offer(*sizes):
    """A message with attachments of these sizes, of which there are no bytes."""
    content = secret_request()
    for size in sizes:
        digest = os.urandom(32)
        content.request.attachments.add(name="nothing.img", media_type="a/b", size=size, sha256=digest,
                                        chunk_bytes=MIB, chunk_root=digest)
    raw = liar.message(content)
    s = liar.dial()
    assert P.pump([s], lambda: s.theirs), "no session"
    made = liar.parcel([raw])
    s.send(liar.parcel_frame(made))
    assert P.pump([s], lambda: made.place in liar.receipts, DEADLINE), f"no receipt: {s.goodbye}"
    s.leave()
    return P.case.Message.FromString(raw)


def reserved():
    """Of the peer, and in all."""
    c = Client(small.us, "watch")
    status = c.call(get_status=local_pb2.GetStatus()).status
    c.close()
    of = next(p for p in status.peers if p.peer == "FR")
    assert (of.evidence_reserved_ms > 0) == (of.evidence_reserved_bytes > 0), of
    return of.evidence_reserved_bytes, status.evidence_reserved_bytes


def room_for(size):
    """May a local client have it?"""
    c = Client(small.us, "other")
    answer = opened(c, f"room-{time.monotonic_ns()}", size)
    gone(small.us, c)
    return answer.HasField("upload_state")


def without_bytes(end):
    """An item that takes much of the disk is asked for; what is reserved for it ends as `end` ends the pull."""
    size = 330 * MIB
    m, l, pull = offer(size), B.Lane(liar, small.us.port), None

    def refused():
        """What was left out in an earlier test is asked for again now and then."""
        nonlocal pull
        while not l.carrier.ended.is_set() and (frame := l.take(0)) is not None:
            if frame.HasField("pull") and frame.pull.message_id == m.id and pull is None:
                pull = frame.pull
            elif frame.HasField("pull"):
                l.say(not_sent=B.bulk.NotSent(pull=frame.pull.pull, code=B.bulk.NOT_NOW))
        return reserved()
    until("it to be asked for", lambda: refused() == (size, size) and pull)
    assert not room_for(800 * MIB)
    end(l, pull)
    until("the room to be free", lambda: refused() == (0, 0) and room_for(800 * MIB))
    l.close()


def a_manifest_without_bytes_gives_its_room_back_when_the_sender_has_it_no_more():
    without_bytes(lambda l, p: l.say(not_sent=B.bulk.NotSent(pull=p.pull, code=B.bulk.GONE)))


def a_manifest_without_bytes_gives_its_room_back_when_the_sender_pauses():
    without_bytes(lambda l, p: l.say(not_sent=B.bulk.NotSent(pull=p.pull, code=B.bulk.NOT_NOW)))


def a_manifest_without_bytes_gives_its_room_back_with_the_session():
    without_bytes(lambda l, p: l.close())


if small.mounted:
    small.start()
    liar.open_dialler(small.us.port)
for t in (a_manifest_without_bytes_gives_its_room_back_when_the_sender_has_it_no_more,
          a_manifest_without_bytes_gives_its_room_back_when_the_sender_pauses,
          a_manifest_without_bytes_gives_its_room_back_with_the_session):
    small.test(t)
done()
