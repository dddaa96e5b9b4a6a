#!/usr/bin/python3
"""A real comityd against a peer in Python that knows the specification only.

usage: interop_test.py COMITYD COMITYCTL

Prints TAP. First two Python peers talk to each other, so that a fault of the peer
is not taken for one of comityd; then comityd listens, and then it dials.
"""
import getpass
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
import peer as P  # pylint: disable=wrong-import-position

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
count = failed = 0


def ok(good, name, more=""):
	global count, failed
	count += 1
	failed += not good
	print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
	if not good and more:
		print("\n".join(f"# {line}" for line in str(more).splitlines()), flush=True)
	return good


def told(s):
	return (f"ready {s.ready} closed {s.closed} proven {s.theirs is not None} their goodbye {s.goodbye} "
		f"our goodbye {s.said_goodbye} frames {[f.WhichOneof('kind') for f in s.frames]}")


def note(text):
	content = P.case.Content()
	content.note.text = text
	return content


def craft(peer, content, change=None, **options):
	"""A message with something wrong, which leaves no mark in what the peer keeps."""
	known = peer.cases.get(options.get("case_id"))
	before = known.mine if known else 0
	m = P.case.Message.FromString(peer.message(content, **options))
	if known:
		known.mine = before
	if change:
		change(m)
	return m.SerializeToString()


# ------------------------------------------------------------ Python to Python

def two_peers(pki, work):
	a, b = P.Peer("US-OIA", "IE", pki, f"{work}/a"), P.Peer("IE", "US-OIA", pki, f"{work}/b")
	try:
		b.open_dialler(a.open_listener())
		one, two = a.accept(), b.dial()
		ok(P.pump([one, two], lambda: one.theirs and two.theirs), "two Python peers prove themselves to each other",
		   told(one) + "\n" + told(two))
		b.waiting.append(b.message(P.complete_request()))
		ok(P.pump([one, two], lambda: b.receipts) and a.received, "a request goes from one Python peer to the other",
		   told(one) + "\n" + told(two))
		before = two.raw_receipts[:]
		two.send(b.parcel_frame(b.sent[0]))
		ok(P.pump([one, two], lambda: len(two.raw_receipts) == 2) and two.raw_receipts[1:] == before,
		   "a Python peer answers a duplicate with the same receipt")
		two.send(b.parcel_frame(b.parcel([b.message(P.complete_request())], (b.epoch, 9), remember=False)))
		P.pump([one, two], lambda: two.closed)
		ok(two.goodbye and two.goodbye[0] == "SEQUENCE", "a Python peer refuses a gap", told(two))
		b.parcel([b.message(P.complete_request())])
		one, two = a.accept(), b.dial()
		ok(P.pump([one, two], lambda: len(b.receipts) == 2) and len(two.raw_receipts) == 1,
		   "two Python peers resume after what is held", told(one) + "\n" + told(two))
	finally:
		a.close()
		b.close()


# ------------------------------------------------------------ comityd

