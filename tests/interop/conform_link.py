"""Cases of the sections TLS, ZMTP, Frames and Session."""
import ssl
import time

import conform as C
from conform import P, case, ends
import wire as W
import carrier

ZEROS = "0" * 64


# ------------------------------------------------------------------ TLS

def refused_by_tls(g, **options):
	"""Nothing above TLS comes: an alert, at the handshake or at the first read."""
	try:
		tls = W.raw_tls(g.peer, g.us.port, **options)
	except (ssl.SSLError, OSError):
		return
	w = W.Wire(g.peer, tls)
	g.wires.append(w)
	try:
		w.read(1, time.monotonic() + 15)
	except W.Ended as why:
		assert str(why) == "closed", why
		return
	raise AssertionError("a byte above TLS came")


@case(101, "TLS", "dials without a certificate", "a TLS alert, and nothing above TLS")
def _(g):
	refused_by_tls(g, alpn=[carrier.MESSAGES])


@case(102, "TLS", "dials with a certificate of a CA that is no anchor of the peer", "a TLS alert, and nothing above TLS")
def _(g):
	other = f"{g.base}/other"
	C.H.pki(other, "IE")
	refused_by_tls(g, alpn=[carrier.MESSAGES], certificate=f"{other}/IE")


@case(103, "TLS", "dials with the certificate of another authority", "a TLS alert, and nothing above TLS")
def _(g):
	refused_by_tls(g, alpn=[carrier.MESSAGES], certificate=f"{g.base}/US-OIA")


@case(104, "TLS", "offers TLS 1.2 alone", "a TLS alert")
def _(g):
	try:
		W.raw_tls(g.peer, g.us.port, [carrier.MESSAGES], g.peer.own_dir, ssl.TLSVersion.TLSv1_2)
	except (ssl.SSLError, OSError):
		return
	raise AssertionError("TLS 1.2 was accepted")


@case(105, "TLS", "offers only another protocol by ALPN", "a TLS alert, no_application_protocol")
def _(g):
	try:
		W.raw_tls(g.peer, g.us.port, ["h2"], g.peer.own_dir)
	except ssl.SSLError as why:
		assert "NO_APPLICATION_PROTOCOL" in str(why).upper().replace(" ", "_"), why
		return
	raise AssertionError("it was accepted")


@case(106, "TLS", "dials without ALPN", "the message lane: a session")
def _(g):
	w = W.Wire(g.peer, W.raw_tls(g.peer, g.us.port, None, g.peer.own_dir))
	g.wires.append(w)
	w.open()


@case(107, "TLS", "opens a session and looks for tickets", "no session ticket comes")
def _(g):
	w = g.session()
	assert not w.tls.session_reused and not (w.tls.session and w.tls.session.has_ticket)


@case(108, "TLS", "proves a second connection while one is up", "the older one ends with goodbye REPLACED, the newer stays")
def _(g):
	old = g.session()
	new = g.session()
	ends(old, "REPLACED")
	assert new.deliver(g.parcel()) == [None]


@case(109, "TLS", "dials for the bulk lane through a tunnel without ALPN: the proof says lane bulk",
      "goodbye IDENTITY, and the message session that is up stays")
def _(g):
	up = g.session()
	w = W.Wire(g.peer, W.raw_tls(g.peer, g.us.port, None, g.peer.own_dir))
	g.wires.append(w)
	w.open("hello")
	w.send(w.greeting.say_proof(lane="bulk"))
	ends(w, "IDENTITY")
	assert up.deliver(g.parcel()) == [None]


@case(110, "TLS", "names both lanes by ALPN, that of messages first", "the first one is chosen: a session")
def _(g):
	w = W.Wire(g.peer, W.raw_tls(g.peer, g.us.port, [carrier.MESSAGES, carrier.BULK], g.peer.own_dir))
	g.wires.append(w)
	assert w.tls.selected_alpn_protocol() == carrier.MESSAGES
	w.open()


@case(111, "TLS", "names both lanes by ALPN, that of evidence first", "the first one is chosen: the bulk lane")
def _(g):
	tls = W.raw_tls(g.peer, g.us.port, [carrier.BULK, carrier.MESSAGES], g.peer.own_dir)
	g.wires.append(W.Wire(g.peer, tls))
	assert tls.selected_alpn_protocol() == carrier.BULK


