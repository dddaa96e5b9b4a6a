"""Statistics of two real daemons without any treaty: the same figures on both sides, for an operator, after a crash."""
import json
import signal
import time

from harness import *

us, ie = pair()
us.start()
ie.start()
until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)


def submit(reference):
    path = f"{DIR}/{reference}.json"
    with open(path, "w") as f:
        f.write(json_format.MessageToJson(submission("IE", reference)))
    run = us.ctl("submit", path, "--key", reference)
    assert run.returncode == 0, run.stderr
    until("the request", lambda: ie.ctl("case", "show", reference).returncode == 0)


def say(d, kind, reference, *fields):
    """Send it, and wait until the other side has it."""
    other = ie if d is us else us
    run = d.ctl("send", kind, reference, *(part for f in fields for part in ("--set", f)))
    assert run.returncode == 0, run.stderr
    kind = kind.replace("-", "_")
    message = until("the message", lambda: next((m for m in reversed(view(other, reference).messages)
                                                 if m.kind_name == kind), None))
    return message.number


def view(d, reference):
    return json_format.Parse(d.ctl("--json", "case", "show", reference).stdout, local_pb2.CaseView())


def stats(d, *args):
    run = d.ctl("--json", "stats", *args)
    assert run.returncode == 0, run
    return json_format.Parse(run.stdout, local_pb2.Statistics())


def figures(d, direction, *args, measure=types_pb2.MEASURE_TYPE_UNSPECIFIED):
    """What was counted, without the zeros; None: hidden."""
    group, = [g for g in stats(d, *args).groups if (g.direction, g.measure) == (direction, measure)]
    found = {c.name: c.count if c.HasField("count") else None for c in group.counts}
    found.update((s.name, s.n if s.HasField("n") else None) for s in group.steps)
    return {name: count for name, count in found.items() if count != 0}


EXPECTED = {
    "requests": 3, "measures": 9, "executed": 1, "partially_executed": 1, "refused": 1, "ground_ne_bis_in_idem": 1,
    "returned_deficient": 3, "requests_returned_deficient": 1, "open": 3, "open_under_30_days": 3,
    "clarification_rounds": 1, "reviews_repeated": 1,
    "acknowledge": 3, "decide": 3, "execute": 2,
}


@test
def both_sides_count_the_same_of_what_was_asked():
    for reference in ("s-1", "s-2", "s-3"):
        submit(reference)
    say(ie, "acknowledgement", "s-1", "by=CENTRAL_AUTHORITY", "reference=IE/1")
    notice = say(ie, "problem-notice", "s-1", "type=CLARIFICATION", "text=Which account?", "measures=1")
    say(us, "supplement", "s-1", f"notice={notice}", "text=The first.")
    review = say(us, "review-attestation", "s-1", "by=Court", "standard=probable cause", "result=met",
                 "at_ms=2026-11-23T10:00:00Z")
    say(ie, "review-reliance", "s-1", f"message={review}", "review=1", "reliance=REPEATED", "reason=Another standard.")
    say(ie, "refusal", "s-1", "refusals[0].measure=2", "refusals[0].ground=NE_BIS_IN_IDEM",
        "refusals[0].article=11(1)(d)", "refusals[0].reason=Tried before.", "consulted=true")
    say(ie, "decision", "s-1", "measures=1", "measures=3")
    say(ie, "result", "s-1", "results[0].measure=1", "results[0].outcome=EXECUTED", "results[1].measure=3",
        "results[1].outcome=PARTIALLY_EXECUTED", "results[1].reason=One month is missing.", "text=Here.")
    say(ie, "returned-deficient", "s-2", "faults[0].field=request.facts", "faults[0].text=They are missing.",
        "text=Please complete it.")
    for d, direction in ((us, local_pb2.OUT), (ie, local_pb2.IN)):
        assert figures(d, direction) == EXPECTED, figures(d, direction)
        subscriber = figures(d, direction, measure=types_pb2.DISCLOSURE_SUBSCRIBER)
        assert (subscriber["measures"], subscriber["executed"], "refused" in subscriber) == (3, 1, False), subscriber
    assert figures(us, local_pb2.IN) == {} and figures(ie, local_pb2.OUT) == {}


@test
def what_was_counted_is_there_after_a_crash():
    ie.kill()
    ie.start()
    assert figures(ie, local_pb2.IN) == EXPECTED


@test
def figures_are_of_the_days_peer_instrument_and_measure_that_are_asked_for():
    assert figures(us, local_pb2.OUT, "--peer", "IE", "--from", "2026-01-01")["measures"] == 9
    assert figures(us, local_pb2.OUT, "--from", "9998-01-01") == {}
    assert figures(us, local_pb2.OUT, "--to", "2020-01-01") == {}
    assert figures(us, local_pb2.OUT, "--measure", "DISCLOSURE_SUBSCRIBER")["measures"] == 3
    assert figures(us, local_pb2.OUT, "--from", "2020-01-01", "--to", "9998-12-31") == EXPECTED
    client = Client(us)
    error = client.call(get_statistics=local_pb2.GetStatistics(to_date="2026-02-29")).error
    client.close()
    assert error.code == types_pb2.INVALID and error.faults[0].field == "to_date", error


