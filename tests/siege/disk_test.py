"""A disk that is full, read-only, or has lost or altered what was written."""
import random
import sqlite3
import uuid

from siege import *

rng = random.Random(int(os.environ.get("SIEGE_SEED", "1")))


def no_room(ground, witness, full, free):
    """Nothing is accepted while the store cannot write, nothing is lost, and all goes on afterwards."""
    us = ground.us
    desk = witness.desks["US-OIA"]
    full()
    reference = ground.reference()
    s = secret_submission("IE", reference)
    answer = desk.client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=s))
    assert answer.error.code == types_pb2.UNAVAILABLE, answer
    shown = json.loads(us.ctl("--json", "status").stdout)
    assert "ok" != shown["store"], shown
    for _ in range(5):
        witness.status()
    free()
    desk.receipted(desk.submit("IE", reference).message_id)
    until("the store's recovery in the status", lambda: json.loads(us.ctl("--json", "status").stdout)["store"] == "ok")
    ground.connected()


@test
def a_full_disk_and_its_release():
    ground = Ground()
    shim = Shim(ground.us)
    ground.start(shim.env())
    with besieged(ground, 48, "ALARM: nothing can be committed now: the disk is full: free space in") as witness:
        for _ in range(3):
            no_room(ground, witness, lambda: shim.set(full=1), shim.set)
    ground.stop()


@test
def a_full_file_system_and_its_release():
    """The same without the shim: a tmpfs where we may mount one, else a limit on the size of files."""
    ground = Ground()
    us = ground.us
    store = f"{us.dir}/store"
    os.mkdir(store, 0o700)
    mounted = ROOT and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "siege", store],
                                      capture_output=True).returncode == 0
    print("# on a tmpfs" if mounted else "# with RLIMIT_FSIZE")
    try:
        ground.start()
        limits = []

        def full():
            if mounted:
                with contextlib.suppress(OSError), open(f"{store}/ballast", "wb", buffering=0) as f:
                    while True:
                        f.write(bytes(4096))
            else:
                limits.append(resource.prlimit(us.process.pid, resource.RLIMIT_FSIZE))
                resource.prlimit(us.process.pid, resource.RLIMIT_FSIZE, (4096, limits[-1][1]))

        def free():
            if mounted:
                os.unlink(f"{store}/ballast")
            else:
                resource.prlimit(us.process.pid, resource.RLIMIT_FSIZE, limits.pop())

        with besieged(ground, 48, "ALARM: nothing can be committed now: ") as witness:
            no_room(ground, witness, full, free)
        ground.stop()
    finally:
        us.stop()
        if mounted:
            subprocess.run(["umount", store], check=True)


@test
def a_store_that_becomes_read_only():
    ground = Ground()
    shim = Shim(ground.us)
    ground.start(shim.env())
    with besieged(ground, 48, "ALARM: nothing can be committed now: ") as witness:
        no_room(ground, witness, lambda: shim.set(read_only=1), shim.set)
    shim.set(read_only=1)
    ground.us.stop()
    refused = subprocess.run([COMITYD, "--config", ground.us.config], capture_output=True, text=True, timeout=DEADLINE,
                             env={**os.environ, **shim.env()})
    assert refused.returncode == 1 and "Read-only file system" in refused.stderr, refused
    assert len(refused.stderr.splitlines()) == 1, refused.stderr
    ground.stop()


def flip(path, offset):
    with open(path, "r+b") as f:
        f.seek(offset)
        byte = f.read(1)
        f.seek(offset)
        f.write(bytes([byte[0] ^ 0x40]))


@test
def a_flipped_byte_in_one_message():
    """It cannot be sent, and says so; what stands behind it and beside it goes on."""
    ground = Ground().start()
    us = ground.us
    desk = Desk(us)
    ids = [desk.submit("FR", f"waits-{i}", size=12000).message_id for i in range(3)]
    us.stop()
    path = f"{us.dir}/store/comity.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        sealed, = db.execute("SELECT sealed FROM payload p JOIN message m ON m.no = p.message WHERE m.id = ?",
                             (uuid.UUID(ids[0]).bytes,)).fetchone()
    # In the middle, where it has pages of its own.
    at = open(path, "rb").read().index(sealed[6000:6100])
    flip(path, at)
    us.start()
    ground.connected()
    other = P.Peer("FR", "US-OIA", ground.base, f"{ground.base}/fr")
    other.open_dialler(us.port)
    with besieged(ground, 48, f"ALARM: the store: message {ids[0]}, of case"):
        s = other.dial()
        assert P.pump([s], lambda: {m.id for m in other.received} >= set(ids[1:])), "the others wait behind it"
        assert ids[0] not in {m.id for m in other.received}
        shown = us.ctl("message", "show", ids[0])
        assert shown.returncode != 0 and shown.stderr, shown
        s.leave()
    other.close()
    ground.stop()


@test
def a_title_that_does_not_open():
    """It is listed without its title, told, and goes on; so do all others."""
    ground = Ground().start()
    us = ground.us
    desk = Desk(us)
    ids = [desk.submit("FR", f"title-{i}").case_id for i in range(3)]
    us.stop()
    id = uuid.UUID(ids[0]).bytes
    with us.edit() as db:
        title, = db.execute("SELECT title FROM cases WHERE case_id = ?", (id,)).fetchone()
        db.execute("UPDATE cases SET title = ? WHERE case_id = ?", (bytes([title[0] ^ 1]) + title[1:], id))
    db.close()
    us.start()
    ground.connected()
    with besieged(ground, 48, f"ALARM: the store: the title of case {ids[0]} of peer FR is damaged"):
        listed = us.ctl("case", "list")
        assert listed.returncode == 0 and all(i in listed.stdout for i in ("title-0", "title-1", "title-2")), listed
        health = us.ctl("health")
        assert health.returncode == 2 and f"the title of case {ids[0]}" in health.stdout, health
    ground.stop()


