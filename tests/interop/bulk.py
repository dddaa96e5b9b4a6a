"""The bulk lane of a Comity peer in Python, written from proto/PROTOCOL.md and bulk.proto alone.

ZeroMQ comes from pyzmq, TLS from Python's ssl module: stunnel names no ALPN protocol. Between the two
a thread carries the bytes.
"""
import collections
import hashlib
import importlib
import select
import socket
import ssl
import subprocess
import threading
import time

import zmq

CHUNK = 1_048_576
MAX_FRAME = 1_114_112
ALPN = "comity-bulk/1"

bulk = None  # comity.v1.bulk


def load_protocol(proto_dir, into):
	"""Generates the protobuf code; `into` is on sys.path."""
	global bulk
	subprocess.run(["protoc", f"--python_out={into}", f"-I{proto_dir}", f"{proto_dir}/comity/v1/bulk.proto"],
		       check=True)
	bulk = importlib.import_module("comity.v1.bulk_pb2")


# ------------------------------------------------------------ chunks and proofs

def chunks_of(data):
	return [data[i:i + CHUNK] for i in range(0, len(data), CHUNK)] or [b""]


def leaf(data):
	return hashlib.sha256(b"\x00" + data).digest()


def node(left, right):
	return hashlib.sha256(b"\x01" + left + right).digest()


def split(n):
	"""The largest power of two below n."""
	return 1 << (n - 1).bit_length() - 1


def root(leaves):
	if len(leaves) == 1:
		return leaves[0]
	k = split(len(leaves))
	return node(root(leaves[:k]), root(leaves[k:]))


def proof(m, leaves):
	"""RFC 9162, section 2.1.3.1."""
	if len(leaves) == 1:
		return []
	k = split(len(leaves))
	if m < k:
		return proof(m, leaves[:k]) + [root(leaves[k:])]
	return proof(m - k, leaves[k:]) + [root(leaves[:k])]


def proved(data, chunk, chunks, path, root_hash):
	"""As the page says it, after RFC 9162, section 2.1.3.2."""
	if chunk >= chunks or len(path) % 32:
		return False
	fn, sn, r = chunk, chunks - 1, leaf(data)
	for i in range(0, len(path), 32):
		p = path[i:i + 32]
		if sn == 0:
			return False
		if fn % 2 or fn == sn:
			r = node(p, r)
			while fn % 2 == 0 and fn:
				fn, sn = fn // 2, sn // 2
		else:
			r = node(r, p)
		fn, sn = fn // 2, sn // 2
	return sn == 0 and r == root_hash


class Item:
	"""Evidence that one has, and its manifest."""

	def __init__(self, data, name="records.bin", **more):
		self.data, self.chunks = data, chunks_of(data)
		self.leaves = [leaf(c) for c in self.chunks]
		self.manifest = dict(name=name, media_type="application/octet-stream", size=len(data),
				     sha256=hashlib.sha256(data).digest(), chunk_bytes=CHUNK, chunk_root=root(self.leaves), **more)

	def frame(self, pull, chunk):
		return bulk.BulkFrame(chunk=bulk.Chunk(pull=pull, chunk=chunk, path=b"".join(proof(chunk, self.leaves)),
						       data=self.chunks[chunk]))


# ------------------------------------------------------------ one session

class Carrier(threading.Thread):
	"""Carries bytes between TLS and ZeroMQ until either ends."""

	def __init__(self, tls, plain):
		super().__init__(daemon=True)
		self.tls, self.plain, self.ended = tls, plain, threading.Event()
		tls.setblocking(False)
		plain.setblocking(False)

	def run(self):
		try:
			self._carry()
		except (OSError, ssl.SSLError):
			pass
		for s in (self.tls, self.plain):
			s.close()
		self.ended.set()

	def _carry(self):
		out, into = bytearray(), bytearray()
		heard = False  # a dialler is silent until the listener has said something
		while True:
			reading = [s for s, full in ((self.tls, len(into) > MAX_FRAME), (self.plain, len(out) > MAX_FRAME)) if not full]
			writing = [s for s, there in ((self.tls, heard and out), (self.plain, into)) if there]
			select.select(reading, writing, [], 0 if self.tls.pending() and self.tls in reading else 5)
			for s, data in ((self.tls, into), (self.plain, out)):
				if s not in reading:
					continue
				try:
					more = s.recv(65536)
				except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
					continue
				if not more:
					# What came before the end is still for the other side.
					if s is self.tls and into:
						self.plain.setblocking(True)
						self.plain.sendall(into)
					return
				heard = heard or s is self.tls
				data += more
			for s, data in ((self.tls, out if heard else b""), (self.plain, into)):
				if data:
					try:
						del data[:s.send(data)]
					except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
						pass


