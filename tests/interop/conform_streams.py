"""Cases of the sections Signed texts to Tombstones: what is signed, and what becomes of parcels and receipts."""
import hashlib
import os
import re
import subprocess

import conform as C
from conform import P, case, ends, note


# ------------------------------------------------------------------ Signed texts

def told(code):
	"""What a parcel with this is answered by: its receipt's verdicts, or the goodbye."""
	def run(make):
		def against(g):
			w = g.session()
			made = g.parcel(remember=False)
			frame = g.peer.parcel_frame(made)
			make(g, frame.parcel)
			w.send(frame)
			ends(w, code)
		return against
	return run


def text_changed(change):
	"""The manifest is altered, and then signed."""
	def make(g, parcel):
		parcel.manifest.CopyFrom(g.peer.signer.sign(change(parcel.manifest.text)))
	return make


TEXTS = [
	(501, "ends the lines of a manifest with CR LF", lambda t: t.replace(b"\n", b"\r\n")),
	(502, "leaves out the last LF", lambda t: t[:-1]),
	(503, "puts two blanks into a header line", lambda t: t.replace(b"# to ", b"# to  ")),
	(504, "writes a number with a leading zero", lambda t: t.replace(b"sequence ", b"sequence 0")),
	(505, "writes the sequence 2^63", lambda t: re.sub(rb"sequence \d+", b"sequence 9223372036854775808", t)),
	(506, "adds a header line", lambda t: t.replace(b"# made", b"# x y\n# made")),
	(507, "writes a time without milliseconds", lambda t: re.sub(rb"\.\d{3}Z", b"Z", t)),
	(508, "writes a leap second", lambda t: re.sub(rb"made .*Z", b"made 2016-12-31T23:59:60.000Z", t)),
	(509, "writes a digest in upper case", lambda t: re.sub(rb"\n[0-9a-f]{64}", b"\n" + b"A" * 64, t)),
	(510, "names another addressee", lambda t: t.replace(b"# to US-OIA", b"# to FR")),
	(511, "names the type receipt", lambda t: t.replace(b"type parcel", b"type receipt")),
	(512, "writes an id of 37 bytes", lambda t: re.sub(rb"  (\S{36})\n", rb"  \1a\n", t)),
	(513, "writes an id with a slash", lambda t: re.sub(rb"  \S{36}\n", b"  a/b\n", t)),
	(514, "names no message", lambda t: b"".join(l for l in t.splitlines(True) if l.startswith(b"#"))),
	(519, "names an addressee that is not an authority id", lambda t: t.replace(b"# to US-OIA", b"# to us-oia")),
	(515, "writes a text of more than 32,768 bytes", lambda t: t + (b"0" * 64 + b"  " + b"a" * 36 + b"\n") * 320),
]
for number, does, change in TEXTS:
	case(number, "Signed texts", does, "goodbye PROTOCOL")(told("PROTOCOL")(text_changed(change)))


@case(516, "Signed texts", "sends a signature of 16,385 bytes", "goodbye PROTOCOL")
def _(g):
	told("PROTOCOL")(lambda _, p: setattr(p.manifest, "signature", bytes(16_385)))(g)


@case(517, "Signed texts", "names messages by ids that are no UUIDv7", "a receipt that rejects each as MALFORMED")
def _(g):
	w = g.session()
	ids = ["N", "note-1", "a" * 36, P.uuid7().upper(), P.uuid7()[:14] + "4" + P.uuid7()[15:]]
	raw = [g.craft(note(), lambda m, i=i: setattr(m, "id", i)) for i in ids]
	assert w.deliver(g.parcel(*raw, ids=ids)) == ["MALFORMED"] * len(ids)


@case(518, "Signed texts", "names one id three times, the third time with another digest",
      "a receipt with the verdict of the first, the same again, and ID_REUSED")
def _(g):
	w = g.session()
	ident = g.opened(w)
	raw = g.peer.message(note(), ident)
	first = P.case.Message.FromString(raw).id
	other = g.craft(note("Another."), lambda m: setattr(m, "id", first), case_id=ident)
	assert w.deliver(g.parcel(raw, raw, other)) == [None, None, "ID_REUSED"]


# The signature: openssl makes what differs from the page.
def signed_with(g, text, *options, signer=None):
	own, path = signer or g.peer.own_dir, f"{g.base}/to-sign"
	with open(path, "wb") as f:
		f.write(text)
	done = subprocess.run(["openssl", "cms", "-sign", "-binary", "-signer", f"{own}/sign.pem", "-inkey",
			       f"{own}/sign.key", "-in", path, "-outform", "DER", *options], capture_output=True, check=True)
	return P.pb.SignedText(text=text, signature=done.stdout)


