"""The signed texts of the protocol, written from PROTOCOL.md, "Signed texts", alone. CMS comes from openssl."""
import base64
import collections
import datetime
import hashlib
import os
import re
import secrets
import subprocess
import time

MAX_MESSAGES = 64
MAX_TEXT = 32_768
MAX_SIGNATURE = 16_384

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NAME = r"[0-9A-Za-z](?:(?![/\\\\])[!-~]){0,35}"  # what may stand for an id in a signed text
AUTHORITY = r"[A-Z0-9][A-Z0-9-]{0,31}"
NUMBER = r"(?:0|[1-9][0-9]*)"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
HEX = r"[0-9a-f]{64}"

pb = None      # comity.v1.peer; peer.load_protocol sets both
types = None   # comity.v1.types


class Refused(Exception):
	"""What the other side did ends the session; `code` names the goodbye."""

	def __init__(self, code, text):
		super().__init__(f"{code}: {text}")
		self.code, self.text = code, text


def sha256(data):
	return hashlib.sha256(data).hexdigest()


def now_ms():
	return time.time_ns() // 1_000_000


def rfc3339(ms):
	t = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
	return t.strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03d}Z"


class Text:
	"""A signed text that was read: its header and (digest, id, verdict) by line."""

	def __init__(self, kind, header, entries):
		self.kind, self.header, self.entries = kind, header, entries

	def __getitem__(self, name):
		return self.header[name]


HEADERS = {
	"parcel": ("from", "to", "epoch", "sequence", "made"),
	"receipt": ("from", "to", "epoch", "sequence", "parcel", "made", "audit-size", "audit-root"),
	"audit-head": ("from", "to", "epoch", "made", "audit-size", "audit-root"),
	"session-proof": ("from", "to", "made", "role", "lane", "hello-from", "hello-to", "binding"),
}
VALUES = {"from": AUTHORITY, "to": AUTHORITY, "epoch": NUMBER, "sequence": NUMBER, "made": TIME,
	  "parcel": HEX, "audit-size": NUMBER, "audit-root": HEX, "role": "dialler|listener", "lane": "messages|bulk",
	  "hello-from": HEX, "hello-to": HEX, "binding": f"(?:exporter|certificate) {HEX}"}
WITHOUT_LINES = ("audit-head", "session-proof")


def header_value(name, value):
	if not re.fullmatch(VALUES[name], value):
		raise Refused("PROTOCOL", f"signed text: {name} is malformed")
	if name == "made":
		try:
			t = datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
		except ValueError:
			raise Refused("PROTOCOL", "signed text: made is no time") from None
		return t.replace(tzinfo=datetime.timezone.utc)
	if VALUES[name] is NUMBER:
		if int(value) >= 1 << 63:
			raise Refused("PROTOCOL", f"signed text: {name} is too large")
		if name in ("epoch", "sequence") and int(value) == 0:
			raise Refused("PROTOCOL", f"signed text: {name} is 0")
		return int(value)
	return value


def read_verdict(line):
	if line == "# accepted":
		return None
	# Names of later versions too, as names of codes are.
	m = re.fullmatch(r"# rejected ([A-Z][A-Z0-9_]{0,63}) (.+)", line, re.DOTALL)
	if not m or m[1] == types.RejectionCode.keys()[0]:
		raise Refused("PROTOCOL", "receipt: a line is neither accepted nor rejected")
	if len(m[2].encode()) > 255 or re.search(r"[\x00-\x1f\x7f]", m[2]):
		raise Refused("PROTOCOL", "receipt: a reason is malformed")
	return m[1], m[2]


def read_text(data, kind):
	"""Reads a signed text strictly: these lines in this order and nothing else."""
	if not 0 < len(data) <= MAX_TEXT:
		raise Refused("PROTOCOL", "signed text: size")
	try:
		text = data.decode("utf-8")
	except UnicodeDecodeError:
		raise Refused("PROTOCOL", "signed text: not UTF-8") from None
	if not text.endswith("\n"):
		raise Refused("PROTOCOL", "signed text: no LF at the end")
	lines = collections.deque(text[:-1].split("\n"))
	header = {}

	def take():
		if not lines:
			raise Refused("PROTOCOL", "signed text: too short")
		return lines.popleft()

	if take() != "# comity-manifest 1" or take() != f"# type {kind}":
		raise Refused("PROTOCOL", f"signed text: not a {kind}")
	for name in HEADERS[kind]:
		line = take()
		if not line.startswith(f"# {name} "):
			raise Refused("PROTOCOL", f"signed text: {name} expected")
		header[name] = header_value(name, line[len(name) + 3:])
	entries = []
	while lines:
		verdict = read_verdict(take()) if kind == "receipt" else None
		m = re.fullmatch(rf"({HEX})  ({NAME})", take())
		if not m:
			raise Refused("PROTOCOL", "signed text: a digest line is malformed")
		entries.append((m[1], m[2], verdict))
	if kind in WITHOUT_LINES and entries:
		raise Refused("PROTOCOL", f"{kind}: it has more lines")
	if kind not in WITHOUT_LINES and not 1 <= len(entries) <= MAX_MESSAGES:
		raise Refused("PROTOCOL", f"{kind}: {len(entries)} messages")
	return Text(kind, header, entries)


