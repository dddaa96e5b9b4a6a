#!/usr/bin/python3
"""A daemon with evidence, as comityctl expects it and as it would rather not have it.

usage: fake_evidence.py GENERATED SOCKET     (GENERATED: folder of protoc --python_out)

Prints `ready` once it listens, then a line for each thing worth checking.
"""
import hashlib
import os
import socket
import sys
import tempfile

sys.path.insert(0, sys.argv[1])
from comity.v1 import case_pb2 as c  # noqa: E402
from comity.v1 import local_pb2 as l  # noqa: E402
from comity.v1 import types_pb2 as t  # noqa: E402

MESSAGE = "019ab3c4-2c00-7000-8000-000000000001"
CASE = "019ab3c4-2c00-7000-8000-000000000002"
TERMINAL = "a\x1b[2J\u009b2J\u202eb\nc"  # what could harm a terminal
MIB = 1 << 20
QUOTA = 8 * MIB
PIECE = 512 * 1024

uploads = {}
interrupted = set()

# Attachments of the one message, by place: name, content, medium, what leaves.
LONG = bytes(range(256)) * 4096 * 3 + b"end"
ITEMS = [("mailbox.mbox", LONG, "", LONG),
         ("damaged.bin", LONG, "", LONG[:-1] + b"x"),
         ("interrupted.bin", LONG, "", LONG),
         ("empty.txt", b"", "", b""),
         ("../../escaped", b"content", "", b"content"),
         (".bashrc", b"content", "", b"content"),
         ("disk1.E01", b"first image", "WD disk 123", b""),
         ("disk2.E01", b"second image", "WD disk 123", b"")]


def say(text):
    print(text, flush=True)


class Lost(Exception):
    """The connection is to break here."""


class Stream:
    """Frames over a socket, and the descriptors beside their first bytes."""

    def __init__(self, connection):
        self.connection = connection

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                return None
            data += piece
        return data

    def frame(self):
        """A ClientFrame and a descriptor or None; (None, None) at the end."""
        byte, fds, _, _ = socket.recv_fds(self.connection, 1, 1)
        size = shift = 0
        while byte:
            size |= (byte[0] & 0x7F) << shift
            shift += 7
            if not byte[0] & 0x80:
                frame = l.ClientFrame()
                frame.ParseFromString(self.read(size) if size else b"")
                return frame, fds[0] if fds else None
            byte = self.read(1)
        return None, None

    def write(self, frame, fd=None):
        data = frame.SerializeToString()
        size = len(data)
        prefix = bytearray()
        while True:
            prefix.append((size & 0x7F) | (0x80 if size > 0x7F else 0))
            size >>= 7
            if not size:
                break
        data = bytes(prefix) + data
        if fd is not None:
            sent = socket.send_fds(self.connection, [data], [fd])
            data = data[sent:]
        self.connection.sendall(data)


def stored(answer, key, content):
    e = answer.evidence_stored
    e.key, e.size, e.chunk_bytes = key, len(content), MIB
    e.sha256 = hashlib.sha256(content).digest()
    e.chunk_root = hashlib.sha256(b"root" + e.sha256).digest()


def error(answer, code, text):
    answer.error.code = code
    answer.error.text = text


def once(what):
    """The first time only."""
    if what in interrupted:
        return False
    interrupted.add(what)
    return True


def upload_data(answer, d):
    """An answer now and then; refusals at once."""
    have = uploads.setdefault(d.key, bytearray())
    if d.offset != len(have):
        error(answer, t.CONFLICT, f"{len(have)} bytes are here; go on from there.")
    elif len(have) + len(d.data) > QUOTA:
        error(answer, t.TOO_MANY, "The quota of this client is used up.")
    else:
        have += d.data
        if d.key.startswith(("cut", "pipe")) and len(have) >= MIB and once(d.key):
            raise Lost
        if len(have) % MIB:
            return False
        answer.upload_state.key, answer.upload_state.offset = d.key, len(have)
    return True


def upload_file(stream, answer, key, fd):
    size = os.fstat(fd).st_size
    if size > QUOTA:
        error(answer, t.TOO_MANY, "The quota of this client is used up.")
        return
    for at in range(0, size, MIB):
        stream.write(l.ServerFrame(correlation=answer.correlation, upload_state=l.UploadState(key=key, offset=at)))
    say(f"file {key} {size}")
    stored(answer, key, os.pread(fd, size, 0))


