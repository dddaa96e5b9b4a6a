"""The chain of custody between two real daemons: who reads is on record before the first byte, nothing buries it, and
each link is what its leaf in the audit log says, by sha256sum alone."""
import re
import signal

from evidence import *
from harness import *


def both():
    base = tempfile.mkdtemp(dir=DIR)
    pki(base, "US-OIA", "IE")
    us = Daemon(base, "US-OIA", ["IE"], 'evidence { keep_free = "1M" }')
    ie = Daemon(base, "IE", ["US-OIA"], 'evidence { keep_free = "1M" }')
    us.configure({"IE": ie.port})
    ie.configure({"US-OIA": us.port})
    return us, ie


us, ie = both()
us.start()
ie.start()
until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
SIZE = 24 * MIB
ask(us, ie, "c-1")
desk_ie = Client(ie)
for n in range(1, 9):
    stored = put_frames(desk_ie, f"item-{n}", bytes_of(SIZE if n == 1 else 2 * MIB, n))
    acquired = case_pb2.CustodyRecord(holder="Garda A. Byrne", action="acquired", tool="dd", at_ms=1790000000000)
    assert result_of(desk_ie, "c-1", [attachment(stored, custody=[acquired])], f"r-{n}").HasField("submitted")
items = sorted(in_state(us, "c-1", "here", 8), key=lambda e: e.number)
EMPTY = {"read": [], "read_end": []}


def links(d, item, *actions):
    return [e for e in custody(d, item).entries if e.action in actions]


def begin(client, item, offset=0, as_file=False):
    """The first frame of the answer, whatever follows it."""
    client.send(get_evidence=local_pb2.GetEvidence(item=item, offset=offset, as_file=as_file))
    return client.receive()


def script():
    """As PROTOCOL.md tells an expert to do it."""
    text = open(f"{TOP}/proto/PROTOCOL.md").read()
    return re.search(r"### Checked with sha256sum\n.*?```sh\n(.*?)```", text, re.DOTALL).group(1)


def checked(shown):
    """What the expert's script says of what `evidence custody --leaves` has printed."""
    run = subprocess.run(["sh", "-c", script()], input=shown, capture_output=True, text=True, timeout=DEADLINE)
    assert run.returncode == 0 and not run.stderr, run
    return run.stdout.splitlines()


def shown(d, item, *more):
    return d.ctl(*more, "evidence", "custody", f"{item.message_id}/{item.attachment}", "--leaves")


@test
def most_of_an_item_is_not_read_without_a_trace():
    c = Client(us)
    got = begin(c, items[0].item, 5 * MIB + 3).evidence_data
    assert got.offset == 5 * MIB + 3 and not got.last
    # It is there before all of it is read.
    read, = links(us, items[0].item, "read")
    assert (read.by, getattr(read, "from"), read.count) == ("desk", 5 * MIB + 3, 1), read
    assert read.at_ms == read.last_ms > 0 and len(read.leaf_hash) == 32, read
    for _ in range(8):
        got = c.receive().evidence_data
    c.close()
    until("how far it was read", lambda: links(us, items[0].item, "read_end"))
    end, = links(us, items[0].item, "read_end")
    assert got.offset + len(got.data) <= end.to < SIZE, end


@test
def who_got_less_the_second_time_is_not_said_to_have_got_all():
    c = Client(us)
    assert len(get(c, items[0].item)) == SIZE
    assert begin(c, items[0].item).HasField("evidence_data")
    c.close()
    until("the end of all three", lambda: sum(e.count for e in links(us, items[0].item, "read_end")) == 3)
    assert sum(e.count for e in links(us, items[0].item, "read_end") if e.to == SIZE) == 1
    assert sum(e.count for e in links(us, items[0].item, "read") if getattr(e, "from") == 0) == 2


@test
def who_reads_is_on_record_although_the_daemon_dies_at_the_first_byte():
    c = Client(us)
    assert begin(c, items[1].item).HasField("evidence_data")
    us.kill()
    c.close()
    us.start()
    read, = links(us, items[1].item, "read")
    assert (read.by, getattr(read, "from")) == ("desk", 0), read
    until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)


