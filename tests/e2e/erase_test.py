"""A case is erased on both sides, and then one of them is restored from a backup of before."""
import mmap

from evidence import *

ME = pwd.getpwuid(os.getuid()).pw_name
EXTRA = f'''evidence {{ keep_free = "1M" }}
client chief {{ user = "{ME}"
role = administrator }}'''
MARK, REFERENCE, KEY = "the words that nobody may find", "file-of-a-suspect", "key-of-the-case-system"
BYTES = bytes_of(3 * MIB, seed=77)
Daemon.client = "desk"


def chief(d, *args):
    return subprocess.run([COMITYCTL, "--socket", d.socket, "--client", "chief", *args], capture_output=True, text=True,
                          timeout=DEADLINE)


def ordered(d):
    """The receipt for the last statement about evidence may be under way."""
    run = chief(d, "case", "erase", REFERENCE, "--reason", "retention over")
    assert run.returncode != 0 or f"its case id alone names it: {CASE}\n" in run.stdout, run.stdout
    return run.returncode == 0


def holds(d, *pieces):
    """Which of them stand in a file of the daemon: its store, WAL, evidence, list of orders and log."""
    found = set()
    for folder, _, names in os.walk(d.dir):
        for name in names:
            path = os.path.join(folder, name)
            # What the test has put there itself: keys of certificates, and the configuration.
            if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) == 0:
                continue
            with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
                found |= {p for p in pieces if m.find(p) >= 0}
    return found


def view(d):
    return Client(d).call(show_case=local_pb2.ShowCase(ref=CASE)).case_view


base = tempfile.mkdtemp(dir=DIR)
pki(base, "US-OIA", "IE")
us, ie = Daemon(base, "US-OIA", ["IE"], EXTRA), Daemon(base, "IE", ["US-OIA"], EXTRA)
us.configure({"IE": ie.port})
ie.configure({"US-OIA": us.port})
us.start()
ie.start()
ask(us, ie, "another-case")
us.stop()
shutil.copytree(f"{us.dir}/store", f"{base}/backup")
us.start()

asked = submission("IE", REFERENCE)
asked.content.request.title = asked.content.request.facts = MARK
answer = Client(us).call(submit=local_pb2.Submit(idempotency_key=KEY, submission=asked))
CASE = answer.submitted.case_id
until("the request", lambda: ie.ctl("case", "show", CASE).returncode == 0)
for kind, *fields in (("acknowledgement", "by=CENTRAL_AUTHORITY", "reference=IE/1"),
                      ("decision", "measures=1", "measures=2", "measures=3")):
    run = ie.ctl("send", kind, CASE, *(part for f in fields for part in ("--set", f)))
    assert run.returncode == 0, run.stderr


@test
def an_open_case_is_not_erased_nor_by_whom_may_not():
    run = chief(ie, "case", "erase", CASE, "--reason", "retention over")
    assert run.returncode == 1 and "is not closed" in run.stderr, run.stderr
    run = ie.ctl("case", "erase", CASE, "--reason", "retention over")
    assert run.returncode == 1 and "does not allow this" in run.stderr, run.stderr
    assert chief(ie, "case", "erase", CASE).returncode == 2
    assert chief(ie, "case", "erase", "no-such-case", "--reason", "x").returncode == 5


@test
def all_that_was_written_is_gone_on_both_sides():
    client = Client(ie)
    stored = put_frames(client, "upload", BYTES)
    content = case_pb2.Content(result=case_pb2.Result(
        results=[case_pb2.MeasureResult(measure=n, outcome=types_pb2.EXECUTED) for n in (1, 2, 3)], text=MARK,
        attachments=[attachment(stored, name="suspect.bin")]))
    answer = submit(client, "result", case_ref=CASE, content=content)
    assert answer.HasField("submitted"), answer
    in_state(us, CASE, "here")
    item = f"{evidence(us, CASE)[0].item.message_id}/1"
    assert us.ctl("evidence", "hold", item, "--reason", MARK).returncode == 0
    run = ie.ctl("send", "closure", CASE)
    assert run.returncode == 0, run.stderr
    until("the closure", lambda: view(us).summary.state == "CLOSED")
    in_state(ie, CASE, "delivered")

    run = chief(us, "case", "erase", CASE, "--reason", "retention over")
    assert run.returncode == 1 and "legal hold" in run.stderr, run.stderr
    assert us.ctl("evidence", "release", item, "--reason", MARK).returncode == 0
    secrets = REFERENCE.encode(), KEY.encode(), BYTES[:4096], BYTES[-4096:]
    # Of the idempotency key a digest is all that is ever kept.
    assert holds(us, *secrets) == set(secrets) - {KEY.encode()}
    for d in us, ie:
        until("the order", lambda d=d: ordered(d))
        until("the evidence to go", lambda d=d: not holds(d, BYTES[:4096], BYTES[-4096:]))
        assert not holds(d, MARK.encode(), *secrets), holds(d, MARK.encode(), *secrets)
        v = view(d)
        assert (v.erasure.by, v.erasure.reason) == ("chief", "retention over") and v.summary.title == ""
        assert all(m.erasure == local_pb2.ERASED_BY_ORDER for m in v.messages if m.kind_name != "evidence_statement")
        assert "Erased" in d.ctl("case", "show", CASE).stdout
        message = item.split("/")[0]
        shown = d.ctl("message", "show", message)
        assert shown.returncode == 0 and "erased by order" in shown.stdout, shown
        got = d.ctl("evidence", "get", item)
        assert got.returncode == 5 and "erased by order" in got.stderr, got


@test
def who_is_restored_gets_tombstones_and_the_stream_goes_on():
    us.stop()
    shutil.rmtree(f"{us.dir}/store")
    shutil.copytree(f"{base}/backup", f"{us.dir}/store")
    us.start()
    connected(us, "IE")
    until("the case", lambda: us.ctl("case", "show", CASE).returncode == 0 and
          view(us).state_digest == view(ie).state_digest)
    erased = [m for m in view(us).messages if m.erasure]
    assert len(erased) >= 5, view(us)
    for d, o in (us, ie), (ie, us):
        n = len(view(o).messages)
        run = d.ctl("send", "note", CASE, "--set", "text=after the restore")
        assert run.returncode == 0, run.stderr
        until("the note", lambda o=o, n=n: len(view(o).messages) > n)
    until("both to agree", lambda: view(us).state_digest == view(ie).state_digest)
    for d in us, ie:
        found = holds(d, MARK.encode(), REFERENCE.encode(), KEY.encode(), BYTES[:4096], BYTES[-4096:])
        assert not found, found


finish(us, ie)