# ------------------------------------------------------------------ ZMTP

def closes(g, greeting=W.GREETING, ready=W.READY, then=b""):
	"""comityd closes without a word of its protocol."""
	w = g.wire()
	end = time.monotonic() + 15
	w.write(greeting)
	try:
		w.read(64, end)
		if ready:
			w.put(ready, W.COMMAND)
		if then:
			w.raw(end)
			w.write(then)
	except W.Ended as why:
		assert str(why) == "closed", why
		return
	assert w.ended() is None


def with_octet(at, value):
	return W.GREETING[:at] + value + W.GREETING[at + len(value):]


def ready_with(*properties):
	return W.command(b"READY", b"".join(W.property_of(*p) for p in properties))


@case(201, "ZMTP", "greets as ZMTP 3.1 with NULL, and says READY with Socket-Type DEALER",
      "a greeting of 64 bytes with NULL and as-server 0, then READY with Socket-Type DEALER")
def _(g):
	w = g.wire()
	end = time.monotonic() + 15
	w.write(W.GREETING)
	theirs = w.read(64, end)
	assert theirs[0] == 0xff and theirs[9] == 0x7f and theirs[10] == 3, theirs
	assert theirs[12:32] == b"NULL".ljust(20, b"\x00") and theirs[32] == 0
	w.put(W.READY, W.COMMAND)
	flags, data = w.raw(end)
	assert flags & W.COMMAND and W.property_of(b"Socket-Type", b"DEALER") in data, data


ZMTP = [
	(202, "greets as version 2", dict(greeting=with_octet(10, b"\x02"))),
	(203, "greets with the mechanism PLAIN", dict(greeting=with_octet(12, b"PLAIN"))),
	(204, "greets with as-server 1", dict(greeting=with_octet(32, b"\x01"))),
	(205, "says READY with Socket-Type ROUTER", dict(ready=ready_with((b"Socket-Type", b"ROUTER")))),
	(206, "says READY without a Socket-Type", dict(ready=ready_with((b"Identity", b"")))),
	(207, "says READY with a name twice, in other case",
	 dict(ready=ready_with((b"Socket-Type", b"DEALER"), (b"socket-type", b"DEALER")))),
	(208, "says READY with an Identity of 256 bytes",
	 dict(ready=ready_with((b"Socket-Type", b"DEALER"), (b"Identity", bytes(256))))),
	(209, "says READY whose metadata is cut short", dict(ready=W.READY[:-1])),
	(210, "says READY with a name that holds a blank",
	 dict(ready=ready_with((b"Socket-Type", b"DEALER"), (b"a b", b"")))),
	(211, "sends a frame before READY", dict(ready=None, then=b"\x00\x01x")),
	(212, "sends PING before READY", dict(ready=W.command(b"PING", bytes(2)))),
	(213, "sends a frame with MORE", dict(then=b"\x01\x01x")),
	(214, "sends reserved bits in a frame's flags", dict(then=b"\x08\x01x")),
	(215, "announces a frame of 1,114,113 bytes", dict(then=b"\x02" + (1_114_113).to_bytes(8, "big"))),
	(216, "announces a command of 513 bytes", dict(then=b"\x06" + (513).to_bytes(8, "big"))),
	(217, "says READY twice", dict(then=b"\x04" + bytes([len(W.READY)]) + W.READY)),
	(218, "sends PING without a TTL", dict(then=b"\x04\x05\x04PING")),
	(219, "sends PING with a context of 17 bytes", dict(then=b"\x04\x18\x04PING" + bytes(19))),
	(220, "sends PONG with a context of 17 bytes", dict(then=b"\x04\x16\x04PONG" + bytes(17))),
	(221, "sends the command SUBSCRIBE", dict(then=b"\x04\x0a\x09SUBSCRIBE")),
	(222, "sends the command ERROR", dict(then=b"\x04\x08\x05ERROR\x01x")),
	(225, "greets as version 4", dict(greeting=with_octet(10, b"\x04"))),
]
for number, does, options in ZMTP:
	case(number, "ZMTP", does, "it closes, without a goodbye")(lambda g, o=options: closes(g, **o))


