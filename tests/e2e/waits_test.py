"""What whoever hands something in is told of its way: for whom it waits, and who could get it at all."""
from harness import *

us, ie = pair()
path = os.path.join(us.dir, "request.json")


def hand_in(reference, *options):
    with open(path, "w") as f:
        f.write(json_format.MessageToJson(submission(reference=reference)))
    return us.ctl("submit", path, *options)


us.start()


@test
def a_message_to_a_peer_that_is_not_connected_waits_for_it():
    for accepted in "now, it is on stable storage", "before, under the same key":
        run = hand_in("waits")
        assert run.returncode == 0 and accepted in run.stdout, run
        assert "IE is not connected; it leaves once IE is" in run.stdout, run


@test
def an_unknown_addressee_is_named_with_those_that_there_are():
    run = hand_in("nowhere", "--to", "FR")
    assert run.returncode != 0 and "'FR' is not configured" in run.stderr, run
    assert "the id of a configured peer authority: IE" in run.stderr, run
    # A long one is cut between characters.
    told = Client(us).call(submit=local_pb2.Submit(idempotency_key="long", submission=submission(to="F" + "\u00e9" * 40)))
    assert "'F\u00e9" in told.error.faults[0].text and "authority: IE" in told.error.faults[0].text, told


@test
def nothing_waits_for_a_peer_that_is_connected():
    ie.start()
    connected(us, "IE")
    run = hand_in("leaves")
    assert run.returncode == 0 and "not connected" not in run.stdout, run


@test
def what_comes_first_is_said():
    hand_in("first")
    until("the request", lambda: ie.ctl("case", "show", "first").returncode == 0)
    run = ie.ctl("send", "result", "first", "--set", "results[0].measure=1", "--set", "results[0].outcome=executed")
    assert run.returncode != 0 and "not registered yet" in run.stderr, run
    assert "comityctl send acknowledgement 'first' --set by=CENTRAL_AUTHORITY" in run.stderr, run
    run = ie.ctl("send", "acknowledgement", "first", "--set", "by=CENTRAL_AUTHORITY", "--set", "reference=IE-1")
    assert run.returncode == 0, run


@test
def what_the_other_side_alone_may_say_is_told_before_its_faults():
    run = us.ctl("send", "acknowledgement", "first")
    assert run.returncode != 0 and "we are the requesting side of this case: a message of kind acknowledgement is for IE to say" \
        in run.stderr and "fault" not in run.stderr, run


finish(us, ie)