class Lane:
	"""One connection. What it should say and do is up to who holds it."""

	def __init__(self, peer, port, hello=True, alpn=ALPN):
		self.peer, self.hello, self.goodbye = peer, None, None
		self.frames = collections.deque()  # that came and nobody has looked at
		self.carrier = self._dial(port, alpn)
		self.socket = peer.context.socket(zmq.DEALER)
		self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME)
		self.socket.setsockopt(zmq.RECONNECT_IVL, 600_000)
		self.socket.setsockopt(zmq.LINGER, 2_000)
		with socket.create_server(("127.0.0.1", 0)) as door:
			self.socket.connect(f"tcp://127.0.0.1:{door.getsockname()[1]}")
			plain, _ = door.accept()
		self.carrier = Carrier(self.carrier, plain)
		self.carrier.start()
		if hello:
			self.say_hello()

	def _dial(self, port, alpn):
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
		context.minimum_version = ssl.TLSVersion.TLSv1_3
		context.load_cert_chain(f"{self.peer.own_dir}/tls.pem", f"{self.peer.own_dir}/tls.key")
		context.load_verify_locations(f"{self.peer.peer_dir}/ca.pem")
		context.load_verify_locations(f"{self.peer.peer_dir}/crl.pem")
		context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
		context.set_alpn_protocols([alpn])
		raw = socket.create_connection(("127.0.0.1", port), 10)
		tls = context.wrap_socket(raw, server_hostname=self.peer.name)
		if tls.selected_alpn_protocol() != alpn:
			raise AssertionError(f"the listener chose {tls.selected_alpn_protocol()}")
		return tls

	def say_hello(self, **changed):
		fields = {"lowest_version": 1, "highest_version": 1, "from": self.peer.own, "to": self.peer.other, "pulls": 4}
		self.say(hello=bulk.BulkHello(**{**fields, **changed}))

	def say(self, **kind):
		self.send(bulk.BulkFrame(**kind))

	def send(self, frame):
		self.send_bytes(frame.SerializeToString())

	def send_bytes(self, data):
		self.socket.send(data)

	def take(self, seconds=15):
		"""The next frame; None when the session has ended, or nothing comes in time."""
		if self.frames:
			return self.frames.popleft()
		end = time.monotonic() + seconds
		while True:
			ended = self.carrier.ended.is_set()
			# At the end libzmq may still be reading what it was given.
			if self.socket.poll(200 if ended else 50):
				break
			if ended or time.monotonic() > end:
				return None
		frame = bulk.BulkFrame.FromString(self.socket.recv())
		kind = frame.WhichOneof("kind")
		if kind == "goodbye":
			self.goodbye = frame.goodbye.text
		elif kind == "hello":
			if self.hello is not None:
				raise AssertionError("a second hello")
			self.hello = frame.hello
		return frame

	def await_kind(self, kind, seconds=15):
		"""The next frame of a kind; others before it are kept in their order."""
		kept = collections.deque()
		while True:
			frame = self.take(seconds)
			if frame is None or frame.WhichOneof("kind") == kind:
				kept.extend(self.frames)
				self.frames = kept
				return frame and getattr(frame, kind)
			kept.append(frame)

	def ended(self, seconds=15):
		"""Waits until the other side has closed."""
		while self.take(seconds) is not None:
			pass
		return self.carrier.ended.wait(seconds)

	def close(self):
		self.socket.close()
		self.carrier.ended.wait(10)