@case(223, "ZMTP", "says READY with names that nobody knows", "they are ignored: a session")
def _(g):
	w = g.wire()
	w.shake(ready=ready_with((b"Socket-Type", b"DEALER"), (b"X-Made-Up", bytes(100))))
	w.hello()
	w.prove()


@case(224, "ZMTP", "sends PING with a context of 16 bytes", "PONG with that context")
def _(g):
	w = g.session()
	w.put(W.command(b"PING", b"\x00\x00" + b"0123456789abcdef"), W.COMMAND)
	end = time.monotonic() + 15
	flags, data = w.raw(end)
	while not flags & W.COMMAND or data[:5] != b"\x04PONG":
		flags, data = w.raw(end)
	assert data == b"\x04PONG0123456789abcdef", data


@case(226, "ZMTP", "greets as ZMTP 3.7 with padding and filler that are not 0, and says READY in the long form", "a session")
def _(g):
	w = g.wire()
	end = time.monotonic() + 15
	w.write(W.GREETING[:1] + b"paddings" + W.GREETING[9:11] + b"\x07" + W.GREETING[12:33] + b"\x01" * 31)
	w.read(64, end)
	w.put(W.READY, W.COMMAND | W.LONG)
	w.raw(end)
	w.hello()
	w.prove()


@case(227, "ZMTP", "sends PONG that answers no PING, with a context of 3 bytes", "it is ignored")
def _(g):
	w = g.session()
	w.put(W.command(b"PONG", b"abc"), W.COMMAND)
	assert w.deliver(g.parcel()) == [None]


# ------------------------------------------------------------------ Frames

def field(number, kind, data=b""):
	return P_varint(number << 3 | kind) + (P_varint(len(data)) + data if kind == 2 else data)


def P_varint(n):
	return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + P_varint(n >> 7)


HEADS_REQUEST = 5
UNKNOWN = field(100, 0, b"\x01")
UNPARSED = [
	(302, "a frame without a kind", b""),
	(303, "a frame of a kind that is not known", field(100, 2, b"x")),
	(304, "a frame that is cut short", field(HEADS_REQUEST, 2, b"\x0a\x05ab")[:-1]),
	(305, "a group, of an unknown field", field(HEADS_REQUEST, 2) + field(100, 3) + field(100, 4)),
	(306, "wire type 7", field(HEADS_REQUEST, 2) + field(100, 7)),
	(307, "a kind as a number", field(HEADS_REQUEST, 0, b"\x01")),
	(308, "two kinds in one frame", field(HEADS_REQUEST, 2) + field(7, 2)),
	(309, "one kind twice", field(HEADS_REQUEST, 2) + field(HEADS_REQUEST, 2)),
	(310, "a text with NUL", field(HEADS_REQUEST, 2, field(1, 2, b"a\x00b"))),
	(311, "a text that is not UTF-8", field(HEADS_REQUEST, 2, field(1, 2, b"\xff"))),
	(312, "a text with a surrogate", field(HEADS_REQUEST, 2, field(1, 2, b"\xed\xa0\x80"))),
	(313, "a text of 131,073 bytes", field(HEADS_REQUEST, 2, field(1, 2, b"x" * 131_073))),
	(314, "the field number 0", field(HEADS_REQUEST, 2) + field(0, 0, b"\x01")),
	(321, "a tag of 5 bytes that does not fit in 32 bits", field(HEADS_REQUEST, 2) + b"\xc0\x80\x80\x80\x10\x01"),
	(315, "a number of 11 bytes", field(HEADS_REQUEST, 2) + field(100, 0, b"\x80" * 10 + b"\x00")),
	(316, "10,001 unknown fields", field(HEADS_REQUEST, 2) + UNKNOWN * 10_001),
	(317, "1,001 elements of a repeated field", field(6, 2, field(1, 2) * 1001 + b"\x10\x01")),
]
for number, does, data in UNPARSED:
	def unparsed(g, data=data):
		w = g.session()
		w.send(data)
		ends(w, "PROTOCOL")
	case(number, "What parses", f"sends {does}", "goodbye PROTOCOL")(unparsed)