SIGNATURES = [
	(530, "leaves out the attribute signing-certificate-v2", ("-md", "sha256")),
	(531, "does not enclose the signer's certificate", ("-md", "sha256", "-cades", "-nocerts")),
	(532, "encloses the text in the signature", ("-md", "sha256", "-cades", "-nodetach")),
	(533, "signs with SHA-224", ("-md", "sha224", "-cades")),
	(534, "encodes the signature in BER, with indefinite lengths", ("-md", "sha256", "-cades", "-nodetach", "-stream")),
]
for number, does, options in SIGNATURES:
	case(number, "Signed texts", does, "goodbye SIGNATURE")(told("SIGNATURE")(
		lambda g, p, o=options: p.manifest.CopyFrom(signed_with(g, p.manifest.text, *o))))


@case(535, "Signed texts", "signs with another authority's key", "goodbye SIGNATURE")
def _(g):
	told("SIGNATURE")(lambda g, p: p.manifest.CopyFrom(g.peer.signer.sign(p.manifest.text, f"{g.base}/US-OIA")))(g)


@case(536, "Signed texts", "damages the signature", "goodbye SIGNATURE")
def _(g):
	def flip(_, p):
		p.manifest.signature = p.manifest.signature[:-1] + bytes([p.manifest.signature[-1] ^ 1])
	told("SIGNATURE")(flip)(g)


@case(537, "Signed texts", "dates a manifest before its certificate was valid", "goodbye SIGNATURE")
def _(g):
	told("SIGNATURE")(text_changed(lambda t: re.sub(rb"made .*Z", b"made 2001-01-01T00:00:00.000Z", t)))(g)


@case(538, "Signed texts", "signs with SHA-384", "it is taken")
def _(g):
	w = g.session()
	made = g.parcel()
	made = made._replace(manifest=signed_with(g, made.manifest.text, "-md", "sha384", "-cades"))
	g.peer.sent[-1] = made
	assert w.deliver(made) == [None]


@case(540, "When it was made", "dates a parcel 10 minutes ahead", "it is taken")
def _(g):
	w = g.session()
	g.peer.clock = lambda: P.now_ms() + 600_000
	try:
		assert w.deliver(g.parcel()) == [None]
	finally:
		g.peer.clock = P.now_ms


# ------------------------------------------------------------------ Parcels

PARCELS = [
	(601, "sends a message more than the manifest names", "PROTOCOL", lambda p: p.messages.append(b"x")),
	(602, "sends a message less", "PROTOCOL", lambda p: p.messages.pop()),
	(603, "alters a byte of a message", "SIGNATURE", lambda p: p.messages.append(p.messages.pop()[:-1] + b"\x00")),
	(604, "leaves out the manifest", "PROTOCOL", lambda p: p.ClearField("manifest")),
	(609, "leaves a message empty", "PROTOCOL", lambda p: p.messages.append(p.messages.pop()[:0])),
	(605, "leaves out the signature", "SIGNATURE", lambda p: p.manifest.ClearField("signature")),
]
for number, does, code, change in PARCELS:
	case(number, "Parcels", does, f"goodbye {code}")(told(code)(lambda g, p, c=change: c(p)))


@case(606, "Parcels", "sends 65 messages in one parcel", "goodbye PROTOCOL")
def _(g):
	w = g.session()
	made = g.parcel(*[g.craft(note()) for _ in range(65)], remember=False)
	w.send(g.peer.parcel_frame(made))
	ends(w, "PROTOCOL")


@case(607, "Parcels", "sends a message of 262,145 bytes and a good one", "the first is rejected as MALFORMED, the second is accepted")
def _(g):
	w = g.session()
	ident = g.opened(w)
	large = g.craft(note("x" * 120_000), lambda m: m.content.note.MergeFromString(b"\xa2\x06\xff\xff\x08" + bytes(147_455)),
			case_id=ident)
	assert len(large) > 262_144
	good = g.peer.message(note(), ident)
	assert w.deliver(g.parcel(large, good)) == ["MALFORMED", None]


