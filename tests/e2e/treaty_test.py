"""A treaty between two real daemons: refused, acknowledged, accepted; received, and returned with one command."""
import json
import signal

from harness import *

TREATIES = f"{TOP}/tests/fixtures/treaties"
ATOM = "login_ip_log"


def place(state, zone):
    return f'state = "{state}"\ntime_zone = "{zone}"'


def edit(d, old, new):
    text = open(d.config).read()
    assert old in text, old
    with open(d.config, "w") as f:
        f.write(text.replace(old, new))


def treaty(d, own, other):
    """Give this authority the law; its own copy of the profiles, so that a test may spoil them."""
    shutil.copytree(TREATIES, f"{d.dir}/treaties")
    edit(d, f'name = "{d.id}" }}', f'name = "{d.id}"\n{place(*own)} }}\nlaw {{ treaties = "treaties" }}')
    for peer in d.peers:
        edit(d, f"peer {peer} {{", f"peer {peer} {{\n{place(*other)}")


def request(to, reference):
    s = submission(to, reference)
    s.content.request.legal_basis.instrument = "made-up-2020"
    return s


def as_file(s, name):
    path = f"{DIR}/{name}.json"
    with open(path, "w") as f:
        f.write(json_format.MessageToJson(s))
    return path


def complete(s):
    """All that the treaty asks for, but for the acknowledgement."""
    r = s.content.request
    r.purpose.use_limits = "Only in this proceeding."
    for m in r.measures:
        m.necessity = "There is no other source."
    r.approvals[0].categories.append("content")
    return s


def opened(d, reference):
    """The request of a case as it was signed."""
    view = show(d, reference)
    first = next(m for m in view.messages if m.kind_name == "request")
    run = d.ctl("--json", "message", "show", first.message_id)
    assert run.returncode == 0, run.stderr
    return json_format.Parse(run.stdout, local_pb2.MessageView()).message.content.request


def show(d, reference):
    run = d.ctl("--json", "case", "show", reference)
    return json_format.Parse(run.stdout, local_pb2.CaseView()) if run.returncode == 0 else None


us, ie = pair()
treaty(ie, ("IE", "Europe/Dublin"), ("US", "America/New_York"))
us.start()
ie.start()
until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)


@test
def status_says_whether_anything_is_checked():
    assert "no treaty profile is loaded: nothing is checked" in us.ctl("status").stdout
    assert "1 profile" in ie.ctl("status").stdout
    assert json.loads(ie.ctl("--json", "status").stdout)["treatyProfiles"] == 1


@test
def a_submit_is_refused_with_everything_that_the_treaty_asks():
    client, s = Client(ie), request("US-OIA", "ie-1")
    s.content.request.language = "fr"
    s.content.request.requested_state = "FR"
    error = client.call(submit=local_pb2.Submit(idempotency_key="ie-1", submission=s)).error
    client.close()
    assert error.code == types_pb2.INVALID, error
    prefix = "submission.content.request."
    faults = [(f.field.removeprefix(prefix), f.article) for f in error.faults]
    unverified = " (not verified against the primary text)"
    assert faults == [("requested_state", ""),
                      ("measures[1].necessity", "made-up-2020 4(2)" + unverified),
                      ("purpose.use_limits", "made-up-2020 7"),
                      ("language", "made-up-2020 6"),
                      ("approvals", "made-up-2020 8"),
                      ("atom_warnings", "")], error
    warning, = error.atom_warnings
    assert (warning.atom, warning.ours.category, warning.theirs.category) == (ATOM, "traffic", "subscriber"), warning
    assert "US is expected" in error.faults[0].text and "'FR'" in error.faults[0].text, error
    assert json.loads(ie.ctl("--json", "case", "list").stdout) == {}


@test
def the_offline_check_says_the_same():
    s = request("US-OIA", "ie-1")
    run = ie.ctl("--json", "check", as_file(s, "deficient"), "--treaties", TREATIES)
    assert run.returncode == 4, run
    offline = json_format.Parse(run.stdout, local_pb2.Error())
    client = Client(ie)
    online = client.call(submit=local_pb2.Submit(idempotency_key="ie-2", submission=s)).error
    client.close()
    assert [(f.field, f.text, f.article) for f in offline.faults] == \
        [(f.field, f.text, f.article) for f in online.faults]
    assert offline.atom_warnings == online.atom_warnings and len(offline.faults) == 4, offline


