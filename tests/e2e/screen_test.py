"""What people at the screen are told, and what programs behind comityctl can rely on."""
from harness import *

us, ie = pair()
shim = Shim(us)


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
    ie.start()
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
    assert us.ctl("case", "list").stdout.count(" two ") == 1


@test
def what_cannot_be_done_now_is_said_once_and_done_by_the_same_command():
    file = file_of(submission(reference="three"))
    shim.set(full=1)
    run = us.ctl("submit", file)
    assert run.returncode == 6 and run.stderr.count("\n") == 1 and "not now: " in run.stderr, run
    shim.set()
    run = until("the disk", lambda: (r := us.ctl("submit", file)).returncode != 6 and r)
    assert run.returncode == 0, run


finish(us, ie)