@test
def who_gets_a_descriptor_is_on_record_before_that():
    c = Client(us)
    assert begin(c, items[2].item, as_file=True).HasField("evidence_file")
    us.kill()
    c.close()
    us.start()
    read, = links(us, items[2].item, "read")
    assert (read.by, getattr(read, "from")) == ("desk", 0), read
    c = Client(us)
    assert begin(c, items[2].item, as_file=True).HasField("evidence_file")
    c.close()
    until("that it got all", lambda: [e.to for e in links(us, items[2].item, "read_end")] == [2 * MIB])
    read, = links(us, items[2].item, "read")
    assert read.count == 2 and read.last_ms > read.at_ms, read
    until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)


@test
def a_reading_of_nothing_is_none():
    before = custody(us, items[3].item)
    size = us.ctl("--json", "status").stdout
    c = Client(us)
    for _ in range(20):
        assert get(c, items[3].item, 2 * MIB) == b""
    c.close()
    assert custody(us, items[3].item) == before
    count = lambda text: re.search(r'"auditSize": ?"?(\d+)', text).group(1)
    assert count(us.ctl("--json", "status").stdout) == count(size)
    # Nor does it count as having got it.
    assert not links(us, items[3].item, "read", "read_end")


@test
def equal_readings_are_one_link_with_a_count_and_hide_nothing():
    c = Client(us)
    for i in range(300):
        assert len(get(c, items[4].item, 2 * MIB - 1 - i % 3)) == 1 + i % 3
    c.close()
    content = case_pb2.Content(evidence_verification=case_pb2.EvidenceVerification(
        result=items[4].number, state=case_pb2.VERIFIED, attachments=[1]))
    c = Client(us)
    assert submit(c, "v-1", case_ref="c-1", content=content).HasField("submitted")
    c.close()
    until("the end of the last", lambda: sum(e.count for e in links(us, items[4].item, "read_end")) == 300)
    # Where it began at another byte is another link.
    read = links(us, items[4].item, "read")
    assert [(getattr(e, "from"), e.count) for e in read] == [(2 * MIB - 1 - i, 100) for i in range(3)], read
    assert sum(e.count for e in read) == 300 and read[0].last_ms > read[0].at_ms, read
    assert custody(us, items[4].item).entries[-1].action == "verified", custody(us, items[4].item)


@test
def a_client_that_begins_ever_lower_makes_few_links():
    c = Client(us)
    for i in range(60):
        assert len(get(c, items[5].item, 2 * MIB - 1 - i)) == 1 + i
    c.close()
    until("the end of the last", lambda: sum(e.count for e in links(us, items[5].item, "read_end")) == 60)
    read = links(us, items[5].item, "read")
    assert [(getattr(e, "from"), e.count) for e in read] == [(2 * MIB - 1 - i, 1) for i in range(16)], read
    # One more is of all that may follow, and says no byte.
    others, = links(us, items[5].item, "read_others")
    assert (getattr(others, "from"), others.to, others.count) == (0, 0, 60 - 16), others
    run = shown(us, items[5].item)
    assert f"from other bytes than the links before; {60 - 16} times" in run.stdout, run
    assert f"leaf {others.leaf}: OK" in checked(run.stdout), run


@test
def the_chain_comes_in_pages():
    whole = list(custody(us, items[5].item).entries)
    c = Client(us)
    found, after = [], 0
    while True:
        page = c.call(show_custody=local_pb2.ShowCustody(item=items[5].item, after=after, limit=3)).custody
        own = [e for e in page.entries if e.no > 0]
        assert 0 < len(own) <= 3 and [e.action for e in page.entries if e.no == 0] == ["acquired"][:after == 0], page
        found += page.entries
        after = found[-1].no
        if not page.more:
            break
    c.close()
    assert found == whole and len(whole) == 20, found
    assert [e.no for e in whole] == sorted(e.no for e in whole)


