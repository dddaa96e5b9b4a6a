"""A case as a fold, written from PROTOCOL.md, "The life cycle of a case", alone: its tables are read from the page.

What is folded are messages of case.proto, each with whether it is void.
"""
import re

OPEN = ("PENDING", "EXECUTING")
CARRIED_OUT = ("EXECUTED", "PARTIALLY_EXECUTED")
HOUR, DAY = 3_600_000, 86_400_000

# Which field names the message that a kind answers.
REFERENCE = {"supplement": "notice", "conditions_accepted": "proposal", "conditions_declined": "proposal",
             "conditions_proposed": "replaces", "evidence_verification": "result", "evidence_return": "result",
             "destruction_certificate": "result", "use_consent_decision": "request", "review_reliance": "message"}
STATED = {"acknowledgement": "received_ms", "decision": "decided_ms", "result": "effected_ms"}

# What a measure must be, by the words of the table of measures.
BEING = {
    "PENDING or EXECUTING": lambda m: m.open,
    "PENDING or EXECUTING, without proposed conditions open": lambda m: m.open and not m.proposal,
    "postponed": lambda m: m.postponed,
    "PENDING or EXECUTING, or carried out": lambda m: m.open or m.state in CARRIED_OUT,
}

# When a case has a word, by the words of the table.
WHEN = {
    "the case is closed": lambda c: c.closed,
    "the request was returned": lambda c: c.returned,
    "the request was redirected": lambda c: c.redirected,
    "the case has no measures, and what it notifies of is refused":
        lambda c: not c.measures and c.notified.state == "REFUSED",
    "a problem notice is open": lambda c: c.notices,
    "a proposal is open": lambda c: any(m.proposal for m in c.measures or [c.notified]),
    "the case has no measures": lambda c: not c.measures,
    "measures are open, all of them postponed": lambda c: c.open and all(m.postponed for m in c.open),
    "an open measure is EXECUTING, and the executing authority has acknowledged or an open measure is partial":
        lambda c: any(m.state == "EXECUTING" for m in c.open) and (c.executing or any(m.partial for m in c.open)),
    "an open measure is EXECUTING": lambda c: any(m.state == "EXECUTING" for m in c.open),
    "measures are open, and the case is supplemented": lambda c: c.open and c.supplemented,
    "measures are open, and the case is registered": lambda c: c.open and c.registered,
    "measures are open": lambda c: c.open,
    "all measures are WITHDRAWN": lambda c: all(m.state == "WITHDRAWN" for m in c.measures),
    "all measures are REFUSED": lambda c: all(m.state == "REFUSED" for m in c.measures),
    "anything else: each measure has its outcome": lambda c: True,
}


