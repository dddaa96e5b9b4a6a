"""The clocks of a case, written from PROTOCOL.md, "How a time limit runs", alone; its rules are named by their numbers.

The fold is that of fold.py, and periods are counted by periods.py.
"""
import datetime

import fold as F
import periods as T

HOUR = 3_600_000
END = 221_845_392_000_000  # of the year 8999
EPOCH = datetime.date(1970, 1, 1)
NOTICES = ("clarification", "answer_date")
MOST = 3660


class Uncountable(Exception):
    """Rule 28."""


def counted(ms):
    return min(max(ms, 0), END)


def day_of(date):
    return (datetime.date.fromisoformat(date) - EPOCH).days if date else None


class Told:
    """A message that took effect, and how the case stands after it."""

    def __init__(self, m, case):
        self.m, self.about, self.at = m, case.about, counted(m.at)
        numbered = dict(enumerate(case.measures, 1))
        self.open = {i for i, s in numbered.items() if s.open}
        self.undecided = {i for i in self.open if not numbered[i].recognised and not numbered[i].partial}
        self.partial = {i for i, s in numbered.items() if s.partial}
        self.postponed = {i for i in self.open if numbered[i].postponed}
        self.proposed = {i for i in self.open if numbered[i].proposal}
        self.notices = {n: set(about) for n, about in case.notices.items()}


class Facts:
    """What the clocks of a case are a function of. `form`: the profile's canonical form; `places`: by side; `stated`: the
    starts that stand, by (name, measure, notice); `receipts`: `made` by (author's side, number); `follow_ups`: requests."""

    def __init__(self, law, form, held, places, stated, receipts, follow_ups):
        self.places, self.stated, self.receipts, self.follow_ups = places, stated, receipts, follow_ups
        self.form = dict(line.split(" = ", 1) for line in form.splitlines())
        self.clocks = sorted({path.split(".")[1] for path in self.form if path.startswith("clock.")})
        openers = [m for m in held if law.kinds[m.kind][1] == "opens a case"]
        self.opening = min(openers, key=lambda m: m.number, default=None)
        self.opened = counted(min((m for m in openers if not m.void), key=lambda m: m.number).at) \
            if any(not m.void for m in openers) else 0
        case, self.told = F.Case(law), []
        for m, seen in F.in_order(law, held):
            if case.step(m, held, seen, strict=False):
                self.told.append(Told(m, case))
        self.measures = len(case.measures)
        c = self.opening.content if self.opening else None
        asks = bool(c) and self.opening.kind == "request"
        self.asked = list(c.measures) if asks else []
        self.types = [m.type for m in self.asked] if asks else \
            [c.type] if c and self.opening.kind == "notification" and c.type else []
        self.urgent = asks and c.HasField("urgency")
        self.until = day_of(c.urgency.until_date) if self.urgent else None

    def instant(self, m, opened=None):
        """Rule 9."""
        opened = self.opened if opened is None else opened
        said = counted(m.at)
        if m.stated <= 0 or counted(m.stated) > said:
            return said
        return counted(m.stated) if counted(m.stated) >= opened else min(opened, said)


