"""Local clients that misbehave. As root they are another user than the desk's; otherwise the same,
which then shares its places among the connections with the attacker."""
from siege import *

GUEST = pwd.getpwnam("nobody").pw_uid if ROOT else os.getuid()
ground = Ground('client guest { user = "nobody"\nrole = submitter\ncases = all }' if ROOT else "")
us = ground.us
ground.start()
many_descriptors()


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def frame(**kind):
    data = local_pb2.ClientFrame(correlation=kind.pop("correlation", 1), **kind).SerializeToString()
    return varint(len(data)) + data


HELLO = frame(hello=local_pb2.LocalHello(version=1, client="guest" if ROOT else "desk"))


def guests(n, said=b""):
    """Connections of the guest: a child of that user makes them, and hands them over."""
    for path in (DIR, ground.base, us.dir):
        os.chmod(path, 0o711)
    os.chmod(us.socket, 0o666)
    made = []
    while len(made) < n:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        some = min(200, n - len(made))
        pid = os.fork()
        if pid == 0:
            if ROOT:
                os.setgroups([])
                os.setgid(pwd.getpwnam("nobody").pw_gid)
                os.setuid(GUEST)
            socks = []
            for _ in range(some):
                s = socket.socket(socket.AF_UNIX)
                s.connect(us.socket)
                with contextlib.suppress(OSError):
                    s.sendall(said)
                socks.append(s)
            socket.send_fds(theirs, [b"x"], [s.fileno() for s in socks])
            os._exit(0)
        _, fds, _, _ = socket.recv_fds(ours, 10, 253)
        os.waitpid(pid, 0)
        made += [socket.socket(fileno=fd) for fd in fds]
        ours.close()
        theirs.close()
    return made


def answers(sock, n=1):
    """The next frames that the daemon sends."""
    out, stream = [], sock.makefile("rb")
    for _ in range(n):
        length = shift = 0
        while True:
            byte = stream.read(1)
            if not byte:
                return out
            length, shift = length | (byte[0] & 127) << shift, shift + 7
            if byte[0] < 128:
                break
        out.append(local_pb2.ServerFrame.FromString(stream.read(length)))
    return out


def drop(socks):
    for s in socks:
        s.close()


@test
def clients_that_stop_reading():
    """As many as a user may have, each asking for all that it may ask, and reading nothing."""
    desk = Desk(us)
    for i in range(0, 640, 32):
        for k in range(i, i + 32):
            s = local_pb2.Submission(to="IE", own_reference=f"many-{k}")
            s.content.spontaneous_information.title = s.content.spontaneous_information.text = SECRET
            desk.client.send(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
        left = 32
        while left:
            left -= not desk.client.receive().HasField("event")
    desk.client.close()
    before = len(us.log())
    with besieged(ground, 128, r"warning: local client of uid \d+: it does not read", watch=ROOT):
        ask = frame(list_cases=local_pb2.ListCases(limit=1000)) * 500
        greedy = frame(read_events=local_pb2.ReadEvents(limit=1000)) * 500
        socks = guests(50, HELLO + frame(subscribe=local_pb2.Subscribe(cursor="greedy")))
        for i, s in enumerate(socks):
            s.setblocking(False)
            with contextlib.suppress(OSError):
                s.sendall(greedy if i % 2 else ask)
        until("the daemon to read no more of them", lambda: "it does not read" in us.log()[before:])
        for s in socks:
            with contextlib.suppress(OSError):
                s.sendall(ask)
        drop(socks)


@test
def half_a_frame():
    with besieged(ground, 128, watch=ROOT):
        socks = guests(50, HELLO)
        for s in socks:
            s.settimeout(DEADLINE)
            s.sendall(varint(1 << 20) + bytes(900_000))
        drop(socks)


@test
def a_thousand_subscriptions():
    with besieged(ground, 64, r"warning: local client of uid \d+: .*too many connections", watch=ROOT):
        socks = guests(1000, HELLO + frame(subscribe=local_pb2.Subscribe(cursor="many")))
        refused = [a[0].error.code for a in (answers(s) for s in socks) if a and a[0].HasField("error")]
        assert len(refused) > 900 and set(refused) == {types_pb2.TOO_MANY}, len(refused)
        drop(socks)
        # And a thousand on one connection: it has one.
        until("places", lambda: answers(guests(1, HELLO)[0])[0].HasField("welcome"))
        s, = guests(1, HELLO)
        answers(s)
        got = []
        for i in range(1000):
            s.sendall(frame(subscribe=local_pb2.Subscribe(cursor=f"one-{i}", from_now=True)))
            got += [a for a in answers(s) if not a.HasField("event")]
        assert got[0].HasField("subscribed") and all(a.error.code == types_pb2.TOO_MANY for a in got[1:])
        s.close()


@test
def the_same_key_with_other_content():
    with besieged(ground, 48, r"warning: client (desk|guest): the idempotency key of message \S+ came again"):
        s, = guests(1, HELLO)
        answers(s)
        submissions = [secret_submission("IE", f"conflict-{i}") for i in range(200)]
        s.sendall(frame(submit=local_pb2.Submit(idempotency_key="one", submission=submissions[0])))
        first = answers(s)[0].submitted
        assert first.message_id and not first.repeated
        for one in submissions[1:]:
            s.sendall(frame(submit=local_pb2.Submit(idempotency_key="one", submission=one)))
            got = answers(s)[0].error
            assert got.code == types_pb2.CONFLICT and got.faults[0].field == "idempotency_key"
        s.sendall(frame(submit=local_pb2.Submit(idempotency_key="one", submission=submissions[0])))
        again = answers(s)[0].submitted
        assert again.repeated and again.message_id == first.message_id
        s.close()


@test
def frames_that_are_none():
    with besieged(ground, 64, r"warning: local client of uid \d+: The (frame|length)", watch=ROOT):
        for said, code in ((b"\xff" * 64, types_pb2.BAD_FRAME), (varint(1 << 32) + b"x", types_pb2.BAD_FRAME),
                           (varint((1 << 20) + 1), types_pb2.BAD_FRAME), (b"GET / HTTP/1.1\r\n\r\n" * 10, types_pb2.BAD_FRAME),
                           (HELLO + b"\x04\xff\xff\xff\xff", types_pb2.BAD_FRAME),
                           (frame(get_status=local_pb2.GetStatus()), types_pb2.BAD_FRAME)):
            socks = guests(10, said)
            for s in socks:
                got = answers(s, 2 if said.startswith(HELLO) else 1)[-1]
                assert got.error.code == code, got
            drop(socks)


@test
def requests_by_the_thousand_without_waiting():
    with besieged(ground, 96, watch=ROOT):
        s, = guests(1, HELLO)
        answers(s)
        one = secret_submission("IE", "burst")
        calls = b"".join(frame(correlation=i + 1, submit=local_pb2.Submit(idempotency_key="burst", submission=one))
                         for i in range(3000))
        writer = threading.Thread(target=s.sendall, args=(calls,))
        writer.start()
        got = answers(s, 3000)
        writer.join()
        kinds = [a.WhichOneof("kind") for a in got]
        assert len(got) == 3000 and "submitted" in kinds
        assert {a.error.code for a in got if a.HasField("error")} <= {types_pb2.TOO_MANY}
        assert len({a.submitted.message_id for a in got if a.HasField("submitted")}) == 1
        s.close()


done()