def answers(us, messages, cases):
    """All that a case system can ask, with what it gets: an answer as bytes, or the error's code."""
    client = Client(us)
    asked = {"list": dict(list_cases=local_pb2.ListCases()), "events": dict(read_events=local_pb2.ReadEvents())}
    asked |= {case: dict(show_case=local_pb2.ShowCase(ref=case)) for case in cases}
    asked |= {message: dict(show_message=local_pb2.ShowMessage(message_id=message)) for message in messages}
    got = {}
    for name, call in asked.items():
        frame = client.call(**call)
        frame.correlation = 0
        if frame.HasField("case_view"):
            frame.case_view.now_ms = 0
        if any("is damaged in the store" in f.text for f in frame.case_view.faults):
            frame.error.code = types_pb2.DAMAGED     # all that is readable is shown, and that something is not
        got[name] = frame.error.code if frame.HasField("error") else frame.SerializeToString(deterministic=True)
    client.close()
    return got


def flip_bits(path, whole):
    """1 to 16 of them, in one page or anywhere."""
    data = bytearray(whole)
    page = rng.randrange(len(data) // 4096) * 4096 if rng.random() < 0.5 else None
    for _ in range(rng.randint(1, 16)):
        at = page + rng.randrange(4096) if page is not None else rng.randrange(len(data))
        data[at] ^= 1 << rng.randrange(8)
    with open(path, "wb") as f:
        f.write(data)


@test
def flipped_bits_anywhere():
    """Nothing that was altered is given out. The start is refused with a sentence, or each answer is what it
    was, or says that it is damaged; then so does the health, with the cases that it concerns."""
    ground = Ground().start()
    us, ie = ground.us, ground.ie
    case_of = {}
    for author, to in ((us, ie), (ie, us)):
        desk = Desk(author)
        for _ in range(5):
            submitted = desk.submit(to.id, ground.reference())
            desk.receipted(submitted.message_id)
            case_of[submitted.message_id] = submitted.case_id
        desk.client.close()
    messages = list(case_of)
    ie.stop()
    answers(us, messages, case_of.values())    # what was shown once is so for ever
    right = answers(us, messages, case_of.values())
    assert not [a for a in right.values() if isinstance(a, int)], right
    us.stop()
    path = f"{us.dir}/store/comity.db"
    whole, base = open(path, "rb").read(), open(f"{path}.base", "rb").read()
    outcome = {"refused": 0, "told": 0, "in nothing that was asked for": 0}
    for trial in range(int(os.environ.get("SIEGE_FLIPS", "20"))):
        for name in ("comity.db-wal", "comity.db-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{us.dir}/store/{name}")
        flip_bits(path, whole)
        with open(f"{path}.base", "wb") as f:    # no copy: damage shall be found by itself
            f.write(base)
        before = len(us.log())
        try:
            us.start()
        except RuntimeError:
            said = [line for line in us.log()[before:].splitlines() if line.startswith("ALARM: ")]
            assert us.process.wait(DEADLINE) == 1, (trial, us.process.returncode, said)
            assert said and "damaged" in said[-1], (trial, said)
            outcome["refused"] += 1
            continue
        got = answers(us, messages, case_of.values())
        damaged = [name for name in right if got[name] != right[name]]
        assert all(got[name] == types_pb2.DAMAGED for name in damaged), (trial, damaged, got)
        cases = {case_of.get(name, name) for name in damaged} - {"list", "events"}

        def told():
            health = us.ctl("health")
            return health.returncode == 2 and "damaged" in health.stdout and (
                all(c in health.stdout for c in cases) or "the list of cases" in health.stdout)
        if damaged:
            until(f"the damage of {cases} in the health", told)
        outcome["told" if damaged else "in nothing that was asked for"] += 1
        assert us.ctl("status").returncode == 0
        assert us.process.poll() is None, (trial, us.log()[before:][-500:])
        assert us.stop() == 0, (trial, us.log()[before:][-500:])
        assert len(us.log()[before:].splitlines()) < 60, us.log()[before:]
    print(f"# {outcome}")
    with open(path, "wb") as f:
        f.write(whole)


@test
def a_truncated_WAL():
    """A store that has lost its last commits: the peers prove it, and give back what was lost."""
    ground = Ground().start()
    us, ie = ground.us, ground.ie
    witness = Witness(ground)
    for _ in range(6):
        witness.request(us, ie)
        witness.request(ie, us)
    us.kill()
    wal = f"{us.dir}/store/comity.db-wal"
    size = os.path.getsize(wal)
    os.truncate(wal, size * 2 // 3)
    before = len(us.log())
    us.start()
    until("the reconciliation", lambda: "all that was lost has been fetched back" in us.log()[before:])
    ground.connected()
    assert "ALARM: this store was restored from a backup" in us.log()[before:]
    witness.served(1)
    witness.nothing_lost()
    witness.close()
    ground.stop()


@test
def a_WAL_of_rubbish():
    ground = Ground().start()
    us = ground.us
    us.kill()
    wal = f"{us.dir}/store/comity.db-wal"
    size = os.path.getsize(wal)
    with open(wal, "r+b") as f:
        f.write(rng.randbytes(size))
    us.start()
    ground.connected()
    witness = Witness(ground)
    witness.served()
    witness.nothing_lost()
    witness.close()
    ground.stop()


done()