def finish(answer, f):
    content = bytes(uploads.pop(f.key, b""))
    if len(content) != f.size or f.sha256 and hashlib.sha256(content).digest() != f.sha256:
        error(answer, t.INVALID, "What came is not what is stated; it was thrown away.")
        return
    say(f"stream {f.key} {f.size}")
    stored(answer, f.key, content)


def get(stream, question, answer):
    name, _, _, content = ITEMS[question.item.attachment - 1]
    say(f"get {name} {question.offset}{' descriptor' if question.as_file else ''}")
    if question.as_file:
        answer.evidence_file.size = len(content)
        if name == ".bashrc":     # what would never end
            ends = os.pipe()
            stream.write(answer, ends[0])
            return
        with tempfile.TemporaryFile() as f:
            f.write(content)
            f.flush()
            stream.write(answer, f.fileno())
        return
    at = question.offset
    while True:
        piece = content[at:at + PIECE]
        answer.evidence_data.offset = at
        answer.evidence_data.data = piece
        at += len(piece)
        answer.evidence_data.last = at == len(content)
        stream.write(answer)
        if at == len(content):
            return
        if name.startswith("interrupted") and at >= MIB and once(name):
            raise Lost


def message(answer):
    v = answer.message_view
    v.summary.message_id, v.summary.number = MESSAGE, 3
    v.message.case_id = CASE
    v.message.content.result.text = "Done."
    for name, content, medium, _ in ITEMS:
        v.message.content.result.attachments.add(name=name, media_type="application/octet-stream", size=len(content),
                                                 sha256=hashlib.sha256(content).digest(), medium=medium)


def evidence(view, place, **fields):
    values = {"peer": "IE", "case_id": CASE, "author": "IE", "number": 3, "state": "fetching", "size": 3 * MIB,
              "here": 2 * MIB - 1, "name": TERMINAL, "reason": TERMINAL, "sha256": bytes(32)}
    item = view.add(**{**values, **fields})
    item.item.message_id, item.item.attachment = MESSAGE, place


def leaf_of(text):
    return hashlib.sha256(b"\0" + text.encode()).digest()


def custody_page(page, after):
    """Three pages: what the manifest says and two links, one of before, and one that is not what its leaf says."""
    salt = "00112233445566778899aabbccddeeff"
    digest = hashlib.sha256((salt + "an appeal").encode()).digest()
    place = page.item.item.attachment
    head = f"comity custody 1\nmessage {MESSAGE}\nattachment {place}\n"
    own = dict(by="IE", recorded_here=True)
    if after == 0:
        page.entries.add(at_ms=1763980000000, action="acquired", by=TERMINAL, text="FTK", message_id=MESSAGE)
        page.entries.add(at_ms=1763990000000, action="stored", no=1, leaf=7, leaf_form=1, leaf_hash=leaf_of(
            head + "action stored\nby IE\nat 2025-11-24T13:13:20.000Z\n"), **own)
        page.entries.add(at_ms=1763990000000, action="held", no=2, leaf=8, leaf_form=1, text="an appeal",
                         text_salt=salt, text_digest=digest, leaf_hash=leaf_of(
            head + f"action held\nby IE\nat 2025-11-24T13:13:20.000Z\ntext {digest.hex()}\n"), **own)
    elif after == 2:
        page.entries.add(at_ms=1763990000001, action="read", no=3, leaf=9, leaf_hash=leaf_of(
            f"evidence read {MESSAGE} {place} {'0' * 64} IE"), **own)
    elif place == 2:
        page.entries.add(at_ms=1763990000002, action="held", no=4, leaf=10, leaf_form=1, text="another appeal",
                         text_salt=salt, text_digest=digest, leaf_hash=leaf_of(
            head + f"action held\nby IE\nat 2025-11-24T13:13:20.002Z\ntext {digest.hex()}\n"), **own)
        page.entries.add(at_ms=1763990000002, action="released", no=5, leaf=11, leaf_form=1, leaf_hash=leaf_of(
            head + "action released\nby IE\nat 2025-11-24T13:13:20.000Z\n"), **own)
    page.more = after < 3


