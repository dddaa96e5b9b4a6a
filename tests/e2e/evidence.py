"""Handing evidence over and sending it, for the tests and the benchmark."""
import array

from harness import *


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
