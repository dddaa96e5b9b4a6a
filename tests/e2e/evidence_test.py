"""Evidence between two real daemons, through the local socket: put, attach, fetch, get; custody, holds, retention,
quotas; killed and started again in the middle."""
import datetime
import hashlib
import json
import os
import re
import signal
import threading

from evidence import *
from harness import *

EXTRA = 'evidence { keep_free = "1M" }'


def both(extra_us="", extra_ie="", **rates):
    base = tempfile.mkdtemp(dir=DIR)
    pki(base, "US-OIA", "IE")
    us = Daemon(base, "US-OIA", ["IE"], extra_us or EXTRA)
    ie = Daemon(base, "IE", ["US-OIA"], extra_ie or EXTRA)
    us.configure({"IE": ie.port})
    ie.configure({"US-OIA": us.port})
    return us, ie


us, ie = both()
us.start()
ie.start()
until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
desk_us, desk_ie = Client(us), Client(ie)
BIG = bytes_of(64 * MIB, "big")


@test
def a_file_crosses_and_each_hand_over_is_on_record():
    ask(us, ie, "e-1")
    stored = put_file(desk_ie, "big", file_of(BIG))
    assert stored.evidence_stored.sha256 == hashlib.sha256(BIG).digest(), stored
    assert stored.evidence_stored.chunk_root == merkle(BIG)
    acquired = case_pb2.CustodyRecord(holder="Garda A. Byrne", action="acquired", tool="dd 9.1", at_ms=1790000000000)
    answer = result_of(desk_ie, "e-1", [attachment(stored, "mailbox.mbox", custody=[acquired], exhibit="AB1")], "r-1")
    assert answer.HasField("submitted"), answer
    here, = in_state(us, "e-1", "here")
    assert (here.size, here.here, here.name, here.exhibit) == (len(BIG), len(BIG), "mailbox.mbox", "AB1"), here
    assert get(desk_us, here.item) == BIG
    assert get(desk_us, here.item, 5 * MIB + 7) == BIG[5 * MIB + 7:]
    there, = in_state(ie, "e-1", "delivered")
    assert there.arrived_ms == here.arrived_ms > 0
    until("that it was read", lambda: "read" in [e.action for e in custody(us, here.item).entries])
    # Each reading with the byte that it began at; both got the last byte.
    links = [(e.action, getattr(e, "from"), e.to) for e in custody(us, here.item).entries]
    assert links == [("acquired", 0, 0), ("arrived", 0, 0), ("read", 0, 0), ("read_end", 0, len(BIG)),
                     ("read", 5 * MIB + 7, 0)], links
    assert [e.action for e in custody(ie, here.item).entries] == ["acquired", "stored", "offered", "delivered"]
    # What proves the arrival is a signed message that both sides hold.
    proof = next(e for e in custody(ie, here.item).entries if e.action == "delivered").message_id
    assert proof == next(e for e in custody(us, here.item).entries if e.action == "arrived").message_id
    shown = json.loads(ie.ctl("--json", "message", "show", proof).stdout)
    item = shown["message"]["content"]["evidenceStatement"]["items"][0]
    assert item["fate"] == "ARRIVED" and item["attachment"] == 1, item


@test
def a_client_that_has_all_of_it_is_told_its_end():
    here, = in_state(us, "e-1", "here")
    assert get(desk_us, here.item, len(BIG)) == b""
    error = get(desk_us, here.item, len(BIG) + 1).error
    assert error.code == types_pb2.INVALID and error.faults[0].field == "offset", error


@test
def a_frame_without_a_correlation_is_refused():
    here, = in_state(us, "e-1", "here")
    c = Client(us)
    for kind in ({"get_evidence": local_pb2.GetEvidence(item=here.item)},
                 {"open_upload": local_pb2.OpenUpload(key="k", size=1)}):
        c.correlation = -1
        c.send(**kind)
        frame = c.receive()
        assert frame.error.code == types_pb2.BAD_FRAME and frame.error.faults[0].field == "correlation", frame
    c.correlation = 1
    assert get(c, here.item, len(BIG) - 5) == BIG[-5:]
    c.close()