@case(301, "What parses", "adds unknown fields, 10,000 of them", "they are ignored")
def _(g):
	w = g.session()
	w.send(field(HEADS_REQUEST, 2) + UNKNOWN * 10_000)
	w.await_kind("heads")


@case(318, "What parses", "says the same number twice in a Hello, 0 and then 16 as window", "the last one counts: a session")
def _(g):
	w = g.wire()
	w.shake()
	frame = w.greeting.say_hello()
	inner = P.pb.PeerFrame.FromString(frame).hello.SerializeToString()
	w.greeting.said = field(1, 2, field(13, 0, b"\x00") + inner)
	w.send(w.greeting.said)
	w.greeting.take_hello(w.await_kind("hello"), w.last)
	w.prove()


@case(319, "What parses", "writes a number in more bytes than it needs", "it is read")
def _(g):
	w = g.session()
	w.send(field(7, 2, field(1, 2, P.uuid7().encode()) + b"\x10\x80\x80\x00"))
	assert w.await_kind("fetched").last


@case(320, "What parses", "says lowest_version 2^32 + 2 in its Hello", "the lower 32 bits count: a session")
def _(g):
	w = g.wire()
	w.shake()
	inner = P.pb.PeerFrame.FromString(w.greeting.say_hello()).hello
	number = P.pb.Hello.DESCRIPTOR.fields_by_name["lowest_version"].number
	w.greeting.said = field(1, 2, inner.SerializeToString() + field(number, 0, P_varint((1 << 32) + 2)))
	w.send(w.greeting.said)
	w.greeting.take_hello(w.await_kind("hello"), w.last)
	w.prove()


@case(330, "Frames", "sends heads that nobody has asked for", "goodbye PROTOCOL")
def _(g):
	w = g.session()
	w.say(heads=P.pb.Heads(last=True))
	ends(w, "PROTOCOL")


@case(331, "Frames", "sends fetched that nobody has asked for", "goodbye PROTOCOL")
def _(g):
	w = g.session()
	w.say(fetched=P.pb.Fetched(case_id=P.uuid7(), last=True))
	ends(w, "PROTOCOL")


@case(332, "Frames", "sends a profile that nobody has asked for", "it is ignored")
def _(g):
	w = g.session()
	w.say(profile=P.pb.Profile(instrument="made-up", version="1", text=b"a = b\n"))
	assert w.deliver(g.parcel()) == [None]


@case(333, "Frames", "sends heads_request in an ordinary session", "heads, which repeat its after_case_id")
def _(g):
	w = g.session()
	g.opened(w)
	after = P.uuid7()
	w.say(heads_request=P.pb.HeadsRequest(after_case_id=after))
	assert w.await_kind("heads").after_case_id == after


# ------------------------------------------------------------------ Session

@case(401, "Session", "says hello, session_proof and state in their turn",
      "hello, session_proof and state, its state without waiting for the driver's")
def _(g):
	w = g.wire()
	w.shake()
	assert w.silent(), "the listener speaks first"
	w.hello()
	assert w.silent(), "the listener proves itself first"
	w.prove()
	assert w.take().WhichOneof("kind") == "state"


def at(upto, make, code):
	def run(g):
		w = g.session(upto)
		w.send(make(g, w))
		ends(w, code)
	return run


def hello(**changed):
	return lambda g, w: w.greeting.say_hello(**changed)


def proof(**changed):
	return lambda g, w: w.greeting.say_proof(**changed)


def proof_text(change):
	return lambda g, w: P.pb.PeerFrame(session_proof=P.pb.SessionProof(
		proof=g.peer.signer.sign(change(w.greeting.proof_text()))))


def state(**changed):
	return lambda g, w: P.pb.PeerFrame(state=g.peer.state(**changed))


def parcel(g, w):
	return g.peer.parcel_frame(g.parcel(remember=False))


def damaged(g, w):
	frame = P.pb.PeerFrame.FromString(w.greeting.say_proof())
	s = frame.session_proof.proof.signature
	frame.session_proof.proof.signature = s[:-1] + bytes([s[-1] ^ 1])
	return frame


