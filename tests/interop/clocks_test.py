"""The clocks of random cases under the shipped profiles, and under these loosened, by tests/interop/clocks.py, which was
written from PROTOCOL.md alone, and by our law."""
import datetime
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import clocks as C  # noqa: E402
import fold as F  # noqa: E402
from histories import T0, USUAL, Random  # noqa: E402
import peer as P  # noqa: E402
import periods as T  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
LAW = F.Law(f"{TOP}/proto/PROTOCOL.md")
TOOL = os.path.join(os.path.dirname(os.path.dirname(COMITYD)), "tests", "clocks_tool")
CASES, STEPS = 40, 45  # of each profile
ZONES = ("UTC", "Europe/Dublin", "America/New_York", "Europe/Berlin")
CALENDARS = ("IE", "US", "-")
PLACES = {(z, c): T.Place(z, "" if c == "-" else T.calendar_text(f"{TOP}/config/calendars/{c}.ics"))
          for z in ZONES for c in CALENDARS}
NUMBER = {"requesting": 1, "requested": 2}
TYPES = {v.name: v.number for v in P.types.MeasureType.DESCRIPTOR.values}


class Tool:
    def __init__(self, profile):
        self.process = subprocess.Popen([TOOL, f"{TOP}/config/calendars", profile, *ZONES], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.form = "".join(self.answer())

    def answer(self):
        lines = []
        while (line := self.process.stdout.readline()) not in ("\n", ""):
            lines.append(line)
        return lines

    def ask(self, lines):
        self.process.stdin.write("".join(f"{line}\n" for line in lines) + "count\n")
        self.process.stdin.flush()
        return sorted(line.rstrip("\n") for line in self.answer())


def loosened(path):
    """The same profile, with clocks that all that may suspends, and that may be extended."""
    def change(m):
        clock = m[0]
        word = '"postponement"'
        if '"objection"' not in clock:
            word += ', "conditions"'
            if not re.search(r'start = (clarification|answer_date)|met_by = {"supplement"}', clock):
                word += ', "clarification"'
        if "suspended_by" not in clock:
            clock = clock.replace("\tmet_by", f"\tsuspended_by = {{{word}}}\n\tmet_by", 1)
        if "extension {" not in clock:
            clock = clock.replace("\tmet_by", '\textension {\n\tamount = 20\n\tunit = calendar_day\n\tarticle = "1"\n'
                                  "\tverified = false\n\t}\n\tmet_by", 1)
        return clock
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"^clock .*?^}", change, f.read(), flags=re.M | re.S)
    path = f"{DIR}/loosened-{os.path.basename(path)}"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Timed(Random):
    """A case with what its clocks depend on."""
    pause = 4 * 86_400_000
    usual = {**USUAL, "returned_deficient": 0.02, "redirection": 0.02, "closure": 0.2, "withdrawal": 0.7, "refusal": 0.7,
             "result": 2, "postponement": 6, "resumption": 6, "extension": 8, "evidence_statement": 0.1, "reminder": 0.1}

    def __init__(self, seed, form):
        super().__init__(LAW, seed)
        form = dict(line.split(" = ", 1) for line in form.splitlines())
        self.types = [TYPES[path[17:]] for path in form if path.startswith("admitted.measure.")]
        self.clocks = sorted({path.split(".")[1] for path in form if path.startswith("clock.")}) or [""]
        # Half of the cases speak of what the profile has clocks for.
        named = {TYPES[path.split(".")[3]] for path in form if path.startswith("clock.") and ".measure." in path}
        if named and self.r.random() < 0.5:
            self.types = sorted(named)

    def date(self):
        day = datetime.date.fromtimestamp(self.now / 1000) + datetime.timedelta(days=self.r.randint(-3, 90))
        return str(day)

    def fill(self, kind, c, side):
        r = self.r
        super().fill(kind, c, side)
        if kind == "request":
            for m in c.measures:
                m.type = r.choice(self.types)
                m.wanted_by_date = r.choice(("", self.date()))
            if r.random() < 0.5:
                c.urgency.until_date = r.choice(("", self.date()))
        elif kind == "notification":
            c.type = r.choice(self.types)
        elif kind == "problem_notice":
            c.answer_by_date = r.choice(("", self.date()))
        elif kind == "extension":
            c.clock = r.choice(("", r.choice(self.clocks)))
            c.estimate_date = r.choice(("", self.date(), self.date()))
        elif kind == "result" and r.random() < 0.5:
            c.effected_ms = self.now - r.randint(-3_000_000, 20 * 86_400_000)
        elif kind == "decision" and r.random() < 0.5:
            c.decided_ms = self.now - r.randint(-3_000_000, 20 * 86_400_000)
        elif kind == "acknowledgement" and r.random() < 0.3:
            c.received_ms = self.now - r.randint(-3_000_000, 20 * 86_400_000)

    def say(self, side):
        said, r = super().say(side), self.r
        m = P.case.Message.FromString(said.bytes)
        if r.random() < 0.1:  # its author's clock is slow, or it came late
            m.created_ms -= r.randint(0, 30 * 86_400_000)
        elif said.stated and self.held and r.random() < 0.3:  # slow by so much that the case was not yet
            m.created_ms = self.held[0].at - r.randint(0, 20 * C.HOUR)
            setattr(getattr(m.content, said.kind), F.STATED[said.kind], m.created_ms - r.randint(0, C.HOUR))
        said = F.Said(m)
        said.bytes = m.SerializeToString()
        return said

    def starts(self):
        """Starts that were stated, some of them late or early, and receipts."""
        r, stated, receipts = self.r, {}, {}
        for m in self.held:
            if m.kind not in ("request", "notification", "spontaneous_information", "problem_notice"):
                continue
            if r.random() < 0.6:
                receipts[m.side, m.number] = m.at + r.randint(-C.HOUR, 5 * C.HOUR)
            for name in self.clocks:
                for measure in range(5):
                    if r.random() < 0.6:
                        notice = m.number if m.kind == "problem_notice" else 0
                        stated[name, measure, notice] = m.at + r.randint(-C.HOUR, 8 * C.HOUR)
        return stated, receipts

    def follow_ups(self):
        found = []
        while self.r.random() < 0.4:
            m = P.case.Message(created_ms=self.r.randint(T0, self.now + 86_400_000), number=1, author_side=1)
            for i in range(self.r.randint(1, 2)):
                m.content.request.measures.add(measure=i + 1, type=self.r.choice(list(TYPES.values())[1:]))
            said = F.Said(m)
            said.bytes = m.SerializeToString()
            found.append(said)
        return found


