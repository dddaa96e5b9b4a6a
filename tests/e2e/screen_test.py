"""What people at the screen are told, and what programs behind comityctl can rely on."""
import re

from harness import *

us, ie = pair()
shim, ie_shim = Shim(us), Shim(ie)


def events(d, *args):
    """What a program reads from a pipe."""
    run = d.ctl("--json", "inbox", *args)
    assert run.returncode == 0, run.stderr
    return [json_format.Parse(line, local_pb2.Event()) for line in run.stdout.splitlines()]


def submit(d, reference, key):
    client = Client(d)
    reply = client.call(submit=local_pb2.Submit(idempotency_key=key, submission=submission(reference=reference)))
    client.close()
    assert reply.HasField("submitted"), reply
    return reply.submitted


@test
def what_a_program_has_read_and_not_dealt_with_is_printed_again():
    us.start(shim.env())
    ie.start(ie_shim.env())
    submit(us, "one", "one")
    until("the receipt", lambda: len(events(us)) >= 2)
    pipe = f"{' '.join(us.ctl_command())} --json inbox --cursor registry"
    run = subprocess.run(["sh", "-c", f"{pipe} | (cat >/dev/null; exit 1)"], timeout=DEADLINE)
    assert run.returncode == 1
    again = events(us, "--cursor", "registry")
    assert [e.position for e in again] == [e.position for e in events(us)], again


@test
def what_it_acknowledges_is_not():
    first, *rest = events(us, "--cursor", "registry")
    run = us.ctl("inbox", "--cursor", "registry", "--ack", str(first.position))
    assert run.returncode == 0 and run.stdout == "", run
    assert events(us, "--cursor", "registry") == rest
    run = us.ctl("inbox", "--cursor", "registry", "--ack", "1000000")
    assert run.returncode == 1 and "above the last event" in run.stderr, run
    run = us.ctl("inbox", "--cursor", "nobody", "--ack", "1")
    assert run.returncode == 5 and "there is no such cursor" in run.stderr, run


@test
def what_is_in_a_file_is_acknowledged_and_what_the_disk_did_not_take_is_not():
    with open("/dev/full", "w") as full:
        run = subprocess.run([*us.ctl_command(), "inbox", "--cursor", "file"], stdout=full, stderr=subprocess.PIPE)
    assert run.returncode == 4 and b"No space left" in run.stderr, run
    with open(f"{us.dir}/events", "w+") as f:
        subprocess.run([*us.ctl_command(), "inbox", "--cursor", "file"], stdout=f, check=True)
        f.seek(0)
        assert len(f.readlines()) == len(events(us))
    assert events(us, "--cursor", "file") == []


def file_of(message):
    path = f"{us.dir}/handed-in.json"
    with open(path, "w") as f:
        f.write(json_format.MessageToJson(message))
    return path


@test
def the_same_command_twice_is_one_request():
    file = file_of(submission(reference="two"))
    first, second = us.ctl("submit", file), us.ctl("submit", file)
    assert first.returncode == second.returncode == 0, (first, second)
    assert first.stdout.splitlines()[:4] == second.stdout.splitlines()[:4], second.stdout
    assert "handed in before, and nothing was sent again" in second.stderr, second.stderr
    assert len(re.findall("^two ", us.ctl("case", "list").stdout, re.M)) == 1


@test
def a_file_is_told_the_same_faults_by_check_and_by_submit():
    def faults(text):
        return sorted(line for line in text.splitlines() if re.match(r"(to|content|ownReference|caseRef)\b", line))
    none, unnamed, note, seconds = (submission(reference="") for _ in range(4))
    none.ClearField("content")
    unnamed.case_ref = "two"
    note.content.CopyFrom(case_pb2.Content(note=case_pb2.Note(text="")))
    seconds.own_reference = "seconds"
    seconds.content.request.approvals[0].at_ms //= 1000
    for s, fields in ((none, ["content"]), (seconds, ["content.request.approvals[0].atMs"]), (unnamed, ["caseRef", "ownReference"]), (note, ["caseRef", "content.note.text"])):
        file = file_of(s)
        check, submit = us.ctl("check", file, "--no-treaty"), us.ctl("submit", file)
        assert check.returncode == 4 and submit.returncode == 1, (check, submit)
        assert faults(check.stdout) == faults(submit.stderr), (check.stdout, submit.stderr)
        assert [line.split(":")[0] for line in faults(check.stdout)] == fields, check.stdout


@test
def the_same_words_on_another_day_are_another_message():
    say = lambda **env: subprocess.run([*us.ctl_command(), "send", "note", "two", "--set", "text=Is there any progress?"],
                                       env={**os.environ, **env}, capture_output=True, text=True)
    first, second = say(), say()
    assert (first.returncode, second.returncode) == (0, 0), (first, second)
    assert "nothing was sent again" in second.stderr and first.stdout[:60] == second.stdout[:60], second
    tomorrow = Shim(us)     # of the command alone
    tomorrow.set(offset=86400)
    third = say(**tomorrow.env())
    assert third.returncode == 0 and third.stderr == "" and third.stdout[:60] != first.stdout[:60], third


