"""Evidence through comityctl, as people hand it over and take it out, with a daemon that is killed in the middle; and
what a client may send beside its frames."""
import array
import json
import signal

from harness import *

MIB = 1 << 20


def both():
    base = tempfile.mkdtemp(dir=DIR)
    pki(base, "US-OIA", "IE")
    us = Daemon(base, "US-OIA", ["IE"], 'evidence { keep_free = "1M" }')
    ie = Daemon(base, "IE", ["US-OIA"], 'evidence { keep_free = "1M" }')
    us.configure({"IE": ie.port})
    ie.configure({"US-OIA": us.port})
    return us, ie


def file_of(name, size):
    path = f"{tempfile.mkdtemp(dir=DIR)}/{name}"
    with open(path, "wb") as f:
        for i in range(0, size, MIB):
            f.write((i.to_bytes(8, "big") + b"x" * (MIB - 8))[:size - i])
    return path


def same(one, other):
    return open(one, "rb").read() == open(other, "rb").read()


def begin(d, *args, **more):
    return subprocess.Popen([COMITYCTL, "--socket", d.socket, *args], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **more)


def ran(d, *args):
    run = d.ctl(*args)
    assert run.returncode == 0, (args, run)
    return run.stdout


def items(d, case):
    return [i for line in ran(d, "--json", "evidence", "list", case).splitlines() for i in json.loads(line).get("items", [])]


def ask(reference):
    """A request that the other side has decided on: results may follow."""
    client = Client(us)
    answer = client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission("IE", reference)))
    client.close()
    assert answer.HasField("submitted"), answer
    until("the request", lambda: ie.ctl("case", "show", reference).returncode == 0)
    ran(ie, "send", "acknowledgement", reference, "--set", "by=CENTRAL_AUTHORITY", "--set", f"reference=IE/{reference}")
    ran(ie, "send", "decision", reference, "--set", "measures=1")


def answer_with(reference, *args):
    return ran(ie, "--json", "send", "result", reference, "--set", "results[0].measure=1", "--set",
               "results[0].partial=true", "--set", "text=Here.", *args)


us, ie = both()
us.start()
ie.start()
BIG = file_of("mailbox.mbox", 64 * MIB + 17)


@test
def an_answer_takes_a_file_along_and_the_desk_of_the_other_side_takes_it_out():
    ask("2026-1")
    empty = file_of("empty.txt", 0)
    message = json.loads(answer_with("2026-1", "--attach", BIG, "--attach", empty, "--exhibit", "7"))["messageId"]
    until("both", lambda: [i["state"] for i in items(us, "2026-1")] == ["here", "here"])
    for place, original in ((1, BIG), (2, empty)):
        for way in ([], ["--descriptor"]):
            out = f"{DIR}/out-{place}{''.join(way)}"
            assert "Verified" in ran(us, "evidence", "get", f"{message}/{place}", "--output", out, *way)
            assert same(out, original)
    chain = until("both readings", lambda: (lambda c: c if c.count("2 times until") == 2 else None)(
        ran(us, "evidence", "custody", f"{message}/1")))
    assert chain.count(" read ") == 1 and " arrived " in chain, chain
    assert "from byte 0; 2 times" in chain and f"up to byte {64 * MIB + 17}, its end; 2 times" in chain, chain
    show = ran(us, "case", "show", "2026-1")
    assert f"{message}/1" in show and "mailbox.mbox" in show, show


def feed(run, data):
    """Standard input of a command, to its end; what it said."""
    run.stdin.buffer.write(data)
    return run.communicate()


def offset_of(d, key):
    """How much of an upload survived."""
    client = Client(d)
    answer = client.call(open_upload=local_pb2.OpenUpload(key=key))
    client.close()
    return answer.upload_state.offset


