"""1,000 requests while each daemon is killed with -9 and restarted five times."""
import random

from harness import *

N = int(os.environ.get("KILL_REQUESTS", "1000"))
SEED = int(os.environ.get("KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
KILLS, HELD = 5, 2
rng = random.Random(SEED)
us, ie = pair()
us.start()
ie.start()
# After how many accepted submissions which side is killed, and how.
plan = sorted((rng.randrange(N // 20, N), side.id, "held" if k < HELD else "random")
              for side in (us, ie) for k in range(KILLS))
print(f"# seed {SEED}, kill points {plan}", flush=True)


def kill(side, how):
    if how == "held":
        # The daemon stops by itself between its next commit and what follows from it.
        open(side.pause, "w").close()
        try:
            until("the daemon to pause", lambda: os.path.exists(side.pause + ".paused"), 10)
            held[side.id] += 1
        except TimeoutError:
            pass
        side.kill()
        os.unlink(side.pause)
        if os.path.exists(side.pause + ".paused"):
            os.unlink(side.pause + ".paused")
    else:
        side.kill()
    side.start()


held = {"US-OIA": 0, "IE": 0}
sides = {"US-OIA": us, "IE": ie}
accepted = {}


def submit_all():
    """A case system that repeats with the same key until it is answered."""
    client = None
    template = submission()
    pending = [f"ref-{i}" for i in range(N)]
    waiting = list(plan)
    while pending:
        try:
            if client is None:
                client = Client(us)
            burst = pending[:16]
            numbers = {}
            for reference in burst:
                template.own_reference = reference
                numbers[client.send(submit=local_pb2.Submit(idempotency_key=reference, submission=template))] = reference
            # A held daemon accepts no more: its kill is due before the answers.
            while waiting and waiting[0][0] <= len(accepted):
                _, side, how = waiting.pop(0)
                kill(sides[side], how)
            for _ in burst:
                frame = client.receive()
                assert not frame.HasField("error"), frame.error
                reference = numbers[frame.correlation]
                if reference not in accepted:
                    accepted[reference] = frame.submitted
                    pending.remove(reference)
        except (ConnectionError, OSError):
            client = None
    for _, side, how in waiting:
        kill(sides[side], how)


def relayed():
    """Every accepted message has a receipt: by the events of a durable cursor."""
    client = Client(us)
    client.call(subscribe=local_pb2.Subscribe(cursor="relayed"))
    want = {s.message_id for s in accepted.values()}
    while True:
        want -= {e.message_id for e in client.events if e.type == local_pb2.RELAY_ACCEPTED}
        client.events.clear()
        if not want:
            return
        frame = client.receive()
        if frame.HasField("event"):
            client.events.append(frame.event)


def cases(side):
    client, found, after = Client(side), [], ""
    while True:
        page = client.call(list_cases=local_pb2.ListCases(limit=500, after_case_id=after)).case_list
        found += page.cases
        if not page.more:
            return found
        after = page.cases[-1].case_id


@test
def a_thousand_requests_survive_ten_kills():
    submit_all()
    assert len(accepted) == N
    relayed()


@test
def at_least_two_kills_a_side_fall_between_commit_and_receipt():
    print(f"# held kills: {held}")
    assert min(held.values()) >= 2, held


@test
def all_arrive_and_none_twice():
    here, there = cases(us), cases(ie)
    print(f"# {len(here)} cases at US-OIA, {len(there)} at IE")
    assert {c.own_reference for c in here} == set(accepted) and len(here) == N
    assert {c.peer_reference for c in there} == set(accepted) and len(there) == N


@test
def both_sides_cases_are_equal():
    a, b = Client(us), Client(ie)
    for s in accepted.values():
        x = a.call(show_case=local_pb2.ShowCase(ref=s.case_id)).case_view
        y = b.call(show_case=local_pb2.ShowCase(ref=s.case_id)).case_view
        assert x.state_digest == y.state_digest and len(x.state_digest) == 32, s.case_id
        assert [m.message_id for m in x.messages] == [m.message_id for m in y.messages]


@test
def every_receipt_verifies_with_openssl():
    client, receipts = Client(us), {}
    for s in accepted.values():
        v = client.call(show_message=local_pb2.ShowMessage(message_id=s.message_id)).message_view
        assert f"# accepted\n{s.sha256.hex()}  {s.message_id}\n" in v.receipt.decode(), s.message_id
        receipts[v.receipt] = v.receipt_signature
    for text, signature in receipts.items():
        for name, data in (("receipt", text), ("receipt.p7s", signature)):
            with open(f"{DIR}/{name}", "wb") as f:
                f.write(data)
        subprocess.run(["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{DIR}/receipt.p7s",
                        "-content", f"{DIR}/receipt", "-CAfile", f"{us.dir}/peers/IE/ca.pem", "-purpose", "smimesign",
                        "-out", "/dev/null"], check=True, capture_output=True)
    print(f"# {len(receipts)} receipts for {N} messages")


finish(us, ie)