@test
def the_case_system_is_told_when_an_item_is_complete():
    events = desk_us.call(read_events=local_pb2.ReadEvents(limit=1000)).event_list.events
    arrived = [e for e in events if e.type == local_pb2.EVIDENCE_ARRIVED]
    assert [(e.own_reference, e.text) for e in arrived] == [("e-1", "1")], arrived
    events = desk_ie.call(read_events=local_pb2.ReadEvents(limit=1000)).event_list.events
    assert [e.text for e in events if e.type == local_pb2.EVIDENCE_DELIVERED] == ["1"]


@test
def what_it_says_about_it_travels_back_signed():
    here = in_state(us, "e-1", "here")[0]
    content = case_pb2.Content(evidence_verification=case_pb2.EvidenceVerification(
        result=here.number, state=case_pb2.VERIFIED, attachments=[1]))
    assert submit(desk_us, "v-1", case_ref="e-1", content=content).HasField("submitted")
    until("the verdict", lambda: evidence(ie, "e-1")[0].verdict == case_pb2.VERIFIED)
    assert [e.action for e in custody(ie, here.item).entries][-1] == "verified"


@test
def contents_of_any_size_cross():
    ask(us, ie, "e-2")
    sizes = (0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 5 * MIB + 17)
    attachments = []
    for size in sizes:
        data = bytes_of(size, size)
        stored = put_frames(desk_ie, f"size-{size}", data)
        assert stored.evidence_stored.sha256 == hashlib.sha256(data).digest(), stored
        assert stored.evidence_stored.chunk_root == merkle(data)
        attachments.append(attachment(stored, f"{size}.bin"))
    assert result_of(desk_ie, "e-2", attachments, "r-2").HasField("submitted")
    found = in_state(us, "e-2", "here", len(sizes))
    for item, size in zip(found, sizes):
        assert get(desk_us, item.item) == bytes_of(size, size), size


@test
def an_upload_goes_on_after_its_connection_and_its_daemon_were_lost():
    data = bytes_of(40 * MIB, "resumed")
    c = Client(ie)
    put_frames(c, "resumed", data, stop=36 * MIB)
    # The daemon has read what it answers after.
    assert c.call(get_status=local_pb2.GetStatus()).HasField("status")
    c.close()
    ie.kill()
    ie.start()
    c = Client(ie)
    stored = put_frames(c, "resumed", data, start=lambda offset: 16 * MIB <= offset <= 36 * MIB)
    assert stored.evidence_stored.sha256 == hashlib.sha256(data).digest(), stored
    c.close()


desk_ie = Client(ie)


@test
def the_same_content_is_stored_once_and_sent_once():
    ask(us, ie, "e-3")
    before = contents(us), contents(ie)
    again = put_file(desk_ie, "big-again", file_of(BIG))
    assert result_of(desk_ie, "e-3", [attachment(again, "copy.mbox")], "r-3").HasField("submitted")
    here, = in_state(us, "e-3", "here")
    assert (contents(us), contents(ie)) == before
    until("the statement", lambda: [e for e in custody(us, here.item).entries if e.action == "arrived"])
    first, = evidence(us, "e-1")
    assert custody(us, here.item).entries[-1].text == \
        f"the same content came with message {first.item.message_id}, attachment 1, and was hashed again here", custody(us, here.item)
    assert get(desk_us, here.item)[:MIB] == BIG[:MIB]
    # Unless its sender forbids that: then the bytes travel again.
    assert result_of(desk_ie, "e-3", [attachment(again, "copy.mbox", send_always=True)], "r-3b").HasField("submitted")
    in_state(us, "e-3", "here", 2)
    assert (contents(us), contents(ie)) == before


