"""TLS by Python's ssl module, with ALPN, which stunnel does not name: for the bulk lane, and for a peer that is dialled
on both. A thread carries the bytes between TLS and ZeroMQ.
"""
import queue
import select
import socket
import ssl
import threading

MAX_FRAME = 1_114_112
MESSAGES, BULK = "comity/1", "comity-bulk/1"


def context(peer, listen=False):
	c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listen else ssl.PROTOCOL_TLS_CLIENT)
	c.minimum_version = ssl.TLSVersion.TLSv1_3
	c.load_cert_chain(f"{peer.own_dir}/tls.pem", f"{peer.own_dir}/tls.key")
	c.load_verify_locations(f"{peer.peer_dir}/ca.pem")
	c.load_verify_locations(f"{peer.peer_dir}/crl.pem")
	c.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
	c.verify_mode = ssl.CERT_REQUIRED
	if listen:
		c.num_tickets = 0
	return c


def dial(peer, port, alpn):
	"""A TLS connection to the peer, on that lane."""
	c = context(peer)
	c.set_alpn_protocols([alpn])
	tls = c.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname=peer.name)
	if tls.selected_alpn_protocol() != alpn:
		raise AssertionError(f"the listener chose {tls.selected_alpn_protocol()}")
	return tls


class Carrier(threading.Thread):
	"""Carries bytes between TLS and ZeroMQ until either ends."""

	def __init__(self, tls, plain, listen=False):
		super().__init__(daemon=True)
		self.tls, self.plain, self.listen, self.ended = tls, plain, listen, threading.Event()
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
		heard = self.listen  # a dialler is silent until the listener has said something
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


class Door(threading.Thread):
	"""Where a peer is dialled on both lanes. `lanes` has what came, by ALPN name, until somebody takes it."""

	def __init__(self, peer, lanes=(MESSAGES, BULK)):
		super().__init__(daemon=True)
		self.context = context(peer, listen=True)
		self.context.set_alpn_protocols(list(lanes))
		self.socket = socket.create_server(("127.0.0.1", 0))
		self.port = self.socket.getsockname()[1]
		self.lanes = {lane: queue.Queue() for lane in lanes}
		self.start()

	def run(self):
		while True:
			try:
				raw, _ = self.socket.accept()
			except OSError:
				return
			try:
				raw.settimeout(10)
				tls = self.context.wrap_socket(raw, server_side=True)
				self.lanes[tls.selected_alpn_protocol() or MESSAGES].put(tls)
			except (OSError, ssl.SSLError):
				raw.close()

	def close(self):
		self.socket.shutdown(socket.SHUT_RDWR)
		self.socket.close()
