"""Cases of the sections Messages, The life cycle of a case, Clocks, The bulk lane, and of what is left."""
import hashlib
import re

from google.protobuf import json_format

import conform as C
from conform import B, P, case, ends, note


# ------------------------------------------------------------------ Overview

@case(1, "Overview", "opens a session, sends a request and receipts one of comityd's", "parcels and receipts both ways")
def _(g):
	w = g.session()
	g.opened(w)
	ident = g.submit().message_id
	assert g.receipted(w).id == ident


# ------------------------------------------------------------------ Clocks

@case(680, "Clocks", "asks for the texts of the profiles that comityd names in its state",
      "texts of sorted lines, whose SHA-256 is the digest that was named")
def _(g):
	w = g.session()
	assert len(w.theirs.profiles) >= 17
	for named in w.theirs.profiles:
		w.say(profile_request=P.pb.ProfileRequest(instrument=named.instrument, version=named.version))
		text = w.await_kind("profile").text
		assert hashlib.sha256(text).digest() == named.digest, named.instrument
		lines = text.split(b"\n")
		assert lines.pop() == b"" and lines == sorted(lines), named.instrument


@case(681, "Clocks", "asks for the text of a profile that comityd has not", "an empty text")
def _(g):
	w = g.session()
	w.say(profile_request=P.pb.ProfileRequest(instrument="made-up", version="1"))
	assert w.await_kind("profile").text == b""


# ------------------------------------------------------------------ Messages

def in_case(change, text="A note."):
	"""A note in an open case of the driver's, with something of its own."""
	def make(g, w):
		return g.craft(note(text), change, case_id=g.opened(w))
	return make


def requested(change):
	def make(g, _):
		content = C.request()
		change(content.request)
		return g.craft(content)
	return make


def attached(**changed):
	item = {"name": "a.bin", "media_type": "application/pdf", "size": 1, "sha256": bytes(32), **changed}
	return requested(lambda r: r.attachments.add(**item))


def raw_attachment(name):
	"""A name that no library writes into a text."""
	def make(g, w):
		raw = attached(name="a.bin123")(g, w)
		assert raw.count(b"a.bin123") == 1
		return raw.replace(b"a.bin123", name)
	return make


def many(r):
	for i in range(2, 66):
		r.measures.add().CopyFrom(r.measures[0])
		r.measures[-1].measure = i


