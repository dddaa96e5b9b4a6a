"""A daemon of protocol version 1, built from this repository's own past, against this one: refused, and the operator
reads why. On a copy of the repository without its past the test is skipped."""
import json
import signal

from harness import *

VERSION_1 = "9e9d7da2cb33385ce484c85b2627d5ecbea15ca3"


def skipped(why):
    def a_daemon_of_protocol_version_1_is_refused():
        pass
    result(a_daemon_of_protocol_version_1_is_refused, skip=why)
    finish()


def build_old():
    """Its comityd, or None with the reason."""
    tree = f"{DIR}/version-1"
    os.mkdir(tree)
    archive = subprocess.run(["git", "-C", TOP, "archive", VERSION_1], capture_output=True)
    if archive.returncode:
        return None, "git does not have the last commit of protocol version 1 here"
    subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "SANITIZE", "BUILD"))}
    subprocess.run(["make", "-C", tree, "-j2", "build/bin/comityd"], env=env, check=True, capture_output=True)
    return f"{tree}/build/bin/comityd", None


old, reason = build_old()
if old is None:
    skipped(reason)


def last_fault(daemon):
    run = daemon.ctl("--json", "status")
    assert run.returncode == 0, run.stderr
    peer = json_format.Parse(run.stdout, local_pb2.Status(), ignore_unknown_fields=True).peers[0]
    assert peer.state != "connected", run.stdout
    return peer.last_fault


def daemons(old_dials):
    us, ie = pair(dial_both=False)      # US-OIA dials
    (us if old_dials else ie).program = old
    ie.start()
    us.start()
    return us, ie


def submit(d, to, reference):
    client = Client(d)
    reply = client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission(to, reference)))
    client.close()
    assert reply.HasField("submitted"), reply
    return reply.submitted.message_id


def told(d, type, message):
    inbox = d.ctl("--json", "inbox").stdout.splitlines()
    return sum(e.get("messageId") == message and e["type"] == type for e in map(json.loads, inbox))


def in_flight(d):
    return json.loads(d.ctl("--json", "status").stdout)["peers"][0].get("inFlight")


@test
def stores_of_the_old_one_are_taken_on_with_a_parcel_in_flight_and_a_message_that_waits():
    us, ie = pair()
    us.program = ie.program = old
    us.start()
    ie.start()
    messages = [submit(us, "IE", "before"), submit(ie, "US-OIA", "before")]
    until("both receipts", lambda: told(us, "RELAY_ACCEPTED", messages[0]) and told(ie, "RELAY_ACCEPTED", messages[1]))
    ie.process.send_signal(signal.SIGSTOP)
    messages.append(submit(us, "IE", "in flight"))
    until("a parcel in flight", lambda: in_flight(us) == 1)
    us.stop()
    ie.kill()
    us.program = ie.program = COMITYD
    us.start()
    messages.append(submit(us, "IE", "waits"))
    ie.start()
    until("all receipts", lambda: told(us, "RELAY_ACCEPTED", messages[2]) and told(us, "RELAY_ACCEPTED", messages[3]))
    messages.append(submit(ie, "US-OIA", "after"))
    until("the other way too", lambda: told(ie, "RELAY_ACCEPTED", messages[4]))
    for d, ours in ((us, (0, 2, 3)), (ie, (1, 4))):
        other = ie if d is us else us
        for i in ours:
            assert told(d, "RELAY_ACCEPTED", messages[i]) == told(other, "MESSAGE_RECEIVED", messages[i]) == 1, i
        assert "restored" not in d.log(), d.log()
        assert d.health().returncode == 0, d.health().stdout
    for d in (us, ie):
        assert d.stop() == 0


@test
def an_old_one_that_dials_is_refused_and_both_say_why():
    us, ie = daemons(old_dials=True)
    try:
        said = "no protocol version in common: this side speaks version 2, the other side 1 to 1"
        until("the old side's reason", lambda: said in last_fault(us))
        until("the new side's line", lambda: f"a connection in its name was refused before it was proven: {said}" in ie.log())
        assert last_fault(ie) == "", last_fault(ie)
    finally:
        us.stop()
        ie.stop()


@test
def an_old_one_that_is_dialled_is_refused_and_says_that_it_misses_what_version_1_signs():
    us, ie = daemons(old_dials=False)
    try:
        def why():
            fault = last_fault(us)
            return "version 1" in fault or "the other side 1 to 1" in fault
        until("the new side's reason", why)
        until("the old side's line", lambda: "US-OIA: a signed text is missing" in ie.log()
              or "the other side 1 to 1" in last_fault(ie))
    finally:
        us.stop()
        ie.stop()


finish()
