"""A peer with valid certificates and keys that speaks the protocol, and lies."""
from siege import *

ground = Ground().start()
us, ie = ground.us, ground.ie
liar = P.Peer("FR", "US-OIA", ground.base, f"{ground.base}/liar")
liar.open_dialler(us.port)
pf, pb = P.pb.PeerFrame, P.pb


def session(**options):
    """Dials until both sides are proven and both States are there."""
    s = liar.dial(**options)
    assert P.pump([s], lambda: s.theirs), "no session"
    return s


def lie(frame, code):
    """One frame after a good beginning; it ends the session."""
    s = session(polite=False)
    s.send_bytes(frame if isinstance(frame, bytes) else frame.SerializeToString())
    assert P.pump([s], lambda: s.closed), "the session stays"
    assert s.goodbye and s.goodbye[0] == code, s.goodbye
    s.close()


def said_state(hello=None, **fields):
    """A proven session in which our Hello and State are of our making."""
    s = liar.dial(upto="nothing", polite=False)
    assert P.pump([s], lambda: s.ready), "no connection"
    s.send_bytes(s.greeting.say_hello(**(hello or {})))
    assert P.pump([s], lambda: s.greeting.hello), s.goodbye
    s.send_bytes(s.greeting.say_proof())
    assert P.pump([s], lambda: s.theirs), s.goodbye
    s.send(pf(state=liar.state(**fields)))
    return s


def ended(s):
    assert P.pump([s], lambda: s.closed), "the session stays"
    s.close()
    return s.goodbye and s.goodbye[0]


def delivered(messages, ids=None, seconds=60):
    """A parcel of them gets its receipt; the verdicts."""
    s = session()
    made = liar.parcel(messages, ids=ids)
    s.send(liar.parcel_frame(made))
    assert P.pump([s], lambda: made.place in liar.receipts, seconds), f"no receipt: {s.goodbye}"
    s.leave()
    return [e[2] and e[2][0] for e in liar.receipts[made.place].entries]


@contextlib.contextmanager
def besieged_by_liar(*args, **options):
    """As `besieged`; the true peer's session goes on untouched, and afterwards the liar is served as well."""
    with besieged(ground, *args, **options) as witness:
        before = us.log()
        yield witness
        touched = [l for l in us.log()[len(before):].splitlines() if re.search(r"peer IE: session ended|epoch begins", l)]
        assert not touched, touched
        assert delivered([liar.message(secret_request())]) == [None]


def status():
    return json.loads(us.ctl("--json", "status").stdout)


MAX = (1 << 64) - 1
SIGNED_MAX = (1 << 63) - 1  # of a number in a signed text


@test
def a_state_with_absurd_numbers():
    with besieged_by_liar(48, "ALARM: peer FR: the state claims"):
        # A genuine receipt proves what it is for, and nothing else: State carries it from here on.
        assert delivered([liar.message(secret_request())]) == [None]
        epoch = status()["epoch"]
        for fields in ({"held": (MAX, MAX)}, {"held": (MAX - 1, 1)}, {"held": (int(epoch), 1 << 40)},
                       {"held": (int(epoch) + 1, 1)}, {"receipted": (MAX, MAX)}, {"receipted": (liar.epoch, 1 << 40)},
                       {"epoch": MAX, "held": (MAX, MAX)}, {"epoch": MAX}, {"epoch": SIGNED_MAX + 1},
                       {"held": (SIGNED_MAX, SIGNED_MAX)}, {"receipted": (SIGNED_MAX, SIGNED_MAX)},
                       {"epoch": SIGNED_MAX, "held": (SIGNED_MAX, SIGNED_MAX)}):
            assert ended(said_state(**fields)) == "PROTOCOL"
        for hello, fields in (({"window": 0xffffffff, "max_message_bytes": 0xffffffff, "max_parcel_bytes": 0xffffffff,
                                "max_parcel_messages": 0xffffffff, "highest_version": 0xffffffff}, {}),
                              ({"clock_ms": (1 << 63) - 1}, {}), ({"clock_ms": -(1 << 63)}, {}), ({}, {"epoch": SIGNED_MAX})):
            s = said_state(hello, **fields)
            s.send(pf(heads_request=pb.HeadsRequest()))
            assert P.pump([s], lambda: any(f.HasField("heads") for f in s.frames)), s.goodbye
            s.leave()
        assert status()["epoch"] == epoch


