#!/usr/bin/python3
"""A daemon that answers comityctl with what the test expects.

usage: fake_daemon.py GENERATED SOCKET     (GENERATED: folder of protoc --python_out)

Prints `ready` once it listens, then a line for each thing worth checking.
"""
import hashlib
import socket
import sys

sys.path.insert(0, sys.argv[1])
from comity.v1 import case_pb2 as c  # noqa: E402
from comity.v1 import local_pb2 as l  # noqa: E402
from comity.v1 import types_pb2 as t  # noqa: E402

MESSAGE = "019ab3c4-2c00-7000-8000-000000000001"
CASE = "019ab3c4-2c00-7000-8000-000000000002"
EVENTS = 1200
LISTS = {"list_cases": "case_list", "list_clocks": "clock_list", "list_evidence": "evidence_list",
         "list_uploads": "upload_list", "list_cursors": "cursor_list", "read_events": "event_list"}
TERMINAL = "a\x1b[2J\u009b2J\u202eb\nc"  # what could harm a terminal


def read_frame(stream):
    """One ClientFrame, or None at the end."""
    size = shift = 0
    while True:
        byte = stream.read(1)
        if not byte:
            return None
        size |= (byte[0] & 0x7F) << shift
        shift += 7
        if not byte[0] & 0x80:
            break
    frame = l.ClientFrame()
    frame.ParseFromString(stream.read(size))
    return frame


def write_frame(stream, frame):
    data = frame.SerializeToString()
    size = len(data)
    prefix = bytearray()
    while True:
        prefix.append((size & 0x7F) | (0x80 if size > 0x7F else 0))
        size >>= 7
        if not size:
            break
    stream.write(bytes(prefix) + data)
    stream.flush()


def event(position):
    return l.Event(position=position, type=l.MESSAGE_RECEIVED, at_ms=1763980000000, peer="US", case_id=CASE,
                   message_id=MESSAGE, kind=44, number=position, text=TERMINAL)


def say(text):
    print(text, flush=True)


def refuse(answer, code, text, *faults):
    answer.error.code = code
    answer.error.text = text
    for field, words, article in faults:
        answer.error.faults.add(field=field, text=words, article=article)


def submitted(answer, submit):
    say(f"submit {submit.idempotency_key} {submit.submission.content.WhichOneof('kind')}")
    if submit.submission.case_ref == "refused":
        refuse(answer, t.INVALID, "Two values are wrong.", ("content.note.text", "It is empty.", "Art. 1"),
               ("case_ref", "It is closed.", ""))
    elif submit.submission.case_ref == "lost":
        raise ConnectionError
    elif submit.submission.case_ref == "busy":
        refuse(answer, t.UNAVAILABLE, "The store cannot commit now.")
    else:
        answer.submitted.repeated = submit.submission.case_ref == "again"
        answer.submitted.message_id = MESSAGE
        answer.submitted.case_id = CASE
        answer.submitted.sha256 = hashlib.sha256(submit.submission.SerializeToString()).digest()


# U+0378 is no character yet; a terminal may show something of two columns in its place.
TITLES = {7: "Übersetzung der Kontoauszüge " * 8, 8: "東京地方検察庁からの照会 " * 12, 9: "e\u0301" * 200,
          11: "طلب بيانات المشترك من النيابة العامة " * 8, 12: "\u0378" * 200}
REFERENCES = {7: "2026-7", 8: "twice", 9: "twice", 11: "النيابة/2026/11", 12: "e\u0301" * 30, 13: "検" * 40}


def cases(answer, query):
    first = 0 if not query.after_case_id else int(query.after_case_id[-4:], 16) + 1
    for i in range(first, min(first + 1000, 1001)):
        closed = i % 10 == 0
        answer.case_list.cases.add(case_id=CASE[:-4] + f"{i:04x}", peer="US", state="CLOSED" if closed else "ACKNOWLEDGED",
                                   title=TITLES.get(i, TERMINAL), closed=closed,
                                   own_reference=REFERENCES.get(i, ""), peer_reference="MLA/2026/4711" if i == 7 else "",
                                   unread=i % 3, messages=i)
    answer.case_list.more = first == 0


def clocks(answer, query):
    """Of two pages: the second time limit of a case counts no more than one that stands still."""
    answer.clock_list.SetInParent()
    for number, (due, case, state) in enumerate([(NOW - DAY, 9, "running"), (NOW, 3, "suspended"), (NOW + DAY, 7, "running"),
                                                 (NOW + 2 * DAY, 9, "running"), (NOW + 3 * DAY, 999, "running")]):
        if (due, number) > (query.after_due_ms, query.after_id) and len(answer.clock_list.clocks) < 3:
            answer.clock_list.clocks.add(id=number, peer="US", case_id=CASE[:-4] + f"{case:04x}", state=state, due_ms=due,
                                         obliged="IE", late=due < NOW, clock="acknowledge", measure=number, article="12(3)",
                                         instrument="eio-2014-41", time_zone="Europe/Dublin", own_reference="2026-7",
                                         difference="the other side counts from the day after the receipt, 東京 time" * number)
    answer.clock_list.more = query.after_due_ms == 0