@test
def each_link_is_what_its_leaf_says_by_sha256sum():
    item = items[6].item
    reason = "appeal of 3 % \\x41 \"öffentlich\"  "
    for order in ("hold", "release"):
        run = us.ctl("evidence", order, f"{item.message_id}/{item.attachment}", "--reason", reason)
        assert run.returncode == 0, run
    c = Client(us)
    assert get(c, item) == bytes_of(2 * MIB, 7)
    c.close()
    until("the end of the reading", lambda: links(us, item, "read_end"))
    for d, actions in ((us, ["acquired", "arrived", "held", "released", "read", "read_end"]),
                       (ie, ["acquired", "stored", "offered", "delivered"])):
        entries = custody(d, item).entries
        assert [e.action for e in entries] == actions, entries
        run = shown(d, item)
        assert run.returncode == 0 and f"{len(actions) - 1} links are what their leaves" in run.stdout, run
        texts = 2 if d is us else 0
        good = {f"leaf {e.leaf}: OK" for e in entries if e.no} | {f"text {e.leaf}: OK" for e in entries if e.text_salt}
        assert set(checked(run.stdout)) == good and len(good) == len(actions) - 1 + texts, (run.stdout, good)
        # Each line of the table has its paragraph.
        for e in entries[1:]:
            paragraph = run.stdout.split(f"\nleaf {e.leaf} {e.leaf_hash.hex()}\n")[1].split("\n\n")[0]
            assert f"action {e.action}\nby {e.by}\nat " in paragraph, paragraph
            assert (f"\nproof {e.message_id}" in paragraph) == (not e.recorded_here), paragraph
    # A lie is found: another reason, another time, another reader.
    for old, new in ((r"(?m)^at 2", "at 3"), (r"(?m)^by desk", "by des"), (r"\\0134x41", r"\\0134x42"),
                     (r"(?m)^action held", "action released")):
        said = checked(re.sub(old, new, shown(us, item).stdout))
        assert [line for line in said if line.endswith("DIFFERS")], (old, said)


@test
def what_was_changed_in_the_store_is_told():
    item = items[7].item
    name = f"{item.message_id}/{item.attachment}"
    assert us.ctl("evidence", "hold", name, "--reason", "appeal").returncode == 0
    held, = links(us, item, "held")
    us.stop()
    db = us.edit()
    db.execute("UPDATE custody SET at = at - 86400000 WHERE no = ?", (held.no,))
    db.commit()
    db.close()
    us.start()
    run = shown(us, item)
    assert run.returncode == 4 and f"the link {held.no} is not what leaf {held.leaf}" in run.stderr, run
    assert [line for line in checked(run.stdout) if "DIFFERS" in line] == [f"leaf {held.leaf}: DIFFERS"], run.stdout
    said(us, "damaged")
    health = until("the case in the health", lambda: (lambda t: t if "damaged" in t else None)(us.health().stdout))
    assert evidence(us, "c-1")[0].case_id in health, health


@test
def what_is_erased_leaves_its_leaf_to_be_checked():
    a, b = both()
    b.configure({"US-OIA": a.port})
    a.start()
    b.start()
    until("a connection", lambda: "connected" in a.ctl("peer", "list").stdout)
    ask(a, b, "er-1")
    c = Client(b)
    stored = put_frames(c, "er", bytes_of(MIB, "er"))
    assert result_of(c, "er-1", [attachment(stored)], "er-r").HasField("submitted")
    item = in_state(a, "er-1", "here")[0].item
    name = f"{item.message_id}/{item.attachment}"
    assert a.ctl("evidence", "hold", name, "--reason", "for the appeal of J. Roe").returncode == 0
    before, = links(a, item, "held")
    assert before.text and before.text_salt, before
    a.stop()
    b.stop()
    # As `case erase` does (tests/unit/erase_test.c).
    db = a.edit()
    db.execute("UPDATE custody SET generation = NULL, nonce = NULL, sealed = NULL")
    db.commit()
    db.close()
    a.start()
    after, = links(a, item, "held")
    assert (after.text, after.text_salt, after.text_digest) == ("", "", before.text_digest), after
    run = shown(a, item)
    assert run.returncode == 0 and "its text was erased" in run.stdout, run
    assert f"leaf {after.leaf}: OK" in checked(run.stdout)
    c.close()
    a.stop()


finish(us, ie)