class Node:
	"""A real comityd as US-OIA, and its comityctl."""

	def __init__(self, comityd, comityctl, pki, work):
		self.comityd, self.comityctl, self.pki, self.work = comityd, comityctl, pki, work
		self.socket, self.process, self.inbox = f"{work}/comity.sock", None, None
		self.port = P.free_port()

	def start(self, dial=None):
		own = f"{self.pki}/US-OIA"
		where = f'dial = "127.0.0.1:{dial}"' if dial else ""
		with open(f"{self.work}/comityd.conf", "w", encoding="ascii") as f:
			f.write(f"""authority {{
	id = "US-OIA"
	name = "Office of International Affairs"
}}
store {{
	dir = "{self.work}/store"
}}
identity {{
	tls_certificate = "{own}/tls.pem"
	tls_key = "{own}/tls.key"
	signing_certificate = "{own}/sign.pem"
	signing_key = "{own}/sign.key"
}}
listen = {{{'' if dial else f'"127.0.0.1:{self.port}"'}}}
run_dir = "{self.work}/run"
local {{
	path = "{self.socket}"
}}
client desk {{
	user = "{getpass.getuser()}"
	role = submitter
	cases = all
}}
peer IE {{
	{where}
	anchors = "{own}/peers/IE/ca.pem"
	crl = "{own}/peers/IE/crl.pem"
	names = {{"dns:ie.comity.invalid"}}
	signing_certificates = "{own}/peers/IE/sign.pem"
	tunnel = "yes"
}}
delivery {{
	backoff_first = 1
	backoff_max = 1
}}
""")
		self.process = P.Process([self.comityd, "--config", f"{self.work}/comityd.conf"])
		self.process.wait_line("ready")
		self.inbox = P.Process([self.comityctl, "--socket", self.socket, "--json", "inbox", "--follow"])

	def stop(self):
		code = None
		for process in (self.inbox, self.process):
			if process:
				code = process.stop()
		self.inbox, self.process = None, None
		return code

	def ctl(self, *argv):
		done = subprocess.run([self.comityctl, "--socket", self.socket, "--json", *argv], capture_output=True,
				      check=False, timeout=20, stdin=subprocess.DEVNULL)
		if done.returncode:
			raise AssertionError(f"comityctl {argv}: {done.returncode} {done.stderr.decode()} {done.stdout.decode()}")
		return json.loads(done.stdout)

	def submit(self, content, case_ref=""):
		s = P.local.Submission(own_reference="" if case_ref else f"US-{P.now_ms()}", case_ref=case_ref,
				       to="" if case_ref else "IE", content=content)
		path = f"{self.work}/submission.json"
		with open(path, "w", encoding="utf-8") as f:
			f.write(P.json_format.MessageToJson(s))
		return self.ctl("submit", path)

	def event(self, kind, message_id):
		"""Waits for an event about a message on the running inbox."""
		try:
			return self.inbox.wait_line(f'(?=.*"{kind}")(?=.*"{message_id}")')
		except AssertionError as why:
			print("\n".join(f"# {line}" for line in str(why).splitlines()))
			return None

	def case_ids(self):
		return {c["caseId"]: c for c in self.ctl("case", "list").get("cases", [])}


def shall_hello(peer, connect, name):
	s = connect()
	ok(P.pump([s], lambda: s.theirs), name, told(s) + "\n" + "\n".join(peer.tunnel.lines[-8:]))
	return s


def shall_exchange(node, peer, s, how):
	"""A request each way, with receipts; returns the ids of both cases."""
	got = node.submit(P.complete_request("US", "IE"))
	ok(P.pump([s], lambda: any(m.id == got["messageId"] for m in peer.received)),
	   f"{how}: a submitted request arrives as a parcel and verifies", told(s))
	ok(node.event("RELAY_ACCEPTED", got["messageId"]),
	   f"{how}: comityd accepts the receipt of the Python peer")
	raw = peer.message(P.complete_request())
	peer.waiting.append(raw)
	m = P.case.Message.FromString(raw)
	before = len(peer.receipts)
	P.pump([s], lambda: len(peer.receipts) > before)
	text = peer.receipts.get(peer.sent[-1].place)
	ok(text and [e[2] for e in text.entries] == [None], f"{how}: a request of the Python peer is receipted as accepted",
	   f"{told(s)} {text and text.entries}")
	ok(text and text["audit-size"] > 0, f"{how}: the receipt states an audit log that has grown")
	ok(node.event("MESSAGE_RECEIVED", m.id) and m.case_id in node.case_ids(), f"{how}: comityctl shows the case")
	return got["caseId"], m.case_id


def shall_doubt_times(node, peer, s):
	"""A time that cannot be right is told to people, and what it stands in is taken."""
	minute = 60_000
	for what, off, level, said in (
			("now", 0, None, None),
			("4 minutes ahead", 4 * minute, None, None),
			("4 minutes before the parcel before it", -minute + 1000, None, None),
			("an hour ahead", 61 * minute, "ALARM", "60 minutes ahead of the clock here"),
			("an hour before the parcel before it", -minute, "ALARM", "minutes before the parcel before it")):
		start = len(node.process.lines)
		peer.clock = lambda off=off: P.now_ms() + off
		raw = peer.message(P.complete_request())
		peer.waiting.append(raw)
		ident = P.case.Message.FromString(raw).id
		P.pump([s], lambda: any(e[1] == ident for t in peer.receipts.values() for e in t.entries))
		shall_be_told(node, f"a parcel made {what}", node.event("MESSAGE_RECEIVED", ident), level, said, start)
	for what, off, level, said in (
			("now", 0, None, None),
			("40 minutes before the parcel that it answers", -40 * minute, "ALARM", "before the parcel that it answers"),
			("3 hours ahead", 181 * minute, "ALARM", "3 hours ahead of the clock here")):
		start = len(node.process.lines)
		peer.clock = lambda off=off: P.now_ms() + off
		ident = node.submit(P.complete_request("US", "IE"))["messageId"]
		P.pump([s], lambda: any(m.id == ident for m in peer.received))
		shall_be_told(node, f"a receipt made {what}", node.event("RELAY_ACCEPTED", ident), level, said, start)
	peer.clock = P.now_ms