@test
def nobody_sends_what_he_does_not_have():
    digest = hashlib.sha256(b"known by its digest only").digest()
    foreign = case_pb2.Attachment(name="x", media_type="a/b", size=24, sha256=digest, chunk_bytes=MIB,
                                  chunk_root=merkle(b"known by its digest only"))
    error = result_of(desk_ie, "e-3", [foreign], "r-4").error
    assert error.code == types_pb2.INVALID and error.faults[0].field.endswith("attachments[0].sha256"), error
    for n in 64, 65:
        error = result_of(desk_ie, "e-3", [foreign] * n, f"r-4-{n}").error
        assert len(error.faults) == 64 and error.more_faults == (n > 64), (len(error.faults), error.more_faults)
    stored = put_frames(desk_ie, "small", b"small")
    lie = attachment(stored)
    lie.size += 1
    error = result_of(desk_ie, "e-3", [lie], "r-5").error
    assert error.code == types_pb2.INVALID, error


@test
def names_that_could_do_harm_are_refused():
    stored = put_frames(desk_ie, "small", b"small")
    for name in ("a/b", "..", ".", "", "a\x1b[2J", "x" * 256, "\u00e9" * 128):
        error = result_of(desk_ie, "e-3", [attachment(stored, name)], f"n-{name.encode().hex()[:40]}").error
        assert error.code == types_pb2.INVALID and "name" in error.faults[0].field, (name, error)
    # What is not UTF-8 does not even parse.
    frame = local_pb2.ClientFrame(correlation=9, submit=local_pb2.Submit(
        idempotency_key="n-utf8", submission=local_pb2.Submission(case_ref="e-3", content=case_pb2.Content(
            result=case_pb2.Result(attachments=[attachment(stored, "NAMENAME")]))))).SerializeToString()
    frame = frame.replace(b"NAMENAME", b"NA\xff\xfeNAME"[:8])
    c = Client(ie)
    n, prefix = len(frame), b""
    while n > 127:
        prefix, n = prefix + bytes([n & 127 | 128]), n >> 7
    c.sock.sendall(prefix + bytes([n]) + frame)
    assert c.receive().error.code == types_pb2.BAD_FRAME
    c.close()


@test
def a_file_that_shrinks_or_grows_while_it_is_put_harms_nobody():
    path = file_of(bytes_of(32 * MIB, "moving"))
    stop = threading.Event()

    def move():
        with open(path, "r+b") as f:
            while not stop.is_set():
                f.truncate(MIB)
                f.truncate(32 * MIB)
    mover = threading.Thread(target=move)
    mover.start()
    try:
        stored = put_file(desk_ie, "moving", path)
    finally:
        stop.set()
        mover.join()
    assert stored.HasField("evidence_stored") or stored.error.code in (types_pb2.INVALID, types_pb2.UNAVAILABLE), stored
    assert desk_ie.call(get_status=local_pb2.GetStatus()).HasField("status")


@test
def two_puts_of_the_same_thing_at_once_do_not_disturb_each_other():
    data, answers = bytes_of(24 * MIB, "twice"), {}
    path = file_of(data)

    def put(name, key):
        c = Client(ie)
        answers[name] = put_file(c, key, path)
        c.close()
    threads = [threading.Thread(target=put, args=(i, f"twice-{i}")) for i in range(3)]
    threads.append(threading.Thread(target=put, args=("same", "twice-0")))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    digest = hashlib.sha256(data).digest()
    good = [a for a in answers.values() if a.HasField("evidence_stored")]
    assert len(good) >= 3 and all(a.evidence_stored.sha256 == digest for a in good), answers
    assert all(a.HasField("evidence_stored") or a.error.code == types_pb2.CONFLICT for a in answers.values()), answers
    assert contents(ie).count(digest.hex()) == 1