def read_tables(path):
    """The rows of each printed table of the page, as lists of cells."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return {m[1]: [[cell.strip() for cell in line[1:-1].split("|")] for line in m[2].splitlines()[2:]]
            for m in re.finditer(r"^<!-- table: ([a-z ]+) -->\n(.*?)^<!-- end -->$", text, re.M | re.S)}


def names(cell):
    return re.findall(r"`([a-z_]+)`", cell)


class Rule:
    """A row of the table of measures."""

    def __init__(self, cells):
        said, self.takes, self.all, becomes, begins, ends, notification = cells
        self.kind, self.further = re.fullmatch(r"`([a-z_]+)`(.*)", said).groups()
        self.becomes, self.if_partial = re.fullmatch(r"(\w*)(?:; (\w+) if it is partial)?", becomes).groups()
        self.begins = [word for word in begins.split("; ") if word]
        self.ends = [word.split(" unless it is partial") for word in ends.split("; ") if word]
        self.notification = notification == "yes"


class Law:
    """What the page says."""

    def __init__(self, path):
        tables = read_tables(path)
        self.kinds = {names(kind)[0]: (author, when) for kind, _, author, when, _, _ in tables["kinds"]}
        self.rules = [Rule(cells) for cells in tables["measures"]]
        self.crossings = {(a, b): (holds, about) for asking, asked, holds, about, _ in tables["crossings"]
                          for a in names(asking) for b in names(asked)}
        self.words = [(word, WHEN[when]) for word, when in tables["words"]]

    def rule(self, m):
        rows = [r for r in self.rules if r.kind == m.kind]
        if m.kind == "extension":
            return rows[bool(m.content.clock)]
        return rows[0]

    def rule_of_result(self, outcome, partial):
        words = " with `partial`, whatever outcome" if partial else f", {outcome}"
        return next(r for r in self.rules if r.kind == "result" and r.further == words)


class Said:
    """A message, as the fold sees it."""

    def __init__(self, message, void=False):
        self.void = void
        self.side = "requesting" if message.author_side == 1 else "requested"
        self.number, self.seen, self.at = message.number, message.seen, message.created_ms
        self.kind = message.content.WhichOneof("kind")
        self.content = c = getattr(message.content, self.kind)
        self.ref = getattr(c, REFERENCE[self.kind]) if self.kind in REFERENCE else 0
        self.stated = getattr(c, STATED[self.kind]) if self.kind in STATED else 0
        self.measures = {}  # by number: what is said of it
        if self.kind == "result":
            self.measures = {r.measure: r for r in c.results}
        elif self.kind == "refusal":
            self.measures = {r.measure: r for r in c.refusals}
        elif self.kind != "request" and "measures" in c.DESCRIPTOR.fields_by_name:
            self.measures = {number: None for number in c.measures}


class Measure:
    def __init__(self):
        self.state = "PENDING"
        self.recognised = self.postponed = self.partial = self.bound = False
        self.proposal = self.ground = 0

    @property
    def open(self):
        return self.state in OPEN


class Case:
    def __init__(self, law):
        self.law, self.opened, self.word = law, None, None
        self.registered = self.executing = self.returned = self.redirected = self.closed = self.supplemented = False
        self.measures, self.notified = [], Measure()
        self.notices, self.consents = {}, []
        self.about = None  # the numbers of the measures on which the last message took effect; None: it is about none

    @property
    def open(self):
        return [m for m in self.measures if m.open]

    @property
    def phase(self):
        return ("closed" if self.closed else "returned or redirected to the requester" if self.returned or
                self.redirected else "registered and open" if self.registered else "not registered yet")

    def subjects(self, notification):
        """What a message can be about, by number."""
        if notification and self.opened == "notification":
            return {1: self.notified}
        return dict(enumerate(self.measures, 1))

    # ------------------------------------------------------------- one message

    def step(self, m, held, seen, strict):
        """Does it take effect? `held` are the messages that there are, `seen` what its author had seen."""
        self.about = None
        author, when = self.law.kinds[m.kind]
        if author not in (m.side, "either"):
            return False
        if when == "opens a case":
            return self.opens(m, held)
        if self.opened is None or (when != "always" and self.phase not in when.split(", or ")):
            return False
        if m.kind == "conditions_proposed" and m.ref:
            return self.replaces(m, strict)
        if m.kind == "problem_notice":
            return self.notices_problem(m, strict)
        if any(r.kind == m.kind for r in self.law.rules):
            return self.about_measures(m, strict)
        act = getattr(self, m.kind, None)
        return act(m, held, seen, strict) if act else True

    def opens(self, m, held):
        if self.opened is not None or any(h.void and h.side == m.side and h.number < m.number and
                                          self.law.kinds[h.kind][1] == "opens a case" for h in held):
            return False
        self.opened = m.kind
        if m.kind == "request":
            self.measures = [Measure() for _ in m.content.measures]
        return True

    def about_measures(self, m, strict, apply=True):
        law = self.law.rule(m)
        subjects = self.subjects(law.notification)
        takes, means = BEING[law.takes], BEING[law.all]
        named = list(m.measures) or [i for i, s in subjects.items() if means(s)]
        fitting = [i for i in named if i in subjects and takes(subjects[i])]
        if not fitting or (strict and len(fitting) < len(named)):
            return False
        self.about = set(fitting)
        for i in sorted(fitting) if apply else ():
            rule = law
            if m.kind == "result":
                said = m.measures[i]
                outcome = said.DESCRIPTOR.fields_by_name["outcome"].enum_type.values_by_number[said.outcome].name
                rule = self.law.rule_of_result(outcome, said.partial)
            self.change(i, subjects[i], rule, m)
        return True

    def change(self, number, measure, rule, m):
        for word, *unless in rule.ends:
            if not (unless and measure.partial):
                setattr(measure, word, 0 if word == "proposal" else False)
        if rule.becomes:
            measure.state = rule.if_partial if rule.if_partial and measure.partial else rule.becomes
        for word in rule.begins:
            setattr(measure, word, m.number if word == "proposal" else
                    m.measures[number].ground if word == "ground" else True)
        if not measure.open:
            for notice, about in list(self.notices.items()):
                if number in about:
                    about.discard(number)
                    if not about:
                        del self.notices[notice]

    def notices_problem(self, m, strict):
        if (self.measures or m.measures) and not self.about_measures(m, strict):
            return False
        if len(self.notices) == 64:
            return False
        self.notices[m.number] = {i for i, s in self.subjects(False).items()
                                  if s.open and (not m.measures or i in m.measures)}
        self.supplemented = False
        return True

    def replaces(self, m, strict):
        subjects = self.subjects(True)
        about = [i for i, s in subjects.items() if s.proposal == m.ref]
        if not about or (strict and m.content.conditions and any(i not in about for i in m.measures)):
            return False
        for i in about:
            goes_on = m.content.conditions and (not m.measures or i in m.measures)
            subjects[i].proposal = m.number if goes_on else 0
        self.about = set(about)
        return True

    def supplement(self, m, held, seen, strict):
        if m.ref in self.notices:
            del self.notices[m.ref]
        elif m.ref and (strict or self.named(m, held, seen) != "problem_notice"):
            return False
        self.supplemented = True
        return True

    def conditions_accepted(self, m, held, seen, strict):
        about = [s for s in self.subjects(True).values() if m.ref and s.proposal == m.ref]
        for s in about:
            s.proposal = 0
            s.bound = s.bound or m.kind == "conditions_accepted"
        return bool(about)

    conditions_declined = conditions_accepted

    def acknowledgement(self, m, held, seen, strict):
        if m.content.by == 1:
            fits, self.registered = not self.registered, True
            return fits
        self.executing = self.executing or self.registered
        return self.registered

    def returned_deficient(self, m, held, seen, strict):
        return self.over("returned")

    def redirection(self, m, held, seen, strict):
        return self.over("redirected")

    def closure(self, m, held, seen, strict):
        return not self.open and self.over("closed")

    def over(self, how):
        setattr(self, how, True)
        self.notices.clear()
        self.notified.proposal = 0
        return True

    def use_consent_request(self, m, held, seen, strict):
        if len(self.consents) == 64:
            return False
        self.consents.append(m.number)
        return True

    def use_consent_decision(self, m, held, seen, strict):
        if m.ref not in self.consents:
            return False
        self.consents.remove(m.ref)
        return True

    @staticmethod
    def named(m, held, seen):
        """The kind of the other side's message that it names, if its author had seen it and it is not void."""
        return next((h.kind for h in held if h.side != m.side and h.number == m.ref <= seen and not h.void), None)

    def evidence_verification(self, m, held, seen, strict):
        return self.named(m, held, seen) == "result"

    evidence_return = destruction_certificate = evidence_verification

    def review_reliance(self, m, held, seen, strict):
        return self.named(m, held, seen) in ("review_attestation", "request")

    def progress_query(self, m, held, seen, strict):
        return not strict or all(i <= len(self.measures) for i in m.measures)

    progress_report = progress_query