@case(608, "Parcels", "puts bytes into `receipt` of a parcel without tombstones", "they are not looked at: a receipt that accepts it")
def _(g):
	w = g.session()
	made = g.parcel()
	frame = g.peer.parcel_frame(made)
	frame.parcel.receipt.text = frame.parcel.receipt.signature = b"junk"
	w.send(frame)
	assert w.receipt(made) == [None]


# ------------------------------------------------------------------ Receipts

@case(620, "Receipts", "sends a parcel twice", "one receipt, the second time with the same bytes")
def _(g):
	w = g.session()
	made = g.parcel()
	assert w.deliver(made) == [None]
	first = g.peer.receipt_bytes[made.place].SerializeToString()
	w.send(g.peer.parcel_frame(made))
	assert w.await_kind("receipt").receipt.SerializeToString() == first


@case(622, "Receipts", "sends a receipt for a parcel that was never made", "goodbye PROTOCOL")
def _(g):
	w = g.session()
	text = P.write_text("receipt", {"from": "IE", "to": "US-OIA", "epoch": 7, "sequence": 1, "parcel": "0" * 64,
		"made": P.rfc3339(P.now_ms()), "audit-size": 0, "audit-root": P.EMPTY_ROOT}, [("0" * 64, P.uuid7(), None)])
	w.say(receipt=P.pb.Receipt(receipt=g.peer.signer.sign(text)))
	ends(w, "PROTOCOL")


def answered(g, change, code):
	"""comityd's parcel is answered by a receipt that was altered before it was signed."""
	w = g.session()
	g.submit()
	parcel = w.await_kind("parcel")
	held = g.peer.held
	receipt = g.peer.take_parcel(parcel)
	w.say(receipt=P.pb.Receipt(receipt=g.peer.signer.sign(change(receipt.text))))
	ends(w, code)
	w = g.session()     # what is held is receipted as it should be
	parcel = w.await_kind("parcel")
	assert g.peer.take_parcel(parcel) == receipt and g.peer.held > held
	w.say(receipt=P.pb.Receipt(receipt=receipt))
	assert w.deliver(g.parcel()) == [None]


RECEIPTS = [
	(623, "names another digest of the parcel in its receipt", lambda t: re.sub(rb"parcel [0-9a-f]{64}", b"parcel " + b"0" * 64, t)),
	(624, "names another message in its receipt", lambda t: re.sub(rb"  \S{36}\n", b"  " + P.uuid7().encode() + b"\n", t)),
	(625, "rejects by what is not a name of a code", lambda t: t.replace(b"# accepted", b"# rejected made-up because")),
	(626, "rejects without a reason", lambda t: t.replace(b"# accepted", b"# rejected MALFORMED")),
	(627, "rejects by a reason with a control character", lambda t: t.replace(b"# accepted", b"# rejected MALFORMED a\x1bb")),
]
for number, does, change in RECEIPTS:
	case(number, "Receipts", does, "goodbye PROTOCOL, and the parcel again in the next session")(
		lambda g, c=change: answered(g, c, "PROTOCOL"))


@case(629, "Receipts", "rejects by a code of a later version", "it is taken: the receipt is the receipted_proof of the next session")
def _(g):
	w = g.session()
	g.submit()
	_, receipt = g.taken(w)
	later = g.peer.signer.sign(receipt.text.replace(b"# accepted", b"# rejected MADE_UP because"))
	w.say(receipt=P.pb.Receipt(receipt=later))
	assert w.deliver(g.parcel()) == [None]
	w.leave()
	assert g.session().theirs.receipted_proof == later


@case(628, "Receipts", "gives a second, different receipt for a parcel that is receipted", "the first one stays: it is the receipted_proof")
def _(g):
	w = g.session()
	g.submit()
	_, receipt = g.taken(w)
	w.say(receipt=P.pb.Receipt(receipt=receipt))
	again = g.peer.signer.sign(re.sub(rb"made .*Z", b"made " + P.rfc3339(P.now_ms() + 1).encode(), receipt.text))
	w.say(receipt=P.pb.Receipt(receipt=again))
	assert w.deliver(g.parcel()) == [None]
	w.leave()
	assert g.session().theirs.receipted_proof == receipt