@test
def wrong_uploads_are_told_what_is_wrong_and_leave_the_connection():
    c = Client(ie)
    error = c.call(upload_data=local_pb2.UploadData(key="never", offset=0, data=b"x")).error
    assert error.code == types_pb2.INVALID, error
    error = c.call(open_upload=local_pb2.OpenUpload(key="", size=1)).error
    assert error.code == types_pb2.INVALID and error.faults[0].field == "key", error
    error = c.call(open_upload=local_pb2.OpenUpload(key="huge", size=1 << 60)).error
    assert error.code == types_pb2.INVALID, error
    error = c.call(upload_file=local_pb2.UploadFile(key="no-descriptor")).error
    assert error.code == types_pb2.INVALID and "SCM_RIGHTS" in error.text, error
    assert c.call(open_upload=local_pb2.OpenUpload(key="gap")).HasField("upload_state")
    error = c.call(upload_data=local_pb2.UploadData(key="gap", offset=5, data=b"x")).error
    assert error.code == types_pb2.INVALID, error
    c.send(upload_data=local_pb2.UploadData(key="gap", offset=0, data=b"hello"))
    error = c.call(finish_upload=local_pb2.FinishUpload(key="gap", size=5, sha256=b"\0" * 32)).error
    assert error.code == types_pb2.INVALID, error
    assert c.call(get_status=local_pb2.GetStatus()).HasField("status")
    c.close()


@test
def an_item_larger_than_the_disk_is_refused_before_its_bytes_flow():
    error = desk_ie.call(open_upload=local_pb2.OpenUpload(key="tib", size=1 << 45)).error
    assert error.code == types_pb2.UNAVAILABLE, error
    assert not [n for n in os.listdir(f"{ie.dir}/store/evidence/part") if os.stat(f"{ie.dir}/store/evidence/part/{n}").st_size > MIB]


@test
def a_legal_hold_keeps_evidence_from_being_destroyed():
    here = in_state(us, "e-1", "here")[0]
    hold = us.ctl("evidence", "hold", f"{here.item.message_id}/1", "--reason", "appeal pending")
    assert hold.returncode == 0, hold
    certificate = case_pb2.Content(destruction_certificate=case_pb2.DestructionCertificate(
        result=here.number, method="overwritten", certified_by="Registry", at_ms=1790000000000, attachments=[1]))
    error = submit(desk_us, "d-1", case_ref="e-1", content=certificate).error
    assert error.code == types_pb2.REFUSED_BY_LIFE_CYCLE and "legal hold" in error.text, error
    assert us.ctl("evidence", "release", f"{here.item.message_id}/1", "--reason", "appeal decided").returncode == 0
    assert submit(desk_us, "d-2", case_ref="e-1", content=certificate).HasField("submitted")
    until("the other side's word", lambda: evidence(ie, "e-1")[0].state == "destroyed")
    # The same content is held by another case: it stays on disk, and only there it is to be had.
    assert hashlib.sha256(BIG).hexdigest() in contents(us)
    assert get(desk_us, here.item).error.code == types_pb2.NOT_FOUND
    actions = [e.action for e in custody(us, here.item).entries]
    assert actions[-3:] == ["held", "released", "destroyed"], actions


