"""The life cycle at random: comityd's verdicts, what it lets its own case system say, and its word for the case, against
the fold of the page (fold.py).
"""
import random

import conform as C
import fold as F
from conform import P, case

LAW = F.Law(C.PAGE)
CASES, STEPS = 8, 24


class Played:
	"""One case, which comityd has opened: the driver is the requested side."""

	def __init__(self, g, seed):
		self.g, self.r, self.w, self.held = g, random.Random(seed), g.session(), []
		content = C.request("US", "IE")
		for i in range(2, self.r.randint(1, 4) + 1):
			content.request.measures.add().CopyFrom(content.request.measures[0])
			content.request.measures[-1].measure = i
		self.measures = len(content.request.measures)
		self.ident = g.submit(content).case_id
		self.held.append(F.Said(g.receipted(self.w)))
		self.mine, self.saw, self.counts = 0, 1, {}

	def last(self, kind):
		of = [m.number for m in self.held if m.kind == kind]
		return self.r.choice(of) if of and self.r.random() < 0.9 else self.r.randint(1, 9)

	def some(self):
		return self.r.sample(range(1, self.measures + 1), 1) if self.r.random() < 0.6 else []

	def content(self, kind):
		c = P.case.Content()
		m = getattr(c, kind)
		m.SetInParent()
		if kind in ("withdrawal", "problem_notice", "conditions_proposed", "decision", "postponement", "resumption", "extension"):
			m.measures.extend(self.some())
		for name, value in (("text", "In words."), ("reason", "There is one."), ("ground", "A reason."),
				    ("estimate_date", "2030-01-31"), ("reference", "IE-1")):
			if name in m.DESCRIPTOR.fields_by_name:
				setattr(m, name, value)
		if kind == "acknowledgement":
			m.by = self.r.choice((P.case.CENTRAL_AUTHORITY, P.case.EXECUTING_AUTHORITY))
		elif kind == "problem_notice":
			m.type = 1
		elif kind == "conditions_proposed":
			m.conditions.append("Not for tax proceedings.")
			if self.r.random() < 0.4:
				m.replaces = self.last(kind)
		elif kind in ("conditions_accepted", "conditions_declined"):
			m.proposal = self.last("conditions_proposed")
		elif kind == "supplement" and self.r.random() < 0.6:
			m.notice = self.last("problem_notice")
		elif kind == "result":
			m.results.add(measure=self.r.randint(1, self.measures), outcome=self.r.randint(1, 3), reason="There is one.",
				      partial=self.r.random() < 0.3)
		elif kind == "refusal":
			m.refusals.add(measure=self.r.randint(1, self.measures), ground=self.r.randint(1, 3), article="5", reason="There is one.")
		return c

	def judged(self, who, kind, page, ours):
		assert page == ours, f"{who} says {kind}: by the page {page}, by comityd {ours}\n{self.told()}"
		self.counts[page] = self.counts.get(page, 0) + 1

	def driver_says(self):
		kind = self.r.choice(("acknowledgement",) * 3 + ("decision", "result", "result", "refusal", "problem_notice",
			"conditions_proposed", "conditions_proposed", "postponement", "resumption", "extension", "closure", "withdrawal"))
		theirs = max(m.number for m in self.held if m.side == "requesting")
		self.saw = self.r.randint(self.saw, theirs) if self.r.random() < 0.5 else self.saw
		self.mine += 1
		raw = self.g.peer.message(self.content(kind), self.ident, number=self.mine, seen=self.saw)
		said = F.Said(P.case.Message.FromString(raw))
		page = F.admissible(LAW, self.held, said)
		verdict = self.w.deliver(self.g.parcel(raw))[0]
		assert verdict in (None, "TRANSITION_NOT_ALLOWED"), f"{kind}: {verdict}"
		self.judged("the driver", kind, page, verdict is None)
		said.void = not page
		self.held.append(said)

	def comityd_says(self):
		kind = self.r.choice(("supplement", "conditions_accepted", "conditions_accepted", "conditions_declined", "withdrawal",
			"progress_query"))
		content = self.content(kind)
		m = P.case.Message(author_side=P.types.REQUESTING, seen=self.mine, created_ms=P.now_ms(),
				   number=1 + max(h.number for h in self.held if h.side == "requesting"), content=content)
		page = F.admissible(LAW, self.held, F.Said(m))
		try:
			self.g.submit(content, f"IE/{self.ident}")
		except AssertionError:
			self.judged("comityd", kind, page, False)
			return
		self.judged("comityd", kind, page, True)
		self.held.append(F.Said(self.g.receipted(self.w)))

	def told(self):
		return "\n".join(f"  {m.side} {m.number} seen {m.seen} {'void ' if m.void else ''}{m.kind}" for m in self.held)

	def play(self):
		for _ in range(STEPS):
			if self.r.random() < 0.65:
				self.driver_says()
			else:
				self.comityd_says()
		answer = self.g.desk.call(show_case=C.H.local_pb2.ShowCase(ref=f"IE/{self.ident}"))
		word, page = answer.case_view.summary.state, F.fold(LAW, self.held)[0].word
		assert word == page, f"by the page {page}, by comityd {word}\n{self.told()}"
		self.g.settle(self.w)
		return self.counts


@case(870, "The life cycle of a case", "says at random what fits and what does not, in eight cases, while comityd's case system does too",
      "its verdicts, what it lets its case system say and its word for each case are those of the page's fold")
def _(g):
	total = {}
	for seed in range(CASES):
		for page, n in Played(g, seed).play().items():
			total[page] = total.get(page, 0) + n
		g.tidy()
	assert min(total[True], total[False]) > 20, total
