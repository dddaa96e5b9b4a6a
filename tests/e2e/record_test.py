"""The good-faith record of two real daemons: whose time it was, by figures that are computed here from the signed texts."""
import base64
import hashlib
import math
import re
import zoneinfo

from harness import *

sys.path.insert(0, f"{TOP}/tests/letter")
from paper import Page, Pdf, in_order  # noqa: E402

PROFILE = '''
instrument = "record-1"
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
rule "plain" { title = "Days as they come"
exclude_event = "9"
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
clock decide { obligation = "Decide on the measure"
obliged = requested
per = measure
start = received
amount = 30
unit = calendar_day
rule = "plain"
met_by = {"decision", "execution"}
extension { amount = 30
unit = calendar_day
needs = {"reason", "estimate"}
article = "12(5)"
verified = false }
article = "12(3)"
verified = false }
'''
ZONES = {"US-OIA": ("US", "America/New_York"), "IE": ("IE", "Europe/Dublin")}
MEASURES = ", ".join(f'"{types_pb2.MeasureType.Name(m.type)}"' for m in submission().content.request.measures)

us, ie = pair()
shims = {d: Shim(d) for d in (us, ie)}
days = 0
for d in (us, ie):
    os.makedirs(f"{d.dir}/treaties")
    with open(f"{d.dir}/treaties/record.conf", "w") as f:
        f.write(PROFILE % MEASURES)
    text = open(d.config).read()
    for id, (member, zone) in ZONES.items():
        where = f'state = "{member}"\ntime_zone = "{zone}"\n'
        text = (text.replace(f'name = "{id}" }}', f'name = "{id}"\n{where} }}') if id == d.id
                else text.replace(f"peer {id} {{", f"peer {id} {{\n{where}"))
    with open(d.config, "w") as f:
        f.write(text + 'law { treaties = "treaties" }\n'
                + "".join(f'client {role} {{ user = "{pwd.getpwuid(os.getuid()).pw_name}"\nrole = {role} }}\n' for role in ("operator", "administrator")))
    d.client = "desk"
    d.start(env=shims[d].env())
connected(us, "IE")


def ran(d, *words):
    run = d.ctl(*words)
    assert run.returncode == 0, run
    return run.stdout


def passes(n):
    """So many days, which an operator confirms on both sides."""
    global days
    days += n
    for d in (us, ie):
        shims[d].set(offset=days * 86400)
        until("the clock to be confirmed", lambda: subprocess.run(
            [COMITYCTL, "--socket", d.socket, "--client", "operator", "clock", "confirm"], capture_output=True,
            env={**os.environ, **shims[d].env()}).returncode == 0)


def view(d):
    return json.loads(ran(d, "--json", "case", "show", CASE))


def say(d, kind, *sets):
    """Its number, once the other side has it and the author its receipt."""
    other = ie if d is us else us
    message = json.loads(ran(d, "--json", "send", kind, CASE, *(part for s in sets for part in ("--set", s))))["messageId"]
    until(f"{kind} to arrive", lambda: any(m["messageId"] == message for m in view(other)["messages"]))
    until(f"the receipt for {kind}", lambda: signed(d, message, "receipt"))
    said.append(message)
    return next(m["number"] for m in view(d)["messages"] if m["messageId"] == message)


def shown(d, message):
    return json.loads(ran(d, "--json", "message", "show", message))


def signed(d, message, what):
    """The second in which a manifest or a receipt was signed."""
    text = base64.b64decode(shown(d, message).get(what, "")).decode()
    made = re.search(r"^# made (\S+)$", text, re.M)
    return made and math.floor(datetime.datetime.fromisoformat(made[1].replace("Z", "+00:00")).timestamp())


def made(message):
    return int(shown(us, message)["message"]["createdMs"]) // 1000


def record(d):
    return json.loads(ran(d, "--json", "record", "good-faith", CASE))