@test
def what_is_past_its_retention_is_destroyed_and_certified():
    ask(us, ie, "e-4")
    data = bytes_of(3 * MIB, "retained")
    stored = put_frames(desk_ie, "retained", data)
    yesterday = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).date().isoformat()
    both_of_it = [attachment(stored, "over.bin", retain_until_date=yesterday)]
    assert result_of(desk_ie, "e-4", both_of_it, "r-6").HasField("submitted")
    here, = in_state(us, "e-4", "here")
    digest = hashlib.sha256(data).hexdigest()
    assert digest in contents(us)
    # Nothing that the case system has not got is destroyed.
    us.kill()
    us.start()
    until("its files", lambda: digest in contents(us))
    assert evidence(us, "e-4")[0].state == "here"
    c = Client(us)
    assert get(c, here.item) == data
    until("that it was read", lambda: "read" in [e.action for e in custody(us, here.item).entries])
    c.close()
    us.kill()
    us.start()
    until("its destruction", lambda: digest not in contents(us))
    in_state(ie, "e-4", "destroyed")
    assert [e.action for e in custody(ie, here.item).entries][-1] == "destroyed"
    name = f"{here.item.message_id}/{here.item.attachment}"
    chains = {d.id: d.ctl("evidence", "custody", name).stdout for d in (us, ie)}
    assert re.search("^Our copy +here$", chains["IE"], re.M) and not re.search("^(Here|There) ", chains["IE"], re.M), chains
    assert re.search("^Here +0 B, 0 %$", chains["US-OIA"], re.M) and "Our copy" not in chains["US-OIA"], chains
    for d in us, ie:
        assert re.search(f"^{name} .* destroyed +\\S+ \\S+ +- ", d.ctl("evidence", "list", "e-4").stdout, re.M), d.id


@test
def a_content_that_the_disk_does_not_let_go_holds_up_no_other():
    ask(us, ie, "e-5")
    yesterday = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).date().isoformat()
    items = sorted((bytes_of(MIB + i, f"stuck {i}") for i in range(3)), key=lambda d: hashlib.sha256(d).digest())
    names = [hashlib.sha256(d).hexdigest() for d in items]
    stored = [attachment(put_frames(desk_ie, f"stuck-{i}", d), f"{i}.bin", retain_until_date=yesterday)
              for i, d in enumerate(items)]
    assert result_of(desk_ie, "e-5", stored, "r-7").HasField("submitted")
    here = in_state(us, "e-5", "here", 3)
    # One of them becomes what cannot be unlinked.
    path, = (f"{folder}/{names[0]}" for folder, _, files in os.walk(f"{us.dir}/store/evidence/content")
             if names[0] in files)
    c = Client(us)
    for e in here:
        get(c, e.item)
        until("that it was read", lambda: "read_end" in [x.action for x in custody(us, e.item).entries])
    c.close()
    us.kill()
    os.remove(path)
    os.mkdir(path)
    us.start()
    until("the destruction of the others", lambda: not set(names[1:]) & set(contents(us)))
    in_state(ie, "e-5", "destroyed", 3)
    assert us.log().count("cannot be destroyed") == 1, us.log()
    os.rmdir(path)
    us.kill()
    us.start()


desk_us.close()
desk_ie.close()


@test
def a_receiver_that_was_restored_from_a_backup_gets_all_again_though_it_only_listens():
    us.stop()
    ie.stop()
    a, b = both()
    b.configure({"US-OIA": a.port}, dial=False)
    a.start()
    b.start()
    until("a connection", lambda: "connected" in a.ctl("peer", "list").stdout)
    c = Client(b)
    # The listener asks, and what it asked for comes to it.
    answer = c.call(submit=local_pb2.Submit(idempotency_key="x", submission=submission("US-OIA", "x-1")))
    assert answer.HasField("submitted"), answer
    until("the request", lambda: a.ctl("case", "show", "x-1").returncode == 0)
    for kind, *fields in (("acknowledgement", "by=CENTRAL_AUTHORITY", "reference=US/1"),
                          ("decision", "measures=1", "measures=2", "measures=3")):
        assert a.ctl("send", kind, "x-1", *(p for f in fields for p in ("--set", f))).returncode == 0
    until("the decision", lambda: "decision" in b.ctl("case", "show", "x-1").stdout.lower())
    b.stop()
    shutil.copytree(f"{b.dir}/store", f"{b.dir}/backup")
    b.start()
    data = bytes_of(9 * MIB, "restored")
    desk = Client(a)
    stored = put_frames(desk, "restored", data)
    assert result_of(desk, "x-1", [attachment(stored)], "r-x").HasField("submitted")
    in_state(b, "x-1", "here")
    in_state(a, "x-1", "delivered")
    c.close()
    b.kill()
    shutil.rmtree(f"{b.dir}/store")
    os.rename(f"{b.dir}/backup", f"{b.dir}/store")
    b.start()
    here, = in_state(b, "x-1", "here")
    c = Client(b)
    assert get(c, here.item) == data
    in_state(a, "x-1", "delivered")
    c.close()
    desk.close()
    a.stop()
    b.stop()


