"""The tables of proto/PROTOCOL.md that stand in the code are what the code says.

page_test.py PROGRAM [--write]     PROGRAM prints them (tests/proto/page.c); --write puts them into the page, between
the marks <!-- table: NAME --> and <!-- end -->."""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PAGE = f"{TOP}/proto/PROTOCOL.md"
NAMES = re.compile(r"^<!-- names: ([a-z ]+) -->(.*\n(?:\|.*\n)*)", re.M)
TABLE = re.compile(r"^<!-- table: ([a-z ]+) -->\n.*?^<!-- end -->\n", re.M | re.S)


def tables(text):
    return {m[1]: m[0] for m in TABLE.finditer(text)}


text = subprocess.run([sys.argv[1]], capture_output=True, check=True, text=True).stdout
printed = tables(text)
with open(PAGE) as f:
    page = f.read()
if "--write" in sys.argv[2:]:
    with open(PAGE, "w") as f:
        f.write(TABLE.sub(lambda m: printed.get(m[1], m[0]), page))
    sys.exit()
written = tables(page)
failed = 0
for name in sorted(printed.keys() | written.keys()):
    fault = ("the page has no marks <!-- table: ... --> for it" if name not in written
             else "the code does not print it: take its marks out of the page" if name not in printed
             else "the page says otherwise than the code: make page writes it anew" if printed[name] != written[name]
             else None)
    failed += fault is not None
    print(f"{'not ok' if fault else 'ok'} - table of {name}{f': {fault}' if fault else ''}")
    if fault and name in written and name in printed:
        was, is_now = written[name].splitlines(), printed[name].splitlines()
        print("\n".join([f"#   page: {line}" for line in was if line not in is_now] +
                        [f"#   code: {line}" for line in is_now if line not in was]))

# What the page tells of frames and codes in its own words it tells of each of them, and of no other.
told = {m[1]: {name for line in m[2].splitlines()[3:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
        for m in NAMES.finditer(page)}
for mark, names in ((m[1], set(m[2].split())) for m in NAMES.finditer(text)):
    wrong = names ^ told.get(mark, set())
    failed += wrong != set()
    print(f"{'not ok' if wrong else 'ok'} - the page explains {mark}"
          f"{': in only one of code and page ' + ', '.join(sorted(wrong)) if wrong else ''}")

# Each limit that a peer may feel has a row.
LOCAL = {"CY_CLIENT_MAX", "CY_KEY_MAX"}
with open(f"{TOP}/daemon/base/limits.h") as f:
    of_peers = f.read().split("/* Keys in locked memory.")[0]
with open(f"{TOP}/tests/proto/page_limits.c") as f:
    rows = f.read()
left_out = [name for name in re.findall(r"^#define (CY_\w+_MAX)\b", of_peers, re.M) if name not in LOCAL and
            not re.search(rf"\b{name}\b", rows)]
failed += left_out != []
print(f"{'not ok' if left_out else 'ok'} - each limit of base/limits.h that a peer may feel is in the table of limits"
      f"{': tests/proto/page_limits.c lacks ' + ', '.join(left_out) if left_out else ''}")

# Each cause of a table is one that is given somewhere; another one does not compile.
code = "".join(open(path).read() for path in sorted(glob.glob(f"{TOP}/daemon/node/*/*.c")))
for word, prefix in (("core/goodbyes", "NODE_BYE_"), ("peers/rejections", "NODE_REJECT_")):
    with open(f"{TOP}/daemon/node/{word}.h") as f:
        rows = re.findall(r"^\tX\((\w+),", f.read(), re.M)
    never = [name for name in rows if not re.search(rf"\b{prefix}{name}\b", code)]
    failed += never != [] or len(rows) < 10
    print(f"{'not ok' if never or len(rows) < 10 else 'ok'} - each cause of {word} is given"
          f"{': daemon/node never gives ' + ', '.join(never) if never else ''}")
sys.exit(failed > 0)