def cursors(answer):
    for name in ("registry", "a" * 64, "desk"):
        answer.cursor_list.cursors.add(client="desk-of-the-central-authority", name=name, position=12, next_ms=NOW)
    answer.cursor_list.now_ms = NOW + DAY


def whole_case(answer):
    v = answer.case_view
    v.summary.case_id, v.summary.title, v.summary.state, v.now_ms = CASE, TITLES[11], "ACKNOWLEDGED", NOW
    for number in range(1, 4):
        v.measures.add(measure=number, type=t.DISCLOSURE_CONTENT, state="PENDING", conditions_open=True)
        v.messages.add(author="US-OIA", number=number, seen=number, kind_name="problem_notice", created_ms=NOW,
                       transport="delivered", message_id=MESSAGE, void_code=t.TRANSITION_NOT_ALLOWED if number == 2 else 0,
                       void_reason="What it says is not what was asked for " * 4)
        v.reviews.add(author="US-OIA", number=number, review=1, by="Judge", standard="probable cause", result="met",
                      at_ms=NOW, reason="裁判所" * 40)
        v.evidence.add(author="IE", number=number, state="here", size=1 << 30, here=1 << 29, name="mailbox.mbox", reason="spoilt " * 9)
        v.evidence[-1].item.message_id, v.evidence[-1].item.attachment = MESSAGE, number
        v.clocks.add(id=number, peer="US", case_id=CASE, state="running", due_ms=NOW, start_ms=NOW - DAY, obliged="IE",
                     clock="acknowledge", measure=number, article="12(3)", instrument="eio-2014-41")


def view(answer, name):
    content = b"signed bytes"
    answer.message_view.content = content
    answer.message_view.manifest = f"{hashlib.sha256(content).hexdigest()}  {MESSAGE}\n".encode()
    answer.message_view.signature = b"signature"
    if name == "request":
        request(answer.message_view.message)


def request(m):
    """Of every control that a form has, something."""
    m.id, m.case_id, m.priority, m.own_reference, m.created_ms = MESSAGE, CASE, t.HIGH, "182-50013", NOW
    r = m.content.request
    r.requesting_state, r.requested_state, r.language, r.facts = "US", "IE", "en", "First line\nSecond line"
    r.legal_basis.instrument, r.legal_basis.version = "us-ie-2001", "1"
    r.legal_basis.articles.extend(["1", "4"])
    r.persons.add(role=c.WITNESS, name="a\u202eb\x1b[2Jc", birth_date="1970-02-29")
    r.measures.add(measure=1, type=t.PRESERVATION, description="The account", atoms=["login_ip_log"])
    m = r.measures.add(measure=2, type=t.HEARING_WITNESS, description="The witness", wanted_by_date="2027-01-15")
    m.hearing.mode = c.VIDEO
    m.hearing.questions.extend(["Who?", "When?"])
    r.attachments.add(name="mailbox.mbox", media_type="application/mbox", size=1234567, sha256=bytes(range(32)))
    r.approvals.add(name="Director", office="OIA", at_ms=1763976600000)
    r.approvals[0].MergeFromString(b"\xd2\x05\x05later")


NOW = 1795486447000  # 2026-11-24T02:14:07Z
MINUTE, HOUR, DAY = 60000, 3600000, 86400000


def add_peer(status, name, **fields):
    values = {"state": "connected", "since_ms": NOW - 3 * HOUR - 12 * MINUTE, "last_receipt_ms": NOW - 2 * MINUTE,
              "round_trip_ms": 84, "last_round_trip_ms": 90, "clock_skew_ms": -120, "crl": "ok",
              "crl_due_ms": NOW + DAY, "certificate_end_ms": NOW + 212 * DAY + 1, "held": 7, "receipted": 12}
    status.peers.add(peer=name, **{**values, **fields})