@test
def what_is_acknowledged_by_name_is_signed_into_the_request():
    s = complete(request("US-OIA", "ie-1"))
    path = as_file(s, "complete")
    run = ie.ctl("submit", path, "--key", "k1")
    assert run.returncode == 1 and '{"atom": "login_ip_log", "acknowledgedBy":' in run.stderr, run
    s.content.request.atom_warnings.add(atom=ATOM, acknowledged_by="A. Officer")
    run = ie.ctl("submit", as_file(s, "complete"), "--key", "k1")
    assert run.returncode == 0, run.stderr
    for d in (ie, us):
        until(f"the case at {d.id}", lambda: show(d, "ie-1"))
        warning, = opened(d, "ie-1").atom_warnings
        assert warning.acknowledged_by == "A. Officer" and warning.ours.state == "IE", warning
        assert warning.ours.threshold == "court order" and warning.theirs.threshold == "subpoena", warning
        assert warning.theirs.article == "5(5) (not verified against the primary text)", warning
    run = ie.ctl("submit", as_file(s, "complete"), "--key", "k1")
    assert run.returncode == 0 and "before, under the same key" in run.stdout, run


@test
def a_deficient_request_is_shown_with_its_faults_and_returned_with_one_command():
    run = us.ctl("submit", as_file(request("IE", "us-1"), "received"), "--key", "u1")
    assert run.returncode == 0, run.stderr  # the sender checks nothing
    view = until("the request", lambda: show(ie, "us-1"))
    fields = [f.field for f in view.faults]
    assert fields == ["request.measures[1].necessity", "request.purpose.use_limits", "request.approvals",
                      "request.atom_warnings"], view.faults
    text = ie.ctl("case", "show", "us-1").stdout
    assert "Not as the treaty asks (4)" in text and "(made-up-2020 7)" in text, text
    assert f"comityctl return-deficient {view.summary.case_id}" in text, text
    assert not show(us, "us-1").faults
    run = ie.ctl("return-deficient", "us-1", "--text", "Please complete it.")
    assert run.returncode == 0, run.stderr
    until("the return", lambda: show(us, "us-1").summary.state == "RETURNED_DEFICIENT")
    message = next(m for m in show(us, "us-1").messages if m.kind_name == "returned_deficient")
    run = us.ctl("--json", "message", "show", message.message_id)
    returned = json_format.Parse(run.stdout, local_pb2.MessageView()).message.content.returned_deficient
    assert list(returned.faults) == list(view.faults) and returned.text == "Please complete it.", returned


def with_many_measures(s):
    """As many as a request may have, and none of them says why it is necessary."""
    measures = s.content.request.measures
    for m in measures:
        m.necessity = ""
    while len(measures) < 64:
        measures.add().CopyFrom(measures[1])
        measures[-1].measure = len(measures)
    return s


@test
def more_faults_than_are_told_are_not_passed_over():
    s = with_many_measures(request("IE", "us-many"))
    run = us.ctl("submit", as_file(s, "many"), "--key", "many")
    assert run.returncode == 0, run.stderr
    view = until("the request", lambda: show(ie, "us-many"))
    assert len(view.faults) == 64 and view.more_faults, len(view.faults)
    assert "Not as the treaty asks (64 or more)" in ie.ctl("case", "show", "us-many").stdout
    assert ie.ctl("return-deficient", "us-many").returncode == 0
    until("the return", lambda: show(us, "us-many").summary.state == "RETURNED_DEFICIENT")
    message = next(m for m in show(us, "us-many").messages if m.kind_name == "returned_deficient")
    assert "asks: 64 or more faults." in us.ctl("message", "show", message.message_id).stdout
    s = with_many_measures(request("US-OIA", "ie-many"))
    client = Client(ie)
    error = client.call(submit=local_pb2.Submit(idempotency_key="ie-many", submission=s)).error
    client.close()
    assert len(error.faults) == 64 and error.more_faults and error.text.startswith("64 or more faults"), error.text
    offline = ie.ctl("--json", "check", as_file(s, "many"), "--treaties", TREATIES)
    assert json_format.Parse(offline.stdout, local_pb2.Error()).more_faults


@test
def more_warnings_than_are_told_are_not_passed_over():
    s = with_many_measures(request("IE", "us-late"))
    for m in s.content.request.measures:
        m.wanted_by_date = "2020-01-31"
    s.content.request.urgency.until_date = "2020-01-31"
    path = as_file(s, "late")
    run = us.ctl("check", path, "--no-treaty")
    assert run.returncode == 0 and ": complete, 64 or more warnings" in run.stdout, run.stdout[:500]
    run = us.ctl("--json", "check", path, "--no-treaty")
    assert json_format.Parse(run.stdout, local_pb2.Error()).more_warnings
    client = Client(us)
    taken = client.call(submit=local_pb2.Submit(idempotency_key="late", submission=s)).submitted
    client.close()
    assert len(taken.warnings) == 64 and taken.more_warnings, len(taken.warnings)
    s.own_reference = "us-late-2"
    run = us.ctl("submit", as_file(s, "late"), "--key", "late-2")
    assert run.returncode == 0 and run.stderr.endswith("warning: there are more, which are not shown\n"), run.stderr[-500:]
    # The one around the content is one more than the daemon tells; check tells it as well.
    s = with_many_measures(request("IE", ""))
    for m in s.content.request.measures:
        m.wanted_by_date = "soon"
    path = as_file(s, "unread")
    run = us.ctl("check", path, "--no-treaty")
    assert "unread.json: 65 faults" in run.stdout, run.stdout[:200]
    client = Client(us)
    error = client.call(submit=local_pb2.Submit(idempotency_key="unread", submission=s)).error
    client.close()
    assert error.text.startswith("64 or more faults") and error.more_faults, error.text