def seconds(text):
    return math.floor(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


asked = submission("IE", "record-1")
asked.content.request.legal_basis.instrument, asked.content.request.legal_basis.version = "record-1", "1"
for m in asked.content.request.measures:
    m.wanted_by_date = ""
    del m.atoms[:]
client = Client(us)
accepted = client.call(submit=local_pb2.Submit(idempotency_key="k", submission=asked))
client.close()
assert accepted.HasField("submitted"), accepted
CASE, said = accepted.submitted.case_id, [accepted.submitted.message_id]
until("the request to arrive", lambda: ie.ctl("case", "show", CASE).returncode == 0)
until("the receipt", lambda: signed(us, said[0], "receipt"))


def periods(ends=()):
    """By the rules, from the texts that were signed: (from, to, side, why), without what took no second."""
    at = [made(said[0])] + [signed(us, said[0], "receipt")]
    steps = [("requesting", "in_transit"), ("requested", "registration")]
    for instant, step in ends:
        at.append(instant)
        steps.append(step)
    return [(a, b, *s) for a, b, s in zip(at, at[1:] + [None], steps) if a != b]


def told(r):
    return [(seconds(p["from"]), seconds(p["to"]), p["side"], p["why"]) for p in r["periods"]]


def adds_up(r):
    whole = r["whole"]
    assert whole["seconds"] == seconds(whole["to"]) - seconds(whole["from"]) == sum(p["seconds"] for p in r["periods"])
    assert whole["seconds"] == sum(d[s] for d in r["days"] for s in ("requesting", "requested", "nobody"))
    for side in ("requesting", "requested", "nobody"):
        assert whole["secondsBySide"][side] == sum(p["seconds"] for p in r["periods"] if p["side"] == side)
        assert whole["secondsBySide"][side] == sum(d[side] for d in r["days"])
    for a, b in zip(r["periods"], r["periods"][1:]):
        assert a["to"] == b["from"]
    # A day that is not the first or the last one is as long as the calendar has it.
    zone = zoneinfo.ZoneInfo(r["timeZone"])
    for d in r["days"][1:-1]:
        first, last = (datetime.date.fromisoformat(d[k]) for k in ("first", "last"))
        begins, ends = (datetime.datetime.combine(x, datetime.time(), zone).timestamp() for x in (first, last + datetime.timedelta(1)))
        assert d["requesting"] + d["requested"] + d["nobody"] == ends - begins, d


@test
def a_limit_that_lapses_and_the_days_before_the_acknowledgement_are_the_requested_sides():
    until("the time limit", lambda: any(c["clock"] == "acknowledge" and c["state"] == "running" for c in view(us).get("clocks", [])))
    passes(9)
    for d in (us, ie):
        r = record(d)
        wanted = periods()
        assert [(*p[:1], *p[2:]) for p in told(r)] == [(*p[:1], *p[2:]) for p in wanted], (r, wanted)
        adds_up(r)
        assert r["whole"]["secondsBySide"]["requested"] // 86400 == 9 and not r["whole"]["over"]
        limit, = [c for c in r["limits"] if c["clock"] == "acknowledge"]
        assert (limit["became"], limit["article"], limit["obliged"], limit["verified"]) == ("lapsed", "16(1)", "IE", False), limit
    assert record(us)["periods"][:-1] == record(ie)["periods"][:-1]


@test
def a_clarification_an_extension_and_a_refusal_stand_in_both_records_with_their_messages():
    global ENDS
    say(ie, "acknowledgement", "by=CENTRAL_AUTHORITY", "reference=MLA/7", "receivingAuthority.name=The Dublin office")
    notice = say(ie, "problem-notice", "type=CLARIFICATION", "text=Which account is meant?", "questions[0]=Which?")
    passes(5)
    say(us, "supplement", f"notice={notice}", "text=The first one.", "answers[0].question=1", "answers[0].text=That one.")
    say(ie, "extension", "clock=decide", "reason=The provider asked for time.", f"estimateDate={datetime.date.today() + datetime.timedelta(days=50)}",
        "article=12(5)")
    say(ie, "refusal", "refusals[0].measure=3", "refusals[0].ground=INSUFFICIENT_NEXUS", "refusals[0].article=4",
        "refusals[0].reason=A link is not shown.")
    passes(3)
    say(ie, "result", "results[0].measure=1", "results[0].outcome=EXECUTED", "results[1].measure=2", "results[1].outcome=EXECUTED",
        "text=Here they are.")
    say(ie, "closure", "text=Done.")
    _, ack, question, answer, _, refusal, result, closure = said
    receipts = {m: signed(us if m == answer else ie, m, "receipt") for m in said[1:]}
    ENDS = [(receipts[ack], ("requested", "execution")), (made(question), ("requested", "in_transit")),
            (receipts[question], ("requesting", "clarification")), (made(answer), ("requesting", "in_transit")),
            (receipts[answer], ("requested", "execution")), (made(result), ("requested", "in_transit")),
            (receipts[result], ("nobody", "complete")), (receipts[closure], ("over", ""))]
    wanted = [p for p in periods(ENDS) if p[1] is not None]
    for d in (us, ie):
        r = record(d)
        assert told(r) == wanted, (told(r), wanted)
        adds_up(r)
        assert r["whole"]["over"] and r["case"]["state"] == "CLOSED"
        assert (r["whole"]["secondsBySide"]["requesting"] // 86400, r["whole"]["secondsBySide"]["requested"] // 86400) == (5, 12)
        asked, = r["clarifications"]
        assert (asked["by"], asked["notice"], asked["answer"]) == ("IE", question, answer)
        assert asked["seconds"] == receipts[answer] - receipts[question]
        late, = [c for c in r["limits"] if c["clock"] == "acknowledge"]
        assert late["became"] == "met late" and late["late"], late
        extension, = r["extensions"]
        assert extension["reason"] == "The provider asked for time." and extension["inEffect"] and extension["article"] == "12(5)"
        assert any("extends it" in s for c in r["limits"] if c["clock"] == "decide" for s in c["counted"])
        assert [(o["state"], o.get("ground"), o.get("article"), o["messageId"]) for o in r["outcomes"]] == [
            ("EXECUTED", None, None, result), ("EXECUTED", None, None, result), ("REFUSED", "INSUFFICIENT_NEXUS", "4", refusal)]
    ours, theirs = record(us), record(ie)
    for name in ("whole", "periods", "clarifications", "outcomes", "extensions", "messages"):
        assert ours[name] == theirs[name], name
    # Days are those of the authority that writes the record.
    assert (ours["timeZone"], theirs["timeZone"]) == ("America/New_York", "Europe/Dublin")


@test
def each_message_has_the_digests_of_what_was_signed():
    r = record(ie)
    assert [m["messageId"] for m in r["messages"]] == [m["messageId"] for m in view(ie)["messages"]]
    for m in r["messages"]:
        signed_texts = shown(ie, m["messageId"])
        for name, what in (("sha256", "content"), ("manifestSha256", "manifest"), ("receiptSha256", "receipt")):
            assert m[name] == hashlib.sha256(base64.b64decode(signed_texts[what])).hexdigest(), (m, name)


@test
def people_read_the_same_on_paper_in_both_languages():
    for d, language, wanted in (
            (us, "en", ["Good-faith record", "Requesting authority", "US-OIA", "Requested authority", "IE", "Whose time it was", "The case took 17 days",
                        "US-OIA, requesting", "5 days", "IE, requested", "12 days", "Day by day", "Step by step", "What was said",
                        "Clarifications", "Which account is meant?", "Time limits", "met late", "Extended and postponed",
                        "The provider asked for time.", "The outcome of each measure", "A link is not shown.",
                        "By which rules time was attributed", "No treaty says", said[0], "How these messages are verified"]),
            (ie, "fr", ["Compte rendu de bonne foi", "À qui revient le temps", "17 jours", "US-OIA, requérante", "5 jours",
                        "IE, requise", "12 jours", "Jour par jour", "Étape par étape", "respecté en retard", "Aucun traité ne dit"])):
        for end in ("pdf", "html"):
            ran(d, "record", "good-faith", CASE, "--language", language, "-o", f"{DIR}/record.{end}")
        pdf, page = Pdf(open(f"{DIR}/record.pdf", "rb").read()), Page(open(f"{DIR}/record.html").read())
        for text in (pdf.text(), page.text()):
            assert in_order(text, wanted) is None, (in_order(text, wanted), text)
        assert pdf.complaints == ""
    ran(us, "record", "good-faith", CASE, "-o", f"{DIR}/record.json")
    assert json.load(open(f"{DIR}/record.json"))["periods"] == record(us)["periods"]


@test
def a_letter_needs_no_letterhead():
    ran(us, "letter", CASE, "--case-file", "-o", f"{DIR}/letter.html")


@test
def what_cannot_be_told_is_not_guessed():
    run = us.ctl("record", "good-faith", CASE)
    assert run.returncode == 2 and "-o requires a file" in run.stderr, run
    run = us.ctl("record", "good-faith", CASE, "-o", f"{DIR}/record.txt")
    assert run.returncode == 2 and "record.txt" in run.stderr, run
    run = us.ctl("--json", "record", "good-faith", "no-such-case")
    assert run.returncode == 5, run
    us.client = "administrator"
    erased = us.ctl("case", "erase", CASE, "--reason", "a test")
    us.client = "desk"
    assert erased.returncode == 0, erased
    run = us.ctl("--json", "record", "good-faith", CASE)
    assert run.returncode == 1 and "it was erased" in run.stderr and run.stdout == "", run


finish(us, ie)
