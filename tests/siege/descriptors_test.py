"""Descriptors of local clients (SCM_RIGHTS): whatever one of them is, and whatever becomes of its sender, only that client
waits. As root the others are served while a user who is no client at all sends them as well."""
from siege import *
from evidence import *
from fuse import Fuse
import fcntl

ME = pwd.getpwuid(os.getuid()).pw_name
ground = Ground(f'''evidence {{ keep_free = "1M" }}
client mine {{ user = "{ME}"
role = submitter
cases = own }}
client guest {{ user = "nobody"
role = submitter
cases = own }}''')
us, ie = ground.us, ground.ie
us.client = "desk"
ground.start()
NAME = f"{SECRET}.mbox"
MEMORY = 96     # MiB
STRANGER, GUEST = 12345, pwd.getpwnam("nobody").pw_uid
AN_HOUR = struct.pack("ii", 1, 3600)
LISTENER = socket.create_server(("127.0.0.1", 0))


def frame(**kind):
    data = local_pb2.ClientFrame(correlation=1, **kind).SerializeToString()
    assert len(data) < 128
    return bytes([len(data)]) + data


HELLO = frame(hello=local_pb2.LocalHello(version=1, client="mine"))
UPLOAD = frame(upload_file=local_pb2.UploadFile(key="lingers"))


def lingering():
    """A TCP connection whose close() waits for an hour, since nobody reads what it has to send."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    s.connect(LISTENER.getsockname())
    s.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            s.send(bytes(65536))
    s.setblocking(True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AN_HOUR)
    return s


def beside(sock, data, fds, flags=0):
    sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))], flags)


def held(port):
    """Does somebody still hold that connection, open or in close()? Connections to others may have the same port."""
    ends = [port, LISTENER.getsockname()[1]]
    for line in list(open("/proc/net/tcp"))[1:]:
        words = line.split()
        if [int(end.split(":")[1], 16) for end in words[1:3]] == ends:
            return words[9] != "0"
    return False


def sent(how, user=None):
    """A child sends a connection that lingers, and dies: whoever dies does not linger. Its port."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            s = lingering()
            os.write(into, struct.pack("H", s.getsockname()[1]))
            if user is not None:
                os.setgroups([])
                os.setuid(user)
            c = socket.socket(socket.AF_UNIX)
            c.connect(us.socket)
            how(c, s.fileno())
        except BrokenPipeError:
            pass                  # turned away before all was sent
        except BaseException:     # noqa: B036: the child of a test
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(into)
    port, = struct.unpack("H", os.read(out, 2))
    os.close(out)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    return port


def before_the_hello(c, fd):
    beside(c, HELLO, [fd])


def beside_what_wants_none(c, fd):
    c.sendall(HELLO)
    beside(c, frame(get_status=local_pb2.GetStatus()), [fd])


def beside_an_upload(c, fd):
    c.sendall(HELLO)
    beside(c, UPLOAD, [fd])


def in_the_middle_of_a_frame(c, fd):
    c.sendall(HELLO + UPLOAD[:3])
    beside(c, UPLOAD[3:], [fd])


def many_at_once(c, fd):
    beside(c, HELLO, [os.open(os.devnull, os.O_RDONLY), *[fd] * 252])


def out_of_band(c, fd):
    beside(c, HELLO, [fd], socket.MSG_OOB)


def out_of_band_alone(c, fd):
    beside(c, HELLO[:1], [fd], socket.MSG_OOB)
    c.sendall(HELLO[1:])


def behind_what_is_no_frame(c, fd):
    c.sendall(b"\xff" * 6)
    for _ in range(8):
        beside(c, b"x", [fd])


def and_the_frame_never_ends(c, fd):
    beside(c, HELLO[:1], [fd])


WAYS = [before_the_hello, beside_what_wants_none, beside_an_upload, in_the_middle_of_a_frame, many_at_once, out_of_band,
        out_of_band_alone, behind_what_is_no_frame, and_the_frame_never_ends]