@test
def what_is_certified_as_destroyed_while_it_is_on_its_way_leaves_nothing():
    b, a = both()
    text = open(a.config).read()
    with open(a.config, "w") as f:
        f.write(text.replace("peer US-OIA {", 'peer US-OIA {\n  evidence_rate = { "00:00-12:00 1M", "12:00-00:00 1M" }'))
    a.start()
    b.start()
    until("a connection", lambda: "connected" in b.ctl("peer", "list").stdout)
    ask(b, a, "w-1")
    desk, c = Client(a), Client(b)

    def parts():
        return os.listdir(f"{b.dir}/store/evidence/part")

    for round, interrupted in enumerate((False, True)):
        data = bytes_of(12 * MIB, f"on its way {round}")
        stored = put_frames(desk, f"w-{round}", data)
        assert result_of(desk, "w-1", [attachment(stored)], f"r-w{round}").HasField("submitted")
        item, = until("some of it", lambda: [e for e in evidence(b, "w-1") if e.state == "fetching" and e.here > 0])
        if interrupted:
            desk.close()
            a.kill()
            until("the end of the session", lambda: all(e.state != "fetching" for e in evidence(b, "w-1")))
            assert parts()
        certificate = case_pb2.Content(destruction_certificate=case_pb2.DestructionCertificate(
            result=item.number, method="overwritten", certified_by="Registry", at_ms=1790000000000))
        assert submit(c, f"d-w{round}", case_ref="w-1", content=certificate).HasField("submitted")
        until("the end of the part", lambda: not parts())
        if interrupted:
            a.start()
        in_state(a, "w-1", "destroyed", round + 1)
        assert hashlib.sha256(data).hexdigest() not in contents(b)
        assert [e.action for e in custody(b, item.item).entries] == ["destroyed"]
    c.close()
    a.stop()
    b.stop()


@test
def our_copy_is_deleted_some_time_after_the_receiver_has_verified_its_own():
    a, b = both(extra_ie='evidence { keep_free = "1M"\nkeep_sent = 40 }')
    a.start()
    b.start()
    ask(a, b, "k-1")
    c, desk = Client(b), Client(a)
    data = [bytes_of(MIB, f"kept {i}") for i in range(4)]
    stored = [put_frames(c, f"kept-{i}", d) for i, d in enumerate(data)]
    assert result_of(c, "k-1", [attachment(s) for s in stored], "r-k").HasField("submitted")
    number = in_state(a, "k-1", "here", 4)[0].number
    for key, state, of in (("v", case_pb2.VERIFIED, [1, 2]), ("r", case_pb2.REJECTED, [3])):
        content = case_pb2.Content(evidence_verification=case_pb2.EvidenceVerification(
            result=number, state=state, reason="does not open" if key == "r" else "", attachments=of))
        answer = submit(desk, f"k-{key}", case_ref="k-1", content=content)
        assert answer.HasField("submitted"), answer
        until("the verdict", lambda: all(evidence(b, "k-1")[i - 1].verdict == state for i in of))
    items = [v.item for v in evidence(b, "k-1")]
    assert b.ctl("evidence", "hold", f"{items[1].message_id}/2", "--reason", "appeal").returncode == 0
    c.close()
    b.stop()
    with b.edit() as db:  # 41 days go by
        for column in ("evidence.settled", "upload.at"):
            table, name = column.split(".")
            db.execute(f"UPDATE {table} SET {name} = {name} - 41 * 86400000 WHERE {name} > 0")
    db.close()
    b.start()
    digests = [hashlib.sha256(d).hexdigest() for d in data]
    until("its bytes to go", lambda: digests[0] not in contents(b))
    assert [v.copy_deleted for v in evidence(b, "k-1")] == [True, False, False, False]
    assert sorted(digests[1:]) == sorted(contents(b)) and sorted(digests) == sorted(contents(a))
    c = Client(b)
    answer = get(c, items[0]).error
    assert answer.code == types_pb2.NOT_FOUND and "keep_sent" in answer.text, answer
    assert [e.action for e in custody(b, items[0]).entries][-2:] == ["verified", "deleted"]
    assert get(c, items[1]) == data[1]
    hold = b.ctl("evidence", "hold", f"{items[0].message_id}/1", "--reason", "too late")
    assert hold.returncode != 0 and "nothing to hold" in hold.stderr, hold
    assert "our copy is deleted" in b.ctl("evidence", "list", "k-1").stdout
    # What is held no longer goes as well.
    assert b.ctl("evidence", "release", f"{items[1].message_id}/2", "--reason", "decided").returncode == 0
    b.process.send_signal(signal.SIGHUP)
    until("the end of the other one", lambda: digests[1] not in contents(b))
    c.close()
    desk.close()
    a.stop()
    b.stop()


