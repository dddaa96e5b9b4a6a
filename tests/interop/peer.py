"""A Comity peer in Python, written from proto/PROTOCOL.md and the .proto files alone.

ZeroMQ comes from pyzmq, TLS from stunnel, CMS from the openssl command, protobuf
from code that protoc generates when the module is set up. State is in memory.
"""
import collections
import datetime
import hashlib
import importlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time

import zmq
from google.protobuf import json_format  # for interop_test.py
from zmq.utils.monitor import recv_monitor_message

import signed
from carrier import Carrier
from greeting import MAX_MESSAGE, MAX_PARCEL, STEPS, WINDOW, Greeting
from signed import MAX_MESSAGES, UUID7, Refused, Signer, now_ms, pem_certificates, read_text, rfc3339, sha256, write_text

MAX_FRAME = 1_114_112
FEATURES = ("evidence", "profile-text")
EMPTY_ROOT = hashlib.sha256(b"").hexdigest()
SIDES = ("REQUESTING", "REQUESTED")
OPENERS = ("request", "notification", "spontaneous_information")

pb = None      # comity.v1.peer
case = None    # comity.v1.case
types = None   # comity.v1.types
local = None   # comity.v1.local


def load_protocol(proto_dir, into):
	"""Generates the protobuf code from the project's files and imports it."""
	global pb, case, types, local
	os.makedirs(into, exist_ok=True)
	names = ["types", "case", "peer", "local"]
	subprocess.run(["protoc", f"--python_out={into}", f"-I{proto_dir}"]
		       + [f"{proto_dir}/comity/v1/{n}.proto" for n in names], check=True)
	sys.path.insert(0, into)
	types, case, pb, local = (importlib.import_module(f"comity.v1.{n}_pb2") for n in names)
	signed.pb, signed.types = pb, types
	global MANDATORY
	MANDATORY = read_mandatory(f"{proto_dir}/comity/v1/case.proto")


def free_port():
	with socket.socket() as s:
		s.bind(("127.0.0.1", 0))
		return s.getsockname()[1]


def uuid7():
	value = (now_ms() << 80) | int.from_bytes(secrets.token_bytes(10), "big")
	value = value & ~(0xF << 76) | 0x7 << 76
	value = value & ~(0x3 << 62) | 0x2 << 62
	h = f"{value:032x}"
	return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


class Process:
	"""A child whose output is kept by line and can be waited for."""

	def __init__(self, argv, **options):
		self.argv, self.lines, self.changed = argv, [], threading.Condition()
		self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
					      stderr=subprocess.STDOUT, **options)
		self.reader = threading.Thread(target=self._read, daemon=True)
		self.reader.start()

	def _read(self):
		for line in self.child.stdout:
			with self.changed:
				self.lines.append(line.decode(errors="replace").rstrip("\n"))
				self.changed.notify_all()
		with self.changed:
			self.changed.notify_all()

	def wait_line(self, pattern, seconds=10, start=0):
		"""The first line from `start` on that matches, or an AssertionError."""
		def found():
			return next((l for l in self.lines[start:] if re.search(pattern, l)), None)
		with self.changed:
			self.changed.wait_for(lambda: found() or not self.reader.is_alive(), seconds)
			line = found()
		if line is None:
			raise AssertionError(f"{self.argv[0]}: no line {pattern!r}; it said:\n  "
					     + "\n  ".join(self.lines[-15:]))
		return line

	def stop(self, how=signal.SIGTERM, seconds=15):
		if self.child.poll() is None:
			self.child.send_signal(how)
			try:
				self.child.wait(seconds)
			except subprocess.TimeoutExpired:
				self.child.kill()
				self.child.wait()
		self.reader.join(5)
		self.child.stdout.close()
		return self.child.returncode


# ------------------------------------------------------------ case messages

MANDATORY = {}


def read_mandatory(path):
	"""(message, field) of what case.proto calls mandatory without a condition."""
	found, stack = {}, []
	with open(path, encoding="utf-8") as f:
		for line in f:
			m = re.match(r"\s*(?:message|enum|oneof) (\w+) \{", line)
			if m:
				stack.append(m[1])
			elif re.match(r"\s*\}", line):
				stack.pop()
			else:
				m = re.match(r"\s*(?:repeated |optional )?\w+ (\w+) = \d+;\s*//(.*)", line)
				if m and stack and re.search(r"(?:^|[.;] )\s*(Mandatory\.|Mandatory;|At least one\.)", m[2].strip()):
					found.setdefault(stack[-1], []).append(m[1])
	return found


