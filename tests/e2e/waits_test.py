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


@test
def nothing_waits_for_a_peer_that_is_connected():
    ie.start()
    connected(us, "IE")
    run = hand_in("leaves")
    assert run.returncode == 0 and "not connected" not in run.stdout, run


finish(us, ie)
