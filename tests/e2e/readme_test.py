"""The page of Python in README.md, run as it stands there."""
import hashlib
import re

from harness import *

us, ie = pair()
us.start()
ie.start()


def pages():
    return re.findall(r"```python\n(.*?)```", open(f"{TOP}/README.md").read(), re.S)


def start_page(path):
    page = f"{DIR}/page.py"
    with open(page, "w") as f:
        f.write(pages()[0])
    return subprocess.Popen(["/usr/bin/python3", page, us.socket, path, "desk"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONPATH": DIR})


def acknowledge(case_id, reference):
    answer = ie.ctl("send", "acknowledgement", case_id, "--set", "by=CENTRAL_AUTHORITY", "--set", f"reference={reference}")
    assert answer.returncode == 0, answer.stderr


def answered(run):
    out, _ = run.communicate(timeout=DEADLINE)
    assert run.returncode == 0, out
    return out


@test
def the_page_in_the_readme_sends_a_first_request_and_reads_the_answer():
    run = start_page(f"{TOP}/contrib/demo/request.json")
    c = Client(ie)
    c.call(subscribe=local_pb2.Subscribe(cursor="t"))
    while not any(e.type == local_pb2.MESSAGE_RECEIVED for e in c.events):
        frame = c.receive()
        if frame.HasField("event"):
            c.events.append(frame.event)
    case_id = [e for e in c.events if e.type == local_pb2.MESSAGE_RECEIVED][0].case_id
    acknowledge(case_id, "MLA/1")
    out = answered(run)
    assert "accepted as" in out and "MLA/1" in out and "ACKNOWLEDGED" in out, out
    # Once more: nothing is sent again, and the answer is there still.
    out = answered(start_page(f"{TOP}/contrib/demo/request.json"))
    assert "accepted before as" in out and "MLA/1" in out, out


@test
def the_page_reads_what_comityctl_reads_and_leaves_the_events_of_other_cases():
    c = Client(us)
    other = c.call(submit=local_pb2.Submit(idempotency_key="other", submission=submission(reference="other"))).submitted
    request = json.load(open(f"{TOP}/contrib/demo/request.json"))
    request["ownReference"] = "with comments"
    approval = request["content"]["request"]["approvals"][0]
    approval["atMs"] = int(datetime.datetime.fromisoformat(approval["atMs"].replace("Z", "+00:00")).timestamp() * 1000)
    path = f"{DIR}/commented.json"
    with open(path, "w") as f:
        f.write("\ufeff// A form that was filled in.\n" + json.dumps(request, indent=1).replace("\n", "\n  // and a remark\n"))
    run = start_page(path)
    until("the request", lambda: us.ctl("case", "show", "with comments").stdout.count("relayed") == 1)
    case_id = json.loads(us.ctl("--json", "case", "show", "with comments").stdout)["summary"]["caseId"]
    acknowledge(case_id, "MLA/2")
    out = answered(run)
    assert "MLA/2" in out and other.case_id not in out, out
    # The first event of the other case stands before all others that were not acknowledged.
    c.call(subscribe=local_pb2.Subscribe(cursor="first-steps"))
    while not c.events:
        frame = c.receive()
        if frame.HasField("event"):
            c.events.append(frame.event)
    assert c.events[0].case_id == other.case_id, c.events
    c.close()


@test
def the_readme_hands_a_file_over_and_gets_its_attachment():
    first, second = pages()
    page, path = f"{DIR}/put.py", f"{DIR}/records.csv"
    with open(path, "wb") as f:
        f.write(b"account records\n" * 100000)
    with open(page, "w") as f:
        f.write(first[:first.index("submission = ")] + second + "print(put(2, FILE, 'k').SerializeToString().hex())\n")
    out = subprocess.run(["/usr/bin/python3", page, us.socket, path, "desk"], stdout=subprocess.PIPE, text=True, check=True,
                         timeout=DEADLINE, env={**os.environ, "PYTHONPATH": DIR}).stdout
    a = case_pb2.Attachment.FromString(bytes.fromhex(out.splitlines()[-1]))
    assert (a.name, a.size, a.sha256) == ("records.csv", 1600000, hashlib.sha256(open(path, "rb").read()).digest()), a


@test
def a_second_daemon_on_the_same_store_is_refused_with_the_pid_of_the_first():
    run = subprocess.run([COMITYD, "--config", us.config], capture_output=True, text=True, timeout=DEADLINE)
    assert run.returncode == 1, run
    assert str(us.process.pid) in run.stderr, run.stderr


@test
def an_unknown_option_is_named_with_file_line_and_remedy():
    path = f"{us.dir}/wrong.conf"
    with open(path, "w") as f:
        f.write(open(us.config).read() + "\nspeed = 11\n")
    run = subprocess.run([COMITYD, "--check-config", "--config", path], capture_output=True, text=True)
    assert run.returncode == 3, run
    line = len(open(path).read().splitlines())
    assert f"wrong.conf:{line}:" in run.stderr and "speed" in run.stderr, run.stderr


@test
def json_with_a_wrong_field_or_enum_is_refused_with_its_path():
    text = open(f"{TOP}/contrib/demo/request.json").read()
    run = us.ctl("submit", "-", input=text.replace('"language"', '"tongue"'))
    assert run.returncode == 4 and "tongue" in run.stderr, run
    run = us.ctl("submit", "-", input=text.replace('"DISCLOSURE_CONTENT"', '"DISCLOSE_ALL"'))
    assert run.returncode == 4 and "measures[2].type" in run.stderr and "MeasureType" in run.stderr, run


@test
def all_missing_mandatory_parts_come_in_one_reply():
    s = submission()
    s.content.request.ClearField("purpose")
    s.content.request.ClearField("approvals")
    s.content.request.facts = ""
    s.own_reference = ""
    c = Client(us)
    frame = c.call(submit=local_pb2.Submit(idempotency_key="faulty", submission=s))
    fields = {f.field for f in frame.error.faults}
    for want in ("own_reference", "purpose", "approvals", "facts"):
        assert any(want in f for f in fields), fields
    c.close()


@test
def the_same_key_answers_the_same_and_with_other_content_is_an_error():
    c = Client(us)
    s = submission(reference="twice")
    one = c.call(submit=local_pb2.Submit(idempotency_key="k1", submission=s)).submitted
    two = c.call(submit=local_pb2.Submit(idempotency_key="k1", submission=s)).submitted
    assert one.message_id and one.message_id == two.message_id and two.repeated, (one, two)
    s.content.request.facts += " More."
    frame = c.call(submit=local_pb2.Submit(idempotency_key="k1", submission=s))
    assert frame.error.code == types_pb2.CONFLICT, frame
    c.close()


@test
def a_step_that_the_life_cycle_does_not_allow_is_refused_with_a_sentence():
    run = us.ctl("send", "closure", "twice", "--set", "text=done")
    assert run.returncode == 1 and run.stderr, run


@test
def sigterm_stops_in_order():
    assert us.stop() == 0 and ie.stop() == 0


finish(us, ie)
