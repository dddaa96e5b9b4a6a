"""How a connection of either lane begins, written from PROTOCOL.md, "Session", alone: Hello, then the proof that
the signing key speaks for this very connection.
"""
import datetime
import secrets

import signed

VERSION = 2
MAX_MESSAGE = 262_144
MAX_PARCEL = 1_048_576
WINDOW = 16
PULLS = 4
# How far a connection goes by itself. What comes after that is up to the test.
STEPS = ("nothing", "hello", "proof", "state")


class Greeting:
	"""One connection. Frames are said by whoever holds it: what is to be said is returned, serialised.

	`binding`: the word of the proof's last line, and the digest in our proof and in theirs."""

	def __init__(self, peer, role, lane, frame, binding=None):
		self.peer, self.role, self.lane, self.frame = peer, role, lane, frame
		self.binding = binding or peer.certificate_binding()
		self.said = self.heard = b""   # both Hello frames, as they were sent
		self.hello = None              # theirs
		self.proof = None              # theirs, once it was good: SessionProof
		self.said_proof = b""          # ours, the last frame

	# ---- ours

	def make_hello(self, **changed):
		fields = {"lowest_version": VERSION, "highest_version": VERSION, "from": self.peer.own, "to": self.peer.other,
			  "instance_id": self.peer.instance, "nonce": secrets.token_bytes(32), "clock_ms": signed.now_ms(),
			  "features": self.peer.features}
		if self.lane == "bulk":
			fields["pulls"] = PULLS
		else:
			fields |= {"max_message_bytes": MAX_MESSAGE, "max_parcel_bytes": MAX_PARCEL,
				   "max_parcel_messages": signed.MAX_MESSAGES, "window": WINDOW}
		return signed.pb.Hello(**{**fields, **changed})

	def say_hello(self, **changed):
		self.said = self.frame(hello=self.make_hello(**changed)).SerializeToString()
		return self.said

	def proof_text(self, **changed):
		kind, ours, _ = self.binding
		return signed.write_text("session-proof", {
			"from": self.peer.own, "to": self.peer.other, "made": signed.rfc3339(signed.now_ms()), "role": self.role,
			"lane": self.lane, "hello-from": signed.sha256(self.said), "hello-to": signed.sha256(self.heard),
			"binding": f"{kind} {ours}", **{name.replace("_", "-"): value for name, value in changed.items()}})

	def say_proof(self, signer_dir=None, **changed):
		"""`signer_dir`: of another key; the rest are other words in the text's lines."""
		text = self.peer.signer.sign(self.proof_text(**changed), signer_dir)
		self.said_proof = self.frame(session_proof=signed.pb.SessionProof(proof=text)).SerializeToString()
		return self.said_proof

	# ---- theirs

	def take_hello(self, h, raw):
		if not h.lowest_version <= VERSION <= h.highest_version or h.critical:
			raise signed.Refused("VERSION", "no version in common, or an unknown critical feature")
		if (getattr(h, "from"), h.to) != (self.peer.other, self.peer.own):
			raise signed.Refused("IDENTITY", "from or to")
		if len(h.instance_id) != 16 or len(h.nonce) != 32:
			raise signed.Refused("PROTOCOL", "hello: no instance id or nonce")
		limits = (h.max_message_bytes, h.max_parcel_bytes, h.max_parcel_messages, h.window)
		if self.lane == "bulk":
			good = h.pulls >= 1 and limits == (0, 0, 0, 0)
		else:
			least = (MAX_MESSAGE, MAX_PARCEL, signed.MAX_MESSAGES, 1)
			good = h.pulls == 0 and all(stated >= limit for stated, limit in zip(limits, least))
		if not good:
			raise signed.Refused("PROTOCOL", "hello: a limit is wrong")
		self.hello, self.heard = h, raw

	def take_proof(self, proof):
		text = signed.read_text(proof.proof.text, "session-proof")
		self.peer.signer.verify(proof.proof, datetime.datetime.now(datetime.timezone.utc))
		kind, _, theirs = self.binding
		expected = {"from": self.peer.other, "to": self.peer.own,
			    "role": "listener" if self.role == "dialler" else "dialler", "lane": self.lane,
			    "hello-from": signed.sha256(self.heard), "hello-to": signed.sha256(self.said),
			    "binding": f"{kind} {theirs}"}
		for name, value in expected.items():
			if text[name] != value:
				raise signed.Refused("IDENTITY", f"session proof: {name}")
		self.proof = proof