@test
def what_is_asked_of_nobody_is_refused_with_the_name_that_is_near():
    def refused(*args):
        run = ie.ctl(*args)
        assert run.returncode == 5 and run.stdout == "", (args, run)
        return run.stderr
    for command in (["stats"], ["case", "list"], ["due"], ["late"]):
        error = refused(*command, "--peer", "US-OAI")
        assert "'US-OAI' is not a peer: did you mean 'US-OIA'?" in error, (command, error)
        assert "did you mean" not in refused(*command, "--peer", "MARS"), command
    for command in (["peer", "show"], ["treaty", "diff"]):
        error = refused(*command, "US-OAI")
        assert "'US-OAI' is not a peer: did you mean 'US-OIA'?" in error, (command, error)
    error = refused("stats", "--instrument", "none-such")
    assert "no request under 'none-such' was counted, and no treaty profile here has this id" in error, error
    assert figures(us, local_pb2.OUT, "--instrument", "us-ie-2001")["measures"] == 9


@test
def one_count_at_a_time_for_a_connection():
    client = Client(us)
    send, frames = client.sock.sendall, []
    client.sock = type("Together", (), {"sendall": staticmethod(frames.append), "close": client.sock.close})
    first = client.send(get_statistics=local_pb2.GetStatistics())
    second = client.send(get_statistics=local_pb2.GetStatistics())
    send(b"".join(frames))
    answers = {frame.correlation: frame for frame in (client.receive(), client.receive())}
    client.close()
    assert answers[second].error.code == types_pb2.TOO_MANY, answers
    assert answers[first].statistics.groups, answers


def year_is_refused(why, field, **query):
    client = Client(us)
    error = client.call(get_statistics=local_pb2.GetStatistics(smallest=5, **query)).error
    client.close()
    assert error.code == types_pb2.INVALID and error.faults[0].field == field and why in str(error), error


@test
def two_published_tables_never_overlap():
    year = {"from_date": "2020-01-01", "to_date": "2020-12-31"}
    year_is_refused("of all peers", "peer", peer="IE", **year)
    year_is_refused("of all peers", "instrument", instrument="eio-2014-41", **year)
    year_is_refused("of all peers", "measure", measure=types_pb2.DISCLOSURE_SUBSCRIBER, **year)
    year_is_refused("a whole calendar year", "to_date", from_date="2020-01-01", to_date="2020-12-30")
    year_is_refused("a whole calendar year", "to_date", from_date="2019-01-01", to_date="2020-12-31")
    year_is_refused("a whole calendar year", "to_date")
    year_is_refused("not over", "to_date", from_date="2199-01-01", to_date="2199-12-31")
    run = us.ctl("stats", "--publish", "--year", "2199")
    assert run.returncode == 1 and run.stderr.count("not over") == 1 and "take an earlier year" in run.stderr, run
    assert "to_date" not in run.stderr, run  # nobody has typed it
    assert figures(us, local_pb2.OUT, "--publish", "--year", "2020") == {}
    text = us.ctl("stats", "--publish", "--year", "2020").stdout
    assert "2020-01-01 to 2020-12-31" in text and "hidden" not in text, text  # nothing is


@test
def what_is_published_gives_no_small_number_away():
    shim, year = Shim(us), time.gmtime().tm_year
    us.stop()
    shim.set(offset=366 * 86400)
    us.start(shim.env())
    found = figures(us, local_pb2.OUT, "--publish", "--year", str(year))
    assert found["measures"] is None and found["executed"] is None and found["requests"] is None, found
    text = us.ctl("stats", "--publish", "--year", str(year)).stdout
    assert "\nall " in text and "*" in text and "fewer than 5" in text, text
    assert not any(word.isdigit() and word != "0" for line in text.splitlines() for word in line.split()[1:]
                   if line.startswith(("all ", "Requests", "DISCLOSURE"))), text
    assert "ne_bis_in_idem" in us.ctl("stats").stdout
    us.stop()
    us.start()


@test
def an_operator_may_ask():
    text = open(us.config).read()
    with open(us.config, "w") as f:
        f.write(text.replace("role = submitter\ncases = all", "role = operator"))
    before = len(us.log())
    us.process.send_signal(signal.SIGHUP)
    until("the new roles", lambda: "the configuration was read again" in us.log()[before:])
    assert figures(us, local_pb2.OUT) == EXPECTED
    assert us.ctl("send", "note", "s-3", "--set", "text=no").returncode == 1


@test
def a_peer_is_shown_with_the_days_that_it_took():
    text = us.ctl("peer", "show", "IE").stdout
    assert "State" in text and "connected" in text, text
    rows = [line.split() for line in text.splitlines()]
    for step, n in (("acknowledge", "3"), ("decide", "3"), ("execute", "2")):
        assert [step, "all", n, "0.0", "0.0"] in rows, text
    lines = us.ctl("--json", "peer", "show", "IE").stdout.splitlines()
    assert json.loads(lines[0])["peer"] == "IE" and json.loads(lines[1])["groups"], lines
    assert us.ctl("peer", "show", "XX").returncode == 5


finish(us, ie)