def write_text(kind, header, entries=()):
	lines = ["# comity-manifest 1", f"# type {kind}"]
	lines += [f"# {name} {header[name]}" for name in HEADERS[kind]]
	for digest, ident, verdict in entries:
		if kind == "receipt":
			lines.append("# accepted" if verdict is None else f"# rejected {verdict[0]} {verdict[1]}")
		lines.append(f"{digest}  {ident}")
	return ("\n".join(lines) + "\n").encode()


def pem_certificates(text):
	found = re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.DOTALL)
	return [base64.b64decode(f) for f in found]


class Signer:
	"""Signs as one authority and checks another's signatures, with openssl."""

	def __init__(self, own_dir, peer_dir, work):
		self.own, self.peer, self.work = own_dir, peer_dir, work
		with open(f"{peer_dir}/sign.pem", encoding="ascii") as f:
			self.pinned = pem_certificates(f.read())

	def _file(self, name, data):
		path = f"{self.work}/{secrets.token_hex(8)}.{name}"
		with open(path, "wb") as f:
			f.write(data)
		return path

	@staticmethod
	def _openssl(*argv):
		return subprocess.run(["openssl", *argv], stdin=subprocess.DEVNULL, capture_output=True, check=False)

	def sign(self, text, own_dir=None):
		own = own_dir or self.own
		path = self._file("text", text)
		try:
			done = self._openssl("cms", "-sign", "-binary", "-cades", "-md", "sha256", "-signer", f"{own}/sign.pem",
					     "-inkey", f"{own}/sign.key", "-in", path, "-outform", "DER")
		finally:
			os.unlink(path)
		if done.returncode:
			raise AssertionError(f"openssl cms -sign: {done.stderr.decode()}")
		return pb.SignedText(text=text, signature=done.stdout)

	def verify(self, signed, made):
		"""Everything that "Signed texts" demands of a signature."""
		if not 0 < len(signed.signature) <= MAX_SIGNATURE:
			raise Refused("PROTOCOL", "signature: size")
		paths = [self._file("p7s", signed.signature), self._file("text", signed.text), self._file("pem", b"")]
		try:
			self._verify(*paths, made)
		finally:
			for path in paths:
				os.unlink(path)

	def _verify(self, p7s, text, signer, made):
		bad = lambda why: Refused("SIGNATURE", why)
		shown = self._openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", p7s)
		shape = shown.stdout.decode(errors="replace")
		if shown.returncode or "pkcs7-signedData" not in shape:
			raise bad("not a CMS SignedData")
		if "eContent: <ABSENT>" not in shape:
			raise bad("not detached")
		infos = shape.split("signerInfos:", 1)[-1]
		if len(re.findall(r"d\.(?:issuerAndSerialNumber|subjectKeyIdentifier):", infos)) != 1:
			raise bad("not one signer")
		digest = re.search(r"digestAlgorithm:\s+algorithm: (\S+)", infos)
		method = re.search(r"signatureAlgorithm:\s+algorithm: (\S+)", infos)
		if not digest or digest[1] not in ("sha256", "sha384", "sha512"):
			raise bad("digest algorithm")
		if not method or not re.fullmatch(r"ecdsa-with-SHA(256|384|512)", method[1]):
			raise bad("signature algorithm")
		for attribute in ("contentType", "messageDigest", "signingCertificateV2"):
			if f"object: {attribute} " not in infos and f"object: id-smime-aa-{attribute} " not in infos:
				raise bad(f"no attribute {attribute}")
		seconds = str(int(made.timestamp()))
		done = self._openssl("cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", p7s, "-content", text,
				     "-certfile", f"{self.peer}/sign.pem", "-CAfile", f"{self.peer}/ca.pem",
				     "-no-CApath", "-no-CAstore", "-purpose", "smimesign", "-attime", seconds,
				     "-signer", signer, "-out", os.devnull)
		if done.returncode:
			raise bad(done.stderr.decode(errors="replace").strip().splitlines()[-1])
		with open(signer, encoding="ascii") as f:
			certificates = pem_certificates(f.read())
		if len(certificates) != 1 or certificates[0] not in self.pinned:
			raise bad("signer is not pinned")
		done = self._openssl("verify", "-no_check_time", "-crl_check", "-CAfile", f"{self.peer}/ca.pem",
				     "-no-CApath", "-no-CAstore", "-CRLfile", f"{self.peer}/crl.pem", signer)
		if done.returncode:
			raise bad("signer is revoked")