@test
def a_second_case_with_the_same_reference_is_refused_unless_it_is_meant():
    message = submission(reference="two")
    message.content.request.title = "Another one"
    file = file_of(message)
    run = us.ctl("submit", file)
    assert run.returncode == 1 and "ownReference: the case IE/" in run.stderr, run
    run = us.ctl("submit", file, "--same-reference")
    assert run.returncode == 0 and "now" in run.stdout, run
    assert len(re.findall("^two, [0-9a-f-]{36} ", us.ctl("case", "list").stdout, re.M)) == 2


@test
def an_acknowledgement_with_the_reference_of_another_case_is_refused():
    waiting = until("the requests", lambda: (c := [e.case_id for e in events(ie)
                                                   if e.type == local_pb2.MESSAGE_RECEIVED]) and len(c) >= 3 and c)
    register = lambda case, *more: ie.ctl("send", "acknowledgement", case, "--set", "by=CENTRAL_AUTHORITY", "--set",
                                          "reference=MLA/1", "--set", "receivingAuthority.name=Dublin", *more)
    run = register(waiting[0])
    assert run.returncode == 0, run
    run = register(waiting[1])
    assert run.returncode == 1 and f"refused: the case US-OIA/{waiting[0]} has" in run.stderr, run
    run = register(waiting[1], "--same-reference")
    assert run.returncode == 0, run


@test
def what_cannot_be_done_now_is_said_once_and_done_by_the_same_command():
    file = file_of(submission(reference="three"))
    shim.set(full=1)
    run = us.ctl("submit", file)
    assert run.returncode == 6 and run.stderr.count("\n") == 1 and "not now: " in run.stderr, run
    shim.set()
    run = until("the disk", lambda: (r := us.ctl("submit", file)).returncode != 6 and r)
    assert run.returncode == 0, run


@test
def what_the_disk_says_of_its_files_is_for_the_log():
    with open(f"{us.dir}/scan.pdf", "wb") as f:
        f.write(os.urandom(100000))
    for wrong, code, word in ({"full": 1}, 6, "No space left"), ({"read_only": 1}, 1, "Read-only"):
        before = len(us.log())
        shim.set(**wrong)
        run = us.ctl("evidence", "put", f"{us.dir}/scan.pdf", "--key", word.split()[0])
        shim.set()
        assert run.returncode == code and "the disk " in run.stderr and "the log of the daemon says" in run.stderr, run
        assert word not in run.stderr and "part/" not in run.stderr and ".mark" not in run.stderr, run
        said(us, "what client desk hands over cannot be kept now: part/", before)
        assert word in us.log()[before:]


@test
def what_is_in_flight_counts_until_its_receipt_is_here():
    health = lambda: us.health("--warn-age", "0s", "--warn-flaps", "100", "--crit-flaps", "100")
    until("all receipts", lambda: " 0 messages wait |" in health().stdout)
    ie_shim.set(full=1)
    run = us.ctl("submit", file_of(submission(reference="four")))
    assert run.returncode == 0, run
    until("the message to be a second old", lambda: health().returncode == 1)
    left = 0
    while left < 3:  # whichever way it is on: waiting, in flight, in flight again
        run = health()
        assert run.returncode == 1 and "1 message waits, the oldest for" in run.stdout, run
        left = len(ie.log().split("nothing can be committed now"))
    ie_shim.set()
    until("the receipt", lambda: health().returncode == 0)


@test
def sessions_that_end_are_counted():
    json_of = lambda: json_format.Parse(us.ctl("--json", "status").stdout, local_pb2.Status())
    before = json_of().peers[0].flaps
    ie.kill()
    until("the end of the session", lambda: json_of().peers[0].flaps == before + 1)


def requests_asked():
    said = json_format.Parse(us.ctl("--json", "stats").stdout, local_pb2.Statistics())
    return {g.direction: {c.name: c.count for c in g.counts} for g in said.groups if not g.measure}[local_pb2.OUT]["requests"]


def says_state(reference, word, transport):
    """Each screen and answer that shows how a case stands, and the transport of what opened it."""
    listed = [line.split() for line in us.ctl("case", "list").stdout.splitlines() if line.startswith(f"{reference} ")]
    shown = us.ctl("case", "show", reference).stdout
    view = json_format.Parse(us.ctl("--json", "case", "show", reference).stdout, local_pb2.CaseView())
    return [row[3] for row in listed] == [word] and f"State             {word}\n" in shown \
        and (view.summary.state, view.messages[0].transport) == (word, transport)


