"""The rules of PROTOCOL.md as numbered cases, and the comityd that they are run against: US-OIA, which listens. IE is the
driver, which knows the page alone. Cases are in conform_*.py; `conformance` runs them.
"""
import collections
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
import harness as H  # noqa: E402
import bulk as B  # noqa: E402
import carrier  # noqa: E402
import peer as P  # noqa: E402
import wire  # noqa: E402

P.load_protocol(f"{H.TOP}/proto", f"{H.DIR}/gen")
B.load_protocol(f"{H.TOP}/proto", f"{H.DIR}/gen")
PAGE = f"{H.TOP}/proto/PROTOCOL.md"

Case = collections.namedtuple("Case", "number section does expects run")
cases = {}


def case(number, section, does, expects):
	"""`section`: of the page; `does`: the driver; `expects`: of comityd."""
	def keep(function):
		assert number not in cases, number
		cases[number] = Case(number, section, does, expects, function)
		return function
	return keep


def note(text="A note."):
	content = P.case.Content()
	content.note.text = text
	return content


def request(requesting="IE", requested="US"):
	"""On the ground of reciprocity: no treaty asks more of it, and no time limit is stated."""
	content = P.complete_request(requesting, requested)
	content.request.legal_basis.Clear()
	content.request.legal_basis.reciprocity = True
	content.request.legal_basis.assurance = "An exchange of notes of 2026-01-01."
	return content


class Ground:
	"""A comityd and the driver's peer. A case leaves no session behind."""

	def __init__(self):
		self.base = H.tempfile.mkdtemp(dir=H.DIR)
		H.pki(self.base, "US-OIA", "IE")
		self.us = H.Daemon(self.base, "US-OIA", ["IE"], 'evidence { keep_free = "1M" }')
		self.us.tunnels = ["IE"]
		self.us.configure({"IE": None})
		H.shutil.copytree(f"{H.TOP}/config/treaties", f"{self.us.dir}/treaties")
		H.shutil.copytree(f"{H.TOP}/config/calendars", f"{self.us.dir}/calendars")
		text = open(self.us.config, encoding="utf-8").read()
		text = text.replace('name = "US-OIA" }', 'name = "US-OIA"\nstate = "US"\ntime_zone = "America/New_York"\n'
				    'calendar = "US" }\nlaw { treaties = "treaties"\ncalendars = "calendars" }')
		text = text.replace("peer IE {", 'peer IE {\nstate = "IE"\ntime_zone = "Europe/Dublin"\ncalendar = "IE"')
		with open(self.us.config, "w", encoding="utf-8") as f:
			f.write(text)
		self.us.start()
		self.peer = P.Peer("IE", "US-OIA", self.base, f"{self.base}/ie")
		self.peer.features = ["evidence", "profile-text", "verdicts", "tombstones"]
		self.wires, self.desk, self.submitted = [], H.Client(self.us), 0

	# ---- connections

	def wire(self, alpn=carrier.MESSAGES, **options):
		w = wire.Wire.dial(self.peer, self.us.port, alpn, **options)
		self.wires.append(w)
		return w

	def session(self, upto="state", **changed):
		return self.wire().open(upto, **changed)

	def bulk(self, upto="proof"):
		return self.wire(carrier.BULK, lane="bulk", frames=B.bulk.BulkFrame).open(upto)

	def settle(self, w):
		"""comityd has dealt with all that was said to it, and what it sends is receipted."""
		w.say(heads_request=P.pb.HeadsRequest())
		while (frame := w.take()).WhichOneof("kind") not in ("heads", "goodbye"):
			if frame.HasField("parcel"):
				w.say(receipt=P.pb.Receipt(receipt=self.peer.take_parcel(frame.parcel)))

	def tidy(self):
		last = self.wires[-1] if self.wires else None
		if last and last.theirs and not last.goodbye:
			try:
				self.settle(last)
			except wire.Ended:
				pass
		for w in self.wires:
			w.close()
		self.wires = []

	def close(self):
		self.us.stop()
		self.tidy()
		self.desk.close()
		self.peer.close()

	# ---- what is said

	def craft(self, content, change=None, **options):
		"""A message with something of its own, which leaves no mark in what the peer keeps."""
		known = self.peer.cases.get(options.get("case_id"))
		before = known.mine if known else 0
		m = P.case.Message.FromString(self.peer.message(content, **options))
		if known:
			known.mine = before
		if change:
			change(m)
		return m.SerializeToString()

	def parcel(self, *messages, remember=True, **options):
		return self.peer.parcel(list(messages) or [self.peer.message(request())], remember=remember, **options)

	def opened(self, w):
		"""The id of a new case of the driver's, which comityd has accepted."""
		raw = self.peer.message(request())
		assert w.deliver(self.parcel(raw)) == [None]
		return P.case.Message.FromString(raw).case_id

	def submit(self, content=None, case_ref=""):
		"""comityd's case system hands something in: the message's id."""
		self.submitted += 1
		s = P.local.Submission(own_reference="" if case_ref else f"US-{self.submitted}", case_ref=case_ref,
				       to="" if case_ref else "IE", content=content or request("US", "IE"))
		s = H.local_pb2.Submission.FromString(s.SerializeToString())
		answer = self.desk.call(submit=H.local_pb2.Submit(idempotency_key=f"key-{self.submitted}", submission=s))
		assert answer.HasField("submitted"), answer
		return answer.submitted

	def taken(self, w):
		"""comityd's next parcel, with the receipt of the driver, which is not sent."""
		parcel = w.await_kind("parcel")
		return parcel, self.peer.take_parcel(parcel)

	def receipted(self, w):
		"""comityd's next parcel, receipted: its first message."""
		parcel, receipt = self.taken(w)
		w.say(receipt=P.pb.Receipt(receipt=receipt))
		return P.case.Message.FromString(parcel.messages[0])


def ends(w, code):
	got = w.ended()
	assert got == code, f"goodbye {got} {w.goodbye}, expected {code}"