MESSAGES = [
	(801, "sends bytes that are no message", "MALFORMED", lambda g, w: b"\xff\xff\xff"),
	(803, "sends a message with format 2", "MALFORMED", in_case(lambda m: setattr(m, "format", 2))),
	(804, "sends a message with number 0", "MALFORMED", in_case(lambda m: m.ClearField("number"))),
	(822, "sends a message with number 1,048,577", "MALFORMED", in_case(lambda m: setattr(m, "number", 1_048_577))),
	(823, "sends a message with number 1,048,576", None, in_case(lambda m: setattr(m, "number", 1_048_576))),
	(805, "sends a message without a priority", "MALFORMED", in_case(lambda m: m.ClearField("priority"))),
	(806, "sends a message with a nonce of 15 bytes", "MALFORMED", in_case(lambda m: setattr(m, "nonce", bytes(15)))),
	(807, "sends a message with a case_id that is no UUIDv7", "MALFORMED",
	 in_case(lambda m: setattr(m, "case_id", m.case_id.upper() if m.case_id.upper() != m.case_id else "x"))),
	(808, "sends a message with a text that holds NUL", "MALFORMED", in_case(None, "a\x00b")),
	(809, "sends a message with an unknown field that is a group", "MALFORMED",
	 lambda g, w: in_case(None)(g, w) + b"\xa3\x06\xa4\x06"),
	(810, "sends a message with 1,001 elements of a field", "MALFORMED", in_case(lambda m: m.critical.extend(["x"] * 1001))),
	(811, "sends a message from another authority", "WRONG_PARTY", in_case(lambda m: setattr(m, "from", "FR"))),
	(812, "sends a message to another authority", "WRONG_PARTY", in_case(lambda m: setattr(m, "to", "FR"))),
	(813, "names a critical feature in a message", "UNKNOWN_CRITICAL_FEATURE", in_case(lambda m: m.critical.append("made-up"))),
	(814, "writes in a case that comityd does not know", "UNKNOWN_CASE",
	 lambda g, w: g.craft(note(), case_id=P.uuid7(), side="REQUESTING")),
	(815, "writes as the other side of its case", "WRONG_PARTY", in_case(lambda m: setattr(m, "author_side", P.types.REQUESTED))),
	(816, "opens a case as the requested side", "WRONG_PARTY",
	 lambda g, w: g.craft(C.request(), lambda m: setattr(m, "author_side", P.types.REQUESTED))),
	(817, "uses a number of its own again", "NUMBER_REUSED", in_case(lambda m: setattr(m, "number", 1))),
	(818, "has seen what was never sent", "UNSEEN", in_case(lambda m: setattr(m, "seen", 99))),
	(819, "opens a case that is open", "TRANSITION_NOT_ALLOWED",
	 lambda g, w: g.craft(C.request(), case_id=g.opened(w))),
]
CONTENTS = [
	(830, "sends a note without a text", "INCOMPLETE", in_case(None, "")),
	(831, "sends a note of blanks", "INCOMPLETE", in_case(None, " \t\n")),
	(832, "sends a request with 65 measures", "INCOMPLETE", requested(many)),
	(833, "sends a request without measures", "INCOMPLETE", requested(lambda r: r.ClearField("measures"))),
	(834, "numbers the first measure 2", "INCOMPLETE", requested(lambda r: setattr(r.measures[0], "measure", 2))),
	(835, "writes a state in small letters", "INCOMPLETE", requested(lambda r: setattr(r, "requested_state", "us"))),
	(851, "writes the state ZZ, which is none", None, requested(lambda r: setattr(r, "requested_state", "ZZ"))),
	(852, "writes a day that may be left out as one blank", "INCOMPLETE",
	 requested(lambda r: setattr(r.measures[0].period, "to_date", " "))),
	(853, "writes an instrument of one blank beside reciprocity", "INCOMPLETE",
	 requested(lambda r: setattr(r.legal_basis, "instrument", " "))),
	(854, "writes a title with a tab", None, requested(lambda r: setattr(r, "title", "a\tb"))),
	(855, "approves 1 ms after 1970", None, requested(lambda r: setattr(r.approvals[0], "at_ms", 1))),
	(856, "approves 1 ms before 1970", "INCOMPLETE", requested(lambda r: setattr(r.approvals[0], "at_ms", -1))),
	(836, "writes a language in capital letters", "INCOMPLETE", requested(lambda r: setattr(r, "language", "EN"))),
	(837, "writes a title of 201 bytes", "INCOMPLETE", requested(lambda r: setattr(r, "title", "x" * 201))),
	(838, "writes a title of two lines", "INCOMPLETE", requested(lambda r: setattr(r, "title", "a\nb"))),
	(839, "names an instrument without its version", "INCOMPLETE", requested(lambda r: r.legal_basis.MergeFrom(P.case.LegalBasis(instrument="us-ie-2001", articles=["1"])) or r.legal_basis.ClearField("reciprocity"))),
	(840, "names neither persons nor why there are none", "INCOMPLETE", requested(lambda r: r.ClearField("persons"))),
	(841, "writes a day that is none", "INCOMPLETE", requested(lambda r: setattr(r.measures[0].period, "to_date", "2026-02-30"))),
	(842, "writes an enum with a number that is not known", "INCOMPLETE",
	 requested(lambda r: setattr(r.measures[0], "type", 9999))),
	(843, "names an attachment with a slash", "INCOMPLETE", attached(name="a/b")),
	(844, "names an attachment with a control character", "INCOMPLETE", attached(name="a\x1bb")),
	(845, "names an attachment with NUL", "MALFORMED", raw_attachment(b"a.b\x00n123")),
	(846, "states a media type without a slash", "INCOMPLETE", attached(media_type="pdf")),
	(847, "states an attachment of 2^46 + 1 bytes", "INCOMPLETE", attached(size=(1 << 46) + 1)),
	(848, "states a chunk_root of 31 bytes", "INCOMPLETE", attached(chunk_root=bytes(31), chunk_bytes=B.CHUNK)),
]
for section, group in (("Messages", MESSAGES), ("What a message must hold", CONTENTS)):
	for number, does, code, make in group:
		def judged(g, code=code, make=make):
			w = g.session()
			raw = make(g, w)
			try:
				ident = P.case.Message.FromString(raw).id
			except Exception:
				ident = P.uuid7()
			assert (got := w.deliver(g.parcel(raw, ids=[ident]))) == [code], got
		case(number, section, does, f"a receipt that rejects it as {code}" if code else "a receipt that accepts it")(judged)