@contextlib.contextmanager
def besieged_by_descriptors(log=None):
    """As `besieged`; the others' evidence goes on by either way."""
    with besieged(ground, MEMORY, log) as witness:
        yield witness
        desk = Client(us, "desk")
        for put in (put_frames, lambda c, key, data: put_file(c, key, file_of(data))):
            data = bytes_of(2 * MIB, time.monotonic_ns())
            stored = put(desk, f"{time.monotonic_ns()}", data)
            s = secret_submission("IE", ground.reference())
            s.content.request.attachments.append(attachment(stored, NAME))
            answer = desk.call(submit=local_pb2.Submit(idempotency_key=s.own_reference, submission=s))
            assert answer.HasField("submitted"), answer
            in_state(ie, f"US-OIA/{answer.submitted.case_id}", "here")
        desk.close()


def let_go(ports):
    """An hour is not waited for: in the end nobody holds them."""
    until("connections to be let go", lambda: not any(map(held, ports)))


@test
def a_connection_that_lingers_however_it_comes():
    with besieged_by_descriptors() as witness:
        ports = []
        for how in WAYS:
            ports.append(sent(how))
            witness.status()
        let_go(ports)


if ROOT:
    @test
    def a_connection_that_lingers_of_who_is_no_client():
        for path in (DIR, ground.base, us.dir):
            os.chmod(path, 0o711)
        os.chmod(us.socket, 0o666)
        with besieged_by_descriptors(r"warning: local client of uid \d+: The configuration names no client") as witness:
            ports = []
            for _ in range(100):
                ports.append(sent(behind_what_is_no_frame, STRANGER))
            witness.status()
            let_go(ports)



def offered(client, key, fd):
    """The answer to an upload by this descriptor."""
    beside(client.sock, frame(upload_file=local_pb2.UploadFile(key=key)), [fd])
    answer = client.receive()
    while answer.HasField("upload_state"):
        answer = client.receive()
    return answer


def memory_file(size, seals=0):
    fd = os.memfd_create("siege", os.MFD_ALLOW_SEALING)
    os.truncate(fd, size)
    if seals:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


@test
def what_is_no_file_is_refused_and_what_is_one_is_taken():
    path = file_of(b"abc")
    os.mkfifo(f"{DIR}/fifo")
    tcp = lingering()
    unfit = {
        "fifo": os.open(f"{DIR}/fifo", os.O_RDWR), "folder": os.open(DIR, os.O_RDONLY), "path": os.open(path, os.O_PATH),
        "write-only": os.open(path, os.O_WRONLY), "device": os.open("/dev/zero", os.O_RDONLY),
        "terminal": os.openpty()[1], "event": os.eventfd(0), "socket": tcp.fileno(),
    }
    files = {
        "file": os.open(path, os.O_RDONLY), "memory": memory_file(3),
        "sealed": memory_file(3, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL),
    }
    with besieged_by_descriptors() as witness:
        c = Client(us, "mine")
        for key, fd in unfit.items():
            error = offered(c, key, fd).error
            assert error.code == types_pb2.INVALID and "expected a regular file" in error.text, (key, error)
            witness.status()
        for key, fd in files.items():
            stored = offered(c, key, fd).evidence_stored
            assert stored.size == 3 and len(stored.sha256) == 32, key
        # More than any disk has: nothing of it is read.
        error = offered(c, "sparse", memory_file(64 << 40)).error
        assert error.code == types_pb2.UNAVAILABLE and "no room" in error.text, error
        error = offered(c, "too much", memory_file((64 << 40) + 1)).error
        assert error.code in (types_pb2.UNAVAILABLE, types_pb2.INVALID), error
        c.close()
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    tcp.close()



@test
def a_file_that_changes_while_it_is_read():
    """A client cuts off and writes all the time what it hands over."""
    with besieged_by_descriptors():
        c = Client(us, "mine")
        changing, over = memory_file(8 * MIB), threading.Event()

        def change():
            while not over.is_set():
                os.ftruncate(changing, 3 * MIB)
                os.pwrite(changing, os.urandom(MIB), 0)
                os.ftruncate(changing, 8 * MIB)
        threading.Thread(target=change, daemon=True).start()
        refused = 0
        for i in range(30):
            answer = offered(c, f"changing-{i}", changing)
            refused += answer.error.code == types_pb2.INVALID
            assert "changed while" in answer.error.text or "says that it has" in answer.error.text \
                or answer.evidence_stored.size in (3 * MIB, 8 * MIB), answer
        assert refused, "it never changed in time"
        over.set()
        error = offered(c, "proc", os.open("/proc/self/status", os.O_RDONLY)).error
        assert error.code == types_pb2.INVALID and "says that it has 0 bytes" in error.text, error
        c.close()