def answer_to(stream, question, answer, fd):
    """Fill the answer in; False: none is sent by this question."""
    kind = question.WhichOneof("kind")
    if kind == "hello":
        answer.welcome.version = 1
    elif kind == "open_upload":
        u = question.open_upload
        have = uploads.setdefault(u.key, bytearray())
        say(f"open {u.key} {u.size if u.WhichOneof('_size') else '-'} at {len(have)}")
        answer.upload_state.key, answer.upload_state.offset = u.key, len(have)
    elif kind == "upload_data":
        return upload_data(answer, question.upload_data)
    elif kind == "upload_file":
        upload_file(stream, answer, question.upload_file.key, fd)
    elif kind == "finish_upload":
        finish(answer, question.finish_upload)
    elif kind == "get_evidence":
        get(stream, question.get_evidence, answer)
        return False
    elif kind == "list_evidence":
        first = question.list_evidence.after.attachment
        answer.evidence_list.SetInParent()
        for place in range(first + 1, min(first + 1000, 1001) + 1):
            evidence(answer.evidence_list.items, place)
        answer.evidence_list.more = first == 0
    elif kind == "show_custody":
        evidence_list = l.EvidenceList()
        evidence(evidence_list.items, question.show_custody.item.attachment, state="here", here=3 * MIB)
        answer.custody.item.CopyFrom(evidence_list.items[0])
        custody_page(answer.custody, question.show_custody.after)
    elif kind == "hold_evidence":
        h = question.hold_evidence
        say(f"hold {h.item.attachment} {h.hold} {h.reason}")
        answer.done.SetInParent()
    elif kind == "fetch_evidence":
        say(f"fetch {question.fetch_evidence.item.attachment} {question.fetch_evidence.reason}")
        answer.done.SetInParent()
    elif kind == "check_evidence":
        after = question.check_evidence.after.attachment
        say(f"check {question.check_evidence.start}" + (f" after {after}" if after else ""))
        check = answer.evidence_check
        check.every_ms, check.rate, check.oldest_ms = 30 * 86400000, 16 * MIB, 1763980000000
        check.began_ms, check.ended_ms = 1763990000000, 0 if question.check_evidence.start else 1763990600000
        check.contents, check.bytes, check.found, check.more = 3, 3 * MIB, 1, not after
        evidence(check.flawed, after + 2, state="waiting", reason="", flaw=l.SPOILT, verified_ms=1763980000000)
        if check.more:
            check.next.CopyFrom(check.flawed[0].item)
    elif kind == "show_message":
        message(answer)
    elif kind == "show_case":
        view = answer.case_view
        view.summary.case_id = CASE if question.show_case.ref == "2026-1" else CASE[:-1] + "3"
        evidence(view.evidence, 1)
        evidence(view.evidence, 2, state="here", here=3 * MIB, verdict=c.VERIFIED, hold=True, name="plain.txt",
                 reason="", retain_until_date="2027-01-31")
    elif kind == "submit":
        content = question.submit.submission.content
        body = getattr(content, content.WhichOneof("kind"))
        if content.WhichOneof("kind") == "evidence_verification":
            say(f"verification {body.result} {c.EvidenceState.Name(body.state)} {list(body.attachments)} {body.reason}")
        else:
            say(f"submit {content.WhichOneof('kind')} " + " ".join(
                f"{a.name}:{a.size}:{a.exhibit}:{len(a.chunk_root)}" for a in body.attachments))
        answer.submitted.message_id, answer.submitted.case_id, answer.submitted.sha256 = MESSAGE, CASE, bytes(32)
    else:
        error(answer, t.NOT_ALLOWED, "Your role does not allow this.")
    return True


def serve(stream):
    while True:
        question, fd = stream.frame()
        if question is None:
            return
        answer = l.ServerFrame(correlation=question.correlation)
        try:
            if answer_to(stream, question, answer, fd):
                stream.write(answer)
        finally:
            if fd is not None:
                os.close(fd)


def main():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[2])
        listener.listen()
        say("ready")
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    serve(Stream(connection))
                except (Lost, ConnectionError):
                    pass


main()
