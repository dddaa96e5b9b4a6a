"""ZMTP 3.1 spoken by hand over TLS, written from PROTOCOL.md, "ZMTP", alone: for what no library of ZeroMQ would send.

Nothing happens by itself: what is said and taken is up to who holds the Wire.
"""
import socket
import ssl
import time

import carrier
import peer as P
import signed
from greeting import Greeting

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\x00") + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4


def property_of(name, value):
	return bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value


def command(name, body=b""):
	return bytes([len(name)]) + name + body


READY = command(b"READY", property_of(b"Socket-Type", b"DEALER") + property_of(b"Identity", b""))


class Ended(Exception):
	"""The other side has closed, or nothing came in time."""


def framed(data, flags=0):
	size = len(data)
	if size > 255 or flags & LONG:
		return bytes([flags | LONG]) + size.to_bytes(8, "big") + data
	return bytes([flags, size]) + data


class Wire:
	"""One TLS connection to comityd. `role`: of us, dialler or listener."""

	def __init__(self, peer, tls, role="dialler", lane="messages", frames=None, binding=None):
		self.peer, self.tls, self.rest = peer, tls, b""
		self.frames = frames or P.pb.PeerFrame
		self.greeting = Greeting(peer, role, lane, self.frames, binding)
		self.theirs = None            # their State
		self.goodbye = None           # theirs: (code, text)
		self.alert = None             # what TLS said at the end

	@classmethod
	def dial(cls, peer, port, alpn=carrier.MESSAGES, **options):
		return cls(peer, carrier.dial(peer, port, alpn), **options)

	# ---- bytes

	def write(self, data):
		try:
			self.tls.sendall(data)
		except (OSError, ssl.SSLError) as why:
			self.alert = str(why)

	def read(self, size, end):
		while len(self.rest) < size:
			left = end - time.monotonic()
			if left <= 0:
				raise Ended("nothing came in time")
			self.tls.settimeout(left)
			try:
				more = self.tls.recv(65536)
			except (OSError, ssl.SSLError) as why:
				if isinstance(why, TimeoutError):
					raise Ended("nothing came in time") from None
				self.alert = str(why)
				more = b""
			if not more:
				raise Ended("closed")
			self.rest += more
		data, self.rest = self.rest[:size], self.rest[size:]
		return data

	# ---- ZMTP

	def put(self, data, flags=0):
		self.write(framed(data, flags))

	def put_at_once(self, frames):
		self.write(b"".join(framed(f.SerializeToString()) for f in frames))

	def shake(self, greeting=GREETING, ready=READY, seconds=15):
		"""Greeting and READY, both ways."""
		end = time.monotonic() + seconds
		self.write(greeting)
		theirs = self.read(64, end)
		if theirs[:1] + theirs[9:10] != b"\xff\x7f" or theirs[10] != 3 or theirs[12:32].rstrip(b"\x00") != b"NULL":
			raise Ended(f"a greeting that is none: {theirs.hex()}")
		self.put(ready, COMMAND)
		flags, data = self.raw(end)
		if not flags & COMMAND or data[:6] != b"\x05READY":
			raise Ended(f"something before READY: {data[:20]}")

	def raw(self, end):
		"""One frame or command as it comes: (flags, data)."""
		flags = self.read(1, end)[0]
		size = int.from_bytes(self.read(8 if flags & LONG else 1, end), "big")
		return flags, self.read(size, end)

	# ---- frames

	def send(self, frame):
		self.put(frame if isinstance(frame, bytes) else frame.SerializeToString())

	def say(self, **kind):
		self.send(self.frames(**kind))

	def take(self, seconds=15):
		"""The next frame, parsed; PINGs are answered. A goodbye is kept, and ends it."""
		end = time.monotonic() + seconds
		while True:
			flags, data = self.raw(end)
			if flags & COMMAND:
				if data[:5] == b"\x04PING":
					self.put(command(b"PONG", data[7:]), COMMAND)
				continue
			frame = self.frames.FromString(data)
			if frame.WhichOneof("kind") == "goodbye":
				self.goodbye = (signed.pb.GoodbyeCode.Name(frame.goodbye.code), frame.goodbye.text)
			self.last = data
			return frame

	def await_kind(self, kind, seconds=15):
		"""The next one of a kind; others before it are dropped. Ended with their goodbye."""
		end = time.monotonic() + seconds
		while True:
			frame = self.take(end - time.monotonic())
			if frame.WhichOneof("kind") == kind:
				return getattr(frame, kind)
			if self.goodbye:
				raise Ended(f"goodbye {self.goodbye} instead of {kind}")

	def ended(self, seconds=15):
		"""Waits for the end; the code of their goodbye, or None without one."""
		try:
			while True:
				self.take(seconds)
		except Ended as why:
			if str(why) != "closed":
				raise AssertionError("the connection stays") from None
		return self.goodbye and self.goodbye[0]

	def silent(self, seconds=0.3):
		"""Nothing comes, and the connection stays."""
		try:
			frame = self.take(seconds)
		except Ended as why:
			return str(why) != "closed"
		raise AssertionError(f"{frame.WhichOneof('kind')} came")

	# ---- a session

	def hello(self, **changed):
		"""Both Hellos; the dialler's comes first."""
		g = self.greeting
		if g.role == "dialler":
			self.send(g.say_hello(**changed))
		g.take_hello(self.await_kind("hello"), self.last)
		if g.role == "listener":
			self.send(g.say_hello(**changed))

	def prove(self, **changed):
		g = self.greeting
		if g.role == "dialler":
			self.send(g.say_proof(**changed))
		g.take_proof(self.await_kind("session_proof"))
		if g.role == "listener":
			self.send(g.say_proof(**changed))

	def open(self, upto="state", **changed):
		"""As far as `upto`: zmtp, hello, proof or state. `changed`: of our State."""
		self.shake()
		if upto == "zmtp":
			return self
		self.hello()
		if upto == "hello":
			return self
		self.prove()
		if upto == "proof" or self.greeting.lane == "bulk":
			return self
		self.say(state=self.peer.state(**changed))
		self.theirs = self.await_kind("state")
		self.peer.check_state(self.theirs)
		return self

	def deliver(self, made):
		"""Sends a parcel and takes its receipt: its verdicts, in their order."""
		self.send(self.peer.parcel_frame(made))
		return self.receipt(made)

	def receipt(self, made):
		while True:
			text = self.peer.take_receipt(self.await_kind("receipt"))
			if (text["epoch"], text["sequence"]) == made.place:
				return [e[2] and e[2][0] for e in text.entries]

	def leave(self):
		self.say(goodbye=signed.pb.Goodbye(code=signed.pb.SHUTDOWN, text="bye"))
		self.close()

	def close(self):
		try:
			self.tls.close()
		except OSError:
			pass


def listening(peer, door, lane=carrier.MESSAGES, seconds=60, **options):
	"""The next connection that comityd dials on that lane."""
	return Wire(peer, door.lanes[lane].get(timeout=seconds), role="listener", **options)


def raw_tls(peer, port, alpn, certificate=None, version=ssl.TLSVersion.TLSv1_3):
	"""A TLS connection with other settings than the page's; None for none of a thing."""
	c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	c.minimum_version, c.maximum_version = min(version, ssl.TLSVersion.TLSv1_2), version
	if certificate:
		c.load_cert_chain(f"{certificate}/tls.pem", f"{certificate}/tls.key")
	c.load_verify_locations(f"{peer.peer_dir}/ca.pem")
	if alpn:
		c.set_alpn_protocols(alpn)
	return c.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname=peer.name)
