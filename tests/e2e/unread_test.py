"""What other authorities sent and no client here has fetched: it is counted, named, and never OK for long."""
from harness import *

us, ie = pair()


def status(d):
    run = d.ctl("--json", "status")
    assert run.returncode == 0, run.stderr
    return json_format.Parse(run.stdout, local_pb2.Status())


def unread(d):
    s = status(d)
    return s.unread_messages, s.unread_cases


def submit(client, reference):
    reply = client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission(reference=reference)))
    assert reply.HasField("submitted"), reply
    return reply.submitted


def say(client, case, text, **kind):
    message = local_pb2.Submission(case_ref=case, content=case_pb2.Content(**kind or {"note": case_pb2.Note(text=text)}))
    reply = client.call(submit=local_pb2.Submit(idempotency_key=text, submission=message))
    assert reply.HasField("submitted"), reply
    return reply.submitted


def health(d):
    return d.health("--warn-flaps", "100", "--crit-flaps", "100")


us.start()
ie.start()
connected(us, "IE")
desk = Client(us)


@test
def what_came_in_is_counted_and_named_until_a_client_shows_it():
    one, two = submit(desk, "one"), submit(desk, "two")
    note = say(desk, one.case_id, "When may we expect it?")
    until("all three", lambda: unread(ie) == (3, 2))
    s = status(ie)
    assert [(m.peer, m.case_id, m.message_id) for m in s.unread_oldest] == [
        ("US-OIA", r.case_id, r.message_id) for r in (one, two, note)], s
    assert s.started_ms <= s.unread_oldest[0].since_ms <= s.now_ms and s.unread_after_ms == 86400000, s
    assert health(ie).returncode == 0, health(ie)
    screen = ie.ctl("status").stdout
    assert "3 messages unread, in 2 cases, the oldest for " in screen, screen
    assert unread(us) == (0, 0)    # what is our own is not for us to read
    # A list names it, and shows nothing of it.
    assert len(ie.ctl("inbox").stdout.splitlines()) == 3 and ie.ctl("case", "show", one.case_id).returncode == 0
    assert unread(ie) == (3, 2)
    assert ie.ctl("message", "show", one.message_id).returncode == 0
    assert unread(ie) == (2, 2)
    assert status(ie).unread_oldest[0].message_id == two.message_id
    assert ie.ctl("message", "show", note.message_id).returncode == 0
    assert unread(ie) == (1, 1)


@test
def a_cursor_that_has_moved_past_it_has_fetched_it():
    assert len(ie.ctl("inbox", "--cursor", "registry").stdout.splitlines()) == 3    # into a pipe
    assert unread(ie) == (1, 1)
    last = ie.ctl("--json", "inbox").stdout.splitlines()[-1]
    assert ie.ctl("inbox", "--cursor", "registry", "--ack", str(json_format.Parse(last, local_pb2.Event()).position)
                  ).returncode == 0
    assert unread(ie) == (0, 0)
    assert "all that came in was read" in ie.ctl("status").stdout, ie.ctl("status").stdout


@test
def who_answers_in_a_case_has_read_what_came_before():
    case = submit(desk, "answered")
    say(desk, case.case_id, "With haste, please.")
    other = submit(desk, "another")
    until("all three", lambda: unread(ie) == (3, 2))
    screen = ie.ctl("case", "show", case.case_id).stdout
    assert screen.count("unread") == 2, screen
    run = ie.ctl("send", "acknowledgement", case.case_id, "--set", "by=CENTRAL_AUTHORITY", "--set", "reference=IE-7")
    # What may have crossed is told to whoever answers.
    assert run.returncode == 0 and "no client had fetched request #1, note #2 of US-OIA" in run.stderr, run
    run = ie.ctl("send", "note", case.case_id, "--set", "text=It is under way.")
    assert run.returncode == 0 and "fetched" not in run.stderr, run
    assert unread(ie) == (1, 1) and status(ie).unread_oldest[0].message_id == other.message_id
    assert "unread" not in ie.ctl("case", "show", case.case_id).stdout
    # The list and the warning name the other one alike.
    last = ie.ctl("case", "list").stdout.splitlines()
    assert any("another" in line and "1 unread" in line for line in last), last
    assert not any("IE-7" in line and "unread" in line for line in last), last
    assert ie.ctl("message", "show", other.message_id).returncode == 0
    assert "unread" not in ie.ctl("case", "list").stdout


@test
def health_is_not_OK_once_a_message_is_unread_for_longer_than_unread_after():
    ie.stop()
    ie.delivery += '\nunread_after = "1s"'
    ie.configure({"US-OIA": us.port})
    ie.start()
    connected(ie, "US-OIA")
    three = submit(desk, "three")
    run = until("health", lambda: (r := health(ie)).returncode == 1 and r)
    assert "1 message unread, in 1 case, the oldest for " in run.stdout, run
    assert "US-OIA/three" in run.stdout and " unread=1;;;0 " in run.stdout, run
    said(ie, f"no client has read message {three.message_id} of case US-OIA/{three.case_id}")
    assert unread(ie) == (1, 1)
    assert ie.log().count(three.message_id) == 1
    assert ie.ctl("message", "show", three.message_id).returncode == 0
    run = health(ie)
    assert run.returncode == 0 and " unread=0;;;0 " in run.stdout, run


@test
def it_is_so_where_no_client_sees_what_comes_in():
    with open(ie.config) as f:
        text = f.read()
    with open(ie.config, "w") as f:
        f.write(text.replace("cases = all", "cases = own"))
    reload(ie)
    four = submit(desk, "four")
    said(ie, f"no client has read message {four.message_id} of case US-OIA/{four.case_id}")
    run = health(ie)
    assert run.returncode == 1 and "no client gets what other authorities ask for" in run.stdout \
        and "1 message unread, in 1 case" in run.stdout, run
    with open(ie.config, "w") as f:
        f.write(text)
    reload(ie)


@test
def what_nobody_has_read_is_told_again_after_a_start():
    before = len(ie.log())
    ie.stop()
    ie.start()
    said(ie, "no client has read message", before)
    assert health(ie).returncode == 1


finish(us, ie)