def path_of(d, digest):
    return f"{d.dir}/store/evidence/content/{digest[:2]}/{digest}"


def spoil(d, digest, how):
    path = path_of(d, digest)
    os.chmod(path, 0o600)
    if how == "lost":
        os.unlink(path)
    elif how == "cut off":
        os.truncate(path, MIB)
    elif how == "cut within its last chunk":
        os.truncate(path, os.path.getsize(path) - 5)
    else:
        with open(path, "r+b") as f:
            f.seek(MIB + 5)
            byte = f.read(1)
            f.seek(MIB + 5)
            f.write(bytes([byte[0] ^ 1]))


@test
def what_the_disk_has_spoilt_is_fetched_again_also_by_who_only_listens():
    b, a = both()
    b.configure({"IE": None})  # it is dialled
    a.start()
    b.start()
    ask(b, a, "s-1")
    desk, c = Client(a), Client(b)
    data = bytes_of(3 * MIB, "spoilt")
    digest = hashlib.sha256(data).hexdigest()
    assert result_of(desk, "s-1", [attachment(put_frames(desk, "spoilt", data))], "r-s").HasField("submitted")
    here, = in_state(b, "s-1", "here")
    in_state(a, "s-1", "delivered")
    name = f"{here.item.message_id}/1"
    for how in ("changed", "cut off", "cut within its last chunk", "lost"):
        spoil(b, digest, how)
        b.kill()   # no open file helps it
        c.close()
        b.start()
        c = Client(b)
        # Who reads it finds that, and it comes again by itself.
        assert get(c, here.item).HasField("error"), how
        until("all of it", lambda: open(path_of(b, digest), "rb").read() == data if os.path.exists(path_of(b, digest)) else False)
        again, = in_state(b, "s-1", "here")
        assert get(c, here.item) == data, how
        assert again.arrived_ms == here.arrived_ms < again.verified_ms
        in_state(a, "s-1", "delivered")
    actions = [e.action for e in custody(b, here.item).entries]
    assert (actions.count("spoilt"), actions.count("missing")) == (3, 1), actions
    fetch = b.ctl("evidence", "fetch", name, "--reason", "to see that it works")
    assert fetch.returncode == 0 and "fetched again" in fetch.stdout, fetch
    until("it to be back", lambda: (a := [e.action for e in custody(b, here.item).entries])[-1] == "arrived" and "fetched" in a)
    # What the sender has no more stays what it is.
    digest_there = path_of(a, digest)
    os.rename(digest_there, digest_there + ".away")
    a.kill()
    desk.close()
    a.start()
    assert b.ctl("evidence", "fetch", name, "--reason", "to be sure").returncode == 0
    until("the sender's word", lambda: [e.action for e in custody(b, here.item).entries].count("fetched") == 2
          and evidence(b, "s-1")[0].state == "here")
    assert get(c, here.item) == data
    in_state(a, "s-1", "delivered")
    os.rename(digest_there + ".away", digest_there)
    # An own one is put again.
    refused = a.ctl("evidence", "fetch", name, "--reason", "x")
    assert refused.returncode != 0 and "put its content once more" in refused.stderr, refused
    spoil(a, digest, "changed")
    a.kill()
    a.start()
    desk = Client(a)
    assert get(desk, here.item).HasField("error")
    put_frames(desk, "once more", data)
    assert get(desk, here.item) == data
    c.close()
    desk.close()
    a.stop()
    b.stop()