def without(name):
	def make(g, w):
		st = g.peer.state()
		st.ClearField(name)
		return P.pb.PeerFrame(state=st)
	return make


HELLOS = [
	(402, "sends a parcel before hello", parcel, "PROTOCOL"),
	(403, "sends session_proof before hello", proof(), "PROTOCOL"),
	(404, "sends state before hello", state(), "PROTOCOL"),
	(405, "speaks version 3 alone", hello(lowest_version=3, highest_version=3), "VERSION"),
	(406, "speaks version 1 alone", hello(lowest_version=1, highest_version=1), "VERSION"),
	(407, "names a critical feature", hello(critical=["made-up"]), "VERSION"),
	(408, "says hello from another authority", hello(**{"from": "FR"}), "IDENTITY"),
	(409, "says hello to another authority", hello(to="FR"), "IDENTITY"),
	(410, "says an instance_id of 15 bytes", hello(instance_id=b"x" * 15), "PROTOCOL"),
	(411, "says an instance_id of zeros", hello(instance_id=bytes(16)), "PROTOCOL"),
	(412, "says a nonce of 31 bytes", hello(nonce=bytes(31)), "PROTOCOL"),
	(413, "says window 0", hello(window=0), "PROTOCOL"),
	(414, "says max_message_bytes 262,143", hello(max_message_bytes=262_143), "PROTOCOL"),
	(415, "says max_parcel_messages 63", hello(max_parcel_messages=63), "PROTOCOL"),
	(417, "speaks version 3 alone, from another authority, with window 0",
	 hello(lowest_version=3, highest_version=3, window=0, **{"from": "FR"}), "VERSION"),
	(418, "says hello to another authority, with window 0", hello(to="FR", window=0), "IDENTITY"),
]
PROOFS = [
	(420, "says hello twice", hello(), "PROTOCOL"),
	(421, "sends a parcel instead of session_proof", parcel, "PROTOCOL"),
	(422, "proves itself from another authority", proof(**{"from": "FR"}), "IDENTITY"),
	(423, "proves itself with the listener's role", proof(role="listener"), "IDENTITY"),
	(424, "proves itself for the other lane", proof(lane="bulk"), "IDENTITY"),
	(425, "proves itself with another hello-from", proof(hello_from=ZEROS), "IDENTITY"),
	(426, "proves itself with another hello-to", proof(hello_to=ZEROS), "IDENTITY"),
	(427, "binds its proof to another certificate", proof(binding=f"certificate {ZEROS}"), "IDENTITY"),
	(428, "binds its proof to an exporter, where certificates are agreed", proof(binding=f"exporter {ZEROS}"), "IDENTITY"),
	(429, "sends a signed text of another type as proof", lambda g, w: P.pb.PeerFrame(
		session_proof=P.pb.SessionProof(proof=g.peer.audit_head())), "IDENTITY"),
	(430, "sends a proof with a line more", proof_text(lambda t: t + b"# x y\n"), "PROTOCOL"),
	(431, "sends a proof whose signature is damaged", damaged, "SIGNATURE"),
	(432, "signs its proof with another authority's key",
	 lambda g, w: w.greeting.say_proof(f"{g.base}/US-OIA"), "SIGNATURE"),
	(434, "signs a proof of the wrong role with another authority's key",
	 lambda g, w: w.greeting.say_proof(f"{g.base}/US-OIA", role="listener"), "SIGNATURE"),
	(435, "proves itself with a role that is not known", proof_text(lambda t: t.replace(b"# role dialler", b"# role relay")),
	 "PROTOCOL"),
	(436, "names the type audit-head above the lines of a session proof",
	 proof_text(lambda t: t.replace(b"type session-proof", b"type audit-head")), "PROTOCOL"),
]
STATES = [
	(440, "sends session_proof twice", lambda g, w: w.greeting.said_proof, "PROTOCOL"),
	(441, "sends a parcel before state", parcel, "PROTOCOL"),
	(442, "says state with epoch 0", state(epoch=0), "PROTOCOL"),
	(443, "says state without held", without("held"), "PROTOCOL"),
	(444, "says state without an audit head", without("audit_head"), "PROTOCOL"),
	(445, "says state with a digest of calendars of 31 bytes", state(calendar_digest=bytes(31)), "PROTOCOL"),
	(446, "says state with a held sequence of 2^63", state(held=(1, 1 << 63)), "PROTOCOL"),
	(447, "says state with an audit head for another authority", lambda g, w: state(audit_head=g.peer.audit_head(to="FR"))(g, w),
	 "PROTOCOL"),
	(448, "says state with an audit head signed by another key", lambda g, w: state(
		audit_head=g.peer.signer.sign(g.peer.audit_head().text, f"{g.base}/US-OIA"))(g, w), "SIGNATURE"),
]
for upto, group in (("zmtp", HELLOS), ("hello", PROOFS), ("proof", STATES)):
	for number, does, make, code in group:
		case(number, "Session", does, f"goodbye {code}")(at(upto, make, code))