@case(802, "Messages", "sends a message under another id than its own", "a receipt that rejects it as MALFORMED")
def _(g):
	w = g.session()
	raw = g.craft(note(), case_id=g.opened(w))
	assert w.deliver(g.parcel(raw, ids=[P.uuid7()])) == ["MALFORMED"]


@case(820, "Messages", "sends another message under an id that is held", "a receipt that rejects it as ID_REUSED")
def _(g):
	w = g.session()
	ident = g.opened(w)
	first = P.case.Message.FromString(g.peer.sent[-1].messages[0])
	raw = g.craft(note(), lambda m: setattr(m, "id", first.id), case_id=ident)
	assert w.deliver(g.parcel(raw)) == ["ID_REUSED"]


@case(821, "Messages", "sends a message in a new parcel that comityd holds already", "it is accepted as the first time")
def _(g):
	w = g.session()
	g.opened(w)
	raw = g.peer.sent[-1].messages[0]
	assert w.deliver(g.parcel(raw)) == [None]


@case(850, "Room in a case", "says 800 notes in a case", "the first 767 are accepted, all further ones rejected as TRANSITION_NOT_ALLOWED")
def _(g):
	w = g.session()
	ident = g.opened(w)          # the request says as well
	verdicts = []
	while len(verdicts) < 800:
		verdicts += w.deliver(g.parcel(*[g.peer.message(note(), ident) for _ in range(50)]))
	assert verdicts == [None] * 767 + ["TRANSITION_NOT_ALLOWED"] * 33, verdicts.count(None)


# ------------------------------------------------------------------ The life cycle of a case

def acknowledgement():
	c = P.case.Content()
	c.acknowledgement.by, c.acknowledgement.reference = P.case.CENTRAL_AUTHORITY, "IE-1"
	return c


def result():
	c = P.case.Content()
	c.result.results.add(measure=1, outcome=P.types.EXECUTED)
	return c


def closure():
	c = P.case.Content()
	c.closure.SetInParent()
	return c


def withdrawal():
	c = P.case.Content()
	c.withdrawal.reason = "It is not needed any more."
	return c


def asked(g, w):
	"""comityd's request, receipted: the driver is the requested side."""
	ident = g.submit().case_id
	m = g.receipted(w)
	assert m.case_id == ident
	return ident


def word(g, ident):
	answer = g.desk.call(show_case=C.H.local_pb2.ShowCase(ref=f"IE/{ident}"))
	return answer.case_view.summary.state


def answers(g, w, ident, *contents):
	return w.deliver(g.parcel(*[g.peer.message(c, ident) for c in contents]))


@case(860, "The life cycle of a case", "acknowledges, carries out and closes what comityd asked", "all accepted; the case is CLOSED")
def _(g):
	w = g.session()
	ident = asked(g, w)
	assert answers(g, w, ident, acknowledgement(), result(), closure()) == [None] * 3
	assert word(g, ident) == "CLOSED", word(g, ident)


@case(861, "The life cycle of a case", "carries out before it acknowledges", "TRANSITION_NOT_ALLOWED")
def _(g):
	w = g.session()
	assert answers(g, w, asked(g, w), result()) == ["TRANSITION_NOT_ALLOWED"]


