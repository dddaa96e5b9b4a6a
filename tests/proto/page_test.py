"""The tables of proto/PROTOCOL.md that stand in the code are what the code says.

page_test.py PROGRAM [--write]     PROGRAM prints them (tests/proto/page.c); --write puts them into the page, between
the marks <!-- table: NAME --> and <!-- end -->."""
import glob
import os
import re
import subprocess
import sys

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "proto", "PROTOCOL.md")
TABLE = re.compile(r"^<!-- table: ([a-z ]+) -->\n.*?^<!-- end -->\n", re.M | re.S)


def tables(text):
    return {m[1]: m[0] for m in TABLE.finditer(text)}


printed = tables(subprocess.run([sys.argv[1]], capture_output=True, check=True, text=True).stdout)
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

# Each limit that a peer may feel has a row.
TOP = os.path.join(os.path.dirname(__file__), "..", "..")
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

# Each cause of a table is one that somebody gives, and nobody gives another one.
code = "".join(open(path).read() for path in sorted(glob.glob(f"{TOP}/daemon/node/*.c")))
for word, prefix in (("goodbyes", "NODE_BYE_"), ("rejections", "NODE_REJECT_")):
    with open(f"{TOP}/daemon/node/{word}.h") as f:
        rows = re.findall(r"^\tX\((\w+),", f.read(), re.M)
    never = [name for name in rows if not re.search(rf"\b{prefix}{name}\b", code)]
    failed += never != [] or len(rows) < 10
    print(f"{'not ok' if never or len(rows) < 10 else 'ok'} - each cause of {word} is given"
          f"{': daemon/node never gives ' + ', '.join(never) if never else ''}")
sys.exit(failed > 0)
