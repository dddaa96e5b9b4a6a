"""Time limits between two real daemons: the same on both sides, stated, met, lapsed, and a ladder climbed once."""
import datetime
import json
import re
import signal
import stat
import time
import zoneinfo

from harness import *

PROFILE = '''
instrument = "clocks-1"
version = "1"
title = "A treaty of the tests"
citation = "made up"
source = "made up"
verified = false
status = in_force
effective_from = "2020-01-01"
parties = {"US", "IE"}
measures { admitted = {%s}
article = "1"
verified = false }
rule "plain" { title = "Days as they come, to the next working day"
exclude_event = "9"
roll_over = "9"
verified = false }
clock acknowledge { obligation = "Acknowledge receipt"
obliged = requested
per = request
start = received
amount = 1
unit = week
rule = "plain"
met_by = {"acknowledgement"}
article = "16(1)"
verified = false }
clock wanted { obligation = "Execute by the date asked for"
obliged = requested
per = measure
start = wanted_date
met_by = {"execution"}
force = requested
article = "12(2)"
verified = false }
'''
HOOK = '''#!/bin/sh
env | sort >>"{dir}/hook-$COMITY_AUTHORITY-$COMITY_STEP"
echo noise; echo noise >&2
'''
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
X-COMITY-SOURCE:made up
X-COMITY-YEARS:2020-2036
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:2020{day}
RRULE:FREQ=YEARLY;UNTIL=2036{day}
SUMMARY:A holiday
END:VEVENT
END:VCALENDAR
"""
ESCALATION = '''law {{ treaties = "treaties"
calendars = "calendars" }}
escalation {{ hook = "{hook}"
hook_timeout = 2
role desk_officer {{ address = "desk@{id}" }}
rung breach {{ at = "due"
role = desk_officer
side = {{"obliged", "waiting"}}
actions = {{"event", "journal", "hook"}} }}
rung reminder {{ at = "1h after"
role = liaison
side = {{"waiting"}}
actions = {{"reminder"}} }}
rung head {{ at = "30d after"
role = head_of_authority
side = {{"obliged", "waiting"}}
actions = {{"hook"}} }}
}}
'''
ZONES = {"US-OIA": ("US", "America/New_York"), "IE": ("IE", "Europe/Dublin")}


def law(d, hook):
    os.makedirs(f"{d.dir}/treaties")
    os.makedirs(f"{d.dir}/calendars")
    with open(f"{d.dir}/treaties/clocks.conf", "w") as f:
        f.write(PROFILE % MEASURES)
    for state in ("US", "IE"):
        with open(f"{d.dir}/calendars/{state}.ics", "w") as f:
            f.write(CALENDAR.format(day="0704" if state == "US" else "0317").replace("\n", "\r\n"))
    text = open(d.config).read()
    for id, (state, zone) in ZONES.items():
        where = f'state = "{state}"\ntime_zone = "{zone}"\ncalendar = "{state}"\n'
        if id == d.id:
            text = text.replace(f'name = "{id}" }}', f'name = "{id}"\n{where} }}')
        else:
            text = text.replace(f"peer {id} {{", f"peer {id} {{\n{where}")
    with open(d.config, "w") as f:
        f.write(text + ESCALATION.format(hook=hook, id=d.id))


MEASURES = ", ".join(f'"{types_pb2.MeasureType.Name(m.type)}"' for m in submission().content.request.measures)


def executable(path, text):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


def request(reference, wanted=None):
    s = submission("IE", reference)
    s.content.request.legal_basis.instrument, s.content.request.legal_basis.version = "clocks-1", "1"
    for m in s.content.request.measures:
        m.wanted_by_date = ""
        del m.atoms[:]
    if wanted:
        s.content.request.measures[0].wanted_by_date = wanted
    return s


def submit(d, s, key):
    client = Client(d)
    reply = client.call(submit=local_pb2.Submit(idempotency_key=key, submission=s))
    client.close()
    assert reply.HasField("submitted"), reply
    return reply.submitted.case_id


def clocks(d, case):
    run = d.ctl("--json", "clock", "list", case)
    return {(c["clock"], c.get("measure", 0)): c for c in json.loads(run.stdout).get("clocks", [])} if run.returncode == 0 else {}


def running(d, case, name):
    return any(k[0] == name and c["state"] == "running" and c.get("statedDueMs") for k, c in clocks(d, case).items())


def comparable(d, case):
    return {k: [c.get(f) for f in ("startMs", "dueMs", "state", "statedDueMs", "obliged", "difference")]
            for k, c in clocks(d, case).items()}


us, ie = pair()
hook = executable(f"{us.base}/hook", HOOK.format(dir=us.base))
law(us, hook)
law(ie, hook)
us.start()
ie.start()
until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
today = datetime.datetime.now(datetime.timezone.utc).date()
past = str(today - datetime.timedelta(days=3))


def due_text(clock):
    """As the authority that owes it reads its due instant."""
    zone = ZONES[clock["obliged"]][1]
    local = datetime.datetime.fromtimestamp(int(clock["dueMs"]) / 1000, zoneinfo.ZoneInfo(zone))
    return f"{local:%a %Y-%m-%d %H:%M:%S} {zone}"


@test
def both_sides_hold_the_same_clocks_and_the_obliged_one_states_them():
    case = submit(us, request("us-1", str(today + datetime.timedelta(days=40))), "us-1")
    until("the statement", lambda: running(us, case, "acknowledge") and running(us, case, "wanted"))
    assert comparable(us, case) == comparable(ie, case), (comparable(us, case), comparable(ie, case))
    ack = clocks(us, case)["acknowledge", 0]
    assert ack["obliged"] == "IE" and ack["article"] == "16(1)" and not ack.get("verified")
    # One week of whole days in Dublin, the first not counted; to the next working day.
    start = datetime.datetime.fromtimestamp(int(ack["startMs"]) / 1000, datetime.timezone.utc).date()
    due = datetime.datetime.fromtimestamp(int(ack["dueMs"]) / 1000, datetime.timezone.utc).date()
    assert datetime.timedelta(days=7) <= due - start <= datetime.timedelta(days=9), (start, due)
    text = us.ctl("clock", "explain", str(ack["id"])).stdout
    assert "Article 16(1)" in text and "Europe/Dublin" in text and "not verified" in text, text
    # Whoever looks, in the zone and on the day of Dublin; in UTC where programs read it.
    for d in (us, ie):
        for words in (("clock", "list", case), ("case", "show", case), ("clock", "explain", str(clocks(d, case)["acknowledge", 0]["id"]))):
            assert due_text(ack) in d.ctl(*words).stdout, (words, due_text(ack), d.ctl(*words).stdout)
    assert ack["timeZone"] == "Europe/Dublin" and due_text(ack).split()[2] == "23:59:59", ack
    assert us.ctl("due").stdout.count("us-1") == 0
    assert us.ctl("case", "show", case).stdout.count("acknowledge") >= 1


@test
def an_acknowledgement_meets_its_clock_on_both_sides():
    case = submit(us, request("us-2"), "us-2")
    until("the clock", lambda: running(ie, case, "acknowledge"))
    run = ie.ctl("send", "acknowledgement", case, "--set", "by=CENTRAL_AUTHORITY", "--set", "reference=IE-77")
    assert run.returncode == 0, run
    until("it is met", lambda: clocks(us, case)["acknowledge", 0]["state"] == "met")
    assert comparable(us, case) == comparable(ie, case), (comparable(us, case), comparable(ie, case))
    assert not clocks(us, case)["acknowledge", 0].get("late")


@test
def a_date_that_is_over_lapses_climbs_the_ladder_once_and_reminds_the_peer():
    case = submit(us, request("us-3", past), "us-3")
    files = [f"{us.base}/hook-{id}-breach" for id in ("US-OIA", "IE")]
    until("the hooks", lambda: all(os.path.exists(f) and "COMITY_STEP_ID" in open(f).read() for f in files))
    until("the reminder", lambda: "reminder" in ie.ctl("case", "show", case).stdout)
    lines = us.ctl("case", "show", case).stdout.splitlines()
    line = [l.split(None, 2)[1:] for l in lines[next(n for n, l in enumerate(lines) if l.startswith("WHEN")) + 1:]]
    wanted = due_text(clocks(us, case)["wanted", 1])
    assert line[0] == ["IE", f"time limit wanted, measure 1, lapses (until {wanted})"], line
    # The clock that stands for what a receipt starts follows the request, and is due after now.
    assert [who for who, what in line if what == "now"] == ["-"] and line[-1][1] == \
        f"time limit acknowledge is due (until {due_text(clocks(us, case)['acknowledge', 0])})", line
    assert ["US-OIA", "request #1"] in line and any(what.startswith("reminder") for who, what in line), line
    for d in (us, ie):
        line = d.ctl("late").stdout
        assert "us-3" in line and case not in line and wanted in line, line
        # One name everywhere, also where it is the peer's.
        told = [event for event in d.ctl("inbox").stdout.splitlines() if "clock lapsed" in event]
        # It may have lapsed here before the peer's receipt came; the peer has what it received.
        yet = r"(; what starts it has (not left|no receipt) yet)?" if d is us else ""
        assert len(told) == 1 and "#0" not in told[0] and re.search(
            r" us-3 with \S+: clock lapsed, the case is \w+: clock wanted, measure 1, due [^;]*, owed by IE" + yet + "$",
            told[0]), told
        events = d.ctl("--json", "inbox").stdout
        assert events.count("CLOCK_LAPSED") == 1 and events.count("CLOCK_STEP") == 1, events
        text = open(f"{us.base}/hook-{d.id}-breach").read()
        assert f"COMITY_ADDRESS=desk@{d.id}\n" in text and "COMITY_OBLIGED=IE\n" in text, text
        assert f"COMITY_CASE={case}\n" in text and "COMITY_CLOCK=wanted\n" in text
        assert f"COMITY_DUE_LOCAL={wanted}\n" in text and f"due {wanted}" in events, (text, events)
        # Nothing but what the step says, PATH, LANG, and what the shell adds of its own.
        names = {line.split("=")[0] for line in text.splitlines()}
        assert names - {"PATH", "LANG", "PWD", "SHLVL", "_", "OLDPWD"} == \
            {n for n in names if n.startswith("COMITY_")}, names
    assert "step breach for desk_officer" in us.log()
    assert "reminder" not in us.ctl("--json", "inbox").stdout.replace("SUBMISSION", "")
    # Not again after a crash of both.
    for d in (us, ie):
        d.kill()
        d.start()
    until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
    other = submit(us, request("us-4"), "us-4")
    until("the clock", lambda: running(us, other, "acknowledge"))
    for d in (us, ie):
        assert d.ctl("--json", "inbox").stdout.count("CLOCK_STEP") == 1
        assert open(f"{us.base}/hook-{d.id}-breach").read().count("COMITY_STEP_ID") == 1
    assert not os.path.exists(f"{us.base}/hook-US-OIA-head")


@test
def statistics_tell_on_whose_side_time_limits_were_met_and_lapsed():
    for d, direction, whose in ((us, local_pb2.OUT, "theirs"), (ie, local_pb2.IN, "ours")):
        answer = json_format.Parse(d.ctl("--json", "stats").stdout, local_pb2.Statistics())
        total, = [g for g in answer.groups if g.direction == direction and not g.measure]
        # us-2 was acknowledged, us-3 wanted something for a day that is over; the others run.
        limits = {c.name: c.count for c in total.counts if c.name.startswith("limits_") and c.count}
        assert limits == {f"limits_{whose}_in_time": 1, f"limits_{whose}_lapsed": 1}, limits
        assert answer.time_zone == ZONES[d.id][1]
    assert "50 %" in us.ctl("stats", "--instrument", "clocks-1").stdout


@test
def nobody_is_late_with_what_has_not_left():
    lapsed = lambda: {c.name: c.count for g in json_format.Parse(us.ctl("--json", "stats").stdout, local_pb2.Statistics()).groups
                      if g.direction == local_pb2.OUT and not g.measure for c in g.counts}["limits_theirs_lapsed"]
    row = lambda command: next(line for line in us.ctl(*command).stdout.splitlines() if "us-unsent" in line)
    before = lapsed()
    ie.stop()
    until("the end of the session", lambda: "disconnected" in us.ctl("peer", "list").stdout)
    case = submit(us, request("us-unsent", past), "us-unsent")
    until("the lapse", lambda: any("us-unsent" in line and "clock lapsed" in line for line in us.ctl("inbox").stdout.splitlines()))
    event = next(line for line in us.ctl("inbox").stdout.splitlines() if "us-unsent" in line and "clock lapsed" in line)
    assert event.endswith("; what starts it has not left yet"), event
    for line in (row(("late",)), next(l for l in us.ctl("clock", "list", case).stdout.splitlines() if "wanted" in l)):
        assert "running, not sent" in line and "what starts it has not left yet" in line, line
    assert "IE, not received" in row(("case", "list")), row(("case", "list"))
    screen = us.ctl("case", "show", case).stdout
    assert re.search("^State +QUEUED$", screen, re.M) and "is over, and has no receipt" in screen, screen
    assert "lapses" not in screen and lapsed() == before, (screen, before)
    clock = clocks(us, case)["wanted", 1]
    assert clock["notReceived"] == "queued" and "late" not in clock, clock
    assert "IE does not know of it" in us.ctl("clock", "explain", clock["id"]).stdout
    # Withdrawn before it has left: the peer still knows nothing of it.
    assert us.ctl("send", "withdrawal", case, "--set", "reason=Not needed.").returncode == 0
    assert "WITHDRAWN; what opens it has not left yet" in us.ctl("case", "show", case).stdout
    assert "WITHDRAWN, not sent" in row(("case", "list")) and lapsed() == before
    ie.start()
    until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout.split())
    until("the receipt", lambda: "not sent" not in row(("case", "list")))
    assert "has not left" not in us.ctl("case", "show", case).stdout


@test
def nobody_is_late_with_what_was_given_up_without_a_receipt():
    lapsed = lambda: {c.name: c.count for g in json_format.Parse(us.ctl("--json", "stats").stdout, local_pb2.Statistics()).groups
                      if g.direction == local_pb2.OUT and not g.measure for c in g.counts}["limits_theirs_lapsed"]
    state = lambda word: re.search(f"^State +{word}$", us.ctl("case", "show", case).stdout, re.M)
    connected(us, "IE")
    ie.process.send_signal(signal.SIGSTOP)
    try:
        case = submit(us, request("us-given-up", past), "us-given-up")
        until("it to leave", lambda: state("SENT"))
        accepted, before = time.time(), lapsed()
        us.stop()
        with open(us.config) as f:
            kept = f.read()
        with open(us.config, "w") as f:
            f.write(kept.replace("delivery {", 'delivery { undelivered_after = "1s"\n'))
        until("it to be old enough for the check at the start", lambda: time.time() > accepted + 1.1)
        us.start()
        until("the end of waiting", lambda: state("UNDELIVERED"))
        assert lapsed() == before, us.ctl("stats").stdout
        clock = clocks(us, case)["wanted", 1]
        assert clock["notReceived"] == "failed" and "late" not in clock, clock
        line = next(line for line in us.ctl("late").stdout.splitlines() if "us-given-up" in line)
        assert "running, no receipt" in line and "what starts it was given up without a receipt" in line, line
        assert "IE may not know of it" in us.ctl("clock", "explain", clock["id"]).stdout
    finally:
        ie.process.send_signal(signal.SIGCONT)
    us.stop()
    with open(us.config, "w") as f:
        f.write(kept)
    us.start()
    connected(us, "IE")


@test
def another_calendar_is_a_difference_with_its_cause():
    with open(f"{ie.dir}/calendars/IE.ics", "w") as f:
        days = "".join(f"BEGIN:VEVENT\r\nUID:closed-{n}\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nSUMMARY:Closed\r\nEND:VEVENT\r\n"
                       for n, day in enumerate(today + datetime.timedelta(days=d) for d in range(7, 12)))
        f.write(CALENDAR.format(day="0317").replace("\n", "\r\n").replace("END:VCALENDAR", days + "END:VCALENDAR"))
    run = ie.ctl("status")
    ie.process.send_signal(1)
    until("the reload", lambda: "the configuration was read again" in ie.log())
    case = submit(us, request("us-5"), "us-5")
    until("the difference", lambda: clocks(us, case).get(("acknowledge", 0), {}).get("difference"))
    text = clocks(us, case)["acknowledge", 0]["difference"]
    assert "the holiday calendars differ" in text and "IE" in text, text
    assert "CLOCK_DIFFERS" in us.ctl("--json", "inbox").stdout
    assert run.returncode == 0


@test
def a_hook_that_hangs_or_floods_is_ended_and_the_daemon_goes_on():
    executable(hook, '#!/bin/sh\nif [ "$COMITY_AUTHORITY" = IE ]; then yes personal; fi\nsleep 600\n')
    before = len(us.log())
    submit(us, request("us-6", past), "us-6")
    until("its end", lambda: "it took too long" in us.log()[before:])
    until("its end", lambda: "it took too long" in ie.log())
    for d in (us, ie):
        assert d.ctl("status").returncode == 0
        assert "personal" not in d.log()


@test
def a_page_of_one_leads_to_the_next():
    client, seen, after = Client(us), [], local_pb2.ListClocks(window=local_pb2.OPEN, limit=1)
    everything = client.call(list_clocks=local_pb2.ListClocks(window=local_pb2.OPEN)).clock_list.clocks
    while True:
        page = client.call(list_clocks=after).clock_list
        seen += page.clocks
        if not page.more:
            break
        assert len(page.clocks) == 1
        after.after_due_ms, after.after_id = page.clocks[0].due_ms, page.clocks[0].id
    client.close()
    assert len(seen) > 5 and [c.id for c in seen] == [c.id for c in everything], (seen, everything)


@test
def the_clocks_of_a_case_come_in_pages_as_well():
    client = Client(us)
    cases = {c.case_id for c in client.call(list_clocks=local_pb2.ListClocks(window=local_pb2.OPEN)).clock_list.clocks}
    ask = lambda **page: client.call(list_clocks=local_pb2.ListClocks(**page)).clock_list
    case, everything = max(((c, ask(case_ref=c)) for c in cases), key=lambda pair: len(pair[1].clocks))
    assert len(everything.clocks) > 1 and not everything.more, everything
    seen, after = [], 0
    while True:
        page = ask(case_ref=case, limit=1, after_id=after)
        seen += page.clocks
        if not page.more:
            break
        assert len(page.clocks) == 1
        after = page.clocks[0].id
    client.close()
    assert [c.id for c in seen] == [c.id for c in everything.clocks], (seen, everything)


@test
def a_clock_set_a_year_ahead_and_back_takes_no_step_until_an_operator_confirms_it():
    executable(hook, HOOK.format(dir=us.base))
    shim, client = Shim(us), pwd.getpwuid(os.getuid()).pw_name
    with open(us.config, "a") as f:
        f.write(f'client ops {{ user = "{client}"\nrole = operator }}\n')
    us.stop()
    us.start(shim.env())
    desk, ops = ("--client", "desk"), ("--client", "ops")
    until("a connection", lambda: "connected" in us.ctl(*ops, "peer", "list").stdout)
    lapses = lambda: us.ctl(*desk, "--json", "inbox").stdout.count("CLOCK_LAPSED")
    before = lapses()
    running_now = json.loads(us.ctl(*ops, "--json", "late").stdout or "{}").get("clocks", [])
    for years, reads in ((1, "ahead"), (-1, "behind|back")):
        shim.set(offset=years * 365 * 86400)
        until("the alarm", lambda: re.search(reads, us.ctl(*ops, "status").stdout))
        # It is the daemon's clock that is wrong: this one does not agree with it.
        run = us.ctl(*ops, "clock", "confirm")
        assert run.returncode == 1 and "away from the daemon's clock" in run.stderr, run
        assert lapses() == before
    shim.set()
    until("the clock to be right", lambda: not re.search("ahead|behind|back", us.ctl(*ops, "status").stdout))
    assert lapses() == before
    # A year later in truth: whoever stands at the machine says so, and what is over lapses once.
    shim.set(offset=365 * 86400)
    until("the alarm", lambda: "ahead" in us.ctl(*ops, "status").stdout)
    run = subprocess.run([COMITYCTL, "--socket", us.socket, *ops, "clock", "confirm"], capture_output=True, text=True,
                         env={**os.environ, **shim.env()})
    assert run.returncode == 0, run
    until("the lapses", lambda: lapses() > before)
    open_before = len(running_now)
    late = json.loads(us.ctl(*ops, "--json", "late").stdout)["clocks"]
    assert len(late) > open_before, late


@test
def an_operators_word_about_the_clock_must_agree_with_it():
    run = ie.ctl("clock", "confirm")
    assert run.returncode == 1 and "role" in run.stderr, run  # a submitter may not


finish(us, ie)