@test
def sequences_from_past_and_future():
    with besieged_by_liar(48, "ALARM: peer FR: a parcel is missing before this one"):
        message = liar.message(secret_request())
        delivered([message])
        last = liar.sent[-1].place
        for place in ((last[0], last[1] + 2), (last[0], 1 << 62), (last[0] + 1, 2), last, (last[0], 1), (1, 1)):
            lie(liar.parcel_frame(liar.parcel([message], place, remember=False)), "SEQUENCE")


@test
def false_digests():
    with besieged_by_liar(48, "ALARM: peer FR: message .* is not the one that the manifest names"):
        for _ in range(4):
            made = liar.parcel([liar.message(secret_request())], remember=False)
            frame = liar.parcel_frame(made)
            frame.parcel.messages[0] = frame.parcel.messages[0][:-1] + b"\x00"
            lie(frame, "SIGNATURE")


@test
def receipts_for_what_was_never_sent():
    with besieged_by_liar(48, "ALARM: peer FR: a receipt for a parcel that was never sent"):
        for epoch, sequence in ((1, 1), (liar.epoch, 1), (int(status()["epoch"]), 1), ((1 << 63) - 1, (1 << 63) - 1)):
            text = P.write_text("receipt", {"from": "FR", "to": "US-OIA", "epoch": epoch, "sequence": sequence,
                "parcel": "0" * 64, "made": P.rfc3339(P.now_ms()), "audit-size": 0, "audit-root": P.EMPTY_ROOT},
                [("0" * 64, P.uuid7(), None)])
            lie(pf(receipt=pb.Receipt(receipt=liar.signer.sign(text))), "PROTOCOL")


@test
def receipts_with_another_verdict():
    """What was accepted stays accepted, whatever its addressee says later."""
    with besieged_by_liar(48) as witness:
        s = session()
        message = witness.desks["US-OIA"].submit("FR", ground.reference()).message_id
        assert P.pump([s], lambda: any(m.id == message for m in liar.received))
        witness.desks["US-OIA"].receipted(message)
        s.leave()
        text = P.read_text(liar.taken[liar.held][1].text, "receipt")
        for verdict in (("EXPIRED", "no"), ("MALFORMED", "no"), None):
            again = P.write_text("receipt", {**text.header, "made": P.rfc3339(P.now_ms())},
                                 [(d, i, verdict) for d, i, _ in text.entries])
            s = session(polite=False)
            s.send(pf(receipt=pb.Receipt(receipt=liar.signer.sign(again))))
            s.send(pf(heads_request=pb.HeadsRequest()))
            assert P.pump([s], lambda: any(f.HasField("heads") for f in s.frames)), s.goodbye
            s.leave()
        view = json.loads(us.ctl("--json", "message", "show", message).stdout)
        assert view["summary"].get("voidCode") is None, view["summary"]


@test
def messages_for_and_of_another_authority():
    with besieged_by_liar(48, "warning: peer FR: message .* rejected, code 2"):
        made = []
        for field, value in (("to", "IE"), ("to", "X" * 2000), ("from", "IE"), ("from", SECRET)):
            m = P.case.Message.FromString(liar.message(secret_request()))
            setattr(m, field, value)
            made.append(m.SerializeToString())
        assert delivered(made) == ["WRONG_PARTY"] * 4


@test
def messages_that_others_have_sent():
    """The bytes of another author's message prove nothing about this one."""
    with besieged_by_liar(48, "warning: peer FR: message .* rejected, code 9") as witness:
        witness.request(ie, us)
        witness.request(us, ie)
        raw = []
        for _, message in witness.accepted[-2:]:
            show = local_pb2.ShowMessage(message_id=message)
            raw.append(witness.desks["US-OIA"].client.call(show_message=show).message_view.content)
        assert delivered(raw) == ["ID_REUSED"] * 2


@test
def a_flood_of_valid_small_requests():
    content = P.case.Content()
    content.spontaneous_information.title = content.spontaneous_information.text = f"About {SECRET}"
    made = [liar.parcel([liar.message(content) for _ in range(64)]) for _ in range(16)]
    with besieged_by_liar(64, "peer FR: connected"):
        s = session()
        assert P.pump([s], lambda: made[-1].place in liar.receipts, 60), s.goodbye
        s.leave()
        assert all(e[2] is None for m in made for e in liar.receipts[m.place].entries)


