"""The bulk lane of a Comity peer in Python, written from proto/PROTOCOL.md and bulk.proto alone.

ZeroMQ comes from pyzmq, TLS from carrier.py.
"""
import collections
import hashlib
import importlib
import socket
import subprocess
import time

import zmq

import peer as P
from carrier import BULK as ALPN, MAX_FRAME, Carrier, dial
from greeting import STEPS, Greeting

CHUNK = 1_048_576

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

class Lane:
	"""One connection that we dial, or a TLS connection `tls` that was taken at a Door. It goes by itself as far as
	`upto`, one of nothing, hello and proof; with proof it is proven when it is made. What it should say and do after
	that is up to who holds it."""

	def __init__(self, peer, port=None, upto="proof", alpn=ALPN, tls=None):
		self.peer, self.steps = peer, STEPS.index(upto)
		self.goodbye = self.code = None    # theirs: the sentence, and the code's name
		self.frames = collections.deque()  # that came and nobody has looked at
		self.greeting = Greeting(peer, "listener" if tls else "dialler", "bulk", bulk.BulkFrame)
		self.socket = peer.context.socket(zmq.DEALER)
		self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME)
		self.socket.setsockopt(zmq.RECONNECT_IVL, 600_000)
		self.socket.setsockopt(zmq.LINGER, 2_000)
		with socket.create_server(("127.0.0.1", 0)) as door:
			self.socket.connect(f"tcp://127.0.0.1:{door.getsockname()[1]}")
			plain, _ = door.accept()
		self.carrier = Carrier(tls or dial(peer, port, alpn), plain, listen=tls is not None)
		self.carrier.start()
		if not tls:
			self._say("hello")
		if upto == "proof" and not self.await_proven():
			raise AssertionError(f"the bulk lane is not proven: {self.code} {self.goodbye}")

	@property
	def hello(self):
		return self.greeting.hello

	def _say(self, step):
		if STEPS.index(step) <= self.steps:
			self.send_bytes(self.greeting.say_hello() if step == "hello" else self.greeting.say_proof())

	def await_proven(self, seconds=15):
		"""Takes frames until their proof was good; False when the session has ended."""
		while self.greeting.proof is None:
			frame = self.take(seconds)
			if frame is None or frame.WhichOneof("kind") == "goodbye":
				return False
		return True

	def say_hello(self, **changed):
		self.send_bytes(self.greeting.say_hello(**changed))

	def say_proof(self, **changed):
		self.send_bytes(self.greeting.say_proof(**changed))

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
		raw = self.socket.recv()
		frame = bulk.BulkFrame.FromString(raw)
		kind = frame.WhichOneof("kind")
		g, listen = self.greeting, self.greeting.role == "listener"
		if kind == "goodbye":
			self.goodbye, self.code = frame.goodbye.text, P.pb.GoodbyeCode.Name(frame.goodbye.code)
		elif kind == "hello" and g.hello is None:
			g.take_hello(frame.hello, raw)
			self._say("hello" if listen else "proof")
		elif kind == "session_proof" and g.hello is not None and g.proof is None:
			g.take_proof(frame.session_proof)
			if listen:
				self._say("proof")
		elif g.proof is None or kind in ("hello", "session_proof"):
			raise AssertionError(f"{kind} before its turn, or twice")
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

	def _session_proof(self, frame):
		pass

	_hello = _session_proof

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
