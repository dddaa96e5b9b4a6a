"""The table of a year is given out once: whatever changes afterwards, it is the same again, after a restart too."""
import json
import time

from harness import *

us, ie = pair()
shim, YEAR = Shim(us), str(time.gmtime().tm_year)
PUBLISH = ("stats", "--publish", "--year", YEAR)


def out(*args):
    run = us.ctl(*args)
    assert run.returncode == 0, run
    return run.stdout


def everything():
    """The three forms in which a table leaves."""
    return [out("--json", *PUBLISH), out(*PUBLISH, "--csv"), out(*PUBLISH)]


def withdrawn():
    """What an operator is told, who sees everything."""
    lines = out("stats", "--from", f"{YEAR}-01-01", "--to", f"{YEAR}-12-31", "--csv").splitlines()
    return int(next(line for line in lines if line.startswith("out,all,withdrawn,")).split(",")[3])


def restart(days=366):
    us.stop()
    shim.set(offset=days * 86400)
    us.start(shim.env())


us.start()
ie.start()
until("a connection", lambda: "connected" in us.ctl("peer", "list").stdout)
path = f"{DIR}/one.json"
with open(path, "w") as f:
    f.write(json_format.MessageToJson(submission("IE", "one")))
assert us.ctl("submit", path, "--key", "one").returncode == 0
until("the request", lambda: ie.ctl("case", "show", "one").returncode == 0)
restart()
first = everything()


@test
def a_figure_that_changes_afterwards_does_not_change_what_was_published():
    table = json.loads(first[0])
    assert table["smallest"] == 5, table
    day = time.strftime("%Y-%m-%d", time.gmtime(int(table["nowMs"]) / 1000))
    line, = [line for line in first[2].splitlines() if line.startswith("Published")]
    assert day in line and "one table" in line, line
    assert withdrawn() == 0
    assert us.ctl("send", "withdrawal", "one", "--set", "reason=It is settled.").returncode == 0
    assert withdrawn() == 3
    assert everything() == first


@test
def nor_does_a_restart_or_a_crash():
    restart(367)
    assert everything() == first
    us.kill()
    us.start(shim.env())
    assert everything() == first


@test
def another_threshold_is_refused():
    for smallest in ("2", "6"):
        run = us.ctl(*PUBLISH, "--smallest", smallest)
        assert run.returncode == 1 and "was published on" in run.stderr and "--smallest 5" in run.stderr, run
    client = Client(us)
    year = {"from_date": f"{YEAR}-01-01", "to_date": f"{YEAR}-12-31"}
    error = client.call(get_statistics=local_pb2.GetStatistics(smallest=10, **year)).error
    assert error.code == types_pb2.INVALID and error.faults[0].field == "smallest", error
    client.close()
    assert everything() == first


@test
def another_year_is_a_table_of_its_own():
    last = str(int(YEAR) - 1)
    table = out("--json", "stats", "--publish", "--year", last, "--smallest", "7")
    assert json.loads(table)["smallest"] == 7 and json.loads(table)["nowMs"] != json.loads(first[0])["nowMs"], table
    assert out("--json", "stats", "--publish", "--year", last, "--smallest", "7") == table
    assert everything() == first


@test
def what_is_not_published_is_counted_anew():
    plain = json.loads(out("--json", "stats", "--from", f"{YEAR}-01-01", "--to", f"{YEAR}-12-31"))
    assert "smallest" not in plain and plain["nowMs"] != json.loads(first[0])["nowMs"], plain


finish(us, ie)