@case(862, "The life cycle of a case", "acknowledges twice as central authority", "the second is rejected as TRANSITION_NOT_ALLOWED")
def _(g):
	w = g.session()
	assert answers(g, w, asked(g, w), acknowledgement(), acknowledgement()) == [None, "TRANSITION_NOT_ALLOWED"]


@case(863, "The life cycle of a case", "says as the requested side what only the requesting one may", "TRANSITION_NOT_ALLOWED")
def _(g):
	w = g.session()
	assert answers(g, w, asked(g, w), acknowledgement(), withdrawal()) == [None, "TRANSITION_NOT_ALLOWED"]


@case(864, "The life cycle of a case", "carries out, while comityd withdraws and neither has seen the other's",
      "both are accepted, and the case is COMPLETE: the result holds")
def _(g):
	w = g.session()
	ident = asked(g, w)
	assert answers(g, w, ident, acknowledgement()) == [None]
	seen = g.peer.cases[ident].theirs
	g.submit(withdrawal(), case_ref=f"IE/{ident}")
	assert g.receipted(w).content.WhichOneof("kind") == "withdrawal"
	crossed = g.peer.message(result(), ident, seen=seen)
	assert w.deliver(g.parcel(crossed)) == [None]
	assert word(g, ident) == "COMPLETE", word(g, ident)


@case(865, "The life cycle of a case", "states an instant of receipt two hours after its message",
      "TRANSITION_NOT_ALLOWED")
def _(g):
	w = g.session()
	c = acknowledgement()
	c.acknowledgement.received_ms = P.now_ms() + 2 * 3_600_000
	assert answers(g, w, asked(g, w), c) == ["TRANSITION_NOT_ALLOWED"]


# ------------------------------------------------------------------ The bulk lane

def pull(**changed):
	return B.bulk.BulkFrame(pull=B.bulk.Pull(**{"pull": 1, "message_id": P.uuid7(), "attachment": 1, "sha256": bytes(32),
						   "credit": 1, **changed}))


BULK = [
	(902, "pulls under the number 0", pull(pull=0)),
	(903, "pulls with credit 0", pull(credit=0)),
	(904, "pulls with credit 65", pull(credit=65)),
	(905, "sends a chunk of a number that was never used", B.bulk.BulkFrame(chunk=B.bulk.Chunk(pull=77, data=b"x"))),
	(906, "sends a frame without a kind", b""),
	(907, "says hello twice", B.bulk.BulkFrame(hello=P.pb.Hello())),
	(908, "sends a chunk with a path of 33 bytes", B.bulk.BulkFrame(chunk=B.bulk.Chunk(pull=1, path=bytes(33)))),
	(909, "sends a chunk with its data twice", b"\x2a\x09\x08\x01\x22\x01x\x22\x01x"),
	(916, "sends a chunk of 1,048,577 bytes",
	 B.bulk.BulkFrame(chunk=B.bulk.Chunk(pull=1, data=bytes(B.CHUNK + 1)))),
]
for number, does, frame in BULK:
	def breaks(g, frame=frame):
		w = g.bulk()
		w.send(frame)
		ends(w, "PROTOCOL")
	case(number, "The bulk lane", does, "goodbye PROTOCOL")(breaks)


@case(901, "The bulk lane", "pulls what comityd never offered", "not_sent NEVER_OFFERED, and the session goes on")
def _(g):
	w = g.bulk()
	for number in (1, 9, 2):
		w.send(pull(pull=number))
		answer = w.await_kind("not_sent")
		assert (answer.pull, answer.code) == (number, B.bulk.NEVER_OFFERED)


@case(910, "The bulk lane", "pulls before it is proven", "goodbye PROTOCOL")
def _(g):
	w = g.bulk("hello")
	w.send(pull())
	ends(w, "PROTOCOL")


@case(911, "The bulk lane", "serves no pulls by its Hello", "goodbye PROTOCOL")
def _(g):
	w = g.bulk("zmtp")
	w.send(w.greeting.say_hello(pulls=0))
	ends(w, "PROTOCOL")


