"""A thousand random cases, folded by tests/interop/fold.py, which was written from PROTOCOL.md alone, and by our law."""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import fold as F  # noqa: E402
from histories import T0, Random  # noqa: E402
import peer as P  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
LAW = F.Law(f"{TOP}/proto/PROTOCOL.md")
TOOL = os.path.join(os.path.dirname(os.path.dirname(COMITYD)), "tests", "law_tool")
CASES, STEPS = 1000, 40


class Tool:
    def __init__(self):
        self.process = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, op, held):
        out = [op, struct.pack(">I", len(held))]
        for m in held:
            out.append(struct.pack(">BI", m.void, len(m.bytes)) + m.bytes)
        self.process.stdin.write(b"".join(out))
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")


TOOL = Tool()


class Compared(Random):
    """A case of which our law judges each new message too."""

    def admits(self, said):
        page, ours = super().admits(said), TOOL.ask(b"A", self.held + [said])
        assert page == (ours == "yes"), f"{said.side} {said.number} {said.kind}: by the page {page}, by our law {ours}"
        return page


def spoken(held):
    """What fold.py makes of them, in the words of the tool."""
    case, effects = F.fold(LAW, held)
    flags = "".join(str(int(x)) for x in (case.registered, case.executing, case.returned, case.redirected, case.closed,
                                          case.supplemented))
    number = 0 if case.opened is None else P.case.Content.DESCRIPTOR.fields_by_name[case.opened].number
    line = [f"{case.word} opened {number} flags {flags} measures"]
    for m in case.subjects(True).values():
        line.append(f" {m.state}:{m.recognised:d}{m.postponed:d}{m.partial:d}{m.bound:d}:{m.proposal}:{m.ground}")
    line.append(" notices" + "".join(f" {n}:{sum(1 << (i - 1) for i in about):x}" for n, about in case.notices.items()))
    line.append(" consents" + "".join(f" {n}" for n in case.consents))
    line.append(" effects " + "".join("V" if m.void else {None: "W", True: "T", False: "O"}[effects.get((m.side, m.number))]
                                      for m in held))
    return "".join(line)


EXAMPLE = {"request": lambda c: c.measures.add(measure=1), "acknowledgement": lambda c: setattr(c, "by", 1),
           "result": lambda c: c.results.add(measure=1, outcome=1), "supplement": lambda c: c.SetInParent()}


def of_example(side, words):
    """A message of the page's examples, such as `withdrawal 2 seen 1`: what it is about is measure 1."""
    kind, number, _, seen = words.split()
    m = P.case.Message(format=1, author_side=1 if side == "requesting" else 2, number=int(number), seen=int(seen),
                       created_ms=T0)
    EXAMPLE.get(kind, lambda c: c.measures.append(1))(getattr(m.content, kind))
    said = F.Said(m)
    said.bytes = m.SerializeToString()
    return said


@test
def the_examples_of_crossing_messages_go_as_the_page_says():
    with open(f"{TOP}/proto/PROTOCOL.md", encoding="utf-8") as f:
        rows = f.read().split("<!-- example: crossings -->\n")[1].split("<!-- end -->")[0].splitlines()[2:]
    assert len(rows) == 4
    for row in rows:
        asking, asked, turns, state = (cell.strip() for cell in row[1:-1].split("|"))
        held = [of_example(side, words) for side, cell in (("requesting", asking), ("requested", asked))
                for words in cell.split(", ")]
        case, effects = F.fold(LAW, held)
        went = [f"{m.kind} {m.number}" if effects[m.side, m.number] else f"*{m.kind} {m.number}*"
                for m, _ in F.in_order(LAW, held)]
        assert ", ".join(went) == turns, f"{row}\nby fold.py: {', '.join(went)}"
        assert case.measures[0].state == state, f"{row}\nby fold.py: {case.measures[0].state}"
        assert (ours := TOOL.ask(b"F", held)) == spoken(held), f"{row}\nours: {ours}\npage: {spoken(held)}"


@test
def a_thousand_cases_are_folded_alike():
    seen, verdicts, effects, words = 0, {"yes": 0, "no": 0}, {}, {}
    for seed in range(CASES):
        c = Compared(LAW, seed)
        for _ in range(c.r.randint(3, STEPS)):
            c.step()
        cut = c.r.choice(c.held)
        for held in (list(c.held), [m for m in c.held if m.side != cut.side or m.number < cut.number]):
            c.r.shuffle(held)
            if not held:
                continue
            ours, page = TOOL.ask(b"F", held), spoken(held)
            assert ours == page, (f"case {seed}:\n" + "\n".join(
                f"  {m.side} {m.number} seen {m.seen} {'void ' if m.void else ''}{m.kind} {str(m.content).split()}"
                for m in sorted(held, key=lambda m: m.at)) + f"\nours: {ours}\npage: {page}")
            seen += 1
            words[page.split()[0]] = words.get(page.split()[0], 0) + 1
            for effect in page.split(" effects ")[1]:
                effects[effect] = effects.get(effect, 0) + 1
        for word in verdicts:
            verdicts[word] += c.verdicts[word]
    print(f"# {seen} folds: messages {effects}; new ones {verdicts}; words {words}")
    assert len(words) == len({word for word, _ in LAW.words}) + 1, words  # and VOID
    assert min(effects[e] for e in "TOVW") > 100 and min(verdicts.values()) > 1000, (effects, verdicts)


finish()
