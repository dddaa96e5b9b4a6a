"""Figures, not a test: what Comity costs on this machine. One table at the end, and the same as JSON.

tests/bench/bench.py COMITYD COMITYCTL BENCH.JSON, as `make bench` calls it, with in the environment:
FULL=1    a million stored messages, a backlog of 100,000, 200 peers, evidence of 4 and 10 GiB, a million time limits, ten years
PEERS=1   RabbitMQ and NATS beside it in the same sitting, run by run (rivals.py; make deps FOR=bench installs them)
RUNS=3    so many runs of the main figures: their medians and spread are shown (1; with PEERS=1: 3)
PARTS=    some of: messages cases stored recovery peers evidence, and with FULL=1 clocks; all without it
TMPDIR    where the stores lie: on a disk, not in memory
Without FULL it takes less than ten minutes."""
import os
import subprocess
import sys
import time

if {"-h", "--help"} & set(sys.argv[1:]) or len(sys.argv) != 4:
    print(__doc__)
    sys.exit(0 if len(sys.argv) == 2 else 2)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sheet import Sheet, say  # noqa: E402
import messages  # noqa: E402
import rivals  # noqa: E402

FULL, PEERS = (os.environ.get(name, "") not in ("", "0") for name in ("FULL", "PEERS"))
RUNS = int(os.environ.get("RUNS") or (3 if PEERS else 1))
ALL = ["messages", "cases", "stored", "recovery", "peers", "evidence", *(["clocks"] if FULL else [])]
PARTS = os.environ.get("PARTS", "").split() or ALL
unknown = set(PARTS) - set(ALL)
if unknown:
    sys.exit(f"PARTS: there is no part {' '.join(sorted(unknown))}: the parts are {' '.join(ALL)}")


def other(script, **env):
    """A benchmark of its own, which prints its figures itself."""
    say(f"{script}")
    run = subprocess.run([sys.executable, f"{os.path.dirname(os.path.abspath(__file__))}/{script}", *sys.argv[1:3]],
                         env={**os.environ, **env})
    if run.returncode != 0:
        sheet.skip(script, "it failed: what it said stands above")


began = time.monotonic()
sheet = Sheet(os.path.abspath(sys.argv[3]), messages.DIR)
try:
    if "messages" in PARTS:
        beside = rivals.Rivals(sheet) if PEERS else None
        messages.fresh(sheet, RUNS, beside.run if beside else lambda: None)
        if beside:
            beside.ratios()
    if "cases" in PARTS:
        messages.by_cases(sheet, (10, 100, 700, 1500))
    if "stored" in PARTS:
        messages.by_stored(sheet, (10000, 100000, *([1000000] if FULL else [])))
    if "recovery" in PARTS:
        messages.recovery(sheet, 100000 if FULL else 20000)
    if "peers" in PARTS:
        messages.by_peers(sheet, (1, 20, *([200] if FULL else [])))
    if "evidence" in PARTS:
        other("evidence_bench.py", EVIDENCE_JSON=sheet.path + ".evidence",
              **({} if FULL else {"EVIDENCE_GIB": os.environ.get("EVIDENCE_GIB", "1"), "EVIDENCE_PARTS": "1"}))
        sheet.take(sheet.path + ".evidence", "evidence")
    if "clocks" in PARTS:
        other("clock_bench.py")
    sheet.about["minutes"] = (time.monotonic() - began) / 60
    sheet.save()
finally:
    sheet.print()
    messages.finish()