def missing_part(message, path):
	"""Path of the first mandatory part that is missing or wrong; None: complete."""
	kind = message.DESCRIPTOR
	for name in MANDATORY.get(kind.name, ()):
		field = kind.fields_by_name[name]
		if field.label == field.LABEL_REPEATED:
			good = len(getattr(message, name)) > 0
		elif field.has_presence:
			good = message.HasField(name)
		else:
			good = bool(getattr(message, name))
		if not good:
			return f"{path}.{name}"
	for field, value in message.ListFields():
		values = value if field.label == field.LABEL_REPEATED else [value]
		for i, one in enumerate(values):
			where = f"{path}.{field.name}" + (f"[{i}]" if values is value else "")
			if field.type == field.TYPE_MESSAGE:
				fault = missing_part(one, where)
				if fault:
					return fault
			elif field.type == field.TYPE_ENUM and one not in field.enum_type.values_by_number:
				return where
			elif field.name.endswith("_date") and one and not civil_date(one):
				return where
	return missing_conditional(message, path)


def civil_date(text):
	try:
		return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)) and datetime.date.fromisoformat(text)
	except ValueError:
		return False


def missing_conditional(message, path):
	kind = message.DESCRIPTOR.name
	if kind == "Authorities" and not (message.HasField("prosecuting") or message.HasField("investigating")):
		return f"{path}.prosecuting"
	if kind == "LegalBasis" and not (message.instrument or message.reciprocity):
		return f"{path}.instrument"
	if kind == "Attachment" and len(message.sha256) != 32:
		return f"{path}.sha256"
	if kind == "Request":
		if not 1 <= len(message.measures) <= 64:
			return f"{path}.measures"
		for i, m in enumerate(message.measures):
			if m.measure != i + 1:
				return f"{path}.measures[{i}].measure"
		if not message.facts and any(m.type != types.SERVICE_OF_DOCUMENTS for m in message.measures):
			return f"{path}.facts"
		if not (message.persons or message.no_person_reason):
			return f"{path}.no_person_reason"
	if kind == "MeasureResult" and not message.partial and not message.outcome:
		return f"{path}.outcome"
	return None


def check_shape(message, depth=1):
	"""Limits on nesting, repeated fields and texts; ValueError beyond them."""
	if depth > 16:
		raise ValueError("nesting")
	for field, value in message.ListFields():
		repeated = field.label == field.LABEL_REPEATED
		if repeated and len(value) > 1000:
			raise ValueError(f"{field.name}: elements")
		for one in value if repeated else [value]:
			if field.type == field.TYPE_MESSAGE:
				check_shape(one, depth + 1)
			elif field.type == field.TYPE_STRING and len(one.encode()) > 131_072:
				raise ValueError(f"{field.name}: text")


def complete_request(requesting="IE", requested="US"):
	"""A Content with a Request that has every mandatory part."""
	content = case.Content()
	r = content.request
	r.MergeFrom(case.Request(requesting_state=requesting, requested_state=requested, language="en",
			 title="Subscriber data of one account",
			 facts="On 2026-10-01 an account was used to obtain money by deception."))
	r.legal_basis.instrument = "us-ie-2001"
	r.legal_basis.version = "1"
	r.legal_basis.articles.append("1")
	r.links.add(type=case.NEW)
	r.authorities.requesting.name = "Central Authority"
	r.authorities.investigating.name = "Fraud Bureau"
	r.authorities.prosecuting.name = "Prosecutor"
	r.proceeding.type, r.proceeding.stage = case.CRIMINAL, case.INVESTIGATION
	r.proceeding.reference = "2026/1"
	r.proceeding.subject = "Investigation of a fraud"
	r.offences.add(name="Fraud", statute="Fraud Act, section 6", statute_text="A person who dishonestly ...",
		       maximum_penalty="5 years", dual_criminality_note="Fraud there as well")
	person = r.persons.add(role=case.ACCOUNT_HOLDER, name="unknown")
	person.identifiers.add(type="email", value="someone@example.com")
	measure = r.measures.add(measure=1, type=types.DISCLOSURE_SUBSCRIBER, description="Subscriber of the account",
				 nexus="The account was used.", necessity="There is no other way.")
	measure.targets.add(type="email", value="someone@example.com", issuer="Example Mail")
	measure.period.from_date, measure.period.to_date = "2026-09-01", "2026-10-31"
	r.purpose.purpose = "Evidence in the proceeding"
	r.approvals.add(name="A. Officer", office="Central Authority", role="Head", at_ms=now_ms())
	return content