class Clock:
    def __init__(self, facts, name, measure, notice, names):
        self.facts, self.name, self.measure, self.notice = facts, name, measure, notice
        prefix = f"clock.{name}."
        self.rule = {path[len(prefix):]: value for path, value in facts.form.items() if path.startswith(prefix)}
        self.types = {names[path[8:]] for path in self.rule if path.startswith("measure.")}
        self.met_by = {path[7:] for path in self.rule if path.startswith("met_by.")}
        self.suspended_by = {path[13:] for path in self.rule if path.startswith("suspended_by.")}
        self.begins, self.obliged, self.unit = self.rule["start"], self.rule["obliged"], self.rule.get("unit")
        self.amount = int(self.rule.get("amount", 0))
        self.how = [self.rule["rule"] and bool(facts.form.get(f"rule.{self.rule['rule']}.{word}"))
                    for word in ("exclude_event", "roll_over", "two_working")] if "rule" in self.rule else None
        self.place = facts.places[self.obliged]
        self.mine = {measure} if measure else {i for i in range(1, facts.measures + 1) if self.has(facts.types[i - 1])}
        self.clear()

    def clear(self):
        self.state = self.start = self.due = self.ended = self.excused = self.since = self.cap = None
        self.excused_by, self.unknown, self.period = 0, False, None

    def has(self, kind):
        return not self.types or kind in self.types

    def about(self, x):
        return not self.mine or x.about is None or bool(x.about & self.mine)

    # ---------------------------------------------------------- its days

    def end_of(self, period, rule, t):
        unit, amount = period
        if amount > MOST or t >= END or t < 0:
            raise Uncountable
        return T.due(self.place, unit, amount, *rule, t)

    def count(self, period, rule, t):
        self.due, self.period = self.end_of(period, rule, t), (period, rule, t)

    def begin(self, at, day):
        self.start = at
        if self.amount:  # rule 12
            self.count((self.unit, self.amount), self.how, at)
        else:
            self.due = self.place.last_ms(day)

    def left(self):
        if self.period:
            (unit, amount), rule, t = self.period
            return T.left(self.place, unit, amount, *rule, t, self.since)[:2]
        return "calendar_day", min(max(0, self.place.day(self.due) - self.place.day(self.since)), MOST)

    def resume(self, at):
        was = self.due
        if self.unit == "hour":
            self.due += at - self.since
            self.cap = self.cap and self.cap + self.due - was
            return
        period = self.left()
        if self.how:
            exclude, roll, _ = self.how
            begin = at if exclude or not period[1] else self.place.last_ms(self.place.day(at)) + 1
            self.count(period, (exclude, roll, False), begin)
        else:
            self.due, self.period = self.place.last_ms(self.place.day(at) + period[1]), None
        if self.cap:  # rule 24
            day = self.place.day
            self.cap = self.place.last_ms(day(self.cap) + day(self.due) - day(was))

    # ---------------------------------------------------------- its start

    def received(self, m):
        """Rule 10; 0: not known."""
        made, said = counted(m.at), counted(self.facts.stated.get((self.name, self.measure, self.notice), 0))
        receipt = counted(self.facts.receipts.get((m.side, m.number), 0)) if m.side != self.obliged else 0
        at = receipt if receipt and (not said or said > max(receipt, made) + HOUR) else said
        if not at:
            return 0
        at = max(at, made)
        if m.kind in ("request", "notification", "spontaneous_information"):
            for x in self.facts.told:
                if x.m.kind == "acknowledgement" and x.m.content.by == 1 and x.m.stated > 0:
                    at = min(at, max(self.facts.instant(x.m, made), made))
        return at

    def carries_out(self, x):
        for i in self.mine & (x.about or set()):
            said = x.m.measures[i]
            if said.partial and x.m.stated > 0 or not said.partial and said.outcome in (1, 2):
                return True
        return False

    def starts(self, x):
        """(instant, day) if it starts with this message; else None. Rule 8."""
        m, kind, begins = x.m, x.m.kind, self.begins
        opens = kind in ("request", "notification", "spontaneous_information")
        mine = kind == "problem_notice" and m.number == self.notice
        if begins == "received":
            return (self.received(m), None) if opens else None
        if begins == "clarification":
            return (self.received(m), None) if mine else None
        if begins == "wanted_date":
            return (x.at, day_of(self.facts.asked[self.measure - 1].wanted_by_date)) if opens else None
        if begins == "urgency_date":
            return (x.at, self.facts.until) if opens else None
        if begins == "answer_date":
            return (x.at, day_of(m.content.answer_by_date)) if mine else None
        fits = {"received_executing": kind == "acknowledgement" and m.content.by == 2,
                "acknowledged": kind == "acknowledgement",
                "decided": kind == "decision" and self.about(x),
                "effected": kind == "result" and self.carries_out(x)}[begins]
        return (self.facts.instant(m), None) if fits else None

    # ---------------------------------------------------------- its end

    def meets(self, x):
        """Rules 15 and 16."""
        if not (self.start is not None or self.unknown or self.begins == "received_executing" or
                (self.begins == "decided" and x.m.kind != "refusal")):
            return False
        m, kind, about = x.m, x.m.kind, self.about(x)
        ways = {"acknowledgement": kind in ("acknowledgement", "returned_deficient", "redirection"),
                "executing_acknowledgement": kind == "acknowledgement" and m.content.by == 2,
                "decision": kind in ("decision", "result", "refusal") and about and not x.undecided & self.mine,
                "execution": kind in ("result", "refusal") and about and not x.open & self.mine,
                "objection": about and (kind in ("refusal", "problem_notice") or (
                    kind == "conditions_proposed" and not (m.ref and not m.content.conditions))),
                "supplement": kind == "supplement" and self.notice in (0, m.ref),
                "follow_up": kind == "supplement" and not m.ref and self.start is not None,
                "nothing": False}
        return any(ways[word] for word in self.met_by)

    def ceases(self, x, before):
        """Rule 19."""
        kind = x.m.kind
        keeping = self.begins == "effected" or bool(self.met_by & {"follow_up", "nothing"})
        kept = keeping and self.start is not None and bool(x.partial & self.mine)
        if self.notice and before and self.notice in before.notices and self.notice not in x.notices:
            return True
        if kind in ("returned_deficient", "redirection"):
            return True
        if kind == "withdrawal":
            rest = x.undecided if "decision" in self.met_by else x.open
            return self.about(x) and not rest & self.mine and not kept
        if kind == "refusal":
            return bool(self.measure) and self.about(x) and not kept
        return kind == "closure" and not keeping

    def followed_up(self, before):
        """Rule 18."""
        asks = [counted(m.at) for m in self.facts.follow_ups
                if any(not self.types or q.type not in self.types for q in m.content.measures)]
        if not asks or self.start is None or "follow_up" not in self.met_by or min(asks) >= before:
            return False
        self.state, self.ended = "met", max(min(asks), self.start)
        return True

    # ---------------------------------------------------------- what moves it

    def is_over(self, x):
        return self.since is None and x.at > self.due

    def excuse(self, x):
        if self.excused is None:
            self.excused, self.excused_by = x.at, x.m.number

    def extend(self, x):
        """Rules 20 and 21."""
        m = x.m
        if m.kind != "extension" or self.rule.get("extension") != "yes" or m.side != self.obliged or \
                not self.about(x) or m.content.clock not in ("", self.name):
            return
        if self.is_over(x):
            self.excuse(x)
            return
        amount = int(self.rule.get("extension.amount", 0))
        if self.cap is None and amount and self.how:
            self.cap = self.end_of((self.rule["extension.unit"], amount), self.how, self.due)
        day = day_of(m.content.estimate_date)
        to = self.place.last_ms(day) if day is not None else self.cap
        if to is not None and self.cap is not None:
            to = min(to, self.cap)
        if to is not None and to > self.due:
            self.due, self.period = to, None

    def hold(self, x):
        """Rules 22 and 25."""
        rest, notices = x.open & self.mine, x.notices.values()
        held = ("postponement" in self.suspended_by and bool(rest) and rest <= x.postponed or
                "clarification" in self.suspended_by and any(about & self.mine or not self.mine for about in notices) or
                "conditions" in self.suspended_by and bool(x.proposed & self.mine))
        if held == (self.since is not None):
            return
        if held and self.is_over(x):
            self.excuse(x)
        elif held:
            self.since = max(x.at, 1, self.start)
        else:
            if x.at > self.since:
                self.resume(x.at)
            self.since = None

    def turn(self, i):
        """Rule 14."""
        told = self.facts.told
        x, before = told[i], told[i - 1] if i else None
        starts = self.starts(x) if self.start is None else None
        if starts:
            at, day = starts
            self.unknown = at == 0
            if at:
                self.begin(at, day)
                for y in told[:i]:  # rule 13
                    if y.at >= self.start:
                        self.extend(y)
                    self.hold(y)
        elif self.meets(x):
            self.state, self.ended = "met", max(x.at, 1)
            return
        if self.ceases(x, before):
            self.state, self.ended = "ceased", max(x.at, 1)
        elif self.start is not None:
            self.extend(x)
            self.hold(x)

    def run(self):
        try:
            for i, x in enumerate(self.facts.told):
                if not self.followed_up(x.at):
                    self.turn(i)
                if self.state:
                    return
            self.followed_up(END + 1)
        except Uncountable:
            self.clear()
        if not self.state:
            self.state = "waiting" if self.start is None else "running" if self.since is None else "suspended"


def exists(facts, rule, measure):
    """Rules 3 to 5."""
    only = rule.rule.get("only")
    if only == "urgent" and not facts.urgent or only == "not_urgent" and facts.urgent:
        return False
    if rule.begins == "urgency_date" and facts.until is None:
        return False
    if measure:
        return rule.has(facts.types[measure - 1]) and (rule.begins != "wanted_date" or
                                                       bool(facts.asked[measure - 1].wanted_by_date))
    return rule.begins != "wanted_date" and (not rule.types or any(rule.has(t) for t in facts.types))


def clocks(facts, names):
    """All clocks of the case; `names`: numbers of measure types, by name."""
    found = []
    for name in facts.clocks:
        per = facts.form[f"clock.{name}.per"]
        begins = facts.form[f"clock.{name}.start"]
        notices = [x.m.number for x in facts.told if x.m.kind == "problem_notice" and (
            begins == "clarification" or x.m.content.answer_by_date)] if begins in NOTICES else [0]
        for notice in notices:
            for measure in range(1, facts.measures + 1) if per == "measure" else (0,):
                clock = Clock(facts, name, measure, notice, names)
                if exists(facts, clock, measure):
                    clock.run()
                    found.append(clock)
    return found