@case(912, "The bulk lane", "sends credit and cancel for a pull that has ended", "they are ignored")
def _(g):
	w = g.bulk()
	w.send(pull())
	w.await_kind("not_sent")
	w.say(credit=B.bulk.Credit(pull=1, chunks=1))
	w.say(cancel=B.bulk.Cancel(pull=1))
	w.send(pull(pull=2))
	assert w.await_kind("not_sent").pull == 2


@case(913, "The bulk lane", "pulls again under the number of a pull that has ended", "it is answered as a new one")
def _(g):
	w = g.bulk()
	for _ in range(2):
		w.send(pull(pull=7))
		assert w.await_kind("not_sent").pull == 7


@case(914, "The bulk lane", "pulls the attachment 0, and by a digest of 31 bytes", "not_sent NEVER_OFFERED for both")
def _(g):
	w = g.bulk()
	for number, wrong in enumerate(({"attachment": 0}, {"sha256": bytes(31)}), 1):
		w.send(pull(pull=number, **wrong))
		assert w.await_kind("not_sent").code == B.bulk.NEVER_OFFERED


@case(915, "The bulk lane", "sends credit, cancel and not_sent for a number that was never used", "they are ignored")
def _(g):
	w = g.bulk()
	for chunks in (0, 1, 65):
		w.say(credit=B.bulk.Credit(pull=77, chunks=chunks))
	w.say(cancel=B.bulk.Cancel(pull=77))
	w.say(not_sent=B.bulk.NotSent(pull=77, code=B.bulk.GONE))
	w.send(pull(pull=2))
	assert w.await_kind("not_sent").pull == 2


def offered(g, data):
	"""A request with evidence of the driver's, which comityd has accepted, and the bulk lane."""
	item = B.Item(data)
	content = C.request()
	content.request.attachments.add(**item.manifest)
	messages = g.session()
	raw = g.peer.message(content)
	assert messages.deliver(g.parcel(raw)) == [None]
	return P.case.Message.FromString(raw), item, messages, g.bulk()


def pulled(w, m):
	"""The pull of that message; others, of what earlier cases have offered, are not served."""
	while True:
		p = w.await_kind("pull")
		if p.message_id == m.id:
			return p
		w.say(not_sent=B.bulk.NotSent(pull=p.pull, code=B.bulk.GONE))


@case(920, "The bulk lane", "offers evidence of two chunks and a byte and sends them with their paths",
      "a pull from chunk 0 with credit; then an evidence_statement that it ARRIVED")
def _(g):
	data = bytes(range(256)) * 8192 + b"x"
	m, item, messages, w = offered(g, data)
	p = pulled(w, m)
	assert (p.attachment, p.sha256, p.first_chunk) == (1, item.manifest["sha256"], 0) and 1 <= p.credit <= 64
	credit = p.credit
	for chunk in range(3):
		while credit == 0:
			credit += w.await_kind("credit").chunks
		w.send(item.frame(p.pull, chunk))
		credit -= 1
	stated = g.receipted(messages)
	while stated.case_id != m.case_id:
		stated = g.receipted(messages)
	one = stated.content.evidence_statement.items[0]
	assert (one.message, one.attachment, one.fate) == (m.number, 1, P.case.ARRIVED), one


@case(921, "The bulk lane", "sends a chunk that its path does not prove", "cancel CHUNK_DIFFERS, and the session goes on")
def _(g):
	m, item, _, w = offered(g, b"one chunk of it")
	p = pulled(w, m)
	frame = item.frame(p.pull, 0)
	frame.chunk.data = b"another chunk.."
	w.send(frame)
	cancelled = w.await_kind("cancel")
	assert (cancelled.pull, cancelled.code) == (p.pull, B.bulk.CHUNK_DIFFERS)
	w.send(pull(pull=5))
	assert w.await_kind("not_sent").pull == 5