# ------------------------------------------------------------ the peer

Sent = collections.namedtuple("Sent", "place manifest messages entries")


class Case:
	def __init__(self, side):
		self.side, self.mine, self.theirs = side, 0, 0


class Peer:
	"""One authority that talks to one other. What must survive a session is here."""

	def __init__(self, own, other, pki, work):
		self.own, self.other, self.work = own, other, work
		os.makedirs(work, exist_ok=True)
		self.own_dir, self.peer_dir = f"{pki}/{own}", f"{pki}/{own}/peers/{other}"
		self.name = f"{other.lower()}.comity.invalid"
		self.their_tls = f"{pki}/{other}/tls.pem"  # handed over beforehand: stunnel shows no certificate
		self.features = list(FEATURES)
		self.signer = Signer(self.own_dir, self.peer_dir, work)
		self.context = zmq.Context()
		self.instance = secrets.token_bytes(16)
		self.epoch = now_ms()
		self.sent = []                 # every parcel made, by place
		self.receipts = {}             # place -> receipt read
		self.receipt_bytes = {}        # place -> SignedText
		self.held = (0, 0)
		self.manifests = {}            # place -> SignedText that is held
		self.taken = {}                # place -> (manifest digest, SignedText of our receipt)
		self.messages = {}             # id -> (digest, verdict)
		self.cases = {}                # case id -> Case
		self.received = []             # accepted messages, decoded
		self.waiting = []              # serialised own messages without parcel
		self.tunnel = None
		self.clock = now_ms            # what is signed as made

	# ---- tunnel

	def _stunnel(self, service, without=(), instead=()):
		path = f"{self.work}/stunnel.conf"
		lines = ["foreground = yes", "pid =", "debug = 7", "syslog = no", "[comity]", *service,
			 f"cert = {self.own_dir}/tls.pem", f"key = {self.own_dir}/tls.key",
			 f"CAfile = {self.peer_dir}/ca.pem", f"CRLfile = {self.peer_dir}/crl.pem", "verifyChain = yes",
			 f"checkHost = {self.name}", "sslVersion = TLSv1.3", "sessionResume = no",
			 "ciphersuites = TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"]
		lines = [line for line in lines if line.split(" = ")[0] not in without] + list(instead)
		with open(path, "w", encoding="ascii") as f:
			f.write("\n".join(lines) + "\n")
		self.tunnel = Process(["stunnel", path])
		self.tunnel.wait_line(r"Service \[comity\].* bound to|Configuration (failed|unsuccessful)")

	def open_dialler(self, port, **options):
		"""A tunnel to a listening peer; `dial` then makes sessions through it."""
		self.plain = free_port()
		self._stunnel(["client = yes", f"accept = 127.0.0.1:{self.plain}", f"connect = 127.0.0.1:{port}"],
			      **options)

	def open_listener(self):
		"""A tunnel that listens; returns its port. `accept` then makes sessions."""
		self.plain, port = free_port(), free_port()
		self._stunnel(["client = no", f"accept = 127.0.0.1:{port}", f"connect = 127.0.0.1:{self.plain}"])
		return port

	def dial(self, **options):
		return Session(self, False, **options)

	def accept(self, **options):
		return Session(self, True, **options)

	def take(self, tls, **options):
		"""The session of a TLS connection that came through a Door."""
		port = free_port()
		s = Session(self, True, port=port, **options)
		Carrier(tls, socket.create_connection(("127.0.0.1", port)), listen=True).start()
		return s

	def close_tunnel(self):
		if self.tunnel:
			self.tunnel.stop()
			self.tunnel = None

	def close(self):
		self.close_tunnel()
		self.context.destroy(linger=0)

	# ---- making

	def receipted(self):
		"""The last place without a gap in the receipts for our own stream."""
		last = (0, 0)
		for s in self.sent:
			if s.place not in self.receipts:
				break
			last = s.place
		return last

	def certificate_binding(self):
		"""What a session proof says of a connection where one side cannot export: ours, and what theirs must say."""
		def leaf(path):
			with open(path, encoding="ascii") as f:
				return sha256(pem_certificates(f.read())[0])
		return "certificate", leaf(f"{self.own_dir}/tls.pem"), leaf(self.their_tls)

	def state(self, **changed):
		st = pb.State(epoch=self.epoch, audit_head=self.audit_head())
		st.held.epoch, st.held.sequence = self.held
		st.held.SetInParent()
		st.receipted.epoch, st.receipted.sequence = self.receipted()
		st.receipted.SetInParent()
		if self.held in self.manifests:
			st.held_proof.CopyFrom(self.manifests[self.held])
		if self.receipted() in self.receipt_bytes:
			st.receipted_proof.CopyFrom(self.receipt_bytes[self.receipted()])
		for name, value in changed.items():
			if isinstance(value, tuple):
				getattr(st, name).epoch, getattr(st, name).sequence = value
			elif isinstance(value, (pb.SignedText, list)):
				st.ClearField(name)
				st.MergeFrom(pb.State(**{name: value}))
			else:
				setattr(st, name, value)
		return st

	def audit_head(self, **changed):
		return self.signer.sign(write_text("audit-head", {
			"from": self.own, "to": self.other, "epoch": self.epoch, "made": rfc3339(now_ms()), "audit-size": 0,
			"audit-root": EMPTY_ROOT, **changed}))

	def message(self, content, case_id=None, number=None, seen=None, side=None):
		"""A new signed-to-be message; opens a case without `case_id`. Returns its bytes."""
		if case_id is None:
			case_id = uuid7()
			self.cases[case_id] = Case("REQUESTING")
		known = self.cases.get(case_id) or Case("REQUESTING")
		known.mine = number or known.mine + 1
		m = case.Message(format=1, id=uuid7(), to=self.other, case_id=case_id,
				 author_side=types.Side.Value(side or known.side), number=known.mine,
				 seen=known.theirs if seen is None else seen, created_ms=now_ms(),
				 nonce=secrets.token_bytes(16), priority=types.NORMAL, own_reference=f"REF-{case_id[-6:]}")
		setattr(m, "from", self.own)
		m.content.CopyFrom(content)
		return m.SerializeToString()

	def parcel(self, messages, place=None, own_dir=None, remember=True, ids=None):
		"""Makes, signs and (unless told otherwise) stores a parcel. `ids` where a message does not parse."""
		if place is None:
			place = (self.epoch, 1 + sum(1 for s in self.sent if s.place[0] == self.epoch))
		ids = ids or [case.Message.FromString(m).id for m in messages]
		entries = [(sha256(m), ident, None) for m, ident in zip(messages, ids)]
		text = write_text("parcel", {"from": self.own, "to": self.other, "epoch": place[0], "sequence": place[1],
					     "made": rfc3339(self.clock())}, entries)
		made = Sent(place, self.signer.sign(text, own_dir), list(messages), entries)
		if remember:
			self.sent.append(made)
		return made

	@staticmethod
	def parcel_frame(made):
		return pb.PeerFrame(parcel=pb.Parcel(manifest=made.manifest, messages=made.messages))

	# ---- taking

	def admit(self, raw, ident):
		"""None, or (code, reason): the checks of "Messages" in their order."""
		digest = sha256(raw)
		if ident in self.messages:
			if self.messages[ident][0] != digest:
				return "ID_REUSED", "the id is held with another digest"
			return self.messages[ident][1]
		try:
			m = case.Message.FromString(raw)
			check_shape(m)
		except Exception:
			return "MALFORMED", "it does not parse"
		if (m.format != 1 or m.id != ident or not UUID7.fullmatch(ident) or not UUID7.fullmatch(m.case_id)
		    or len(m.nonce) != 16 or not 0 < m.number <= 1_048_576 or not 1 <= m.priority <= 4 or m.author_side not in (1, 2)
		    or not m.content.WhichOneof("kind")):
			return "MALFORMED", "an envelope part is missing or wrong"
		if (getattr(m, "from"), m.to) != (self.other, self.own):
			return "WRONG_PARTY", "from or to is not the stream's"
		if m.critical:
			return "UNKNOWN_CRITICAL_FEATURE", "critical is not empty"
		fault = missing_part(m.content, "content")
		if fault:
			return "INCOMPLETE", fault
		known, kind = self.cases.get(m.case_id), m.content.WhichOneof("kind")
		if known is None and kind not in OPENERS:
			return "UNKNOWN_CASE", "the case is not known"
		if types.Side.Name(m.author_side) == (known.side if known else "REQUESTED"):
			return "WRONG_PARTY", "author_side"
		if known and m.number <= known.theirs:
			return "NUMBER_REUSED", "number"
		if m.seen > (known.mine if known else 0):
			return "UNSEEN", "seen"
		if known and kind in OPENERS:
			return "TRANSITION_NOT_ALLOWED", "the case is open already"
		if known is None:
			known = self.cases[m.case_id] = Case("REQUESTED")
		known.theirs = m.number
		self.received.append(m)
		return None

	def take_parcel(self, parcel):
		"""Checks a parcel as a whole, admits its messages; returns the receipt's SignedText."""
		if not parcel.HasField("manifest"):
			raise Refused("PROTOCOL", "parcel without a manifest")
		text = read_text(parcel.manifest.text, "parcel")
		if (text["from"], text["to"]) != (self.other, self.own):
			raise Refused("PROTOCOL", "parcel: parties")
		self.signer.verify(parcel.manifest, text["made"])
		if [sha256(m) for m in parcel.messages] != [e[0] for e in text.entries]:
			raise Refused("PROTOCOL", "parcel: messages are not those of the manifest")
		if any(len(m) > MAX_MESSAGE for m in parcel.messages) or sum(map(len, parcel.messages)) > MAX_PARCEL:
			raise Refused("PROTOCOL", "parcel: size")
		place, digest = (text["epoch"], text["sequence"]), sha256(parcel.manifest.text)
		if place <= self.held:
			if place not in self.taken or self.taken[place][0] != digest:
				raise Refused("SEQUENCE", "another parcel under a known sequence")
			return self.taken[place][1]
		if place != (self.held[0], self.held[1] + 1) and not (place[0] > self.held[0] and place[1] == 1):
			raise Refused("SEQUENCE", f"gap: {place} after {self.held}")
		entries = []
		for raw, (sha, ident, _) in zip(parcel.messages, text.entries):
			verdict = self.admit(raw, ident)
			self.messages.setdefault(ident, (sha, verdict))
			entries.append((sha, ident, verdict))
		receipt = self.signer.sign(write_text("receipt", {
			"from": self.own, "to": self.other, "epoch": place[0], "sequence": place[1], "parcel": digest,
			"made": rfc3339(self.clock()), "audit-size": 0, "audit-root": EMPTY_ROOT}, entries))
		self.held, self.taken[place], self.manifests[place] = place, (digest, receipt), parcel.manifest
		return receipt

	def take_receipt(self, receipt):
		"""Verifies a receipt against what was sent; returns its Text."""
		if not receipt.HasField("receipt"):
			raise Refused("PROTOCOL", "receipt without a text")
		text = read_text(receipt.receipt.text, "receipt")
		self.signer.verify(receipt.receipt, text["made"])
		if (text["from"], text["to"]) != (self.other, self.own):
			raise Refused("PROTOCOL", "receipt: parties")
		place = (text["epoch"], text["sequence"])
		made = next((s for s in self.sent if s.place == place), None)
		if made is None or text["parcel"] != sha256(made.manifest.text):
			raise Refused("PROTOCOL", "receipt for a parcel that was never made")
		if [e[:2] for e in text.entries] != [e[:2] for e in made.entries]:
			raise Refused("PROTOCOL", "receipt: other messages or another order")
		if place not in self.receipts:
			self.receipts[place], self.receipt_bytes[place] = text, receipt.receipt
		return text

	def check_state(self, st):
		if (st.epoch == 0 or not st.HasField("held") or not st.HasField("receipted")
		    or any(len(d) not in (0, 32) for d in (st.calendar_digest, st.zone_digest))
		    or any(len(p.digest) != 32 for p in st.profiles)):
			raise Refused("PROTOCOL", "state: a value is missing or wrong")
		if not st.HasField("audit_head"):
			raise Refused("PROTOCOL", "state: no audit head")
		head = read_text(st.audit_head.text, "audit-head")
		if (head["from"], head["to"]) != (self.other, self.own) or \
				(head["audit-size"] == 0 and head["audit-root"] != EMPTY_ROOT):
			raise Refused("PROTOCOL", "audit head: a value is wrong")
		self.signer.verify(st.audit_head, head["made"])


