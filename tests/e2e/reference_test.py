"""References with letters that Unicode writes in two ways: whichever is typed finds whichever is stored."""
import unicodedata

from harness import *

us, ie = pair()
us.start()
ie.start()
connected(us, "IE")
REFERENCE = "Az. 12/2026 – Ångström, Procédure pénale, 각하"
FORMS = NFC, NFD = [unicodedata.normalize(form, REFERENCE) for form in ("NFC", "NFD")]
assert NFC != NFD


def submit(reference, key):
    c = Client(us)
    frame = c.call(submit=local_pb2.Submit(idempotency_key=key, submission=submission(reference=reference)))
    c.close()
    return frame


def case_ids(reference):
    shown = [us.ctl("--json", "case", "show", f"{form}{reference}") for form in FORMS]
    assert all(run.returncode == 0 for run in shown), shown
    return [json.loads(run.stdout)["summary"]["caseId"] for run in shown]


@test
def a_reference_is_found_in_either_form():
    for i, form in enumerate(FORMS):
        case = submit(f"{form} {i}", f"k{i}").submitted.case_id
        assert case and case_ids(f" {i}") == [case, case]


@test
def a_reference_in_the_other_form_is_taken_already():
    for i, form in enumerate(reversed(FORMS)):
        frame = submit(f"{form} {i}", f"other{i}")
        assert [f.field for f in frame.error.faults] == ["submission.own_reference"], frame
        assert "has this reference already" in frame.error.faults[0].text, frame


@test
def every_command_about_a_case_takes_either_form():
    for form in FORMS:
        for command in (["clock", "list"], ["evidence", "list"]):
            run = us.ctl(*command, f"{form} 0")
            assert run.returncode == 0, run
        run = us.ctl("send", "note", f"{form} 0", "--set", f"text={len(form)}")
        assert run.returncode == 0, run


@test
def a_reference_of_the_peer_is_found_in_either_form():
    c = Client(ie)
    c.call(subscribe=local_pb2.Subscribe(cursor="c"))
    while not any(e.type == local_pb2.MESSAGE_RECEIVED for e in c.events):
        frame = c.receive()
        if frame.HasField("event"):
            c.events.append(frame.event)
    case = next(e.case_id for e in c.events if e.type == local_pb2.MESSAGE_RECEIVED)
    run = ie.ctl("send", "acknowledgement", case, "--set", "by=CENTRAL_AUTHORITY", "--set", f"reference={NFD} theirs",
                 "--set", "receivingAuthority.name=Dublin")
    assert run.returncode == 0, run
    until("the acknowledgement", lambda: us.ctl("case", "show", f"{NFD} theirs").returncode == 0)
    assert case_ids(" theirs") == [case, case]


finish(us, ie)
