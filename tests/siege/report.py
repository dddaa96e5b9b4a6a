"""Runs the siege, and prints what the besieged daemon's users felt of it. Nothing here fails for being slow.

tests/siege/report.py COMITYD COMITYCTL"""
import glob
import json
import os
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
status, connect, watchdog, failed = [], [], [], False


def tell(what, ms):
    ms = sorted(ms)
    if ms:
        print(f"{what}{len(ms)} calls of comityctl status, p50 {ms[len(ms) // 2]:.0f} ms, "
              f"p99 {ms[len(ms) * 99 // 100]:.0f} ms, the slowest {ms[-1]:.0f} ms", flush=True)


with tempfile.TemporaryDirectory() as work:
    figures = f"{work}/figures"
    for path in sorted(glob.glob(f"{here}/*_test.py")):
        print(f"{os.path.basename(path)}", flush=True)
        failed |= subprocess.run([sys.executable, path, *sys.argv[1:3]], check=False,
                                 env={**os.environ, "SIEGE_FIGURES": figures}).returncode != 0
        for line in open(figures).readlines() if os.path.exists(figures) else []:
            one = json.loads(line)
            tell("", one["status"])
            status += one["status"]
            connect += one["connect"]
            watchdog += one["watchdog"]
        open(figures, "w").close()
tell("comityctl status, in all: ", status)
print(f"a true peer's connection, from its start to the session: {len(connect)} times, the slowest "
      f"{max(connect):.0f} ms; {sum(ms > 2000 for ms in connect)} over 2 s")
print(f"the watchdog, fed every 100 ms: in {len(watchdog)} attacks the longest wait was {max(watchdog):.0f} ms")
sys.exit(failed)