@case(416, "Session", "speaks versions 1 to 3, names unknown features, states higher limits and window 99", "a session")
def _(g):
	w = g.wire()
	w.shake()
	w.hello(lowest_version=1, highest_version=3, features=["evidence", "x-made-up", ""], window=99,
		max_message_bytes=1 << 30, max_parcel_bytes=1 << 30, max_parcel_messages=1000)
	w.prove()


@case(433, "Session", "dates its proof 50 years back", "its certificate is judged by the present time: a session")
def _(g):
	w = g.session("hello")
	w.prove(made=P.rfc3339(P.now_ms() - 50 * 365 * 86_400_000))
	w.await_kind("state")


@case(449, "Session", "says state twice", "goodbye PROTOCOL")
def _(g):
	w = g.session()
	w.say(state=g.peer.state())
	ends(w, "PROTOCOL")


@case(450, "Session", "says state with sequence 0 of a high epoch in held and receipted", "it claims nothing: a session")
def _(g):
	w = g.session(held=(1 << 62, 0), receipted=(1 << 62, 0))
	assert w.deliver(g.parcel()) == [None]
	g.session()     # in which what it held nothing of is receipted once more


@case(451, "Session", "says another epoch in its audit head than in state", "it is compared with nothing: a session")
def _(g):
	w = g.session(audit_head=g.peer.audit_head(epoch=7))
	assert w.deliver(g.parcel()) == [None]


@case(452, "Session", "proves nothing", "it closes 10 s after the TLS handshake, without a goodbye")
def _(g):
	w = g.session("hello")
	assert w.ended(30) is None


@case(453, "Session", "opens four connections that prove nothing", "the oldest is closed, three stay")
def _(g):
	waiting = [g.session("hello") for _ in range(4)]
	assert waiting[0].ended() is None
	assert all(w.silent(0.1) for w in waiting[1:])


@case(460, "Features", "names no feature", "no profile_request comes, and the bulk lane is not dialled")
def _(g):
	features, g.peer.features = g.peer.features, []
	try:
		w = g.session(profiles=[P.pb.ProfileDigest(instrument="us-ie-2001", version="1", digest=bytes(32))])
		w.say(heads_request=P.pb.HeadsRequest())
		assert (kind := w.take().WhichOneof("kind")) == "heads", kind
	finally:
		g.peer.features = features


@case(461, "Features", "names profile-text, and a profile with another digest", "profile_request for it")
def _(g):
	w = g.session(profiles=[P.pb.ProfileDigest(instrument="us-ie-2001", version="1", digest=bytes(32))])
	asked = w.await_kind("profile_request")
	assert (asked.instrument, asked.version) == ("us-ie-2001", "1")


@case(470, "Ends", "says goodbye", "it closes")
def _(g):
	w = g.session()
	w.say(goodbye=P.pb.Goodbye(code=P.pb.SHUTDOWN, text="bye"))
	assert w.ended() is None


@case(471, "Ends", "says goodbye with a code that is not known, before its hello", "it closes")
def _(g):
	w = g.session("zmtp")
	w.say(goodbye=P.pb.Goodbye(code=99, text="one\nALARM: two"))
	assert w.ended() is None