@test
def a_flood_of_messages_that_are_rejected():
    with besieged_by_liar(64, "peer FR: message .* rejected, code 1 .*more like it"):
        for _ in range(10):
            verdicts = delivered([os.urandom(40) for _ in range(64)], [P.uuid7() for _ in range(64)])
            assert verdicts == ["MALFORMED"] * 64


@test
def more_frames_than_the_window():
    made = [liar.parcel([liar.message(secret_request())], (liar.epoch, 1000 + i), remember=False) for i in range(5)]
    with besieged_by_liar(64, "ALARM: peer FR: "):
        for _ in range(5):
            s = session(polite=False)
            for frame in [liar.parcel_frame(m) for m in made] * 40:
                with contextlib.suppress(P.zmq.ZMQError):
                    s.send(frame)
            ended(s)


@test
def questions_by_the_thousand():
    with besieged_by_liar(96, "peer FR: "):
        known = next(iter(liar.cases))
        for _ in range(6):
            s = session(polite=False)
            for i in range(1000):
                frame = (pf(fetch_request=pb.FetchRequest(case_id=known)) if i % 2
                         else pf(heads_request=pb.HeadsRequest()))
                with contextlib.suppress(P.zmq.ZMQError):
                    s.send(frame)
            P.pump([s], lambda: s.closed, 1)
            s.close()
            until("the end of the session", lambda: ground.peer_state("FR") == "disconnected")


@test
def frames_that_grow_when_they_are_unpacked():
    unknown = b"\xfa\x01\x00" * 370_000          # fields that nobody knows, a byte of value each
    with besieged_by_liar(64, "ALARM: peer FR: .*too many unknown fields"):
        for _ in range(4):
            lie(pf(heads_request=pb.HeadsRequest()).SerializeToString() + unknown, "PROTOCOL")


def content_of(kind, **fields):
    return P.case.Content(**{kind: getattr(P.case.Content(), kind).__class__(**fields)})


@test
def more_messages_than_an_author_may_have_in_a_case():
    """They fill the author's room, up to what is kept for the end of the case, and nothing of ours."""
    note = content_of("note", text=f"A note on {SECRET}")
    request = secret_request()
    request.request.measures.add().CopyFrom(request.request.measures[0])
    request.request.measures[1].measure = 2
    opened = liar.message(request)
    case_id = P.case.Message.FromString(opened).case_id
    made = [liar.parcel([opened])] + [liar.parcel([liar.message(note, case_id) for _ in range(64)]) for _ in range(65)]
    with besieged_by_liar(96, "warning: peer FR: message .* rejected, code 8") as witness:
        s = session()
        assert P.pump([s], lambda: made[-1].place in liar.receipts, 60), s.goodbye
        s.leave()
        verdicts = [e[2] and e[2][0] for m in made for e in liar.receipts[m.place].entries]
        assert verdicts == [None] * 768 + ["TRANSITION_NOT_ALLOWED"] * (65 * 64 + 1 - 768)
        desk = witness.desks["US-OIA"]
        frame = desk.client.call(show_case=local_pb2.ShowCase(ref=case_id))
        assert frame.HasField("case_view") and len(frame.case_view.messages) == 768, frame.error
        # Both say what they must, and the case ends. Our own notes leave room for that as well.
        refused = [P.case.MeasureRefusal(measure=1, ground=P.types.ESSENTIAL_INTERESTS, article="9", reason="No.")]
        kinds = [("acknowledgement", dict(by=P.case.CENTRAL_AUTHORITY, reference="US/1", received_ms=P.now_ms())),
                 *[("note", dict(text="Ours."))] * 768, ("refusal", dict(refusals=refused))]
        for number, (kind, fields) in enumerate(kinds):
            s = local_pb2.Submission(case_ref=f"FR/{case_id}")
            s.content.ParseFromString(content_of(kind, **fields).SerializeToString())
            call = local_pb2.Submit(idempotency_key=f"{case_id}-{number}", submission=s)
            assert desk.lasting(lambda c=call: desk.client.call(submit=c)).HasField("submitted")
        s = local_pb2.Submission(case_ref=f"FR/{case_id}")
        s.content.note.text = "One too many."
        answer = desk.client.call(submit=local_pb2.Submit(idempotency_key=f"{case_id}-more", submission=s))
        assert answer.error.code == types_pb2.TOO_MANY and "768 messages of this sort" in answer.error.text, answer
        s = session()
        assert P.pump([s], lambda: [m.content.WhichOneof("kind") for m in liar.received if m.case_id == case_id][-1:] == ["refusal"], 60)
        s.leave()
        assert delivered([liar.message(content_of("withdrawal", reason="No more."), case_id)]) == [None]
        s = local_pb2.Submission(case_ref=f"FR/{case_id}")
        s.content.closure.text = "The end."
        assert desk.client.call(submit=local_pb2.Submit(idempotency_key=f"{case_id}-end", submission=s)).HasField("submitted")
        s = session()
        assert P.pump([s], lambda: any(m.case_id == case_id and m.content.HasField("closure") for m in liar.received))
        s.leave()


