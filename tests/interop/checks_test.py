"""Contents of each kind, made at random, rightly and wrongly: tests/interop/checks.py, which was written from PROTOCOL.md
alone, finds the same faults as our checks."""
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import checks  # noqa: E402
import peer as P  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
CHECKS = checks.Checks(f"{TOP}/proto/PROTOCOL.md")
TOOL = os.path.join(os.path.dirname(os.path.dirname(COMITYD)), "tests", "law_tool")
OF_EACH_KIND = 300
WRONG = ["", "  ", "\n", "a\nb", "ie", "IRL", "é", "2026-02-29", "2026-2-3", "2020-01-01", "a/b", "a/b/c", "/", "..", "x" * 201,
         " x", "x\x7f", "text/plain; charset=utf-8"]


def usual_text(name):
    for end, text in (("_date", "2026-03-04"), ("state", "IE"), ("nationality", "IE"), ("language", "en"),
                      ("media_type", "text/plain"), ("medium", "")):
        if name.endswith(end):
            return text
    return "x"


class Maker:
    """Fills a content; `wrong` is how likely each field is to be wrong."""

    def __init__(self, seed, wrong):
        self.r, self.wrong = random.Random(seed), wrong

    def odd(self):
        return self.r.random() < self.wrong

    def scalar(self, f, index):
        if f.enum_type is not None:
            return self.r.choice((0, 999)) if self.odd() else self.r.choice(
                [v.number for v in f.enum_type.values if v.number])
        if f.type == f.TYPE_STRING:
            return self.r.choice(WRONG) if self.odd() else usual_text(f.name)
        if f.type == f.TYPE_BYTES:
            return bytes(self.r.choice((0, 1, 31, 33)) if self.odd() else 32)
        if f.type == f.TYPE_BOOL:
            return self.r.random() < 0.3
        if f.name == "chunk_bytes":
            return self.r.choice((0, 1)) if self.odd() else checks.CHUNK
        if f.type == f.TYPE_INT64:
            return self.r.choice((0, -1, 1 << 60)) if self.odd() else 1_790_000_000_000
        return self.r.choice((0, 64, 65, 1001, 1)) if self.odd() else index + 1

    def fill(self, m, index=0):
        for f in m.DESCRIPTOR.fields:
            if f.label == f.LABEL_REPEATED:
                for i in range(0 if self.odd() else self.r.choice((1, 1, 2, 3))):
                    if f.message_type is not None:
                        self.fill(getattr(m, f.name).add(), i)
                    else:
                        getattr(m, f.name).append(self.scalar(f, i))
            elif f.message_type is not None:
                if not self.odd():
                    getattr(m, f.name).SetInParent()
                    self.fill(getattr(m, f.name))
            elif not (f.containing_oneof is not None and self.odd()):
                setattr(m, f.name, self.scalar(f, index))
        # What excludes each other.
        if m.DESCRIPTOR.name == "LegalBasis" and not self.odd():
            m.instrument = "" if m.reciprocity else "x"
        if m.DESCRIPTOR.name == "ConditionsProposed" and not self.odd():
            m.replaces = 0
        return m


def ours(tool, content):
    data = content.SerializeToString()
    tool.stdin.write(b"V" + struct.pack(">I", len(data)) + data)
    tool.stdin.flush()
    return tool.stdout.readline().decode().rstrip("\n")


@test
def the_page_and_our_checks_find_the_same_faults():
    tool = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    good, wrong, fields = 0, 0, set()
    for kind in (f.name for f in P.case.Content.DESCRIPTOR.fields):
        for seed in range(OF_EACH_KIND):
            content = P.case.Content()
            part = getattr(content, kind)
            part.SetInParent()
            Maker(f"{kind} {seed}", (0, 0.03, 0.1, 0.4)[seed % 4]).fill(part)
            said = ours(tool, content)
            if said.endswith(" and more"):
                continue
            page = CHECKS.faults(content)
            assert page == set(said.split()), (f"{kind}, seed {seed}: only the page: {sorted(page - set(said.split()))}; "
                                               f"only our law: {sorted(set(said.split()) - page)}\n{content}")
            good, wrong = good + (not page), wrong + bool(page)
            fields |= {"".join(c for c in path if not c.isdigit()) for path in page}
    tool.stdin.close()
    tool.wait()
    print(f"# {good} contents without a fault, {wrong} with faults of {len(fields)} fields")
    assert good > 1000 and wrong > 1000 and len(fields) > 150, (good, wrong, len(fields))


finish()