def shall_be_told(node, what, event, level, said, start):
	"""In the event and in the journal, or in neither."""
	lines = [l for l in node.process.lines[start:] if "signed as made at" in l]
	good = event and (said in event and len(lines) == 1 and said in lines[0] and f"{level}: peer IE:" in lines[0] if said
			  else "signed as made" not in event and not lines)
	ok(good, f"{what} is taken and {'told to people' if said else 'nothing is said of it'}", f"{event}\n{lines}")


def shall_repeat(peer, s, how):
	before = len(s.raw_receipts)
	s.send(peer.parcel_frame(peer.sent[-1]))
	P.pump([s], lambda: len(s.raw_receipts) > before)
	ok(s.raw_receipts[before:] == [peer.receipt_bytes[peer.sent[-1].place].SerializeToString()],
	   f"{how}: the same parcel again gets the same receipt byte for byte", told(s))


def rejections(peer, ours, theirs):
	"""(code or None, id, bytes): `ours` is a case of comityd's, `theirs` one of the peer's."""
	def say(text="A note.", change=None, case_id=theirs, **options):
		return craft(peer, note(text), change, case_id=case_id, **options)
	result = P.case.Content()
	result.result.results.add(measure=1, outcome=P.types.EXECUTED)
	many = P.complete_request()
	for i in range(2, 66):
		many.request.measures.add().CopyFrom(many.request.measures[0])
		many.request.measures[-1].measure = i
	utf8 = say("\x01\x02\x03\x04").replace(b"\x01\x02\x03\x04", b"\xff\xfe\xff\xfe")
	ident = P.case.Message.FromString(say()).id
	made = [
		("MALFORMED", P.uuid7(), b"\xff\xff\xff"),
		("MALFORMED", P.uuid7(), utf8),
		("MALFORMED", ident, say()),
		("MALFORMED", None, say(change=lambda m: m.ClearField("number"))),
		("MALFORMED", None, say(change=lambda m: m.ClearField("priority"))),
		("MALFORMED", None, say(change=lambda m: m.ClearField("nonce"))),
		("WRONG_PARTY", None, say(change=lambda m: setattr(m, "from", "FR"))),
		("WRONG_PARTY", None, say(change=lambda m: setattr(m, "to", "FR"))),
		("UNKNOWN_CRITICAL_FEATURE", None, say(change=lambda m: m.critical.append("x"))),
		("INCOMPLETE", None, say("")),
		("UNKNOWN_CASE", None, say(case_id=P.uuid7(), side="REQUESTING")),
		("WRONG_PARTY", None, say(side="REQUESTED")),
		("NUMBER_REUSED", None, say(number=1)),
		("UNSEEN", None, say(seen=99)),
		("TRANSITION_NOT_ALLOWED", None, craft(peer, result, case_id=ours)),
		("MALFORMED", None, say(change=lambda m: m.critical.extend(["x"] * 1001))),
		("MALFORMED", None, say("x" * 131_073)),
		("INCOMPLETE", None, craft(peer, many)),
		("ID_REUSED", None, say(change=lambda m: setattr(m, "id", peer.sent[0].entries[0][1]))),
	]
	peer.cases[theirs].mine = 40
	made.append((None, None, peer.message(note("This one is good."), theirs)))
	return [(code, ident or P.case.Message.FromString(raw).id, raw) for code, ident, raw in made]


def shall_reject(node, peer, s, ours, theirs):
	made = rejections(peer, ours, theirs)
	parcel = peer.parcel([m[2] for m in made], ids=[m[1] for m in made])
	s.send(peer.parcel_frame(parcel))
	P.pump([s], lambda: parcel.place in peer.receipts)
	text = peer.receipts.get(parcel.place)
	if not ok(text, "a parcel with 20 messages, 19 of them wrong, gets one receipt", told(s)):
		return
	for i, ((code, ident, _), entry) in enumerate(zip(made, text.entries)):
		got = entry[2]
		ok((got[0] if got else None) == code, f"message {i + 1} of it is {'rejected ' + code if code else 'accepted'}", got)
	ok(node.event("MESSAGE_REJECTED", made[10][1]), "comityctl shows a message that was rejected")