def told(case, places, stated, receipts, follow_ups):
    """To the tool."""
    lines = [f"place {NUMBER[side]} {zone} {calendar}" for side, (zone, calendar) in places.items()]
    lines += [f"message {int(m.void)} {m.bytes.hex()}" for m in case.held]
    lines += [f"stated {name} {measure} {notice} {at}" for (name, measure, notice), at in stated.items() if name]
    lines += [f"receipt {NUMBER[side]} {number} {made}" for (side, number), made in receipts.items()]
    return lines + [f"follow {m.bytes.hex()}" for m in follow_ups]


def spoken(clock):
    instants = " ".join(str(t or 0) for t in (clock.start, clock.due, clock.ended, clock.excused))
    return f"{clock.name} {clock.measure} {clock.notice} {clock.state} {instants} {clock.excused_by}"


@test
def clocks_of_random_cases_run_alike():
    cases, states, seen, excused, unknown, early = 0, {}, 0, 0, 0, 0
    shipped = sorted(glob.glob(f"{TOP}/config/treaties/*.conf"))
    for path in shipped + [loosened(p) for p in shipped]:
        tool = Tool(path)
        for seed in range(CASES):
            c = Timed(f"{os.path.basename(path)} {seed}", tool.form)
            for _ in range(c.r.randint(3, STEPS)):
                c.step()
            places = {side: (c.r.choice(ZONES), c.r.choice(CALENDARS)) for side in NUMBER}
            (stated, receipts), follow_ups = c.starts(), c.follow_ups()
            c.r.shuffle(c.held)
            facts = C.Facts(LAW, tool.form, c.held, {side: PLACES[p] for side, p in places.items()}, stated, receipts,
                            follow_ups)
            page = C.clocks(facts, TYPES)
            ours, theirs = tool.ask(told(c, places, stated, receipts, follow_ups)), sorted(map(spoken, page))
            assert ours == theirs, (f"{path}, case {seed}, {places}:\n" + "\n".join(
                f"  {x.m.side} {x.m.number} at {x.m.at} {x.m.kind} {str(x.m.content).split()}" for x in facts.told) +
                "".join(f"\nours: {a}" for a in ours if a not in theirs) +
                "".join(f"\npage: {b}" for b in theirs if b not in ours))
            cases += 1
            early += sum(x.m.kind == "acknowledgement" and x.m.content.by == 1 and 0 < x.m.stated <= x.m.at < facts.opened
                         for x in facts.told)
            for clock in page:
                states[clock.state] = states.get(clock.state, 0) + 1
                excused += clock.excused is not None
                unknown += clock.unknown and clock.start is None
            seen += len(page)
        tool.process.stdin.close()
        tool.process.wait()
    print(f"# {cases} cases with {seen} clocks: {states}, {excused} with an excuse, {unknown} of unknown start; "
          f"{early} acknowledgements say of a request that it came before it was made")
    assert cases >= 200 and len(states) == 5 and min([*states.values(), excused, unknown, early]) >= 10


finish()
