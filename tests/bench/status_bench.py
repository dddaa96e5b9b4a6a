"""Figures, not a test: the answer to status with a store of a million messages, 100,000 of them waiting.

tests/bench/status_bench.py COMITYD COMITYCTL"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import *  # noqa: E402

N = int(os.environ.get("BENCH_STORE", "1000000"))
us, ie = pair()
us.start()
us.stop()
path = f"{us.dir}/store/comity.db"
db = us.edit()
db.executescript(f"""
PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -400000;
BEGIN;
INSERT INTO case_key VALUES (1000, 'IE', 'bench', 1, NULL);
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < {N})
INSERT INTO message SELECT n, printf('m%09d', n), 'IE', 1000, 0, n, 0, 40, 2, {int(time.time() * 1000)} + n, zeroblob(32),
 900, CASE WHEN n % 10 = 0 THEN 0 ELSE 3 END, 0, '', 'desk', 1, 0, 0, zeroblob(64) FROM i;
COMMIT;
PRAGMA journal_mode = WAL;
""")
db.close()
us.start()  # which gives the pages their checksums
us.stop()
with open(path) as f:
    os.fsync(f.fileno())
    # Cold as after a boot, as far as one file can be.
    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
us.start()
client = Client(us)
times = []
for _ in range(1001):
    start = time.monotonic()
    frame = client.call(get_status=local_pb2.GetStatus())
    times.append((time.monotonic() - start) * 1000)
    assert frame.status.messages == N and frame.status.peers[0].waiting == N // 10
warm = sorted(times[1:])
print(f"status with {N} messages ({os.path.getsize(path) >> 20} MiB): first {times[0]:.2f} ms, then "
      f"p50 {warm[500]:.2f} ms, p99 {warm[990]:.2f} ms", flush=True)
finish(us)
