"""A thousand random cases, folded by tests/interop/fold.py, which was written from PROTOCOL.md alone, and by our law."""
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import fold as F  # noqa: E402
import peer as P  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
LAW = F.Law(f"{TOP}/proto/PROTOCOL.md")
TOOL = os.path.join(os.path.dirname(os.path.dirname(COMITYD)), "tests", "law_tool")
CASES, STEPS = 1000, 40
T0 = 1_790_000_000_000
USUAL = {"acknowledgement": 8, "returned_deficient": 0.1, "redirection": 0.1, "decision": 4, "result": 5, "refusal": 3, "withdrawal": 3, "conditions_proposed": 6,
         "conditions_accepted": 4, "conditions_declined": 2, "problem_notice": 4, "supplement": 4, "postponement": 3,
         "resumption": 3, "extension": 2, "closure": 2}


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


class Author:
    def __init__(self, side):
        self.side, self.last, self.seen = side, 0, 0


class Random:
    """A case that two sides make at random, with what they say wrongly."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.authors = {side: Author(side) for side in ("requesting", "requested")}
        self.held, self.now = [], T0
        self.verdicts = {"yes": 0, "no": 0}

    def measures(self, into):
        if self.r.random() < 0.6:
            into.extend(self.r.sample(range(1, 5), self.r.choice((1, 1, 2))))

    def number_of(self, side):
        theirs = [m.number for m in self.held if m.side != side] or [1]
        return self.r.choice(theirs + [self.r.randint(1, 12)])

    def answered(self, side, kind):
        """The number of something of this kind, as most answers name."""
        of = [m.number for m in self.held if m.kind == kind]
        return self.r.choice(of) if of and self.r.random() < 0.9 else self.number_of(side)

    def fill(self, kind, c, side):
        r = self.r
        if kind == "request":
            for i in range(r.randint(1, 4)):
                c.measures.add(measure=i + 1)
        elif kind == "acknowledgement":
            c.by = r.choice((1, 1, 2))
            c.received_ms = r.choice((0, 0, self.now - r.randint(-5_000_000, 100_000_000)))
        elif kind == "result":
            for i in r.sample(range(1, 5), r.choice((1, 1, 2))):
                c.results.add(measure=i, outcome=r.randint(1, 3), partial=r.random() < 0.3)
        elif kind == "refusal":
            for i in r.sample(range(1, 5), r.choice((1, 1, 2))):
                c.refusals.add(measure=i, ground=r.randint(1, 5))
        elif kind == "conditions_proposed":
            self.measures(c.measures)
            c.conditions.append("x")
            if r.random() < 0.5:
                c.replaces = self.answered(side, kind)
                if r.random() < 0.3:
                    del c.conditions[:], c.measures[:]
        elif kind == "review_reliance":
            c.message, c.review, c.reliance = self.answered(side, "review_attestation"), 1, 1
        elif kind in F.REFERENCE:
            answers = {"supplement": "problem_notice", "use_consent_decision": "use_consent_request",
                       "conditions_accepted": "conditions_proposed", "conditions_declined": "conditions_proposed"}
            if kind != "supplement" or r.random() < 0.6:
                setattr(c, F.REFERENCE[kind], self.answered(side, answers.get(kind, "result")))
        elif "measures" in c.DESCRIPTOR.fields_by_name:
            self.measures(c.measures)
        if kind == "extension" and r.random() < 0.5:
            c.clock = "decision"
        if kind == "decision" and r.random() < 0.2:
            c.decided_ms = self.now - r.randint(-5_000_000, 100_000_000)

    def kind_for(self, side):
        if not self.held or self.r.random() < 0.01:
            return self.r.choice(("request",) * 8 + ("notification", "spontaneous_information"))
        kinds = [k for k, (author, _) in LAW.kinds.items() if author in (side, "either") or self.r.random() < 0.03]
        return self.r.choices(kinds, [USUAL.get(k, 0.5) for k in kinds])[0]

    def say(self, side):
        author, theirs = self.authors[side], [m.number for m in self.held if m.side != side]
        if theirs and self.r.random() < 0.6:
            author.seen = max(author.seen, self.r.choice(theirs))
        self.now += self.r.randint(0, 3_600_000)
        author.last += 1 + (self.r.random() < 0.05)
        m = P.case.Message(format=1, author_side=1 if side == "requesting" else 2, number=author.last,
                           seen=author.seen if self.r.random() < 0.9 else self.r.randint(0, author.seen),
                           created_ms=self.now)
        kind = self.kind_for(side)
        content = getattr(m.content, kind)
        content.SetInParent()
        self.fill(kind, content, side)
        said = F.Said(m)
        said.bytes = m.SerializeToString()
        return said

    def step(self):
        side = self.r.choice(("requesting", "requested")) if self.held else "requesting"
        for _ in range(self.r.choice((1, 4, 8))):  # most people say what they may
            said = self.say(side)
            ours = TOOL.ask(b"A", self.held + [said])
            page = F.admissible(LAW, self.held, said)
            assert page == (ours == "yes"), f"{side} {said.number} {said.kind}: by the page {page}, by our law {ours}"
            self.verdicts["yes" if page else "no"] += 1
            if page:
                break
        said.void = not page or self.r.random() < 0.01
        if page or self.r.random() < 0.2:
            self.held.append(said)
        # What its author gives up, since the other side has not had it.
        young = [m for m in self.held if m.number > max(
            (h.seen for h in self.held if h.side != m.side), default=0) and m.number > self.authors[
                "requested" if m.side == "requesting" else "requesting"].seen]
        if len(self.held) > 3 and young and self.r.random() < 0.03:
            self.r.choice(young).void = True


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
        c = Random(seed)
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
