"""What a service manager sees: sd_notify(3) messages, passed sockets, and the watchdog when one thread stands still."""
import ctypes
import signal

from harness import *

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
us, ie = pair()


class Manager:
    """The socket that NOTIFY_SOCKET names."""

    def __init__(self):
        self.path = f"{DIR}/notify"
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.heard = []

    def listen(self, seconds):
        self.sock.settimeout(max(seconds, 0.001))
        try:
            message = dict(line.split("=", 1) for line in self.sock.recv(4096).decode().split("\n"))
        except TimeoutError:
            return None
        self.heard.append(message)
        return message

    def await_(self, **fields):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            message = self.listen(end - time.monotonic())
            if message and all(message.get(k) == v for k, v in fields.items()):
                return message
        raise TimeoutError(f"{fields}; heard {self.heard[-5:]}")

    def silent(self, field, seconds):
        """The watchdog's own question: was nothing heard for so long?"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.listen(end - time.monotonic())
            if message and field in message:
                return False
        return True


manager = Manager()
WATCHDOG = 2  # seconds
environment = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": str(WATCHDOG * 1000000)}


def thread(name):
    for tid in os.listdir(f"/proc/{us.process.pid}/task"):
        with open(f"/proc/{us.process.pid}/task/{tid}/comm") as f:
            if f.read().strip() == name:
                return int(tid)
    raise LookupError(name)


def traced(request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def stands_still(name):
    """Stop one thread, and nothing else, until the watchdog has not been fed for its whole time."""
    tid = thread(name)
    traced(PTRACE_SEIZE, tid)
    traced(PTRACE_INTERRUPT, tid)
    os.waitpid(tid, WALL)
    try:
        manager.listen(WATCHDOG / 2)  # what was on its way
        while manager.listen(0.01):
            pass
        assert manager.silent("WATCHDOG", WATCHDOG), f"fed while {name} stood still"
    finally:
        traced(PTRACE_DETACH, tid)
    manager.await_(WATCHDOG="1")


@test
def it_is_ready_when_the_sockets_are_bound_and_the_store_is_open():
    us.start(env=environment)
    ready = manager.await_(READY="1")
    assert ready["STATUS"] == "US-OIA: 0 of 1 peers connected, 0 local clients", ready
    socket.create_connection(("127.0.0.1", us.port)).close()
    assert Client(us).call(get_status=local_pb2.GetStatus()).status.store == "ok"


@test
def the_status_line_follows_peers_and_clients():
    ie.start()
    client = Client(us)
    manager.await_(STATUS="US-OIA: 1 of 1 peers connected, 1 local clients")
    client.close()
    manager.await_(STATUS="US-OIA: 1 of 1 peers connected, 0 local clients")


@test
def a_reload_is_told_with_its_time():
    us.process.send_signal(signal.SIGHUP)
    told = manager.await_(RELOADING="1")
    assert abs(int(told["MONOTONIC_USEC"]) / 1e6 - time.clock_gettime(time.CLOCK_MONOTONIC)) < DEADLINE
    manager.await_(READY="1")


@test
def the_watchdog_is_fed_while_all_goes_on():
    for _ in range(5):
        manager.await_(WATCHDOG="1")


@test
def it_is_starved_by_the_main_loop():
    stands_still("comityd")


@test
def it_is_starved_by_the_gate():
    stands_still("gate")


@test
def it_is_starved_by_the_store():
    stands_still("store")


@test
def no_thread_is_interrupted_by_a_signal():
    """ZeroMQ does not repeat a call that was: a frame would be lost by a reload."""
    steering = sum(1 << (number - 1) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
    for tid in os.listdir(f"/proc/{us.process.pid}/task"):
        with open(f"/proc/{us.process.pid}/task/{tid}/status") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        blocked, caught = (int(status[name], 16) & steering for name in ("SigBlk", "SigCgt"))
        assert (blocked, caught) == (steering, 0), status


@test
def keys_lie_in_locked_memory():
    with open(f"/proc/{us.process.pid}/status") as f:
        locked = next(int(line.split()[1]) for line in f if line.startswith("VmLck:"))
    assert locked >= 2048, f"{locked} KiB are locked"
    assert "cannot be locked" not in us.log()


@test
def stopping_is_told_and_orderly():
    us.process.terminate()
    manager.await_(STOPPING="1")
    assert us.process.wait(DEADLINE) == 0


def start_with(*listeners):
    """As systemd passes them: from descriptor 3 on, LISTEN_PID the process itself."""
    for s in listeners:
        s.set_inheritable(True)
    fds = " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(listeners))
    script = f'exec {fds}; LISTEN_FDS={len(listeners)} LISTEN_PID=$$ exec {COMITYD} --config {us.config}'
    us.process = subprocess.Popen(["bash", "-c", script], stderr=subprocess.PIPE, text=True, close_fds=False)
    return us.process


@test
def passed_sockets_are_used():
    local = socket.socket(socket.AF_UNIX)
    local.bind(f"{us.dir}/passed.sock")
    local.listen()
    tls = socket.create_server(("127.0.0.1", 0))
    ie.stop()
    ie.configure({"US-OIA": tls.getsockname()[1]})
    # Whoever comes before the start waits.
    early = socket.socket(socket.AF_UNIX)
    early.connect(f"{us.dir}/passed.sock")
    ie.start()
    process = start_with(local, tls)
    for line in process.stderr:
        if line.strip().endswith("ready"):
            break
        print("#", line.strip())
    us.socket = f"{us.dir}/passed.sock"
    until("IE to come by the passed socket",
          lambda: Client(us).call(get_status=local_pb2.GetStatus()).status.peers[0].state == "connected")
    assert not os.path.exists(f"{us.dir}/local.sock")
    # Its option listen is not used, whoever has that address.
    with socket.create_server(("127.0.0.1", us.port)):
        check = subprocess.run([COMITYD, "--check-config", "--config", us.config], capture_output=True, text=True)
    assert check.returncode == 0 and "listen" not in check.stderr, check
    process.terminate()
    assert process.wait(DEADLINE) == 0
    assert os.path.exists(f"{us.dir}/passed.sock"), "it is not ours to remove"


@test
def a_socket_of_no_use_is_refused():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    process = start_with(udp)
    assert "a socket was passed in that has no use here" in process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 1


@test
def a_credential_is_a_file_of_the_manager():
    directory = f"{DIR}/credentials"
    os.mkdir(directory)
    shutil.move(f"{us.dir}/sign.key", f"{directory}/sign.key")
    os.chmod(f"{directory}/sign.key", 0o440)
    text = open(us.config).read().replace('signing_key = "sign.key"', 'signing_key = "credential:sign.key"')
    with open(us.config, "w") as f:
        f.write(text)
    line = text.split("\n").index('  signing_key = "credential:sign.key"') + 1
    check = lambda env: subprocess.run([COMITYD, "--check-config", "--config", us.config], capture_output=True, text=True,
                                       env={**os.environ, **env})
    assert check({"CREDENTIALS_DIRECTORY": directory}).returncode == 0
    refused = check({})
    assert refused.returncode == 3
    assert f"{us.config}:{line}: option 'identity.signing_key': there is no credential 'sign.key'" in refused.stderr


finish(us, ie)