@case(945, "Checking by hand", "checks a receipt by the commands of the page", "openssl, sha256sum and grep find it good")
def _(g):
	w = g.session()
	raw = g.peer.message(C.request())
	made = g.parcel(raw)
	assert w.deliver(made) == [None]
	into, receipt = C.H.tempfile.mkdtemp(dir=g.base), g.peer.receipt_bytes[made.place]
	files = {"manifest": made.manifest.text, "receipt": receipt.text, "receipt.p7s": receipt.signature,
		 made.entries[0][1]: raw}
	for name, data in files.items():
		with open(f"{into}/{name}", "wb") as f:
			f.write(data)
	page = open(C.PAGE, encoding="utf-8").read()
	lines = page[page.index("    openssl cms -verify -binary -inform DER -in receipt.p7s"):page.index("`ca.pem` is the CA")]
	script = f"set -e\ncp '{g.peer.peer_dir}/ca.pem' ca.pem\n" + lines
	done = subprocess.run(["bash", "-c", script], cwd=into, capture_output=True, text=True, check=False)
	assert done.returncode == 0, done.stdout + done.stderr


# ------------------------------------------------------------------ Streams and resume

def placed(g, place, code):
	w = g.session()
	w.send(g.peer.parcel_frame(g.parcel(remember=False, place=place)))
	ends(w, code)


@case(640, "Streams and resume", "leaves out a sequence", "goodbye SEQUENCE")
def _(g):
	g.opened(g.session())
	placed(g, (g.peer.epoch, g.peer.sent[-1].place[1] + 2), "SEQUENCE")


@case(641, "Streams and resume", "begins a new epoch with sequence 2", "goodbye SEQUENCE")
def _(g):
	placed(g, (g.peer.epoch + 1, 2), "SEQUENCE")


@case(642, "Streams and resume", "sends another parcel under a place that is held", "goodbye SEQUENCE")
def _(g):
	g.opened(g.session())
	placed(g, g.peer.sent[-1].place, "SEQUENCE")


@case(643, "Streams and resume", "sends a place of an earlier epoch that was never there", "goodbye SEQUENCE")
def _(g):
	placed(g, (1, 1), "SEQUENCE")


@case(647, "Streams and resume", "sends a parcel with sequence 0", "goodbye SEQUENCE")
def _(g):
	placed(g, (g.peer.epoch, 0), "SEQUENCE")


@case(648, "Streams and resume", "sends a parcel with epoch 0", "goodbye SEQUENCE")
def _(g):
	placed(g, (0, 1), "SEQUENCE")


@case(644, "Streams and resume", "begins a higher epoch than its state says with sequence 1", "it is taken")
def _(g):
	w = g.session()
	g.peer.epoch += 1
	assert w.deliver(g.parcel()) == [None]


@case(645, "Streams and resume", "takes a parcel, gives no receipt, and holds nothing of it in the next session",
      "the parcel again, byte for byte")
def _(g):
	w = g.session()
	g.submit()
	first = w.await_kind("parcel")
	w.close()
	w = g.session()
	again = w.await_kind("parcel")
	assert again == first
	w.say(receipt=P.pb.Receipt(receipt=g.peer.take_parcel(again)))
	assert w.deliver(g.parcel()) == [None]


@case(646, "Streams and resume", "says window 1, and takes a parcel without a receipt", "no second parcel comes before the receipt")
def _(g):
	w = g.wire()
	w.shake()
	w.hello(window=1)
	w.prove()
	w.say(state=g.peer.state())
	w.await_kind("state")
	g.submit()
	_, receipt = g.taken(w)
	g.submit()
	w.say(heads_request=P.pb.HeadsRequest())
	assert w.take().WhichOneof("kind") == "heads", "a second parcel came"
	w.say(receipt=P.pb.Receipt(receipt=receipt))
	g.receipted(w)


@case(649, "Streams and resume", "asks for heads ten times, and then sends 32 parcels at once, before it reads a receipt",
      "32 receipts")
def _(g):
	w = g.session()
	for _ in range(10):
		w.say(heads_request=P.pb.HeadsRequest())
		w.await_kind("heads")
	made = [g.parcel() for _ in range(32)]
	w.put_at_once([g.peer.parcel_frame(m) for m in made])
	assert [w.receipt(m) for m in made] == [[None]] * 32


@case(650, "Dissolved parcels", "refuses a parcel by goodbye SIGNATURE, and holds nothing of it in the next session",
      "its messages travel anew, with the same bytes, as sequence 1 of a higher epoch")
