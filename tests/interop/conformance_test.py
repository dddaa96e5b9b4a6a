#!/usr/bin/python3
"""All cases of `conformance`, and that proto/CONFORMANCE.md lists them, and names every section of the page.

usage: conformance_test.py COMITYD COMITYCTL
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BEGIN, END = "<!-- cases -->\n", "<!-- end -->\n"
failed = 0


def ok(good, name, more=""):
    global failed
    failed += not good
    print(f"{'ok' if good else 'not ok'} - {name}", flush=True)
    if not good:
        print("\n".join("# " + line for line in more.splitlines()))


def main():
    table = subprocess.run([f"{HERE}/conformance", "--list"], capture_output=True, text=True, check=True).stdout
    path = f"{TOP}/proto/CONFORMANCE.md"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if "--write" in sys.argv:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text[:begin] + table + text[end:])
        return 0
    ok(table == text[begin:end], "CONFORMANCE.md lists the cases as the driver does",
       "tests/interop/conformance_test.py --write puts the driver's list into the page")
    page = open(f"{TOP}/proto/PROTOCOL.md", encoding="utf-8").read()
    sections = re.findall(r"^## (.*)$", page, re.M)
    named = set(re.findall(r"^### \[(.*?)\]", table, re.M))
    headings = set(re.findall(r"^###? (.*)$", page, re.M)) | set(sections)
    ok(named <= headings, "each case names a section of the page", str(named - headings))
    lacking = []
    for i, section in enumerate(sections):
        part = page[page.index(f"\n## {section}\n"):]
        part = part[:part.index("\n## ", 4)] if "\n## " in part[4:] else part
        inside = {section} | set(re.findall(r"^### (.*)$", part, re.M))
        if not inside & named:
            lacking.append(section)
    ok(not lacking, "every section of the page has cases", ", ".join(lacking))
    run = subprocess.run([f"{HERE}/conformance", *sys.argv[1:3]], check=False)
    return 1 if failed or run.returncode else 0


sys.exit(main())