class Session:
	"""One connection, by default through the peer's tunnel.

	`upto` is the last of STEPS that it says by itself; with `polite` false it leaves what follows to the test.
	`port` is the plain end of another tunnel, and `binding` what the proofs say of it (Greeting)."""

	def __init__(self, peer, listen, upto="state", polite=True, port=None, binding=None):
		self.peer, self.listen, self.polite = peer, listen, polite
		self.steps = STEPS.index(upto)
		self.greeting = Greeting(peer, "listener" if listen else "dialler", "messages", pb.PeerFrame, binding)
		self.socket = peer.context.socket(zmq.DEALER)
		self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME)
		# Never in the life of a session. With -1 libzmq drops what was received and not read at a
		# disconnect, which would be the goodbye.
		self.socket.setsockopt(zmq.RECONNECT_IVL, 600_000)
		self.socket.setsockopt(zmq.HEARTBEAT_IVL, 15_000)
		self.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 300_000)
		self.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 60_000)
		self.socket.setsockopt(zmq.LINGER, 2_000)
		self.monitor = self.socket.get_monitor_socket()
		self.ready = self.closed = False
		self.theirs = None             # their State: both are proven
		self.goodbye = None            # theirs
		self.said_goodbye = None       # ours: (code, text)
		self.frames = []               # all that came
		self.raw_receipts = []         # serialised SignedText of receipts that came
		self.flying, self.next = [], None
		if listen:
			self._bind(f"tcp://127.0.0.1:{port or peer.plain}")
		else:
			self.socket.connect(f"tcp://127.0.0.1:{port or peer.plain}")

	def _bind(self, endpoint):
		"""The port is free again only once the I/O thread has closed the last session."""
		until = time.monotonic() + 10
		while True:
			try:
				return self.socket.bind(endpoint)
			except zmq.ZMQError:
				if time.monotonic() > until:
					raise
				self.monitor.poll(20)

	def send(self, frame):
		self.send_bytes(frame.SerializeToString())

	def send_bytes(self, data):
		self.socket.send(data, zmq.NOBLOCK)

	def _connected(self):
		self.ready = True
		if not self.listen:
			self._say("hello")

	def _say(self, step):
		"""The next frame of ours at the beginning, unless it is left to the test."""
		if STEPS.index(step) > self.steps:
			return
		if step == "hello":
			self.send_bytes(self.greeting.say_hello())
		elif step == "proof":
			self.send_bytes(self.greeting.say_proof())
		else:
			self.send(pb.PeerFrame(state=self.peer.state()))

	def close(self):
		if not self.closed:
			self.closed = True
			self.socket.disable_monitor()
			self.monitor.close()
			self.socket.close()

	def leave(self, code="SHUTDOWN", text="bye"):
		self.said_goodbye = (code, text)
		self.send(pb.PeerFrame(goodbye=pb.Goodbye(code=pb.GoodbyeCode.Value(code), text=text)))
		self.close()

	def step(self):
		"""Handles what is there now."""
		while not self.closed and self.monitor.poll(0):
			event = recv_monitor_message(self.monitor)["event"]
			if event == zmq.EVENT_HANDSHAKE_SUCCEEDED and not self.ready:
				self._connected()
			elif event in (zmq.EVENT_DISCONNECTED, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
				       zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL):
				self._receive()
				self.close()
		if not self.closed:
			self._receive()
			self.push()

	def _receive(self):
		while not self.closed:
			try:
				parts = self.socket.recv_multipart(zmq.NOBLOCK)
			except zmq.Again:
				return
			try:
				self._frame(parts)
			except Refused as why:
				try:
					self.leave(why.code, why.text)
				except zmq.Again:
					self.close()
				return

	def _frame(self, parts):
		if len(parts) != 1:
			raise Refused("PROTOCOL", "more than one frame")
		try:
			frame = pb.PeerFrame.FromString(parts[0])
			check_shape(frame)
		except Refused:
			raise
		except Exception:
			raise Refused("PROTOCOL", "the frame does not parse") from None
		kind = frame.WhichOneof("kind")
		self.frames.append(frame)
		if kind is None:
			raise Refused("PROTOCOL", "a frame without a known kind")
		if kind == "goodbye":
			self.goodbye = (pb.GoodbyeCode.Name(frame.goodbye.code), frame.goodbye.text)
			self.close()
			return
		if kind in ("hello", "session_proof", "state") or self.theirs is None:
			self._begin(kind, frame, parts[0])
		elif kind == "receipt":
			self.raw_receipts.append(frame.receipt.receipt.SerializeToString())
			text = self.peer.take_receipt(frame.receipt)
			place = (text["epoch"], text["sequence"])
			self.flying = [s for s in self.flying if s.place != place]
		elif not self.polite:
			return
		elif kind == "parcel":
			receipt = self.peer.take_parcel(frame.parcel)
			self.send(pb.PeerFrame(receipt=pb.Receipt(receipt=receipt)))
		else:
			self._answer(kind, frame)

	def _begin(self, kind, frame, raw):
		"""Hello, proof and State: each in its turn and once."""
		g = self.greeting
		awaited = "hello" if g.hello is None else "session_proof" if g.proof is None else "state"
		if kind != awaited or self.theirs is not None:
			raise Refused("PROTOCOL", f"{kind} is not what comes next, or comes twice")
		if kind == "hello":
			g.take_hello(frame.hello, raw)
			self._say("hello" if self.listen else "proof")
		elif kind == "session_proof":
			g.take_proof(frame.session_proof)
			if self.listen:
				self._say("proof")
			self._say("state")
		else:
			self.peer.check_state(frame.state)
			self.theirs = frame.state
			start = min((frame.state.held.epoch, frame.state.held.sequence), self.peer.receipted())
			self.next = collections.deque(s for s in self.peer.sent if s.place > start)

	def _answer(self, kind, frame):
		if kind == "heads_request":
			heads = sorted((c, v) for c, v in self.peer.cases.items() if c > frame.heads_request.after_case_id)
			answer = pb.Heads(last=len(heads) <= 1000, after_case_id=frame.heads_request.after_case_id)
			for ident, v in heads[:1000]:
				answer.heads.add(case_id=ident, yours=v.theirs, mine=v.mine)
			self.send(pb.PeerFrame(heads=answer))
		elif kind == "profile_request":
			asked = frame.profile_request
			self.send(pb.PeerFrame(profile=pb.Profile(instrument=asked.instrument, version=asked.version)))
		elif kind not in ("heads", "fetched", "profile"):  # answers to what a test has asked
			raise Refused("PROTOCOL", f"{kind} is not awaited")

	def push(self):
		"""Sends what may be sent: first what is to be repeated, then what waits."""
		if not self.polite or self.theirs is None or self.theirs.reconciling:
			return
		limit = min(WINDOW, self.greeting.hello.window)
		while len(self.flying) < limit and (self.next or self.peer.waiting):
			if not self.next:
				waiting, self.peer.waiting = self.peer.waiting, []
				self.next.append(self.peer.parcel(waiting))
			made = self.next.popleft()
			self.send(self.peer.parcel_frame(made))
			self.flying.append(made)


def pump(sessions, until, seconds=15):
	"""Runs sessions until `until()` holds; False when the time is over or all are closed."""
	end = time.monotonic() + seconds
	while True:
		for s in sessions:
			s.step()
		if until():
			return True
		alive = [s for s in sessions if not s.closed]
		left = end - time.monotonic()
		if not alive or left <= 0:
			return False
		poller = zmq.Poller()
		for s in alive:
			poller.register(s.socket, zmq.POLLIN)
			poller.register(s.monitor, zmq.POLLIN)
		poller.poll(min(left, 0.25) * 1000)