def shown(message, desk=None):
    """A message as it is shown: its verdict, the bytes of its content that are here, and whether it has a receipt."""
    frame = (desk or Client(us)).call(show_message=local_pb2.ShowMessage(message_id=message))
    return frame.message_view.summary.void_code, len(frame.message_view.content), len(frame.message_view.receipt) > 0


@test
def rejected_messages_are_kept_up_to_four_MiB():
    """Of what is beyond, the verdict, the manifest and the receipt stay, and its content is not kept."""
    large = content_of("note", text=SECRET * 10_000)
    opened = liar.message(secret_request())
    case_id = P.case.Message.FromString(opened).case_id
    with besieged_by_liar(96, "warning: peer FR: message .* rejected, code 5, and its content is not kept"):
        size = int(subprocess.run(["du", "-sk", f"{us.dir}/store"], capture_output=True, text=True).stdout.split()[0])
        rejected, s = [], session()
        for _ in range(20):
            made = liar.parcel([liar.message(large, P.uuid7(), side="REQUESTING") for _ in range(8)])
            rejected.append(made)
            s.send(liar.parcel_frame(made))
            assert P.pump([s], lambda m=made: m.place in liar.receipts, 60), s.goodbye
        # The last one beside a message that is taken: this parcel is given back without it.
        last = [opened, liar.message(large, P.uuid7(), side="REQUESTING")]
        made = liar.parcel(last)
        s.send(liar.parcel_frame(made))
        assert P.pump([s], lambda: made.place in liar.receipts, 60), s.goodbye
        s.leave()
        s = session(polite=False)
        s.send(pf(fetch_request=pb.FetchRequest(case_id=case_id, after=0)))
        assert P.pump([s], lambda: any(f.HasField("fetched") for f in s.frames)), s.goodbye
        fetched = next(f.fetched for f in s.frames if f.HasField("fetched"))
        s.close()
        assert list(fetched.messages) == [opened, b""] and fetched.receipt == liar.receipt_bytes[made.place]
        verdicts = [e[2] and e[2][0] for m in rejected for e in liar.receipts[m.place].entries]
        assert verdicts == ["UNKNOWN_CASE"] * 160
        desk = Client(us)
        views = [shown(e[1], desk) for m in rejected for e in m.entries]
        kept = [length for _, length, _ in views if length > 0]
        desk.close()
        assert 2 << 20 < sum(kept) <= 4 << 20 and all(length > 0 for _, length, _ in views[:len(kept)]), sum(kept)
        assert all(code == P.types.UNKNOWN_CASE and receipt for code, _, receipt in views)
        grown = int(subprocess.run(["du", "-sk", f"{us.dir}/store"], capture_output=True, text=True).stdout.split()[0]) - size
        print(f"# 19 MiB were rejected, and the store has grown by {grown} KiB", flush=True)
        assert grown < 12 * 1024, grown
        text = us.ctl("message", "show", rejected[-1].entries[0][1]).stdout
        assert "it is not kept here" in text and "unknown case" in text, text
    # Nor are they after a restart.
    assert shown(P.case.Message.FromString(last[1]).id)[1] == 0
    more = liar.message(large, P.uuid7(), side="REQUESTING")
    us.stop()
    us.start(ground.env)
    ground.connected()
    assert delivered([more]) == ["UNKNOWN_CASE"]
    assert shown(P.case.Message.FromString(more).id)[1] == 0