def shall_reject_what_is_no_message_of_the_protocol(node, peer, s, theirs):
	"""What the peer has signed and will send again for ever is rejected, not refused."""
	def say(ident=None, text="A note.", **options):
		return craft(peer, note(text), change=lambda m: setattr(m, "id", ident or m.id), case_id=theirs, **options)
	start, mine = len(node.process.lines), peer.cases[theirs].mine
	odd = [P.uuid7()[:14] + "4" + P.uuid7()[15:], P.uuid7().upper(), "note-1", "N", "a" * 36]
	made = [(ident, say(ident)) for ident in odd]
	twice, mine = P.uuid7(), mine + 1
	once = say(twice, number=mine)
	made += [(twice, once), (twice, once), (twice, say(twice))]
	want = ["MALFORMED"] * len(odd) + [None, None, "ID_REUSED"]
	parcels = [("ids that are no UUIDv7, and one id three times", made, want)]
	large = craft(peer, note("x" * 262_144), case_id=theirs)
	small = say(number=(mine := mine + 1))
	parcels.append(("a message of more than 262144 bytes", [(None, large), (None, small)], ["MALFORMED", None]))
	many = [say(text="x" * 120_000) for _ in range(8)]
	head = [say(text="x" * 120_000, number=(mine := mine + 1)) for _ in range(1)]
	parcels.append(("more than 1048576 bytes together", [(None, m) for m in head + many],
		[None] + ["NUMBER_REUSED"] * 7 + ["MALFORMED"]))
	for what, messages, want in parcels:
		ids = [ident or P.case.Message.FromString(raw).id for ident, raw in messages]
		parcel = peer.parcel([raw for _, raw in messages], ids=ids)
		s.send(peer.parcel_frame(parcel))
		P.pump([s], lambda: parcel.place in peer.receipts)
		text = peer.receipts.get(parcel.place)
		got = text and [e[2] and e[2][0] for e in text.entries]
		ok(got == want, f"a signed parcel with {what} is receipted, and each of it has its verdict", f"{got}\n{told(s)}")
		shall_repeat(peer, s, what)
	peer.cases[theirs].mine = mine
	ok(not any("note-1" in l for l in node.process.lines[start:]), "what a peer writes for an id is in no line of the log")