@test
def a_pipe_that_is_interrupted_goes_on_under_its_key():
    data = open(BIG, "rb").read()
    put = ("--json", "evidence", "put", "-", "--name", "mail.mbox", "--key", "pipe")
    run = begin(ie, *put, stdin=subprocess.PIPE)
    run.stdin.buffer.write(data[:40 * MIB])
    ie.kill()
    _, err = run.communicate()
    assert run.returncode == 3 and "Repeat the same command" in err, (run.returncode, err)
    ie.start()
    assert 0 < offset_of(ie, "pipe") <= 40 * MIB, offset_of(ie, "pipe")
    run = begin(ie, *put, stdin=subprocess.PIPE)
    out, err = feed(run, data)
    assert run.returncode == 0, err
    assert json.loads(out)["sha256"] == json.loads(ran(ie, "--json", "evidence", "put", BIG))["sha256"], out


@test
def other_bytes_under_the_key_of_an_interrupted_pipe_are_refused():
    put = ("evidence", "put", "-", "--name", "mail.mbox", "--key", "other")
    run = begin(ie, *put, stdin=subprocess.PIPE)
    run.stdin.buffer.write(b"a" * (40 * MIB))
    ie.kill()
    run.communicate()
    ie.start()
    assert offset_of(ie, "other") > 0
    run = begin(ie, *put, stdin=subprocess.PIPE)
    out, err = feed(run, b"b" * (41 * MIB))
    assert run.returncode == 1 and not out and "refused" in err, (run.returncode, err)
    assert "what came before under the key 'other' was of other content" in err, err
    assert "repeat the command, or take another key" in err and "u-" not in err, err
    assert offset_of(ie, "other") == 0
    run = begin(ie, *put, stdin=subprocess.PIPE)
    out, err = feed(run, b"b" * (41 * MIB))
    assert run.returncode == 0, err


def stopped_in_the_middle(d, out, *args):
    """A command that stands still once a part of its file is there."""
    run = begin(d, *args)
    until("the first bytes", lambda: os.path.exists(out) and os.path.getsize(out) > 0)
    run.send_signal(signal.SIGSTOP)
    assert os.path.getsize(out) < os.path.getsize(BIG)
    return run


@test
def taking_out_goes_on_after_the_daemon_was_killed():
    item = items(us, "2026-1")[0]["item"]
    what, out = f"{item['messageId']}/{item['attachment']}", f"{DIR}/resumed"
    part = f"{os.path.dirname(out)}/.comityctl-{what.replace('/', '-')}.part"
    run = stopped_in_the_middle(us, part, "evidence", "get", what, "--output", out)
    us.kill()
    run.send_signal(signal.SIGCONT)
    _, err = run.communicate()
    assert run.returncode == 3 and "Repeat the same command" in err, (run.returncode, err)
    assert not os.path.exists(out) and 0 < os.path.getsize(part) < os.path.getsize(BIG)
    us.start()
    ran(us, "evidence", "get", what, "--output", out)
    assert same(out, BIG) and not os.path.exists(part)


@test
def a_file_that_changes_while_it_is_handed_over_is_refused():
    path = file_of("growing.log", 64 * MIB)
    run = begin(ie, "evidence", "put", path, "--stream")

    def position():
        try:
            found = [open(f"/proc/{run.pid}/fdinfo/{fd}").readline().split()[1]
                     for fd in os.listdir(f"/proc/{run.pid}/fd") if os.readlink(f"/proc/{run.pid}/fd/{fd}") == path]
        except OSError:
            return 0
        return int(found[0]) if found else 0
    until("that it is read", lambda: position() > 0)
    run.send_signal(signal.SIGSTOP)
    assert position() < 64 * MIB
    with open(path, "ab") as f:
        f.write(b"one line more")
    run.send_signal(signal.SIGCONT)
    out, err = run.communicate()
    assert run.returncode == 4 and not out and "changed while it was read" in err, (run.returncode, err)


def verdicts(d, case):
    """What the receiver's desk has said by signed messages."""
    messages = json.loads(ran(d, "--json", "case", "show", case))["messages"]
    return [json.loads(ran(d, "--json", "message", "show", m["messageId"]))["message"]["content"]["evidenceVerification"]
            for m in messages if m["kindName"] == "evidence_verification"]