def _(g):
	w = g.session()
	g.submit()
	refused = w.await_kind("parcel")
	before = P.read_text(refused.manifest.text, "parcel")
	w.say(goodbye=P.pb.Goodbye(code=P.pb.SIGNATURE, text="the signer's certificate is revoked"))
	assert w.ended() is None
	w = g.session()
	anew = w.await_kind("parcel")
	after = P.read_text(anew.manifest.text, "parcel")
	assert list(anew.messages) == list(refused.messages)
	assert after["epoch"] > before["epoch"] and after["sequence"] == 1, (before.header, after.header)
	w.say(receipt=P.pb.Receipt(receipt=g.peer.take_parcel(anew)))
	assert w.deliver(g.parcel()) == [None]


# ------------------------------------------------------------------ Restored from a backup

@case(701, "Restored from a backup", "holds a place beyond comityd's stream, without proof", "goodbye PROTOCOL")
def _(g):
	w = g.session("proof")
	w.say(state=g.peer.state(held=(g.peer.held[0] + (1 << 50), 1)))
	ends(w, "PROTOCOL")


@case(702, "Restored from a backup", "holds a place beyond comityd's stream, with a manifest of its own as proof", "goodbye PROTOCOL")
def _(g):
	g.opened(g.session())
	w = g.session("proof")
	w.say(state=g.peer.state(held=(g.peer.held[0] + (1 << 50), 1), held_proof=g.peer.sent[-1].manifest))
	ends(w, "PROTOCOL")


@case(703, "Restored from a backup", "has receipts beyond comityd's mark, without proof", "goodbye PROTOCOL")
def _(g):
	w = g.session("proof")
	w.say(state=g.peer.state(receipted=(g.peer.epoch + (1 << 50), 1)))
	ends(w, "PROTOCOL")


def restored(g):
	"""The driver was restored: it fetches back in this session."""
	g.peer.epoch += 1000
	return g.session(reconciling=True)


@case(704, "Restored from a backup", "says reconciling, and asks for heads and for a case after 0",
      "no parcel; heads with the highest numbers; the driver's original manifest, messages and the receipt")
def _(g):
	w = g.session()
	ident = g.opened(w)
	made = g.peer.sent[-1]
	w.leave()
	g.submit()
	w = restored(g)
	w.say(heads_request=P.pb.HeadsRequest())
	heads = w.take()
	assert heads.WhichOneof("kind") == "heads", heads.WhichOneof("kind")
	assert {h.case_id: h.yours for h in heads.heads.heads}[ident] == 1
	w.say(fetch_request=P.pb.FetchRequest(case_id=ident))
	got = w.await_kind("fetched")
	assert got.manifest == made.manifest and list(got.messages) == made.messages and not got.last
	assert got.receipt == g.peer.receipt_bytes[made.place] and (got.case_id, got.after) == (ident, 0)
	w.say(fetch_request=P.pb.FetchRequest(case_id=ident, after=1))
	got = w.await_kind("fetched")
	assert got.last and got.after == 1 and not got.HasField("manifest")
	w.leave()
	g.receipted(g.session())


@case(700, "Restored from a backup", "says reconciling, and sends a parcel", "it is taken")
def _(g):
	w = restored(g)
	assert w.deliver(g.parcel()) == [None]


def store_of(g, back=False):
	"""comityd stops; its store is put away, or is that copy again; and it starts."""
	g.desk.close()
	g.us.stop()
	store, copy = f"{g.us.dir}/store", f"{g.us.dir}/backup"
	C.H.shutil.rmtree(store if back else copy, ignore_errors=True)
	C.H.shutil.copytree(copy if back else store, store if back else copy)
	if back:
		for name in os.listdir(store):
			if name.endswith(".base"):
				os.unlink(f"{store}/{name}")
	g.us.start()
	g.desk = C.H.Client(g.us)


@case(705, "Restored from a backup",
      "holds, with comityd's own manifest as proof, what comityd lost with its disk; answers its heads_request and fetch_request",
      "goodbye RESTORED; a session with reconciling in a new epoch, in which it fetches back all; goodbye RESTORED; a session "
      "without reconciling, also after it was restarted, though the driver's receipted is beyond its mark")