def shall_say_goodbye(peer, connect):
	"""What ends a session, by the code that says so."""
	pb, pf = P.pb, P.pb.PeerFrame

	def frame(**options):
		return peer.parcel_frame(peer.parcel([peer.message(P.complete_request())], remember=False, **options))

	def bad(change, **options):
		f = frame(**options)
		change(f.parcel)
		return f

	def flip(p):
		p.manifest.signature = p.manifest.signature[:-1] + bytes([p.manifest.signature[-1] ^ 1])

	def signed(change):
		"""A parcel whose manifest was altered before it was signed."""
		f = frame()
		f.parcel.manifest.CopyFrom(peer.signer.sign(change(f.parcel.manifest.text)))
		return f

	def hello(s, **fields):
		return pf(hello=s.greeting.make_hello(**fields))

	def state(**fields):
		return pf(state=peer.state(**fields))

	last = peer.sent[-1].place
	never = P.write_text("receipt", {"from": "IE", "to": "US-OIA", "epoch": 7, "sequence": 1, "parcel": "0" * 64,
		"made": P.rfc3339(P.now_ms()), "audit-size": 0, "audit-root": P.EMPTY_ROOT}, [("0" * 64, P.uuid7(), None)])
	wrong = P.Signer(peer.peer_dir, peer.peer_dir, peer.work)
	stranger = f"{os.path.dirname(peer.own_dir)}/US-OIA"
	made_up = pb.ProfileDigest(instrument="made-up", version="1", digest=bytes(31))
	after_state = [
		("a gap in the sequence", "SEQUENCE", lambda s: frame(place=(peer.epoch, last[1] + 2))),
		("sequence 2 of a new epoch", "SEQUENCE", lambda s: frame(place=(peer.epoch + 1, 2))),
		("another parcel under a known sequence", "SEQUENCE", lambda s: frame(place=last)),
		("a damaged signature", "SIGNATURE", lambda s: bad(flip)),
		("a signature of another authority", "SIGNATURE", lambda s: frame(own_dir=stranger)),
		("a parcel without its signature", "PROTOCOL|SIGNATURE", lambda s: bad(lambda p: p.manifest.ClearField("signature"))),
		("a parcel without a manifest", "PROTOCOL", lambda s: bad(lambda p: p.ClearField("manifest"))),
		("an altered message", "PROTOCOL|SIGNATURE", lambda s: bad(lambda p: p.messages.append(p.messages.pop()[:-1] + b"\x00"))),
		("a message too many", "PROTOCOL", lambda s: bad(lambda p: p.messages.append(b"x"))),
		("a message too few", "PROTOCOL", lambda s: bad(lambda p: p.messages.pop())),
		("a manifest with CR LF", "PROTOCOL", lambda s: signed(lambda t: t.replace(b"\n", b"\r\n"))),
		("a manifest without the last LF", "PROTOCOL", lambda s: signed(lambda t: t[:-1])),
		("a manifest with two blanks in a header", "PROTOCOL", lambda s: signed(lambda t: t.replace(b"# to ", b"# to  "))),
		("a manifest with a leading zero", "PROTOCOL", lambda s: signed(lambda t: t.replace(b"sequence ", b"sequence 0"))),
		("a manifest with a further header", "PROTOCOL", lambda s: signed(lambda t: t.replace(b"# made", b"# x y\n# made"))),
		("a manifest with seconds only", "PROTOCOL", lambda s: signed(lambda t: P.re.sub(rb"\.\d{3}Z", b"Z", t))),
		("a manifest with upper-case digits", "PROTOCOL",
		 lambda s: signed(lambda t: P.re.sub(rb"\n[0-9a-f]{64}", b"\n" + b"A" * 64, t))),
		("a manifest for another authority", "PROTOCOL", lambda s: signed(lambda t: t.replace(b"# to US-OIA", b"# to FR"))),
		("a manifest of type receipt", "PROTOCOL", lambda s: signed(lambda t: t.replace(b"type parcel", b"type receipt"))),
		("a manifest with an id of 37 bytes", "PROTOCOL",
		 lambda s: signed(lambda t: P.re.sub(rb"  ([^ ]{36})\n", rb"  \g<1>a\n", t))),
		("a manifest with an id that names a folder", "PROTOCOL",
		 lambda s: signed(lambda t: P.re.sub(rb"  ([^ ]{36})\n", b"  a/b\n", t))),
		("a manifest without messages", "PROTOCOL",
		 lambda s: signed(lambda t: b"".join(l for l in t.splitlines(True) if l.startswith(b"#")))),
		("a parcel of 65 messages", "PROTOCOL", lambda s: peer.parcel_frame(peer.parcel(
			[craft(peer, note("x"), case_id=P.uuid7(), side="REQUESTING") for _ in range(65)], remember=False))),
		("a signature of more than 16384 bytes", "PROTOCOL",
		 lambda s: bad(lambda p: setattr(p.manifest, "signature", p.manifest.signature + bytes(16_384)))),
		("a receipt for a parcel that was never made", "PROTOCOL",
		 lambda s: pf(receipt=pb.Receipt(receipt=peer.signer.sign(never)))),
		("a receipt signed by another authority", "SIGNATURE",
		 lambda s: pf(receipt=pb.Receipt(receipt=wrong.sign(never, stranger)))),
		("a second hello", "PROTOCOL", hello),
		("a second session proof", "PROTOCOL", lambda s: s.greeting.say_proof()),
		("a second state", "PROTOCOL", lambda s: state()),
		("a frame without a kind", "PROTOCOL", lambda s: pf()),
		("a frame that does not parse", "PROTOCOL", lambda s: b"\xff\xff\xff\xff"),
		("heads that nobody asked for", "PROTOCOL", lambda s: pf(heads=pb.Heads(last=True))),
	]
	nothing = [
		("a parcel before hello", "PROTOCOL", lambda s: frame()),
		("a heads request before hello", "PROTOCOL", lambda s: pf(heads_request=pb.HeadsRequest())),
		("a state before hello", "PROTOCOL", lambda s: state()),
		("hello of version 3 only", "VERSION", lambda s: hello(s, lowest_version=3, highest_version=3)),
		("hello with a critical feature", "VERSION", lambda s: hello(s, critical=["x"])),
		("hello with window 0", "PROTOCOL", lambda s: hello(s, window=0)),
		("hello with a message limit that is too low", "PROTOCOL", lambda s: hello(s, max_message_bytes=262143)),
		("hello with an instance id of 15 bytes", "PROTOCOL", lambda s: hello(s, instance_id=b"x" * 15)),
		("hello with a nonce of 31 bytes", "PROTOCOL", lambda s: hello(s, nonce=bytes(31))),
	]
	proof = [
		("a parcel before state", "PROTOCOL", lambda s: frame()),
		("a heads request before state", "PROTOCOL", lambda s: pf(heads_request=pb.HeadsRequest())),
		("state with epoch 0", "PROTOCOL", lambda s: state(epoch=0)),
		("state with a digest of calendars of 31 bytes", "PROTOCOL", lambda s: state(calendar_digest=bytes(31))),
		("state with a digest of zones of 33 bytes", "PROTOCOL", lambda s: state(zone_digest=bytes(33))),
		("state with a digest of a profile of 31 bytes", "PROTOCOL",
		 lambda s: state(profiles=[made_up])),
		("state without its places", "PROTOCOL", lambda s: pf(state=pb.State(epoch=peer.epoch, audit_head=peer.audit_head()))),
		("state without an audit head", "PROTOCOL", lambda s: pf(state=pb.State(
			epoch=peer.epoch, held=pb.StreamPosition(), receipted=pb.StreamPosition()))),
		("state with an audit head of another authority's key", "SIGNATURE",
		 lambda s: state(audit_head=peer.signer.sign(peer.audit_head().text, stranger))),
		("state with an audit head for another authority", "PROTOCOL",
		 lambda s: state(audit_head=peer.audit_head(to="FR"))),
		("state with a malformed audit head", "PROTOCOL", lambda s: state(audit_head=peer.signer.sign(
			peer.audit_head().text.replace(b"audit-size 0", b"audit-size 00")))),
	]
	for upto, ends in (("state", after_state), ("nothing", nothing), ("proof", proof)):
		for name, code, make in ends:
			shall_end(connect, name, code, make, upto)


