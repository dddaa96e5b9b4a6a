"""What is over goes: more than a year passes for a real daemon, which nobody answers."""
import json
import pwd

from harness import *

DAY = 86400
USER = pwd.getpwuid(os.getuid()).pw_name
us, ie = pair()
with open(us.config, "a") as f:
    f.write(f'client admin {{ user = "{USER}"\nrole = administrator }}\n')
shim = Shim(us)
us.client = "desk"
ADMIN = ("--client", "admin")


def submit(key):
    client = Client(us)
    reply = client.call(submit=local_pb2.Submit(idempotency_key=key, submission=submission(reference=key)))
    client.close()
    return reply


def positions(*args):
    run = us.ctl("--json", "inbox", *args)
    assert run.returncode == 0, run.stderr
    return [int(json_format.Parse(line, local_pb2.Event()).position) for line in run.stdout.splitlines()]


def cursors():
    run = us.ctl(*ADMIN, "cursor", "list")
    assert run.returncode == 0, run.stderr
    return [line.split()[:3] for line in run.stdout.splitlines()[1:]]


@test
def an_operator_sees_how_far_clients_are():
    us.start(shim.env())
    submit("r-1")
    assert positions("--cursor", "registry") == [1]
    assert us.ctl("inbox", "--cursor", "registry", "--ack", "1").returncode == 0
    assert submit("r-2").HasField("submitted")
    assert cursors() == [["desk", "registry", "1"]], cursors()
    assert us.ctl("cursor", "list").returncode == 1        # nothing for a submitter
    assert us.ctl("cursor", "remove", "desk", "registry").returncode == 1


@test
def a_cursor_that_nobody_moves_is_a_warning_until_it_is_removed():
    us.stop()
    shim.set(offset=400 * DAY)
    us.start(shim.env())
    subprocess.run([*us.ctl_command(), *ADMIN, "clock", "confirm"], env={**os.environ, **shim.env()},
                   stdout=subprocess.DEVNULL)
    run = us.ctl(*ADMIN, "resume", "--all", "--reason", "the peer is not there")
    assert run.returncode == 0 and run.stdout == "No peer is waited for any more.\n", run
    until("the warning", lambda: "cursor registry of client desk stands at event 1" in us.health().stdout)
    said(us, "comityctl cursor remove")
    assert positions("--after", "1")[0] == 2
    run = us.ctl(*ADMIN, "--json", "cursor", "remove", "desk", "registry")
    assert run.returncode == 0 and json.loads(run.stdout) == {}, run
    assert us.ctl(*ADMIN, "cursor", "remove", "desk", "registry").returncode == 5
    until("the end of the warning", lambda: "cursor registry" not in us.health().stdout)


@test
def who_reads_before_what_is_kept_is_told_so():
    run = until("the events to go", lambda: (r := us.ctl("inbox", "--after", "1")).returncode == 5 and r)
    assert "events up to 2 are not kept any more" in run.stderr, run.stderr
    run = us.ctl("inbox")
    assert run.returncode == 0 and "events up to 2 are not kept any more" in run.stderr, run
    assert positions("--cursor", "registry") == positions()


@test
def a_key_from_before_is_refused():
    reply = submit("r-1")
    assert reply.error.code == types_pb2.CONFLICT and "so long ago" in reply.error.text, reply


finish(us, ie)