# ------------------------------------------------------------ both sides of a pull

class Sender:
	"""Serves what it has offered: (message id, place) -> Item."""

	def __init__(self, lane, offers):
		self.lane, self.offers, self.open = lane, offers, {}
		self.pulls = []                # (message id, place, first chunk) in their order
		self.sent = collections.Counter()

	def step(self, seconds=0.05):
		"""Takes a frame, if there is one, and sends a chunk of each pull that may."""
		frame = self.lane.take(seconds)
		if frame is not None:
			getattr(self, "_" + frame.WhichOneof("kind"))(frame)
		for number, (key, item, state) in list(self.open.items()):
			if state[0] < state[1]:
				self.lane.send(item.frame(number, state[0]))
				self.sent[key] += 1
				state[0] += 1
				if state[0] == len(item.chunks):
					del self.open[number]
		return frame

	def _hello(self, frame):
		pass

	def _goodbye(self, frame):
		raise AssertionError(f"goodbye: {frame.goodbye.text}")

	def _pull(self, frame):
		p = frame.pull
		key, item = (p.message_id, p.attachment), self.offers.get((p.message_id, p.attachment))
		if p.pull == 0 or p.pull in self.open or not 1 <= p.credit <= 64:
			raise AssertionError(f"pull {p}")
		if item is None or item.manifest["sha256"] != p.sha256:
			self.lane.say(not_sent=bulk.NotSent(pull=p.pull, code=bulk.NEVER_OFFERED))
		elif len(self.open) == 4:
			self.lane.say(not_sent=bulk.NotSent(pull=p.pull, code=bulk.TOO_MANY_PULLS))
		elif p.first_chunk >= len(item.chunks):
			self.lane.say(not_sent=bulk.NotSent(pull=p.pull, code=bulk.NO_SUCH_CHUNK))
		else:
			self.pulls.append((*key, p.first_chunk))
			self.open[p.pull] = (key, item, [p.first_chunk, min(p.first_chunk + p.credit, len(item.chunks))])

	def _credit(self, frame):
		c = frame.credit
		if c.pull in self.open:
			_, item, state = self.open[c.pull]
			if not 1 <= c.chunks <= 64 - (state[1] - state[0]):
				raise AssertionError(f"credit {c}: {state}")
			state[1] = min(state[1] + c.chunks, len(item.chunks))

	def _cancel(self, frame):
		self.open.pop(frame.cancel.pull, None)


def fetch(lane, number, message_id, place, manifest, first=0, credit=4, stop=None):
	"""Pulls an attachment from `first` on; returns its bytes, or a NotSentCode's name. After chunk number
	`stop` it is cancelled."""
	chunks = max(1, -(-manifest.size // CHUNK))
	lane.say(pull=bulk.Pull(pull=number, message_id=message_id, attachment=place, sha256=manifest.sha256,
				first_chunk=first, credit=credit))
	data, granted = b"", first + credit
	for want in range(first, chunks):
		while True:
			frame = lane.take()
			if frame is None or frame.WhichOneof("kind") == "goodbye":
				raise AssertionError(f"the session ended: {lane.goodbye}")
			if frame.WhichOneof("kind") == "not_sent" and frame.not_sent.pull == number:
				return bulk.NotSentCode.Name(frame.not_sent.code)
			if frame.WhichOneof("kind") == "chunk" and frame.chunk.pull == number:
				break
		c = frame.chunk
		size = min(CHUNK, manifest.size - want * CHUNK)
		if c.chunk != want or want >= granted or len(c.data) != size or \
				not proved(c.data, want, chunks, c.path, manifest.chunk_root):
			raise AssertionError(f"chunk {c.chunk} of {len(c.data)} bytes instead of {want} of {size}")
		data += c.data
		if want == stop:
			lane.say(cancel=bulk.Cancel(pull=number))
			return data
		if want + 1 == granted and granted < chunks:
			lane.say(credit=bulk.Credit(pull=number, chunks=credit))
			granted += credit
	return data