def shall_end(connect, name, codes, make, upto="state"):
	"""One frame after the beginning up to there, and the goodbye that it is answered by."""
	s = connect(upto=upto, polite=False)
	if not P.pump([s], lambda: s.theirs if upto != "nothing" else s.ready):
		return ok(False, f"{name}: goodbye {codes}", "no session: " + told(s))
	f = make(s)
	s.send_bytes(f if isinstance(f, bytes) else f.SerializeToString())
	ended = P.pump([s], lambda: s.closed)
	good = ok(ended and s.goodbye and s.goodbye[0] in codes.split("|"), f"{name}: goodbye {codes}", told(s))
	s.close()
	return good


def shall_close_on_more(connect):
	s = connect(polite=False)
	P.pump([s], lambda: s.theirs)
	s.socket.send_multipart([b"a", b"b"], P.zmq.NOBLOCK)
	ok(P.pump([s], lambda: s.closed), "a message of two frames: the connection is closed", told(s))
	s.close()


def shall_refuse_tls(node, pki, work):
	"""Callers that are not peers see a TLS alert, and nothing above TLS."""
	subprocess.run([f"{ROOT}/certs/comity-pki", "throwaway", f"{work}/other", "IE"], check=True,
		       stdout=subprocess.DEVNULL)
	mine = f"{pki}/IE"
	for name, without, instead in (
			("without a certificate", ("cert", "key"), ()),
			("with a certificate of an unknown CA", ("cert", "key"),
			 (f"cert = {work}/other/IE/tls.pem", f"key = {work}/other/IE/tls.key")),
			("with its signing certificate", ("cert", "key"), (f"cert = {mine}/sign.pem", f"key = {mine}/sign.key")),
			("with another authority's certificate", ("cert", "key"),
			 (f"cert = {pki}/US-OIA/tls.pem", f"key = {pki}/US-OIA/tls.key")),
			("with TLS 1.2", ("sslVersion", "ciphersuites"), ("sslVersion = TLSv1.2",))):
		stranger = P.Peer("IE", "US-OIA", pki, f"{work}/stranger")
		try:
			stranger.open_dialler(node.port, without=without, instead=instead)
			s = stranger.dial()
			ended = P.pump([s], lambda: s.closed)
			stranger.tunnel.wait_line(r"\balert\b.*", 5)
			ok(ended and not s.ready and not s.frames, f"a dialler {name}: a TLS alert and nothing above TLS", told(s))
		except AssertionError as why:
			ok(False, f"a dialler {name}: a TLS alert and nothing above TLS", why)
		finally:
			stranger.close()