def status(answer, name):
    """The client's name says which state is asked for."""
    s = answer.status
    s.authority, s.software, s.store, s.clock = "US-OIA", "comityd 0.1.0", "ok", "ok"
    s.now_ms, s.started_ms, s.messages, s.cases, s.clients = NOW, NOW - 3 * DAY - 4 * HOUR, 1204331, 41200, 2
    s.database_bytes, s.wal_bytes, s.disk_free_bytes, s.disk_total_bytes = 3 << 30, 12 << 20, 41 << 30, 98 << 30
    s.descriptors, s.descriptor_limit, s.audit_size, s.audit_root = 37, 1024, 2408662, bytes(range(32))
    s.tls_certificate_end_ms, s.signing_certificate_end_ms = NOW + 212 * DAY + 1, NOW + 34 * DAY + 1
    if name == "many":
        for i in range(200):
            add_peer(s, f"P{i:03d}")
        add_peer(s, "ZA", state="disconnected", waiting=3, oldest_ms=NOW - HOUR, last_fault="no answer")
        return
    if name == "idle":
        return
    add_peer(s, "IE")
    if name == "refused":
        add_peer(s, "DE", state="refused", since_ms=NOW - 1000, last_fault="certificate refused: DE: certificate revoked")
    if name in ("unread", "new"):
        s.unread_after_ms = DAY
        s.unread_messages, s.unread_cases, since = (2, 1, DAY + HOUR) if name == "unread" else (1000, 7, HOUR)
        s.unread_oldest.add(peer="IE", case_id=CASE, message_id=MESSAGE, since_ms=NOW - since)
    if name == "flapping":
        add_peer(s, "DE", flaps=7)
    if name == "troubled":
        s.store, s.clock = "the disk is full: free space in /var/lib/comity", "jumped 9 h back since the start"
        s.disk_free_bytes, s.descriptors, s.signing_certificate_end_ms = 7 << 30, 1000, NOW + 12 * DAY + 1
        add_peer(s, "DE", state="refused", waiting=14, oldest_ms=NOW - 5 * HOUR, since_ms=NOW - 2 * DAY,
                 last_fault="certificate refused: DE: certificate revoked | " + TERMINAL)
        add_peer(s, "FR", clock_skew_ms=45000, crl="stale", crl_due_ms=NOW - 3 * HOUR,
                 certificate_end_ms=NOW + 9 * DAY + 1)
        s.peers.add(peer="PT", state="disconnected", since_ms=NOW - 4 * MINUTE, crl="none", last_fault="no answer")


def statistics(answer, query):
    """Hand-made figures; with `smallest` some are absent."""
    say(f"statistics {query.from_date} {query.to_date} {query.peer} {query.instrument} "
        f"{t.MeasureType.Name(query.measure)} {query.smallest}")
    s = answer.statistics
    s.now_ms, s.time_zone = NOW, "America/New_York"
    group = s.groups.add(direction=l.OUT)
    for name, count in (("requests", 7), ("measures", 9), ("open", 4), ("executed", 5), ("limits_theirs_in_time", 2),
                        ("limits_theirs_late", 1), ("limits_theirs_lapsed", 1), ("open_under_30_days", 4)):
        group.counts.add(name=name, count=count)
    group.steps.add(name="acknowledge", n=9, p50_ms=3 * DAY, p90_ms=12 * DAY + 13 * HOUR)
    group.steps.add(name="execute", n=0)
    group = s.groups.add(direction=l.OUT, measure=t.DISCLOSURE_CONTENT)
    group.counts.add(name="measures", count=9)
    group.counts.add(name="refused", **({} if query.smallest else {"count": 2}))
    group.counts.add(name="ground_ne_bis_in_idem", **({} if query.smallest else {"count": 2}))
    group.steps.add(name="decide", **({} if query.smallest else {"n": 2, "p50_ms": DAY, "p90_ms": DAY}))
    s.groups.add(direction=l.IN)


def serve(stream):
    position = 100
    name = ""
    while True:
        question = read_frame(stream)
        if question is None:
            return
        kind = question.WhichOneof("kind")
        answer = l.ServerFrame(correlation=question.correlation)
        if kind == "hello":
            answer.welcome.version = 1
            name = question.hello.client
        elif kind == "get_status" and name == "slow":
            continue
        elif kind == "get_status" and name:
            status(answer, name)
        elif kind == "get_statistics":
            statistics(answer, question.get_statistics)
        elif kind == "submit":
            submitted(answer, question.submit)
        elif name == "idle" and kind in LISTS:
            getattr(answer, LISTS[kind]).SetInParent()
        elif kind == "list_cases":
            cases(answer, question.list_cases)
        elif kind == "list_clocks":
            clocks(answer, question.list_clocks)
        elif kind == "list_cursors":
            cursors(answer)
        elif kind == "show_case" and question.show_case.ref == "whole":
            whole_case(answer)
        elif kind == "show_case":
            refuse(answer, t.NOT_FOUND, "There is no such case.", ("ref", "There is no such case.", ""))
        elif kind == "show_message":
            view(answer, name)
        elif kind == "subscribe":
            answer.subscribed.position = position
        elif kind == "acknowledge_events":
            say(f"acknowledged {question.acknowledge_events.position}")
            answer.done.SetInParent()
        elif kind == "read_events":
            after = question.read_events.after
            last = min(after + question.read_events.limit, 100 + EVENTS)
            answer.event_list.SetInParent()
            answer.event_list.events.extend(event(p) for p in range(after + 1, last + 1))
        else:
            refuse(answer, t.NOT_ALLOWED, "Your role does not allow this.")
        write_frame(stream, answer)
        if kind == "subscribe" and name != "idle":
            for p in range(position + 1, position + 1 + EVENTS):
                write_frame(stream, l.ServerFrame(correlation=question.correlation, event=event(p)))


def main():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[2])
        listener.listen()
        say("ready")
        while True:
            connection, _ = listener.accept()
            try:
                with connection, connection.makefile("rwb") as stream:
                    serve(stream)
            except ConnectionError:
                pass


main()