@test
def a_case_is_not_TRANSMITTED_before_its_request_is():
    ie.stop()
    until("the end", lambda: state(us, "IE") != "connected")
    run = us.ctl("submit", file_of(submission(reference="five")))
    assert run.returncode == 0, run
    assert says_state("five", "QUEUED", "queued"), us.ctl("case", "list").stdout
    said_of = lambda: [(local_pb2.EventType.Name(e.type), e.case_state) for e in events(us) if e.own_reference == "five"]
    assert said_of() == [("SUBMISSION_ACCEPTED", "QUEUED")], said_of()
    asked = requests_asked()
    ie.start(ie_shim.env())
    until("the receipt", lambda: says_state("five", "TRANSMITTED", "relayed"))
    assert said_of() == [("SUBMISSION_ACCEPTED", "QUEUED"), ("RELAY_ACCEPTED", "TRANSMITTED")], said_of()
    assert " TRANSMITTED " in ie.ctl("case", "list").stdout
    assert requests_asked() == asked    # from the day on which it was handed in


@test
def nor_before_its_receipt_is_here():
    connected(us, "IE")
    ie_shim.set(full=1)
    run = us.ctl("submit", file_of(submission(reference="six")))
    assert run.returncode == 0, run
    until("the request to leave", lambda: says_state("six", "SENT", "transmitted"))
    ie_shim.set()
    until("the receipt", lambda: says_state("six", "TRANSMITTED", "relayed"))


@test
def a_configuration_in_which_nobody_gets_what_comes_in_is_told():
    ie.stop()
    ie.configure({"US-OIA": us.port})
    with open(ie.config) as f:
        text = f.read()
    with open(ie.config, "w") as f:
        f.write(text.replace("cases = all", "cases = own"))
    ie.start()
    assert "warning: no client gets what other authorities ask for" in ie.log()
    run = ie.health()
    assert run.returncode == 1 and "no client gets what other authorities ask for: give" in run.stdout, run
    with open(ie.config, "w") as f:
        f.write(text)
    reload(ie)
    assert "no client gets" not in ie.health().stdout


@test
def a_message_is_shown_by_its_case_and_number():
    case = us.ctl("case", "show", "three").stdout
    ids = {(line.split()[0], line.split()[1]): line.split()[-2] for line in case.splitlines()
           if re.match(r"(US-OIA|IE) +[0-9]+ +[0-9]+ ", line)}
    assert ("US-OIA", "1") in ids, case
    by_id = us.ctl("message", "show", ids["US-OIA", "1"])
    by_number = us.ctl("message", "show", "three#1", "--from", "US-OIA")
    assert by_number.returncode == 0 and by_number.stdout == by_id.stdout != "", by_number
    us.ctl("send", "note", "three", "--set", "text=Any news?")
    assert us.ctl("message", "show", "three#2").stdout.split()[1] not in ids.values()
    register = ie.ctl("send", "acknowledgement", "three", "--set", "by=CENTRAL_AUTHORITY", "--set", "reference=MLA/3",
                      "--set", "receivingAuthority.name=Dublin")
    assert register.returncode == 0, register
    until("the acknowledgement", lambda: "acknowledgement" in us.ctl("case", "show", "three").stdout)
    both = us.ctl("message", "show", "three#1")
    assert both.returncode == 2 and "--from US-OIA or --from IE" in both.stderr, both
    assert us.ctl("message", "show", "MLA/3#1", "--from", "IE").stdout.split()[3] == "acknowledgement"
    none = us.ctl("message", "show", "three#9")
    assert none.returncode == 5 and "there is no message 'three#9'" in none.stderr, none
    assert us.ctl("message", "show", "three#x").returncode == 2


@test
def open_cases_are_listed_before_closed_ones_and_both_are_counted():
    before = json.loads(us.ctl("--json", "case", "list").stdout)["cases"]
    assert len(before) >= 4 and not any(c.get("closed") for c in before), before
    ended = us.ctl("send", "withdrawal", "one", "--set", "reason=It is settled.")
    assert ended.returncode == 0, ended
    until("the withdrawal", lambda: "WITHDRAWN" in ie.ctl("case", "show", "one").stdout)
    ended = ie.ctl("send", "closure", "one", "--set", "text=It is settled.")
    assert ended.returncode == 0, ended
    closed = until("the closure", lambda: [c for c in json.loads(us.ctl("--json", "case", "list").stdout)["cases"]
                                           if c.get("closed")])
    assert [c["ownReference"] for c in closed] == ["one"], closed
    *cases, count = us.ctl("case", "list").stdout.splitlines()
    assert cases[-1].startswith("one ") and count == f"{len(before) - 1} open, 1 closed.", (cases, count)
    *cases, count = us.ctl("case", "list", "--open").stdout.splitlines()
    assert len(cases) == len(before) and count == f"{len(before) - 1} open.", (cases, count)


finish(us, ie)