@test
def what_is_complete_cannot_be_returned_for_its_faults():
    s = complete(request("IE", "us-2"))
    s.content.request.atom_warnings.add(atom=ATOM, acknowledged_by="B. Officer")
    run = us.ctl("submit", as_file(s, "received"), "--key", "u2")
    assert run.returncode == 0, run.stderr
    view = until("the request", lambda: show(ie, "us-2"))
    assert not view.faults, view.faults
    run = ie.ctl("return-deficient", "us-2")
    assert run.returncode == 1 and "nothing was found wrong" in run.stderr, run


@test
def reviews_are_listed_with_what_became_of_them():
    run = us.ctl("send", "review-attestation", "us-2", "--set", "by=District Court", "--set", "standard=probable cause",
                 "--set", "result=met", "--set", "at_ms=2026-11-23T10:00:00Z")
    assert run.returncode == 0, run.stderr
    until("the review", lambda: len(show(ie, "us-2").reviews) == 1)
    number = show(ie, "us-2").reviews[0].number
    run = ie.ctl("send", "review-reliance", "us-2", "--set", f"message={number}", "--set", "review=1", "--set",
                 "reliance=repeated", "--set", "reason=The standard is another one.")
    assert run.returncode == 0, run.stderr
    until("the answer", lambda: show(us, "us-2").reviews[0].reliance == case_pb2.REPEATED)
    for d in (us, ie):
        review, = show(d, "us-2").reviews
        assert (review.author, review.by, review.standard, review.result) == \
            ("US-OIA", "District Court", "probable cause", "met"), review
        assert review.reason == "The standard is another one." and review.answer and review.at_ms, review
        text = d.ctl("case", "show", "us-2").stdout
        assert "probable cause" in text and "REPEATED" in text and "2026-11-23T10:00:00" in text, text


def reload(d, answer):
    before = len(d.log())
    d.process.send_signal(signal.SIGHUP)
    until(answer, lambda: answer in d.log()[before:])
    return d.log()[before:]


@test
def an_operator_is_shown_neither_faults_nor_reviews():
    assert show(ie, "us-1").faults and show(ie, "us-2").reviews
    edit(ie, "role = submitter", "role = operator")
    reload(ie, "the configuration was read again")
    for reference in ("us-1", "us-2"):
        view = show(ie, reference)
        assert view.messages and not view.faults and not view.reviews, view
    edit(ie, "role = operator", "role = submitter")
    reload(ie, "the configuration was read again")


@test
def a_faulty_profile_leaves_the_old_ones_in_force():
    profile = f"{ie.dir}/treaties/made-up-2020.conf"
    text = open(profile).read()
    with open(profile, "w") as f:
        f.write(text.replace("measures[].necessity", "measures[].necesity"))
    said = reload(ie, "the configuration was read again")
    assert f"{profile}:" in said and "necesity" in said, said
    run = ie.ctl("submit", as_file(request("US-OIA", "ie-3"), "deficient"), "--key", "k3")
    assert run.returncode == 1 and "measures[1].necessity" in run.stderr, run
    with open(profile, "w") as f:
        f.write(text.replace('version = "1"', 'version = "2"'))
    reload(ie, "1 treaty profiles")
    run = ie.ctl("submit", as_file(request("US-OIA", "ie-3"), "deficient"), "--key", "k3")
    assert run.returncode == 1 and "there is: 2." in run.stderr, run


def config_check(d):
    return subprocess.run([COMITYD, "--check-config", "--config", d.config], capture_output=True, text=True)


@test
def a_zone_or_calendar_that_there_is_not_is_named_with_its_line():
    text = open(ie.config).read()
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "America/New_York" in row)
    edit(ie, "America/New_York", "America/New_Amsterdam")
    run = config_check(ie)
    assert run.returncode == 3, run
    assert run.stderr.startswith(f"{ie.config}:{line}: option 'peer US-OIA.time_zone': "), run.stderr
    assert "America/New_Amsterdam" in run.stderr and run.stderr.count("\n") == 1, run.stderr
    with open(ie.config, "w") as f:
        f.write(text.replace('time_zone = "Europe/Dublin"', 'time_zone = "Europe/Dublin"\ncalendar = "IE"'))
    run = config_check(ie)
    assert run.returncode == 3 and "option 'authority.calendar': there is no calendar 'IE'" in run.stderr, run.stderr
    os.mkdir(f"{ie.dir}/calendars")
    edit(ie, "law {", 'law { calendars = "calendars"\n')
    run = config_check(ie)
    assert run.returncode == 3 and "calendars/IE.ics is expected" in run.stderr, run.stderr


finish(us, ie)
