"""Evidence at rest: a disk loses or changes what was verified once. What is said of it, and given out, is what was
hashed; what is found spoilt is fetched again, or is gone."""
import array
import hashlib
import json
import os

from evidence import *
from harness import *

EXTRA = 'evidence { keep_free = "1M" }'


started = []


def pair():
    """US-OIA receives, IE sends."""
    base = tempfile.mkdtemp(dir=DIR)
    pki(base, "US-OIA", "IE")
    us, ie = Daemon(base, "US-OIA", ["IE"], EXTRA), Daemon(base, "IE", ["US-OIA"], EXTRA)
    us.configure({"IE": ie.port})
    ie.configure({"US-OIA": us.port})
    started.extend((us, ie))
    return us, ie


def path_of(d, data):
    digest = hashlib.sha256(data).hexdigest()
    return f"{getattr(d, 'evidence', d.dir + '/store/evidence')}/content/{digest[:2]}/{digest}"


def whole(d, data):
    """Are its very bytes on the disk?"""
    try:
        with open(path_of(d, data), "rb") as f:
            return f.read() == data
    except OSError:
        return False


def spoil(d, data, how="changed"):
    path = path_of(d, data)
    os.chmod(path, 0o600)
    if how == "lost":
        os.unlink(path)
    elif how == "cut off":
        os.truncate(path, len(data) // 2)
    else:
        with open(path, "r+b") as f:
            f.seek(len(data) // 2)
            byte = f.read(1)
            f.seek(len(data) // 2)
            f.write(bytes([byte[0] ^ 1]))


def offer(us, ie, reference, data, key, new=True):
    """IE attaches it to a result in a case of US-OIA."""
    if new:
        ask(us, ie, reference)
    desk = Client(ie)
    stored = put_frames(desk, key, data)
    assert stored.HasField("evidence_stored"), stored
    assert result_of(desk, reference, [attachment(stored)], key).HasField("submitted")
    desk.close()


def by_descriptor(d, item):
    """The bytes, or the frame that says why not."""
    client = Client(d)
    client.send(get_evidence=local_pb2.GetEvidence(item=item, as_file=True))
    data, extra, _, _ = client.sock.recvmsg(65536, 4096)
    at = 1 if data[0] < 0x80 else 2
    frame = local_pb2.ServerFrame.FromString(data[at:])
    client.close()
    if not frame.HasField("evidence_file"):
        return frame
    fd, = array.array("i", extra[0][2])
    with open(fd, "rb") as f:
        return f.read()


def actions(d, item):
    return [e.action for e in custody(d, item).entries]


us, ie = pair()
us.start()
ie.start()
until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)


@test
def what_is_gone_from_the_disk_is_not_stated_as_arrived_with_the_next_message():
    data = bytes_of(3 * MIB, "gone")
    offer(us, ie, "r-1", data, "gone")
    first, = in_state(us, "r-1", "here")
    in_state(ie, "r-1", "delivered")
    spoil(us, data, "lost")
    offer(us, ie, "r-1", data, "gone-2", new=False)
    in_state(us, "r-1", "here", 2)
    assert whole(us, data)
    in_state(ie, "r-1", "delivered", 2)
    # It may be back before anybody has told the sender that it is wanted.
    chain = [a for a in actions(us, first.item) if a != "wanted"]
    assert chain == ["arrived", "missing", "arrived"], chain
    for item in evidence(us, "r-1"):
        client = Client(us)
        assert get(client, item.item) == data
        client.close()


@test
def a_byte_that_changed_before_the_row_was_committed_is_found_after_a_crash():
    """A store that cannot commit, and all bytes have come: the file has its name, and no row says so."""
    us, ie = pair()
    us.evidence = f"{us.dir}/evidence"
    us.extra = f'evidence {{ dir = "{us.evidence}"\nkeep_free = "1M" }}'
    us.configure({"IE": ie.port})
    shim = Shim(us)
    us.start(shim.env())
    ie.start()
    until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
    ask(us, ie, "r-2")
    data = bytes_of(24 * MIB, "crash")
    desk = Client(ie)
    stored = put_frames(desk, "crash", data)
    assert result_of(desk, "r-2", [attachment(stored)], "crash").HasField("submitted")
    until("a part of it", lambda: [e for e in evidence(us, "r-2") if e.here >= 2 * MIB])
    shim.set(full=1)
    until("all of it", lambda: whole(us, data))
    us.kill()
    spoil(us, data)
    shim.set()
    us.start(shim.env())
    in_state(us, "r-2", "here")
    assert whole(us, data)
    in_state(ie, "r-2", "delivered")
    desk.close()


@test
def spoilt_bytes_are_given_out_neither_by_descriptor_nor_by_frames():
    data = bytes_of(3 * MIB, "descriptor")
    offer(us, ie, "r-3", data, "descriptor")
    here, = in_state(us, "r-3", "here")
    in_state(ie, "r-3", "delivered")
    assert by_descriptor(us, here.item) == data
    for how in ("changed", "cut off", "lost"):
        spoil(us, data, how)
        answer = by_descriptor(us, here.item)
        assert not isinstance(answer, bytes), f"bytes that were {how} are given out"
        assert answer.HasField("error"), answer
        # It is fetched again by itself.
        until("it to be back", lambda: whole(us, data))
        in_state(us, "r-3", "here")
        assert by_descriptor(us, here.item) == data
        in_state(ie, "r-3", "delivered")


@test
def each_delivery_stands_in_the_record_of_the_sender_with_its_own_instant():
    data = bytes_of(MIB, "instants")
    offer(us, ie, "r-7", data, "instants")
    here, = in_state(us, "r-7", "here")
    first, = in_state(ie, "r-7", "delivered")
    us.ctl("evidence", "fetch", f"{here.item.message_id}/1", "--reason", "it cannot be opened")
    until("the second delivery", lambda: actions(ie, here.item).count("delivered") == 2)
    links = [e for e in custody(ie, here.item).entries if e.no]
    assert [e.action for e in links] == ["stored", "offered", "delivered", "wanted", "delivered"], links
    times = [e.at_ms for e in links]
    assert times == sorted(times) and times[2] < times[4], links
    # When it came for the first time is known as well.
    assert evidence(ie, "r-7")[0].arrived_ms == first.arrived_ms == times[2], (first, links)


@test
def who_asks_for_what_is_spoilt_is_told_what_to_do():
    data = bytes_of(3 * MIB, "told")
    offer(us, ie, "r-told", data, "told")
    here, = in_state(us, "r-told", "here")
    in_state(ie, "r-told", "delivered")
    name, place = f"{here.item.message_id}/{here.item.attachment}", f"{DIR}/told"
    rest = f"{DIR}/.comityctl-{here.item.message_id}-{here.item.attachment}.part"
    # Of a peer's: wait. What came before stays, and the same command goes on with that.
    spoil(us, data)
    run = us.ctl("evidence", "get", name, "--output", place)
    assert run.returncode == 6 and "fetched again" in run.stderr and "EVIDENCE_ARRIVED" in run.stderr, run
    assert os.path.getsize(rest) == MIB and rest in run.stderr and "go on with" in run.stderr, run
    until("it to be back", lambda: us.ctl("evidence", "get", name, "--output", place).returncode == 0)
    assert open(place, "rb").read() == data and not os.path.exists(rest)
    # Of our own: put it once more, whether that was known or comes out now.
    os.unlink(place)
    spoil(ie, data)
    for known in (False, True):
        run = ie.ctl("evidence", "get", name, "--output", place)
        assert run.returncode == 1 and "put the same content once more" in run.stderr, run
        assert os.path.exists(rest) == (rest in run.stderr) == (not known), run  # nothing comes the second time
        os.path.exists(rest) and os.unlink(rest)
    desk = Client(ie)
    put_frames(desk, "told again", data)
    desk.close()
    assert ie.ctl("evidence", "get", name, "--output", place).returncode == 0 and open(place, "rb").read() == data


@test
def what_neither_side_has_any_more_is_not_stated_as_arrived_again():
    data = bytes_of(3 * MIB, "nowhere")
    offer(us, ie, "r-4", data, "nowhere")
    here, = in_state(us, "r-4", "here")
    in_state(ie, "r-4", "delivered")
    until("the statement", lambda: "arrived" in actions(us, here.item))
    ie.kill()     # no open file helps it
    spoil(ie, data, "lost")
    ie.start()
    spoil(us, data)
    client = Client(us)
    assert get(client, here.item).HasField("error")
    until("the sender to be asked for it", lambda: "wanted" in actions(ie, here.item))
    paused, = in_state(us, "r-4", "paused")
    assert "no more" in paused.reason, paused
    assert get(client, here.item).HasField("error")
    refused = submit(client, "spoilt", case_ref="r-4", content=case_pb2.Content(
        evidence_verification=case_pb2.EvidenceVerification(result=here.number, attachments=[1],
                                                            state=case_pb2.VERIFIED)))
    assert "attachment 1 is not here" in refused.error.text, refused
    assert actions(us, here.item).count("arrived") == 1, actions(us, here.item)
    assert actions(ie, here.item).count("delivered") == 1, actions(ie, here.item)
    client.close()
    for d, how in ((us, "spoilt"), (ie, "missing")):
        assert actions(d, here.item).count(how) == 1, actions(d, here.item)
        health = d.health()
        assert health.returncode == 2 and f"{here.item.message_id}/1 (" in health.stdout and how in health.stdout, health
    # Once the sender has it again it comes.
    desk = Client(ie)
    put_frames(desk, "once more", data)
    desk.close()
    assert actions(ie, here.item)[-1] == "mended", actions(ie, here.item)
    until("the next session", lambda: us.stop() is not None and us.start())
    in_state(us, "r-4", "here")
    in_state(ie, "r-4", "delivered")
    assert whole(us, data) and "spoilt or lost" not in us.health().stdout


@test
def what_its_sender_has_put_once_more_is_fetched_when_somebody_orders_it():
    """By itself it would be asked for much later: each refusal doubles how long it is put off."""
    data = bytes_of(3 * MIB, "put off")
    offer(us, ie, "r-put-off", data, "put off")
    here, = in_state(us, "r-put-off", "here")
    in_state(ie, "r-put-off", "delivered")
    name = f"{here.item.message_id}/{here.item.attachment}"
    spoil(ie, data)
    spoil(us, data)
    client = Client(us)
    assert get(client, here.item).HasField("error")
    client.close()
    refused = f"attachment {here.item.attachment} of message {here.item.message_id} is not fetched now: the sender has it no more"
    said(us, refused)
    for _ in range(2):
        before = len(us.log())
        run = us.ctl("evidence", "fetch", name, "--reason", "The sender looks for it.")
        assert run.returncode == 0 and "it had been put off" in run.stdout and "is tried now" in run.stdout, run
        said(us, refused, before)
    desk = Client(ie)
    put_frames(desk, "put off, once more", data)
    desk.close()
    assert actions(ie, here.item)[-1] == "mended", actions(ie, here.item)
    run = us.ctl("evidence", "fetch", name, "--reason", "The sender has it again.")
    assert run.returncode == 0 and "is tried now" in run.stdout, run
    in_state(us, "r-put-off", "here")
    in_state(ie, "r-put-off", "delivered")
    assert whole(us, data) and actions(us, here.item).count("arrived") == 2, actions(us, here.item)


@test
def nobody_has_verified_what_never_arrived():
    us, ie = pair()
    us.extra = 'evidence { keep_free = "1M"\nquota_case = 1M }'
    us.configure({"IE": ie.port})
    us.start()
    ie.start()
    until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
    offer(us, ie, "r-6", bytes_of(3 * MIB, "never here"), "never here")
    item, = in_state(us, "r-6", "held_back")
    desk = Client(us)
    says = lambda **more: submit(desk, f"says-{len(more)}", case_ref="r-6", content=case_pb2.Content(
        evidence_verification=case_pb2.EvidenceVerification(result=item.number, attachments=[1], **more)))
    refused = says(state=case_pb2.VERIFIED)
    assert refused.error.code == types_pb2.REFUSED_BY_LIFE_CYCLE and "attachment 1 is not here" in refused.error.text, refused
    assert says(state=case_pb2.REJECTED, reason="It never came.").HasField("submitted")
    assert [a for a in actions(us, item.item) if a in ("verified", "rejected")] == ["rejected"]
    desk.close()


def checked(d):
    """A round from now on, to its end."""
    before = json.loads(d.ctl("--json", "evidence", "check", "--now").stdout)
    def over():
        now = json.loads(d.ctl("--json", "evidence", "check").stdout)
        return now if int(now.get("endedMs", 0)) and int(now.get("oldestMs", 0)) >= begin else None
    begin = int(before["beganMs"]) if int(before.get("beganMs", 0)) else 0
    return until("the end of the round", over)


@test
def a_round_finds_what_nobody_reads():
    """Ours and theirs, changed, cut off and lost; what is good has the instant at which it was hashed."""
    us, ie = pair()
    us.start()
    ie.start()
    until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
    kinds = ("changed", "cut off", "lost", "good")
    data = {how: bytes_of(3 * MIB, f"round {how}") for how in kinds}
    ask(us, ie, "r-5")
    for how in kinds:
        offer(us, ie, "r-5", data[how], f"round {how}", new=False)
    items = in_state(us, "r-5", "here", 4)
    in_state(ie, "r-5", "delivered", 4)
    first = {e.item.message_id: e.verified_ms for e in items}
    assert all(e.verified_ms == e.arrived_ms > 0 for e in items), items
    for d in (us, ie):
        for how in kinds[:3]:
            spoil(d, data[how], how)
    of = {hashlib.sha256(data[how]).digest(): how for how in kinds}
    # The sender's are found first: it must send nothing of it.
    found = checked(ie)
    assert int(found["found"]) == 3, found
    flaws = {of[e.sha256]: e.flaw for e in evidence(ie, "r-5")}
    assert flaws == {"changed": local_pb2.SPOILT, "cut off": local_pb2.SPOILT, "lost": local_pb2.MISSING, "good": 0}, flaws
    found = checked(us)
    assert int(found["found"]) == 3, found
    rows = {of[e.sha256]: e for e in in_state(us, "r-5", "paused", 3) + in_state(us, "r-5", "here", 1)}
    assert rows["good"].state == "here" and rows["good"].verified_ms > first[rows["good"].item.message_id]
    for how in kinds[:3]:
        assert actions(us, rows[how].item)[:3] == ["arrived", "missing" if how == "lost" else "spoilt", "wanted"]
        assert not whole(us, data[how])
    table = us.ctl("evidence", "check").stdout
    assert table.count("spoilt here") == 2 and table.count("missing here") == 1, table
    # An administrator has found the file: the round sees that, and the peer gets it.
    path = path_of(ie, data["cut off"])
    with open(path, "wb") as f:
        f.write(data["cut off"])
    checked(ie)
    assert actions(ie, rows["cut off"].item)[-1] == "mended"
    us.stop()
    us.start()
    until("it to be here", lambda: whole(us, data["cut off"]))
    assert not whole(us, data["changed"])


finish(*started)
