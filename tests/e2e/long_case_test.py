"""A case that has grown to more than any page or frame holds: a peer can make it so, and all of it is shown."""
import re

from harness import *

NOTES = 600     # of each side
us, ie = pair()
us.start()
ie.start()
connected(us, "IE")


def submit(client, key, message):
    return client.send(submit=local_pb2.Submit(idempotency_key=key, submission=message))


def say_notes(d, case):
    """As many at a time as a client may have without an answer."""
    client = Client(d)
    waiting = 0
    for i in range(NOTES):
        note = case_pb2.Content(note=case_pb2.Note(text=f"Note {i}."))
        submit(client, f"note-{i}", local_pb2.Submission(case_ref=case, content=note))
        waiting += 1
        if waiting == 48:
            for _ in range(24):
                assert (f := client.receive()).HasField("submitted"), f
            waiting -= 24
    for _ in range(waiting):
        assert (f := client.receive()).HasField("submitted"), f
    client.close()


def show(d, ref, **page):
    client = Client(d)
    reply = client.call(show_case=local_pb2.ShowCase(ref=ref, **page))
    client.close()
    assert reply.HasField("case_view"), reply.error
    return reply.case_view


client = Client(us)
submit(client, "request", submission(reference="long"))
CASE = client.receive().submitted.case_id
until("the request", lambda: CASE in ie.ctl("--json", "case", "list").stdout)
# What IE has answered counts as read by it: so it speaks first.
say_notes(ie, CASE)
say_notes(us, CASE)
for d in us, ie:
    until(f"all that is said, at {d.id}", lambda d=d: show(d, CASE).summary.messages == 2 * NOTES + 1)
for d in us, ie:
    until(f"all receipts at {d.id}", lambda d=d: Client(d).call(get_status=local_pb2.GetStatus()).status.peers[0].waiting == 0)


@test
def case_show_shows_every_message_of_it_once_on_both_sides():
    digests = set()
    for d in us, ie:
        run = d.ctl("--json", "case", "show", CASE)
        assert run.returncode == 0, run.stderr
        view = json_format.Parse(run.stdout, local_pb2.CaseView())
        assert len({m.message_id for m in view.messages}) == len(view.messages) == 2 * NOTES + 1, len(view.messages)
        digests.add(view.state_digest)
        run = d.ctl("case", "show", CASE)
        assert run.returncode == 0 and len(re.findall(r"^\S+ +\d+ +\d+ +note ", run.stdout, re.M)) == 2 * NOTES, run
    assert len(digests) == 1


@test
def a_page_goes_on_where_the_one_before_ended():
    first = show(us, CASE)
    assert first.more_messages and 0 < len(first.messages) <= 1000, len(first.messages)
    second = show(us, CASE, after=len(first.messages))
    assert not second.more_messages and len(first.messages) + len(second.messages) == 2 * NOTES + 1
    assert second.state_digest == first.state_digest and second.summary == first.summary
    assert not {m.message_id for m in first.messages} & {m.message_id for m in second.messages}
    assert not second.clocks and not second.evidence and not second.measures
    assert len(show(us, CASE, after=2 * NOTES + 1).messages) == 0


@test
def one_acknowledgement_reads_more_events_than_a_page_holds():
    client = Client(ie)
    status = lambda: client.call(get_status=local_pb2.GetStatus()).status
    assert (status().unread_messages, status().unread_cases) == (NOTES, 1), status()
    assert client.call(subscribe=local_pb2.Subscribe(cursor="registry")).HasField("subscribed")
    events = Client(ie)
    last = n = 0
    while page := events.call(read_events=local_pb2.ReadEvents(after=last, limit=1000)).event_list.events:
        last, n = page[-1].position, n + len(page)
    assert n > 1500, n
    assert client.call(acknowledge_events=local_pb2.AcknowledgeEvents(cursor="registry", position=last)).HasField("done")
    assert (status().unread_messages, status().unread_cases) == (0, 0), status()
    client.close()


@test
def every_event_of_it_is_printed():
    for d in us, ie:
        run = d.ctl("inbox")
        assert run.returncode == 0 and len(run.stdout.splitlines()) > 1500, run.stderr


finish(us, ie)