@test
def what_a_peer_has_rejected_and_not_kept_holds_up_nothing_that_comes_back():
    """Our store is from a backup: a parcel of ours comes back without the message that was rejected."""
    us.stop()
    shutil.copytree(f"{us.dir}/store", f"{us.dir}/backup")
    us.start(ground.env)
    desk = Client(us)
    sent = []
    for i in range(2):
        call = local_pb2.Submit(idempotency_key=f"back-{i}", submission=secret_submission("FR", ground.reference()))
        sent.append(desk.call(submit=call).submitted)
    desk.close()
    raw, admit = {}, liar.admit

    def first_alone(message, ident):
        raw[ident] = message
        return admit(message, ident) if ident != sent[1].message_id else ("MALFORMED", "no")
    liar.admit = first_alone
    s = session()
    assert P.pump([s], lambda: {m.message_id for m in sent} <= set(raw)), s.goodbye
    liar.admit = admit
    place, parcel = liar.held, next(f.parcel for f in s.frames if f.HasField("parcel"))
    assert len(parcel.messages) == 2, "both in one parcel"
    s.leave()
    us.kill()
    shutil.rmtree(f"{us.dir}/store")
    os.rename(f"{us.dir}/backup", f"{us.dir}/store")
    before = len(us.log())
    us.start(ground.env)

    def answer(kind, frame):
        if kind != "fetch_request":
            return P.Session._answer(s, kind, frame)
        asked = frame.fetch_request
        back = pb.Fetched(case_id=asked.case_id, last=asked.case_id != sent[0].case_id or asked.after > 0)
        if not back.last:
            back.manifest.CopyFrom(parcel.manifest)
            back.messages.extend([raw[sent[0].message_id], b""])
            back.receipt.CopyFrom(liar.taken[place][1])
        s.send(pf(fetched=back))

    def fetched_back():
        nonlocal s
        s = liar.dial()
        s._answer = answer
        P.pump([s], lambda: s.closed, 3)
        s.close()
        return "peer FR: all that was lost has been fetched back" in us.log()[before:]
    until("the reconciliation", fetched_back)
    assert us.ctl("case", "show", f"FR/{sent[0].case_id}").returncode == 0
    assert not re.search("peer FR: .*(was not asked for|cannot be taken back)", us.log()[before:])
    assert delivered([liar.message(secret_request())]) == [None]


@test
def a_goodbye_that_tells_stories():
    with besieged_by_liar(48, "peer FR: session ended: the peer said goodbye"):
        for text in (SECRET, f"x\nALARM: {SECRET}\n", "\x1b[2J" + SECRET, SECRET * 10_000):
            s = session()
            s.leave("SHUTDOWN", text)
        until("the end of the session", lambda: ground.peer_state("FR") == "disconnected")


@test
def references_and_ids_of_other_cases():
    """A peer names its cases as others are named already: theirs are still found."""
    with besieged_by_liar(48) as witness:
        desk = witness.desks["US-OIA"]
        reference = ground.reference()
        case_id = desk.submit("IE", reference).case_id
        raw = []
        for number, (own, ident) in enumerate(((case_id, None), (reference, None), ("siege-x", case_id))):
            m = P.case.Message.FromString(liar.message(secret_request(), ident, side="REQUESTING"))
            m.own_reference = own
            raw.append(m.SerializeToString())
        assert delivered(raw) == [None] * 3
        for ref in (f"IE/{case_id}", reference):
            frame = desk.client.call(show_case=local_pb2.ShowCase(ref=ref))
            assert frame.HasField("case_view") and frame.case_view.summary.peer == "IE", (ref, frame)
        frame = desk.client.call(show_case=local_pb2.ShowCase(ref=case_id))
        assert frame.HasField("error") and "IE/" in frame.error.text, frame
        s = local_pb2.Submission(case_ref=reference)
        s.content.note.text = SECRET
        answer = desk.client.call(submit=local_pb2.Submit(idempotency_key="note", submission=s))
        assert answer.submitted.case_id == case_id, answer
        desk.receipted(answer.submitted.message_id)


liar.close()
done()
