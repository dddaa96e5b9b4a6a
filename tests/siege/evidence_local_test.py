"""Local clients that misbehave with evidence: they begin and do not end, ask and do not read, and want what is others'."""
from siege import *
from evidence import *

ME = pwd.getpwuid(os.getuid()).pw_name
ground = Ground(f'''evidence {{ keep_free = "1M" }}
client mine {{ user = "{ME}"
role = submitter
cases = own }}
client other {{ user = "{ME}"
role = submitter
cases = own }}
client watch {{ user = "{ME}"
role = operator }}''')
us, ie = ground.us, ground.ie
us.client = "desk"
ground.start()
NAME = f"{SECRET}.mbox"
MEMORY = 96     # MiB


def given(client, size, seed, count=1):
    """A request of that client with evidence, which arrives at the true peer."""
    data = bytes_of(size, seed)
    stored = put_frames(client, f"given-{seed}", data)
    s = secret_submission("IE", ground.reference())
    s.content.request.attachments.extend([attachment(stored, NAME)] * count)
    answer = client.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
    assert answer.HasField("submitted"), answer
    in_state(ie, f"US-OIA/{answer.submitted.case_id}", "here", count)
    return answer.submitted


@contextlib.contextmanager
def besieged_by_client(log=None, lines=60, memory=MEMORY):
    """As `besieged`; the others' evidence goes on, and no file name is in the log (it is the secret)."""
    with besieged(ground, memory, log, lines) as witness:
        yield witness
        desk = Client(us, "desk")
        given(desk, 2 * MIB, f"{time.monotonic_ns()}")
        desk.close()


def parts():
    return [n for n in os.listdir(f"{us.dir}/store/evidence/part") if n.startswith("u-")]


@test
def uploads_by_the_thousand_that_nobody_finishes():
    with besieged_by_client():
        c = Client(us, "mine")
        refused = 0
        for i in range(1000):
            answer = c.call(open_upload=local_pb2.OpenUpload(key=f"open-{i}", size=MIB))
            refused += answer.HasField("error")
            assert not answer.HasField("error") or answer.error.code == types_pb2.TOO_MANY, answer
        assert refused >= 900
        # What is open goes on, and others begin: see the end of the siege.
        c.send(upload_data=local_pb2.UploadData(key="open-0", offset=0, data=b"x"))
        given(Client(us, "desk"), MIB, "beside")
        answer = c.call(finish_upload=local_pb2.FinishUpload(key="open-0", size=1))
        assert answer.HasField("evidence_stored"), answer
        c.close()
        # With its connection its places are free.
        c = Client(us, "mine")
        assert c.call(open_upload=local_pb2.OpenUpload(key="again")).HasField("upload_state")
        c.close()


@test
def an_upload_that_was_left_takes_no_room_from_others():
    """All of the disk is announced, and then the client goes."""
    with besieged_by_client():
        free = os.statvfs(us.dir).f_bavail * os.statvfs(us.dir).f_frsize
        size = free - 512 * MIB
        c = Client(us, "mine")
        assert c.call(open_upload=local_pb2.OpenUpload(key="all", size=size)).HasField("upload_state")
        d = Client(us, "other")
        assert d.call(open_upload=local_pb2.OpenUpload(key="more", size=size)).error.code == types_pb2.UNAVAILABLE
        c.close()

        def room():
            answer = d.call(open_upload=local_pb2.OpenUpload(key="more", size=size))
            return answer.HasField("upload_state")
        until("the room to be free", room)
        d.close()


@test
def uploads_whose_answers_are_not_read():
    with besieged_by_client(r"warning: local client of uid \d+: it does not read"):
        c = Client(us, "mine")
        c.sock.setblocking(False)
        wrong = local_pb2.UploadData(key="never opened", offset=0, data=b"x")
        c.sock.settimeout(10)
        with contextlib.suppress(OSError):
            for _ in range(200_000):
                c.send(upload_data=wrong)
        c.sock.close()


@test
def evidence_that_is_asked_for_and_not_read():
    with besieged_by_client():
        desk = Client(us, "desk")
        submitted = given(desk, 64 * MIB, "unread")
        held = []
        for i in range(20):
            c = Client(us, "desk")
            for _ in range(5):
                c.send(get_evidence=local_pb2.GetEvidence(
                    item=local_pb2.EvidenceRef(message_id=submitted.message_id, attachment=1)))
            held.append(c)
        # Whoever reads gets all of it.
        item = local_pb2.EvidenceRef(message_id=submitted.message_id, attachment=1)
        assert get(desk, item) == bytes_of(64 * MIB, "unread")
        for c in held:
            c.close()
        desk.close()