@test
def what_a_quota_held_back_is_fetched_once_there_is_room_also_by_who_only_listens():
    b, a = both(extra_us='evidence { keep_free = "1M"\nquota_peer = "2M" }')
    b.configure({"IE": None})
    a.start()
    b.start()
    ask(b, a, "q-1")
    desk, c = Client(a), Client(b)
    data = bytes_of(3 * MIB, "too much")
    assert result_of(desk, "q-1", [attachment(put_frames(desk, "much", data))], "r-q").HasField("submitted")
    in_state(b, "q-1", "held_back")
    there, = in_state(a, "q-1", "held_back")
    # No session of the bulk lane is left over from then.
    desk.close()
    a.stop()
    a.start()
    with open(b.config) as f:
        text = f.read()
    with open(b.config, "w") as f:
        f.write(text.replace('quota_peer = "2M"', 'quota_peer = "4M"'))
    b.process.send_signal(signal.SIGHUP)
    in_state(b, "q-1", "here")
    assert get(c, there.item) == data
    in_state(a, "q-1", "delivered")
    c.close()
    a.stop()
    b.stop()


@test
def uploads_that_are_open_count_by_what_they_will_have():
    d, _ = both(extra_us='evidence { keep_free = "1M"\nquota_client = "10M" }')
    d.start()
    c, other = Client(d), Client(d)
    announced = lambda client, key: client.call(open_upload=local_pb2.OpenUpload(key=key, size=6 * MIB))
    assert announced(c, "first").HasField("upload_state")
    assert announced(other, "second").error.code == types_pb2.TOO_MANY
    assert announced(c, "first").HasField("upload_state")     # it does not count against itself
    c.close()
    until("the room of the one that was left", lambda: announced(other, "second").HasField("upload_state"))
    other.close()
    d.stop()


@test
def what_is_attached_counts_as_handed_over_no_more_and_can_be_attached_again():
    a, b = both(extra_ie='evidence { keep_free = "1M"\nquota_client = "10M" }')
    a.start()
    b.start()
    until("a connection", lambda: "connected" in a.ctl("peer", "list").stdout)
    ask(a, b, "q-1")
    c = Client(b)
    first = put_file(c, "first", file_of(bytes_of(6 * MIB, "first")))
    assert first.HasField("evidence_stored"), first
    announced = lambda: c.call(open_upload=local_pb2.OpenUpload(key="second", size=6 * MIB))
    assert announced().error.code == types_pb2.TOO_MANY
    assert result_of(c, "q-1", [attachment(first)], "q-r1").HasField("submitted")
    assert announced().HasField("upload_state")
    # It is the client's own, also without an upload.
    assert result_of(c, "q-1", [attachment(first, "again.mbox")], "q-r2").HasField("submitted")
    for e in in_state(a, "q-1", "here", 2):
        stored, = [x for x in custody(b, e.item).entries if x.action == "stored"]
        assert stored.by == "desk", stored
    # And nobody else's.
    lie = attachment(first)
    lie.size += 1
    assert result_of(c, "q-1", [lie], "q-r3").error.code == types_pb2.INVALID
    c.close()
    a.stop()
    b.stop()


finish(us, ie)
