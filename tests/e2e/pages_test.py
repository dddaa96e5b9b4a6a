"""Lists of more than a page or a frame holds: all of it is shown, or it is said that there is more."""
import json
import pwd
import time

from evidence import *
from harness import *

ROWS = 2_345    # more than two pages
DAY = 86400_000
USER = pwd.getpwuid(os.getuid()).pw_name


def both():
    base = tempfile.mkdtemp(dir=DIR)
    pki(base, "US-OIA", "IE")
    more = f'evidence {{ keep_free = "1M" }}\nclient admin {{ user = "{USER}"\nrole = administrator }}\n'
    registry = f'client registry {{ user = "{USER}"\nrole = submitter\ncases = own }}\n'
    us, ie = Daemon(base, "US-OIA", ["IE"], more + registry), Daemon(base, "IE", ["US-OIA"], more)
    us.configure({"IE": ie.port})
    ie.configure({"US-OIA": us.port})
    us.client = ie.client = "desk"
    return us, ie


us, ie = both()
us.start()
ie.start()
connected(us, "IE")
ask(us, ie, "c-1")


def ran(d, *args):
    run = d.ctl(*args)
    assert run.returncode == 0, (args, run.stderr)
    return run.stdout


def rows(text):
    """Of a table: without its head."""
    return text.splitlines()[1:]


def pages(text, field):
    return [row for line in text.splitlines() for row in json.loads(line).get(field, [])]


@test
def a_chain_of_custody_whose_manifest_fills_a_page_is_shown_whole():
    desk = Client(ie)
    stored = put_frames(desk, "item", bytes_of(MIB, 1))
    acquired = [case_pb2.CustodyRecord(holder=f"Garda {i}", action="acquired", at_ms=1790000000000 + i) for i in range(1000)]
    assert result_of(desk, "c-1", [attachment(stored, custody=acquired)], "r-1").HasField("submitted")
    desk.close()
    here, = in_state(us, "c-1", "here")
    name = f"{here.item.message_id}/{here.item.attachment}"
    ran(us, "evidence", "hold", name, "--reason", "appeal")
    chain = ran(us, "evidence", "custody", name)
    assert [chain.count(f"  {action}  ") for action in ("acquired", "arrived", "held")] == [1000, 1, 1], chain[-2000:]
    chain = json.loads(ran(us, "--json", "evidence", "custody", name))["entries"]
    assert [e["by"] for e in chain[:1000]] == [f"Garda {i}" for i in range(1000)]
    assert [e["no"] for e in chain[1000:]] == [str(i + 1) for i in range(len(chain) - 1000)] and len(chain) > 1001


@test
def reviews_that_are_not_shown_are_told():
    s = submission("IE", "c-2")
    s.content.request.reviews.extend(case_pb2.ReviewAttestation(by=f"Officer {i}", standard="none", result="fit",
                                                                at_ms=1790000000000) for i in range(201))
    client = Client(us)
    assert client.call(submit=local_pb2.Submit(idempotency_key="c-2", submission=s)).HasField("submitted")
    client.close()
    shown = ran(us, "case", "show", "c-2")
    assert shown.count("US-OIA #1.") == 200 and "There are more reviews" in shown, shown
    assert json.loads(ran(us, "--json", "case", "show", "c-2"))["moreReviews"]
    assert "moreReviews" not in json.loads(ran(us, "--json", "case", "show", "c-1"))


def fill():
    """Of each list more than a page, as if years had passed."""
    us.stop()
    now = int(time.time() * 1000)
    db = us.edit()
    for i in range(ROWS):
        db.execute("INSERT INTO cursor (client, name, position) VALUES (?, ?, 1)", (f"registry-{i // 64}", f"c-{i % 64}"))
        for name, due in (("late", now - DAY * 30), ("soon", now + DAY)):
            db.execute("INSERT INTO clock (case_no, name, measure, notice, ours, state, start, due, ended, lapsed, round,"
                       " rungs, next, stated_start, start_by, stated_due, due_by, difference, how)"
                       " VALUES (1, ?, 1, ?, 0, 1, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '')",
                       (name, i + 1, now - DAY * 40, due + (i // 7)))
    # Spoilt ones of the desk, and behind them one of the registry.
    columns = [c[1] for c in db.execute("PRAGMA table_info(evidence)")]
    of_row = {"attachment": "?", "flaw": "1", "case_no": "?", "message_id": "?"}
    spoilt = (f"INSERT INTO evidence ({', '.join(columns)}) SELECT {', '.join(of_row.get(c, c) for c in columns)}"
              " FROM evidence WHERE attachment = 1")
    (message, ), = db.execute("SELECT message_id FROM evidence")
    first, second = (db.execute("SELECT no FROM cases WHERE own_reference = ?", (r,)).fetchone()[0] for r in ("c-1", "c-2"))
    in_order = [c for c in columns if c in of_row and c != "flaw"]
    for i in range(ROWS + 1):
        row = {"attachment": i + 2, "message_id": message, "case_no": second if i == ROWS else first}
        db.execute(spoilt, [row[c] for c in in_order])
    db.execute("UPDATE cases SET client = 'registry' WHERE no = ?", (second,))
    db.commit()
    db.close()
    us.start()


fill()


@test
def every_cursor_is_listed_once():
    names = [(f"registry-{i // 64}", f"c-{i % 64}") for i in range(ROWS)]
    found = [tuple(row.split()[:2]) for row in rows(ran(us, "--client", "admin", "cursor", "list"))]
    assert found == sorted(names), len(found)
    found = pages(ran(us, "--client", "admin", "--json", "cursor", "list"), "cursors")
    assert [(c["client"], c["name"]) for c in found] == sorted(names), len(found)


@test
def every_time_limit_is_listed_once():
    for command, n in ((["late"], ROWS), (["due", "--week"], ROWS), (["clock", "list", "c-1"], 2 * ROWS)):
        found = [row.split()[0] for row in rows(ran(us, *command))]
        assert len(found) == len(set(found)) == n, (command, len(found))
        found = pages(ran(us, "--json", *command), "clocks")
        assert len(found) == len({c["id"] for c in found}) == n, (command, len(found))
    client = Client(us)
    gone = client.call(list_clocks=local_pb2.ListClocks(case_ref="c-1", after_id=1 << 40))
    client.close()
    assert gone.error.code == types_pb2.NOT_FOUND and "list them anew" in gone.error.text, gone


@test
def who_is_waited_for_no_longer_is_a_peer():
    run = us.ctl("--client", "admin", "resume", "--reason", "gone for good", "EI")
    assert run.returncode == 5 and "'EI' is not a peer: did you mean 'IE'?" in run.stderr, run
    assert us.ctl("--client", "admin", "resume", "--reason", "gone for good", "IE").returncode == 0


@test
def all_that_is_spoilt_is_shown_to_whom_it_is_of():
    places = [str(i + 2) for i in range(ROWS + 1)]
    for client, expected in (("desk", places), ("registry", places[-1:]), ("admin", places)):
        out = ran(us, "--client", client, "evidence", "check")
        found = [row.split()[0].split("/")[1] for row in out.splitlines() if "spoilt here" in row]
        assert found == expected, (client, len(found), found[:3])
        found = json.loads(ran(us, "--client", client, "--json", "evidence", "check"))
        assert [str(e["item"]["attachment"]) for e in found["flawed"]] == expected, (client, len(found["flawed"]))
        assert not found.keys() & {"more", "next"}, found.keys()


finish(us, ie)
