"""Handing evidence over, sending it and asking about it, for the tests and the benchmark."""
import array
import hashlib

from harness import *

MIB = 1 << 20


def bytes_of(size, seed=0):
    """Content that is like nothing else; the same for the same seed."""
    block = hashlib.shake_256(f"{seed}".encode()).digest(MIB)
    whole, rest = divmod(size, MIB)
    return b"".join(i.to_bytes(8, "big") + block[8:] for i in range(whole)) + block[:rest]


def file_of(data):
    path = f"{DIR}/file-{time.monotonic_ns()}"
    with open(path, "wb") as f:
        f.write(data)
    return path


def merkle(data):
    """RFC 6962, section 2.1, as its text defines it."""
    def root(leaves):
        if len(leaves) == 1:
            return leaves[0]
        k = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()
    chunks = [data[i:i + MIB] for i in range(0, len(data), MIB)] or [b""]
    return root([hashlib.sha256(b"\x00" + c).digest() for c in chunks])


def put_frames(client, key, data, start=None, stop=None):
    """By frames, from where the daemon is; the answer to its end, or None where it is not reached."""
    state = client.call(open_upload=local_pb2.OpenUpload(key=key, size=len(data)))
    assert state.HasField("upload_state"), state
    offset = state.upload_state.offset
    if start is not None:
        assert start(offset), offset
    end = len(data) if stop is None else stop
    while offset < end:
        part = data[offset:min(offset + 512 * 1024, end)]
        client.send(upload_data=local_pb2.UploadData(key=key, offset=offset, data=part))
        offset += len(part)
    if stop is not None:
        return None
    answer = client.call(finish_upload=local_pb2.FinishUpload(key=key, size=len(data),
                                                              sha256=hashlib.sha256(data).digest()))
    while answer.HasField("upload_state"):
        answer = client.receive()
    return answer


def put_file(client, key, path):
    """By an open file."""
    client.correlation += 1
    frame = local_pb2.ClientFrame(correlation=client.correlation, upload_file=local_pb2.UploadFile(key=key))
    data = frame.SerializeToString()
    with open(path, "rb") as f:
        client.sock.sendmsg([bytes([len(data)]) + data],
                            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [f.fileno()]))])
    while True:
        answer = client.receive()
        if not answer.HasField("upload_state"):
            return answer


def attachment(stored, name="records.bin", **more):
    s = stored.evidence_stored
    return case_pb2.Attachment(name=name, media_type="application/octet-stream", size=s.size, sha256=s.sha256,
                               chunk_bytes=s.chunk_bytes, chunk_root=s.chunk_root, **more)


def submit(client, key, **fields):
    answer = client.call(submit=local_pb2.Submit(idempotency_key=key, submission=local_pb2.Submission(**fields)))
    return answer


def ask(us, ie, reference):
    """A request of ours that the other side has decided on: results may follow."""
    client = Client(us)
    answer = client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission("IE", reference)))
    client.close()
    assert answer.HasField("submitted"), answer
    until("the request", lambda: ie.ctl("case", "show", reference).returncode == 0)
    for kind, *fields in (("acknowledgement", "by=CENTRAL_AUTHORITY", f"reference=IE/{reference}"),
                          ("decision", "measures=1", "measures=2", "measures=3")):
        run = ie.ctl("send", kind, reference, *(part for f in fields for part in ("--set", f)))
        assert run.returncode == 0, run.stderr


def result_of(client, reference, attachments, key, priority=types_pb2.NORMAL):
    content = case_pb2.Content(result=case_pb2.Result(
        results=[case_pb2.MeasureResult(measure=1, partial=True)], text="Here.", attachments=attachments))
    return submit(client, key, case_ref=reference, content=content, priority=priority)


def evidence(d, reference="", client=None):
    c = client or Client(d)
    answer = c.call(list_evidence=local_pb2.ListEvidence(case_ref=reference))
    if client is None:
        c.close()
    assert answer.HasField("evidence_list") or answer.error.code == types_pb2.NOT_FOUND, answer
    return answer.evidence_list.items


def in_state(d, reference, state, count=1):
    def look():
        found = [e for e in evidence(d, reference) if e.state == state]
        return found if len(found) >= count else None
    return until(f"evidence of {reference} that is {state}: {[(e.state, e.reason) for e in evidence(d, reference)]}", look)


def get(client, item, offset=0):
    correlation = client.send(get_evidence=local_pb2.GetEvidence(item=item, offset=offset))
    data = b""
    while True:
        frame = client.receive()
        if frame.correlation != correlation:
            continue
        if not frame.HasField("evidence_data"):
            return frame
        assert frame.evidence_data.offset == offset + len(data)
        data += frame.evidence_data.data
        if frame.evidence_data.last:
            return data


def custody(d, item):
    c = Client(d)
    answer = c.call(show_custody=local_pb2.ShowCustody(item=item))
    c.close()
    assert answer.HasField("custody"), answer
    return answer.custody


def contents(d):
    found = []
    for folder, _, names in os.walk(f"{d.dir}/store/evidence/content"):
        found += [n for n in names if not n.endswith(".tree")]
    return sorted(found)