@case(924, "The bulk lane", "sends a chunk of a pull that comityd has cancelled", "it is dropped, and the session goes on")
def _(g):
	m, item, _, w = offered(g, b"one chunk, twice")
	p = pulled(w, m)
	wrong = item.frame(p.pull, 0)
	wrong.chunk.data = b"another chunk..."
	w.send(wrong)
	w.await_kind("cancel")
	w.send(item.frame(p.pull, 0))
	w.send(pull(pull=5))
	assert w.await_kind("not_sent").pull == 5


@case(922, "The bulk lane", "sends a chunk that is not the next one", "goodbye PROTOCOL")
def _(g):
	m, item, _, w = offered(g, b"only one chunk")
	p = pulled(w, m)
	frame = item.frame(p.pull, 0)
	frame.chunk.chunk = 1
	w.send(frame)
	ends(w, "PROTOCOL")


@case(923, "The bulk lane", "answers a pull by NOT_NOW", "the session goes on, and it asks again later")
def _(g):
	m, _, _, w = offered(g, b"not now")
	p = pulled(w, m)
	w.say(not_sent=B.bulk.NotSent(pull=p.pull, code=B.bulk.NOT_NOW))
	w.send(pull(pull=5))
	assert w.await_kind("not_sent").pull == 5


# ------------------------------------------------------------------ the rest

@case(930, "Limits", "sends a frame of 1,114,112 bytes", "it is read, and refused only for what is in it: goodbye PROTOCOL")
def _(g):
	w = g.session()
	w.send(bytes(1_114_112))
	ends(w, "PROTOCOL")


@case(931, "Limits", "sends a parcel of 64 messages", "one receipt with 64 verdicts")
def _(g):
	w = g.session()
	ident = g.opened(w)
	assert w.deliver(g.parcel(*[g.peer.message(note(), ident) for _ in range(64)])) == [None] * 64


@case(940, "What is refused, and how", "breaks the protocol in a session and opens another one", "the next session is as if nothing had been")
def _(g):
	w = g.session()
	w.send(b"\xff")
	ends(w, "PROTOCOL")
	assert g.session().deliver(g.parcel()) == [None]


@case(950, "A worked example", "sends the message of the page, of 151 bytes",
      "a receipt that names its digest, and rejects it as UNKNOWN_CASE")
def _(g):
	page = open(C.PAGE, encoding="utf-8").read()
	page = page[page.index("## A worked example"):]
	shown = page[page.index("    {"):page.index("is, serialised")]
	m = json_format.Parse(shown, P.case.Message())
	raw = m.SerializeToString(deterministic=True)
	assert raw.hex() == "".join(re.findall(r"^    ([0-9a-f]{10,})$", page, re.M)[:len(raw.hex()) // 64 + 1])
	# The page's is from US-OIA to IE; the driver is IE.
	turned = P.case.Message.FromString(raw)
	turned.to, m.to = "US-OIA", "US-OIA"
	setattr(turned, "from", "IE")
	w = g.session()
	made = g.parcel(turned.SerializeToString())
	assert w.deliver(made) == ["UNKNOWN_CASE"]
	assert f"  {m.id}\n".encode() in g.peer.receipt_bytes[made.place].text


@case(960, "Traces", "loses its connection after it has sent a parcel, and sends it again in the next session",
      "one receipt, as in the trace of a lost receipt, and no second effect")
def _(g):
	w = g.session()
	raw = g.peer.message(C.request())
	made = g.parcel(raw)
	w.send(g.peer.parcel_frame(made))
	w.await_kind("receipt")
	w.close()
	w = g.session()
	assert (w.theirs.held.epoch, w.theirs.held.sequence) == made.place
	assert w.deliver(made) == [None]


@case(970, "A peer behind a TLS tunnel", "binds its proof to its TLS certificate, as agreed", "a proof bound to comityd's TLS certificate")
def _(g):
	w = g.session("hello")
	w.send(w.greeting.say_proof())
	text = P.read_text(w.await_kind("session_proof").proof.text, "session-proof")
	assert text["binding"] == f"certificate {w.greeting.binding[2]}"