def parsed(raw):
	"""None for what was rejected as no message, or is not held."""
	try:
		return P.case.Message.FromString(raw) if raw else None
	except Exception:
		return None


def verdicts(peer, case_id):
	"""What a head of the other side states in `verdicts`, by the receipts that it has given; and the ids."""
	codes = {None: 0, "NUMBER_REUSED": 6, "UNSEEN": 7, "TRANSITION_NOT_ALLOWED": 8}
	held = {}
	for place in sorted(peer.receipts):
		messages = next(s.messages for s in peer.sent if s.place == place)
		for raw, (sha, ident, verdict) in zip(messages, peer.receipts[place].entries):
			m, code = parsed(raw), verdict[0] if verdict else None
			if m and m.case_id == case_id and code in codes:
				held[bytes.fromhex(sha)] = (codes[code], ident)
	text = b"".join(sha + code.to_bytes(4, "big") for sha, (code, _) in sorted(held.items()))
	return bytes.fromhex(P.sha256(text)), [ident for _, ident in held.values()]


def shall_fetch(known, peer, connect, theirs):
	"""The frames after a restored backup, asked by the Python peer."""
	pb, pf = P.pb, P.pb.PeerFrame
	peer.epoch += 1000
	peer.features.append("verdicts")
	s = connect(upto="proof", polite=False)
	P.pump([s], lambda: s.theirs)
	s.send(pf(state=peer.state(reconciling=True)))
	s.send(pf(heads_request=pb.HeadsRequest()))
	P.pump([s], lambda: any(f.HasField("heads") for f in s.frames))
	heads = next((f.heads for f in s.frames if f.HasField("heads")), pb.Heads())
	found = {c.case_id: c for c in heads.heads}
	ok(heads.last and list(found) == sorted(known) and found[theirs].yours == peer.cases[theirs].mine,
	   "heads names every shared case in order, with our highest number", f"{told(s)}\n{heads}")
	expected, ids = verdicts(peer, theirs)
	ok(found[theirs].verdicts == expected and len(ids) > 2,
	   "a head states the verdicts on our messages", f"{found[theirs]}\n{expected.hex()} {ids}")
	s.frames.clear()
	s.send(pf(fetch_request=pb.FetchRequest(case_id=theirs, after=1000, message_id=ids[0])))
	P.pump([s], lambda: any(f.HasField("fetched") for f in s.frames))
	got = next((f.fetched for f in s.frames if f.HasField("fetched")), pb.Fetched())
	made = next(m for m in peer.sent if ids[0] in [e[1] for e in m.entries])
	ok(got.case_id == theirs and got.manifest.text == made.manifest.text and got.HasField("receipt"),
	   "a fetch_request that names a message is answered by its parcel", told(s))
	after, kept = 0, []
	while not s.closed:
		s.frames.clear()
		s.send(pf(fetch_request=pb.FetchRequest(case_id=theirs, after=after)))
		P.pump([s], lambda: any(f.HasField("fetched") for f in s.frames))
		got = next((f.fetched for f in s.frames if f.HasField("fetched")), None)
		if got is None or got.last or not got.messages:
			break
		kept.append(got)
		after = max(m.number for m in map(parsed, got.messages) if m and m.case_id == theirs)
	originals = {s.manifest.SerializeToString() for s in peer.sent}
	given = {r.SerializeToString() for r in peer.receipt_bytes.values()}
	ok(got is not None and got.last and not got.HasField("manifest") and len(kept) >= 2,
	   "fetch_request is answered parcel by parcel until last", told(s))
	ok(kept and all(k.manifest.SerializeToString() in originals and k.receipt.SerializeToString() in given
			and {P.sha256(m) for m in k.messages if m} <= {e[0] for x in peer.sent for e in x.entries} for k in kept),
	   "what is fetched are the original manifests, messages and receipts")
	s.leave("RESTORED", "fetched back")


