"""Random cases, for fold_test.py and clocks_test.py."""
import random

import fold as F
import peer as P

T0 = 1_790_000_000_000
USUAL = {"acknowledgement": 8, "returned_deficient": 0.1, "redirection": 0.1, "decision": 4, "result": 5,
         "refusal": 3, "withdrawal": 3, "conditions_proposed": 6, "conditions_accepted": 4, "conditions_declined": 2, "problem_notice": 4, "supplement": 4, "postponement": 3,
         "resumption": 3, "extension": 2, "closure": 2}


class Author:
    def __init__(self, side):
        self.side, self.last, self.seen = side, 0, 0


class Random:
    """A case that two sides make at random, with what they say wrongly."""
    pause = 3_600_000  # between two messages, at most
    usual = USUAL

    def __init__(self, law, seed):
        self.law, self.r = law, random.Random(seed)
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
        kinds = [k for k, (author, _) in self.law.kinds.items() if author in (side, "either") or self.r.random() < 0.03]
        return self.r.choices(kinds, [self.usual.get(k, 0.5) for k in kinds])[0]

    def say(self, side):
        author, theirs = self.authors[side], [m.number for m in self.held if m.side != side]
        if theirs and self.r.random() < 0.6:
            author.seen = max(author.seen, self.r.choice(theirs))
        self.now += self.r.randint(0, self.pause)
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

    def admits(self, said):
        return F.admissible(self.law, self.held, said)

    def step(self):
        side = self.r.choice(("requesting", "requested")) if self.held else "requesting"
        for _ in range(self.r.choice((1, 4, 8))):  # most people say what they may
            said = self.say(side)
            page = self.admits(said)
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