def fuse_test(function):
    """With a file system whose files hang."""
    def run():
        folder = tempfile.mkdtemp(dir=DIR)
        fuse = Fuse(folder)
        try:
            function(fuse)
        finally:
            fuse.end()
    run.__name__ = function.__name__
    try:
        probe = tempfile.mkdtemp(dir=DIR)
        Fuse(probe).end()
    except OSError as why:
        return result(function, skip=why)
    return test(run)


def hang(fuse, name, keys):
    """A client for each key, whose upload of that file is never answered."""
    held = []
    for key in keys:
        held.append(Client(us, "mine"))
        beside(held[-1].sock, frame(upload_file=local_pb2.UploadFile(key=key)), [fuse.open(name)])
        assert fuse.asks(DEADLINE) == name, (name, key)
    return held


@fuse_test
def files_that_hang_when_they_are_asked_or_read(fuse):
    with besieged_by_descriptors() as witness:
        held = hang(fuse, "stat", ["stat"])
        witness.status()
        held += hang(fuse, "read", [f"read-{i}" for i in range(8)])
        witness.status()
        # Another one would hang as well; what is handed over by frames does not.
        c = Client(us, "mine")
        error = offered(c, "another", os.open(file_of(b"abc"), os.O_RDONLY)).error
        assert error.code == types_pb2.TOO_MANY, error
        assert put_frames(c, "frames", bytes_of(MIB)).HasField("evidence_stored")
        error = c.call(open_upload=local_pb2.OpenUpload(key="read-0")).error
        assert error.code == types_pb2.CONFLICT, error
        # Nor do their places become free when the clients go.
        for client in held:
            client.close()
        error = offered(c, "one more", os.open(file_of(b"abc"), os.O_RDONLY)).error
        assert error.code == types_pb2.TOO_MANY, error
        c.close()


@fuse_test
def a_file_that_hangs_when_it_is_closed(fuse):
    with besieged_by_descriptors() as witness:
        c = Client(us, "mine")
        stored = offered(c, "flush", fuse.open("flush"))
        assert stored.evidence_stored.size == 3 * MIB, stored
        assert fuse.asks(DEADLINE) == "flush"
        witness.status()
        error = offered(c, "short", fuse.open("short")).error
        assert error.code == types_pb2.INVALID and "says that it has" in error.text, error
        c.close()


def guest_hands_over():
    """A client of another user hands a file over; False: it was not taken."""
    data = file_of(b"of a guest")
    os.chmod(data, 0o644)
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setuid(GUEST)
            c = Client(us, "guest")
            os._exit(not put_file(c, f"{time.monotonic_ns()}", data).HasField("evidence_stored"))
        except BaseException:     # noqa: B036: the child of a test
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


@fuse_test
def more_files_that_hang_than_a_user_may_have(fuse):
    with besieged(ground, MEMORY) as witness:
        held = hang(fuse, "stat", ["one", "two"])
        for _ in range(8):
            held.append(Client(us, "mine"))
            beside(held[-1].sock, frame(upload_file=local_pb2.UploadFile(key="more")), [fuse.open("stat")])
        waiting = [Client(us, "mine") for _ in range(8)]
        for i, c in enumerate(waiting):
            beside(c.sock, frame(upload_file=local_pb2.UploadFile(key=f"late-{i}")), [os.open(file_of(b"abc"), os.O_RDONLY)])
        # Connections of others are closed all the same, frames taken, and what other users send.
        if ROOT:
            let_go([sent(behind_what_is_no_frame, STRANGER) for _ in range(3)])
        witness.status()
        c = Client(us, "desk")
        assert put_frames(c, f"{time.monotonic_ns()}", bytes_of(MIB)).HasField("evidence_stored")
        assert not ROOT or guest_hands_over()
        fuse.end()
        for c in (*held, *waiting):
            answer = c.receive()
            assert answer.error.code == types_pb2.INVALID if c in held else answer.HasField("evidence_stored"), answer
            c.close()


done()