def shall_tell_an_odd_goodbye(node, connect):
	"""What a peer says at the end becomes a line of the journal and a field of the status."""
	s = connect(polite=False)
	P.pump([s], lambda: s.theirs)
	start = len(node.process.lines)
	s.send(P.pb.PeerFrame(goodbye=P.pb.Goodbye(code=P.pb.SHUTDOWN, text="one\nALARM: two\x1b[2J " + "é" * 200)))
	ok(P.pump([s], lambda: s.closed), "comityd closes after a goodbye", told(s))
	try:
		line = node.process.wait_line("said goodbye", start=start)
		fault = node.ctl("status")["peers"][0]["lastFault"]
		ok(line.endswith("goodbye: SHUTDOWN") and not any("two" in l for l in node.process.lines[start:]),
		   "the journal names a goodbye's code, and not the peer's words", line)
		ok(fault.startswith("the peer said goodbye: one?ALARM") and fault.endswith("é"),
		   "a long goodbye is cut between characters in the status", fault)
	except AssertionError as why:
		ok(False, "an odd goodbye is told", why)


def against_comityd(comityd, comityctl, pki, work):
	node, peer = Node(comityd, comityctl, pki, work), P.Peer("IE", "US-OIA", pki, f"{work}/peer")
	try:
		node.start()
		peer.open_dialler(node.port)
		s = shall_hello(peer, peer.dial, "comityd listens: both sides are proven, and both States are good")
		shall_doubt_times(node, peer, s)
		ours, theirs = shall_exchange(node, peer, s, "comityd listens")
		shall_repeat(peer, s, "comityd listens")
		shall_reject(node, peer, s, ours, theirs)
		shall_repeat(peer, s, "rejections")
		shall_reject_what_is_no_message_of_the_protocol(node, peer, s, theirs)
		s.leave()
		shall_tell_an_odd_goodbye(node, peer.dial)
		shall_say_goodbye(peer, peer.dial)
		shall_close_on_more(peer.dial)
		shall_refuse_tls(node, pki, work)
		shall_fetch(node.case_ids(), peer, peer.dial, theirs)
		s = shall_hello(peer, peer.dial, "after all that a session is good again")
		shall_exchange(node, peer, s, "a new epoch")
		node.inbox.stop()
		node.process.child.terminate()
		ok(P.pump([s], lambda: s.closed) and s.goodbye and s.goodbye[0] == "SHUTDOWN",
		   "comityd stops: goodbye SHUTDOWN", told(s))
		ok(node.stop() == 0, "comityd ends in order")
		peer.tunnel.stop()

		node.start(dial=peer.open_listener())
		late = node.submit(P.complete_request("US", "IE"))
		peer.waiting.append(peer.message(P.complete_request()))
		s = shall_hello(peer, peer.accept, "comityd dials: both sides are proven, and both States are good")
		held = (s.theirs.held.epoch, s.theirs.held.sequence) if s.theirs else None
		ok(held == peer.receipted(), "comityd held, over its restart, what it has receipted", held)
		ok(P.pump([s], lambda: any(m.id == late["messageId"] for m in peer.received)),
		   "comityd dials: what was submitted before is delivered", told(s))
		shall_exchange(node, peer, s, "comityd dials")
		shall_repeat(peer, s, "comityd dials")
		s.leave()
		shall_end(peer.accept, "comityd dials, a gap", "SEQUENCE", lambda _: peer.parcel_frame(peer.parcel(
			[peer.message(P.complete_request())], (peer.epoch, 1000), remember=False)))
		s = shall_hello(peer, peer.accept, "comityd dials again after its goodbye")
		s.leave()
		ok(node.stop() == 0, "comityd ends in order, as dialler")
	except Exception:
		ok(False, "the test ran to its end", traceback.format_exc())
	finally:
		if failed and node.process:
			print("\n".join(f"# comityd: {line}" for line in node.process.lines[-100:]))
		node.stop()
		peer.close()


def main():
	if len(sys.argv) != 3:
		sys.exit(__doc__)
	work = tempfile.mkdtemp(prefix="interop.")
	try:
		P.load_protocol(f"{ROOT}/proto", f"{work}/gen")
		subprocess.run([f"{ROOT}/certs/comity-pki", "throwaway", f"{work}/pki", "US-OIA", "IE"], check=True,
			       stdout=subprocess.DEVNULL)
		two_peers(f"{work}/pki", work)
		against_comityd(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), f"{work}/pki", work)
	except Exception:
		ok(False, "the test could be prepared", traceback.format_exc())
	finally:
		shutil.rmtree(work)
	print(f"1..{count}")
	sys.exit(1 if failed else 0)


if __name__ == "__main__":
	main()