# ------------------------------------------------------------------- the order

def crosses(law, asking, asked):
    """The side that holds, if the two are about the same; else None."""
    holds, about = law.crossings.get((asking.kind, asked.kind), (None, None))
    if about == "a measure that both name" and asking.measures and asked.measures:
        return holds if set(asking.measures) & set(asked.measures) else None
    if about == "the proposal that both name":
        return holds if asking.ref and asking.ref == asked.ref else None
    return holds


class Chain:
    """The messages of one author, in the order of their numbers; `at` is the next one."""

    def __init__(self, held, side):
        self.line = sorted((m for m in held if m.side == side and not m.void), key=lambda m: m.number)
        self.highest = max((m.number for m in held if m.side == side), default=0)
        self.seen, self.at = [], 0
        for m in self.line:
            self.seen.append(max([m.seen] + self.seen[-1:]))

    def wait(self, other):
        self.end = next((i for i, seen in enumerate(self.seen) if seen > other.highest), len(self.line))

    def ready(self, other):
        return self.at < self.end and (other.at == len(other.line) or
                                       other.line[other.at].number > self.seen[self.at])

    def crossing(self, other):
        """Those of this chain, from the next one on, that had not seen the next one of the other."""
        return [self.line[i] for i in range(self.at, self.end) if self.seen[i] < other.line[other.at].number]


def in_order(law, held):
    asking, asked = Chain(held, "requesting"), Chain(held, "requested")
    asking.wait(asked), asked.wait(asking)
    while True:
        a, b = asking.ready(asked), asked.ready(asking)
        if not a and not b:
            return
        chain = asking if a else asked
        if a and b:
            first, other = asking.line[asking.at], asked.line[asked.at]
            if any(crosses(law, first, m) == "requested" for m in asked.crossing(asking)):
                chain = asked
            elif any(crosses(law, m, other) == "requesting" for m in asking.crossing(asked)):
                chain = asking
            else:
                chain = asked
        yield chain.line[chain.at], chain.seen[chain.at]
        chain.at += 1


def fold(law, held):
    """The state of the case, and of each message that had its turn whether it took effect, by (side, number)."""
    case, effects = Case(law), {}
    for m, seen in in_order(law, held):
        effects[m.side, m.number] = case.step(m, held, seen, strict=False)
    if case.opened is None:
        void = any(m.void and law.kinds[m.kind][1] == "opens a case" for m in held)
        case.word = "VOID" if void else "TRANSMITTED"
    else:
        case.word = next(word for word, fits in law.words if fits(case))
    return case, effects


def admissible(law, held, m):
    """Is a new message valid for its author? Its number and `seen` are in order."""
    seen = max([m.seen] + [h.seen for h in held if h.side == m.side and not h.void])
    known = [h for h in held if (h.number < m.number if h.side == m.side else h.number <= seen)]
    case, _ = fold(law, known)
    if not case.step(m, held, seen, strict=True):
        return False
    opened = next((h.at for h in held if not h.void and law.kinds[h.kind][1] == "opens a case"), None)
    return not m.stated or (m.stated <= m.at + HOUR and (opened is None or m.stated >= opened - DAY))