@test
def a_medium_is_confirmed_by_its_receiver():
    ask("2026-2")
    disk = tempfile.mkdtemp(dir=DIR)
    for name in ("disk1.E01", "disk2.E01"):
        os.rename(file_of(name, 3 * MIB + len(name)), f"{disk}/{name}")
    body = f"{DIR}/body.json"
    ran(ie, "evidence", "manifest", f"{disk}/disk1.E01", f"{disk}/disk2.E01", "--medium", "WD disk 123", "--output", body)
    run = ie.ctl("--json", "send", "result", "2026-2", body, "--set", "results[0].measure=1", "--set",
                 "results[0].partial=true", "--set", "text=By courier.")
    assert run.returncode == 0, run
    message = json.loads(run.stdout)["messageId"]
    until("the result", lambda: us.ctl("message", "show", message).returncode == 0)
    confirm = ("evidence", "confirm", "2026-2", "--message", message, "--dir", disk)
    with open(f"{disk}/disk2.E01", "r+b") as f:
        f.write(b"?")
    run = us.ctl(*confirm)
    assert run.returncode == 4 and "ok   disk1.E01" in run.stdout and "BAD  disk2.E01" in run.stdout, run
    run = us.ctl(*confirm, "--reject-on-mismatch")
    assert run.returncode == 4, run
    until("the rejection", lambda: len(verdicts(ie, "2026-2")) == 1)
    with open(f"{disk}/disk2.E01", "r+b") as f:
        f.write(b"\0")
    ran(us, *confirm)
    until("the confirmation", lambda: len(verdicts(ie, "2026-2")) == 2)
    assert verdicts(ie, "2026-2") == [
        {"result": 3, "state": "REJECTED", "reason": "disk2.E01: its SHA-256 is another", "attachments": [2]},
        {"result": 3, "state": "VERIFIED", "attachments": [1, 2]}], verdicts(ie, "2026-2")


def beside(client, fd, data=None, **kind):
    """A frame with a descriptor beside it; its answer."""
    client.correlation += 1
    if data is None:
        data = local_pb2.ClientFrame(correlation=client.correlation, **kind).SerializeToString()
    client.sock.sendmsg([bytes([len(data)]) + data],
                        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    answer = client.receive()
    while answer.HasField("upload_state"):
        answer = client.receive()
    return answer


def descriptors(d):
    return len(os.listdir(f"/proc/{d.process.pid}/fd"))


@test
def a_descriptor_of_something_else_than_a_file_is_refused():
    client = Client(ie)
    pipe, _ = os.pipe()
    for name, fd in (("folder", os.open(DIR, os.O_RDONLY)), ("pipe", pipe), ("device", os.open("/dev/zero", os.O_RDONLY)),
                     ("write-only", os.open(f"{DIR}/write-only", os.O_WRONLY | os.O_CREAT)),
                     ("path", os.open(BIG, os.O_PATH)), ("socket", socket.socket(socket.AF_UNIX).detach())):
        answer = beside(client, fd, upload_file=local_pb2.UploadFile(key=name))
        assert answer.HasField("error"), (name, answer)
    answer = client.call(upload_file=local_pb2.UploadFile(key="none"))
    assert answer.error.code == types_pb2.INVALID and "SCM_RIGHTS" in answer.error.text, answer
    client.close()


@test
def descriptors_that_nobody_asked_for_are_closed():
    client = Client(ie)
    small = os.open(file_of("small", 100), os.O_RDONLY)
    beside(client, small, get_status=local_pb2.GetStatus())
    before = descriptors(ie)
    for i in range(300):
        beside(client, small, get_status=local_pb2.GetStatus())
        beside(client, small, open_upload=local_pb2.OpenUpload())
        beside(client, small, data=b"\xff\xff")
        beside(client, small, upload_file=local_pb2.UploadFile(key=""))
        beside(client, small, upload_data=local_pb2.UploadData(key="none", data=b"x"))
    answer = beside(client, small, upload_file=local_pb2.UploadFile(key="small"))
    assert answer.evidence_stored.size == 100, answer
    assert descriptors(ie) <= before + 1, (before, descriptors(ie))
    client.close()


finish(us, ie)