def _(g):
	g.session().leave()
	store_of(g)
	w = g.session()
	ours = g.submit()
	kept, receipt = g.taken(w)
	w.say(receipt=P.pb.Receipt(receipt=receipt))
	lost = g.parcel()
	assert w.deliver(lost) == [None]
	w.leave()
	store_of(g, back=True)
	g.peer.features.remove("verdicts")   # heads are compared by their numbers alone
	w = g.session("proof")
	w.say(state=g.peer.state())
	ends(w, "RESTORED")

	w = g.session()
	assert w.theirs.reconciling and w.theirs.epoch > P.read_text(kept.manifest.text, "parcel")["epoch"]
	asked = w.await_kind("heads_request")
	ident = ours.case_id
	w.say(heads=P.pb.Heads(heads=[P.pb.CaseHead(case_id=ident, yours=1, mine=0)], last=True,
			       after_case_id=asked.after_case_id))
	asked = w.await_kind("fetch_request")
	assert (asked.case_id, asked.after) == (ident, 0)
	w.say(fetched=P.pb.Fetched(case_id=ident, manifest=kept.manifest, messages=kept.messages, receipt=receipt))
	asked = w.await_kind("fetch_request")
	assert (asked.case_id, asked.after) == (ident, 1)
	w.say(fetched=P.pb.Fetched(case_id=ident, after=1, last=True))
	ends(w, "RESTORED")
	g.peer.features.append("verdicts")
	g.desk.close()
	g.us.stop()
	g.us.start()
	g.desk = C.H.Client(g.us)
	w = g.session()
	assert not w.theirs.reconciling and not w.goodbye
	assert (w.theirs.held.epoch, w.theirs.held.sequence) < g.peer.receipted()
	assert w.deliver(lost) == [None]


@case(706, "Verdicts in heads", "says reconciling and names verdicts", "heads with the SHA-256 over its verdicts")
def _(g):
	w = g.session()
	ident = g.opened(w)
	first = P.case.Message.FromString(g.peer.sent[-1].messages[0])
	bad = g.craft(note(), lambda m: setattr(m, "seen", 99), case_id=ident)
	assert w.deliver(g.parcel(bad)) == ["UNSEEN"]
	w.leave()
	w = restored(g)
	w.say(heads_request=P.pb.HeadsRequest())
	heads = {h.case_id: h for h in w.await_kind("heads").heads}
	pairs = sorted([(hashlib.sha256(first.SerializeToString()).digest(), 0), (hashlib.sha256(bad).digest(), 7)])
	text = b"".join(d + code.to_bytes(4, "big") for d, code in pairs)
	assert heads[ident].verdicts == hashlib.sha256(text).digest()


# ------------------------------------------------------------------ Tombstones

def fact_of(m):
	"""By the table of the page, of a note."""
	return bytes([2, m.author_side]) + m.number.to_bytes(4, "big") + m.seen.to_bytes(4, "big") + (44).to_bytes(2, "big") \
		+ bytes(4) + bytes([0, 0]) + bytes(8) + (1 << 31).to_bytes(4, "big") + bytes([0])


def erased(g, receipt=None, **changed):
	"""A held note of the driver, sent again with a tombstone in its place."""
	w = g.session()
	ident = g.opened(w)
	raw = g.peer.message(note(), ident)
	made = g.parcel(raw)
	assert w.deliver(made) == [None]
	m = P.case.Message.FromString(raw)
	stone = P.pb.Tombstone(**{"place": 1, "case_id": ident, "created_ms": m.created_ms, "fact": fact_of(m),
				  "erased_ms": P.now_ms(), **changed})
	w.say(parcel=P.pb.Parcel(manifest=made.manifest, messages=[b""], tombstones=[stone],
				 receipt=receipt or g.peer.receipt_bytes[made.place]))
	return w, g.peer.receipt_bytes[made.place]


@case(720, "Tombstones", "sends a parcel again with a tombstone, and comityd's own receipt", "the same receipt")
def _(g):
	w, receipt = erased(g)
	assert w.await_kind("receipt").receipt == receipt


@case(721, "Tombstones", "sends a tombstone with a receipt that comityd never signed", "goodbye PROTOCOL")
def _(g):
	w, _ = erased(g, receipt=g.peer.signer.sign(P.write_text("receipt", {
		"from": "US-OIA", "to": "IE", "epoch": 1, "sequence": 1, "parcel": "0" * 64, "made": P.rfc3339(P.now_ms()),
		"audit-size": 0, "audit-root": P.EMPTY_ROOT}, [("0" * 64, P.uuid7(), None)])))
	ends(w, "PROTOCOL")


@case(722, "Tombstones", "sends a tombstone for place 2 of one message", "goodbye PROTOCOL")
def _(g):
	w, _ = erased(g, place=2)
	ends(w, "PROTOCOL")


@case(723, "Tombstones", "sends a tombstone whose fact is cut short", "goodbye PROTOCOL")
def _(g):
	w, _ = erased(g, fact=b"\x02\x01")
	ends(w, "PROTOCOL")
