"""Figures, not a test: a million open time limits in 200,000 cases, under the shipped profile of the EIO.

tests/bench/clock_bench.py COMITYD COMITYCTL"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import *  # noqa: E402

N = int(os.environ.get("BENCH_CLOCKS", "1000000"))
CASES = N // 5
us, ie = pair()
text = open(us.config).read().replace('name = "US-OIA" }', '''name = "US-OIA"
state = "DE"
time_zone = "Europe/Berlin"
calendar = "DE" }''').replace("peer IE {", '''peer IE {
state = "FR"
time_zone = "Europe/Paris"
calendar = "FR"''')
with open(us.config, "w") as f:
    f.write(text + f'law {{ treaties = "{TOP}/config/treaties"\ncalendars = "{TOP}/config/calendars" }}\n')
us.start()
us.stop()
path = f"{us.dir}/store/comity.db"
now = int(time.time() * 1000)
# The terms of a request as law/terms.c stores them: version 1, the instrument and its version, one measure.
instrument, version = b"eio-2014-41", b"1"
terms = b"\1" + bytes([len(instrument)]) + instrument + bytes([len(version)]) + version \
    + (now - 86400000).to_bytes(8, "big") + b"\0" + (1 << 31).to_bytes(4, "big") + b"\1\x0d" + (1 << 31).to_bytes(4, "big")
how = "\n".join(["It starts 2026-11-23 10:00 in Europe/Paris: Carry out the measure (Article 12(4)).",
                 "The day of the event, Monday 2026-11-23, is not counted (Article 3(1)).",
                 "Day 1 is Tuesday 2026-11-24; the last day of 90 days is Sunday 2027-02-21.",
                 "Sunday 2027-02-21 is no working day: the period ends with Monday 2027-02-22 (Article 3(4))."])
db = us.edit()
db.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -400000; BEGIN;")
db.execute(f"""WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < {CASES})
INSERT INTO case_key SELECT 1000 + n, 'IE', printf('01a20000-0000-7000-8000-%012d', n), 1, NULL FROM i""")
db.execute(f"""WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < {CASES})
INSERT INTO cases (no, peer, case_id, side, own_reference, peer_reference, client, instrument, opened, changed, state,
 closed, own_number, peer_number, messages, terms)
SELECT 1000 + n, 'IE', printf('01a20000-0000-7000-8000-%012d', n), 1, printf('%d Js 1', n), '', 'desk', 'eio-2014-41', ?, ?,
 'EXECUTING', 0, 1, 3, 4, ? FROM i""", (now, now, terms))
# Due over the next ninety days, a rung of the ladder each before that.
db.execute(f"""WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < {N})
INSERT INTO clock (case_no, name, measure, notice, ours, state, start, due, ended, lapsed, round, rungs, next, stated_start,
 start_by, stated_due, due_by, difference, how)
SELECT 1000 + (n - 1) / 5 + 1, CASE n % 5 WHEN 0 THEN 'execute' ELSE 'decide' END, n % 5 + 1, 0, 0, 1, ?1,
 ?1 + 86400000 * (n % 90) + n * 77 % 86400000 + 3600000, 0, 0, 0, 0, ?1 + 86400000 * (n % 90) + n * 77 % 86400000 + 3600001,
 ?1, 1, ?1, 1, '', ?2 FROM i""", (now, how))
db.commit()
db.execute("PRAGMA journal_mode = WAL")
db.close()
us.start()  # which gives the pages their checksums
us.stop()
with open(path) as f:
    os.fsync(f.fileno())
    # Cold as after a boot, as far as one file can be.
    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
start = time.monotonic()
us.start()
ready = time.monotonic() - start


def rss():
    with open(f"/proc/{us.process.pid}/status") as f:
        return next(int(line.split()[1]) >> 10 for line in f if line.startswith("VmRSS"))


times = []
for _ in range(51):
    start = time.monotonic()
    run = us.ctl("--json", "due", "--today")
    times.append((time.monotonic() - start) * 1000)
    assert run.returncode == 0, run
due = sum(line.count('"id"') for line in run.stdout.splitlines())
warm = sorted(times[1:])
print(f"{N} open time limits ({os.path.getsize(path) >> 20} MiB): ready after {ready:.2f} s, RSS {rss()} MiB; "
      f"due --today ({due} of them): first {times[0]:.0f} ms, then p50 {warm[25]:.0f} ms, p99 {warm[-1]:.0f} ms", flush=True)
finish(us)