@test
def evidence_of_another_client_is_not_to_be_seen():
    with besieged_by_client():
        mine, other, watch = Client(us, "mine"), Client(us, "other"), Client(us, "watch")
        submitted = given(mine, MIB + 3, "private")
        item = local_pb2.EvidenceRef(message_id=submitted.message_id, attachment=1)
        assert [e.item for e in evidence(us, client=mine)] == [item]
        assert get(mine, item) == bytes_of(MIB + 3, "private")
        for name in (submitted.case_id, f"IE/{submitted.case_id}"):
            error = other.call(list_evidence=local_pb2.ListEvidence(case_ref=name)).error
            assert error.code == types_pb2.NOT_FOUND, error
        assert not evidence(us, client=other)
        for ask in (dict(get_evidence=local_pb2.GetEvidence(item=item)),
                    dict(get_evidence=local_pb2.GetEvidence(item=item, as_file=True)),
                    dict(show_custody=local_pb2.ShowCustody(item=item)),
                    dict(hold_evidence=local_pb2.HoldEvidence(item=item, hold=True, reason=SECRET))):
            error = other.call(**ask).error
            assert error.code == types_pb2.NOT_FOUND and SECRET not in error.text, (ask, error)
        # Its digest is known, and yet only who has handed it over may attach it.
        data = bytes_of(MIB + 3, "private")
        known = case_pb2.Attachment(name="x", media_type="a/b", size=len(data), sha256=hashlib.sha256(data).digest(),
                                    chunk_bytes=MIB, chunk_root=merkle(data))
        s = secret_submission("IE", ground.reference())
        s.content.request.attachments.append(known)
        error = other.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s)).error
        assert error.code == types_pb2.INVALID and "attachments[0].sha256" in error.faults[0].field, error
        # Nor is there a place where one client could go on with another's upload.
        mine.send(upload_data=local_pb2.UploadData(key="k", offset=0, data=b"x"))
        assert mine.call(open_upload=local_pb2.OpenUpload(key="shared")).HasField("upload_state")
        error = other.call(finish_upload=local_pb2.FinishUpload(key="shared", size=0)).error
        assert error.code == types_pb2.INVALID, error
        # An operator sees that there is evidence and how it fares; what it is, is not his.
        seen = [e for e in evidence(us, client=watch) if e.item == item]
        assert len(seen) == 1 and seen[0].state == "delivered" and seen[0].size == len(data), seen
        assert not (seen[0].name or seen[0].media_type or seen[0].exhibit or seen[0].use_limits), seen
        error = watch.call(get_evidence=local_pb2.GetEvidence(item=item)).error
        assert error.code == types_pb2.NOT_ALLOWED, error
        error = watch.call(hold_evidence=local_pb2.HoldEvidence(item=item, hold=True, reason="x")).error
        assert error.code == types_pb2.NOT_ALLOWED, error
        error = watch.call(open_upload=local_pb2.OpenUpload(key="x")).error
        assert error.code == types_pb2.NOT_ALLOWED, error
        chain = watch.call(show_custody=local_pb2.ShowCustody(item=item))
        assert chain.HasField("custody") and not any(e.text for e in chain.custody.entries), chain
        assert SECRET.encode() not in chain.SerializeToString()
        for c in (mine, other, watch):
            c.close()


@test
def a_case_that_nobody_knows_has_no_evidence():
    with besieged_by_client():
        c = Client(us, "mine")
        for name in (P.uuid7(), f"IE/{P.uuid7()}", "IE/", "../..", "x" * 1000):
            error = c.call(list_evidence=local_pb2.ListEvidence(case_ref=name)).error
            assert error.code == types_pb2.NOT_FOUND, error
        for item in (local_pb2.EvidenceRef(), local_pb2.EvidenceRef(message_id="../" * 1000, attachment=1),
                     local_pb2.EvidenceRef(message_id=P.uuid7(), attachment=(1 << 32) - 1)):
            for ask in (dict(get_evidence=local_pb2.GetEvidence(item=item)), dict(show_custody=local_pb2.ShowCustody(item=item)),
                        dict(hold_evidence=local_pb2.HoldEvidence(item=item, hold=True, reason="x"))):
                error = c.call(**ask).error
                assert error.code == types_pb2.NOT_FOUND, error
        c.close()


@test
def a_message_of_a_thousand_tiny_items():
    """Each is another one. So many are fetched, proved, stored and stated, and all of them can be listed."""
    with besieged_by_client():
        c = Client(us, "mine")
        start = time.monotonic()
        attachments = []
        for i in range(1000):
            key, data = f"tiny-{i}", f"{SECRET} {i}".encode()
            c.send(open_upload=local_pb2.OpenUpload(key=key, size=len(data)))
            while not c.receive().HasField("upload_state"):
                pass
            c.send(upload_data=local_pb2.UploadData(key=key, offset=0, data=data))
            stored = c.call(finish_upload=local_pb2.FinishUpload(key=key, size=len(data)))
            assert stored.HasField("evidence_stored"), stored
            attachments.append(attachment(stored, f"{i}"))
        handed = time.monotonic()
        s = secret_submission("IE", ground.reference())
        s.content.request.attachments.extend(attachments)
        answer = c.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
        assert answer.HasField("submitted"), answer

        def delivered():
            answer = c.call(list_evidence=local_pb2.ListEvidence(case_ref=f"IE/{answered}", limit=1000)).evidence_list
            return len(answer.items) == 1000 and all(e.state == "delivered" for e in answer.items)
        answered = answer.submitted.case_id
        until("all of them", delivered)
        print(f"# {handed - start:.1f} s to hand over, {time.monotonic() - handed:.1f} s across", flush=True)
        # A page at a time, none twice and none left out.
        seen, after = [], None
        while True:
            page = c.call(list_evidence=local_pb2.ListEvidence(case_ref=f"IE/{answered}", after=after)).evidence_list
            seen += [e.item.attachment for e in page.items]
            if not page.more:
                break
            after = page.items[-1].item
        assert seen == list(range(1, 1001))
        c.close()


done()
