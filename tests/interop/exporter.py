"""A TLS tunnel that tells the connection's keying material: `openssl s_client`, which owes nothing to comityd.

It prints `tls-exporter` (RFC 9266) once the handshake is over, and carries bytes after that.
"""
import re
import socket
import subprocess
import threading

import carrier

# Without -quiet s_client says this between reads; without it it would not print the exporter.
NOISE = b"read R BLOCK\n"


class Exporter:
	"""Dials the peer. `port` is where a DEALER connects to, once; `exporter` is in hexadecimal digits."""

	def __init__(self, peer, port):
		ours, theirs = socket.socketpair()
		self.child = subprocess.Popen(
			["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-alpn", carrier.MESSAGES,
			 "-cert", f"{peer.own_dir}/tls.pem", "-key", f"{peer.own_dir}/tls.key", "-CAfile", f"{peer.peer_dir}/ca.pem",
			 "-no-CApath", "-no-CAstore", "-verify_return_error", "-verify_hostname", peer.name, "-nocommands",
			 "-ign_eof", "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"],
			stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
		theirs.close()
		self.tls, said = ours, b""
		while not (found := re.search(rb"Keying material: ([0-9A-F]{64})\n---\n", said)):
			more = self.tls.recv(1 << 20)
			if not more:
				raise AssertionError(f"openssl s_client: {said.decode(errors='replace')}")
			said += more
		self.exporter, self.rest = found[1].decode().lower(), said[found.end():]
		self.door = socket.create_server(("127.0.0.1", 0))
		self.port = self.door.getsockname()[1]
		threading.Thread(target=self._accept, daemon=True).start()

	def _accept(self):
		try:
			self.plain, _ = self.door.accept()
			threading.Thread(target=self._carry, args=(self.plain, self.tls), daemon=True).start()
			self.plain.sendall(self.rest.replace(NOISE, b""))
			self._carry(self.tls, self.plain)
		except OSError:
			pass

	@staticmethod
	def _carry(source, sink):
		try:
			while data := source.recv(1 << 20):
				sink.sendall(data.replace(NOISE, b""))
			sink.shutdown(socket.SHUT_WR)
		except OSError:
			pass

	def close(self):
		self.child.terminate()
		self.child.wait()
		self.door.close()
		self.tls.close()
