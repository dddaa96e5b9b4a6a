"""A peer with valid certificates that speaks rubbish: everything below the protocol."""
from siege import *

many_descriptors()
ground = Ground().start()
us = ground.us


def long_frame(flags, length):
    return bytes([flags | 2]) + struct.pack(">Q", length)


def broken(first, log, then=b""):
    """Says it after the handshake, several times over; each time the connection is ended. `then`
    goes on for as long as the daemon takes it."""
    with besieged(ground, 48, log):
        for _ in range(20):
            s = ground.raw_tls()
            sent = 0
            try:
                s.sendall(first)
                while then and sent < 256 << 20:
                    s.sendall(then)
                    sent += len(then)
            except OSError:
                pass
            closed(s)
            s.close()
            assert sent < 16 << 20, "it went on reading"


@test
def garbage_after_authentication():
    broken(os.urandom(70_000).replace(b"\xff", b"\x00"), "FR at 127.*: the peer breaks the protocol: not a ZMTP greeting",
           os.urandom(1 << 20))


@test
def an_http_request_after_authentication():
    broken(b"GET / HTTP/1.1\r\nHost: us\r\n\r\n", "FR at 127.*: the peer breaks the protocol: not a ZMTP greeting")


@test
def ZMTP_1_0():
    # Length, flags, body: what libzmq 2 sends, and libzmq 4 still takes.
    broken(b"\x01\x00" + b"\x06\x00hello", "FR at 127.*: the peer breaks the protocol: not a ZMTP greeting", b"\x06\x00hello" * 1000)


@test
def endless_multipart():
    part = long_frame(1, 65536) + bytes(65536)
    broken(GREETING + READY, "FR at 127.*: the peer breaks the protocol: a message of more than one frame", part * 8)


@test
def a_frame_of_four_GiB_announced():
    broken(GREETING + READY + long_frame(0, 1 << 32), "FR at 127.*: the peer breaks the protocol: a frame over the limit", bytes(1 << 20))


@test
def an_endless_command():
    broken(GREETING + READY + long_frame(4, 1 << 40), "FR at 127.*: the peer breaks the protocol: a command over the limit", bytes(1 << 20))


@test
def messages_before_READY():
    broken(GREETING + b"\x00\x05hello", "FR at 127.*: the peer breaks the protocol: a message before READY")


def command(body):
    return b"\x04" + bytes([len(body)]) + body if len(body) < 256 else long_frame(4, len(body)) + body


def commands(said):
    """The whole commands in what the daemon said after its greeting."""
    assert said[:1] in (b"", b"\xff"), said[:64]
    at, found = 64, []
    while at + 2 <= len(said):
        long = said[at] & 2
        length = int.from_bytes(said[at + 1:at + 9] if long else said[at + 1:at + 2], "big")
        start = at + (9 if long else 2)
        if said[at] & 4:
            found.append(said[start:start + length])
        at = start + length
    return found


PING = b"\x04PING"
METADATA = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
# What is said (None: READY) and then the sentence in the log.
ODD_COMMANDS = [
    (None, b"", "a command without a name"),
    (None, b"\x00", "a command without a name"),
    (None, b"\x04", "a command cut short"),
    (None, b"\x05PING", "a command cut short"),
    (None, PING, "a PING without a TTL"),
    (None, PING + b"\x00", "a PING without a TTL"),
    (None, PING + bytes(2 + 17), "a heartbeat whose context is over 16 bytes"),
    (None, PING + bytes(500), "a heartbeat whose context is over 16 bytes"),
    (None, b"\x04PONG" + bytes(17), "a heartbeat whose context is over 16 bytes"),
    (None, b"\x09SUBSCRIBE", "an unknown command"),
    (None, b"\x06CANCEL", "an unknown command"),
    (None, b"\x04JOIN", "an unknown command"),
    (None, b"\x05ERROR\x03400", "an ERROR command"),
    (None, METADATA, "a second READY"),
    (b"", PING + bytes(2), "a heartbeat before READY"),
    (b"", b"\x05ERROR", "an ERROR command"),
    (b"", b"\x05READY", "READY without a Socket-Type"),
    (b"", METADATA.replace(b"DEALER", b"ROUTER"), "a socket type other than DEALER"),
    (b"", METADATA + METADATA[6:], "metadata of READY with a name twice"),
    (b"", METADATA[:-1], "metadata of READY that is cut short"),
    (b"", METADATA + b"\x08Identity\x00\x00\x01\x00" + bytes(256), "an identity over 255 bytes"),
]


def greeted():
    """A connection on which both sides have said READY, and what the daemon has said."""
    s = ground.raw_tls()
    s.sendall(GREETING + READY)
    said = b""
    while not commands(said):
        said += s.recv(4096)
    return s, said


def odd_command(first, odd, why):
    """Closed with that sentence; all that was said before are our own READY and PING."""
    before = len(us.log())
    s, said = (ground.raw_tls(), b"") if first is not None else greeted()
    with contextlib.suppress(OSError):
        s.sendall((GREETING + first if first is not None else b"") + command(odd))
    said += closed(s)
    s.close()
    assert all(c[:6] == b"\x05READY" or c[:5] == PING for c in commands(said)), (odd, commands(said))
    until(f"the log to say: {why}", lambda: f"the peer breaks the protocol: {why}" in us.log()[before:])
    return said


@test
def commands_that_are_short_or_odd():
    """libzmq sees no command that the guard has not checked."""
    for i in range(0, len(ODD_COMMANDS), 8):    # of ten lines of one kind the eleventh is not written
        with besieged(ground, 48, "FR.*: the peer breaks the protocol"):
            for first, odd, why in ODD_COMMANDS[i:i + 8]:
                odd_command(first, odd, why)


@test
def a_PING_without_a_TTL_tells_nothing_of_another_connection():
    """libzmq would answer it by 16 bytes of its memory, which holds here what another one said."""
    mark = b"what another connection said. "
    with besieged(ground, 48, "FR.*: the peer breaks the protocol: a PING without a TTL"):
        for odd in (PING, PING + b"\x00"):
            other, _ = greeted()
            with contextlib.suppress(OSError):
                other.sendall((b"\x00\xf0" + mark * 8) * 200)
            closed(other)
            other.close()
            said = odd_command(None, odd, "a PING without a TTL")
            assert not any(mark[at:at + 8] in said for at in range(8)), said


@test
def a_PING_is_answered_by_its_own_context_and_nothing_else():
    with besieged(ground, 48, "FR: a connection that had proved nothing has ended"):
        s, said = greeted()
        with s:
            for context in (b"", b"c", b"0123456789abcdef"):
                s.sendall(command(PING + bytes(2) + context))
                while b"\x04PONG" + context not in commands(said):
                    said += s.recv(4096)
        assert [c[5:] for c in commands(said) if c[:5] == b"\x04PONG"] == [b"", b"c", b"0123456789abcdef"]


@test
def frames_that_are_announced_and_never_come():
    """The largest frame that is allowed, begun on as many connections as the peer can hold."""
    with besieged(ground, 64, "FR: a connection that had proved nothing has ended"):
        held = []
        for _ in range(30):
            s = ground.raw_tls()
            with contextlib.suppress(OSError):
                s.sendall(GREETING + READY + long_frame(0, 1_114_112) + bytes(1_000_000))
            held.append(s)
        ground.true_peer_connects()
        for s in held:
            s.close()


@test
def connections_of_one_peer_by_the_hundred_while_another_connects():
    with besieged(ground, 64, "FR at .*: too many connections of this peer at one time"):
        held = []
        for _ in range(200):
            with contextlib.suppress(OSError):
                held.append(ground.raw_tls())
        ground.true_peer_connects()
        for s in held:
            s.close()


@test
def sessions_that_come_and_go():
    """A peer that connects, says nothing and leaves, as fast as it can."""
    alarm = "ALARM: peer FR: too many connections within a minute"
    with besieged(ground, 48, alarm):
        before = len(ground.us.log())
        for _ in range(2000):
            with contextlib.suppress(OSError):
                s = ground.raw_tls()
                s.sendall(GREETING + READY)
                # Until it has ended there too: the next one takes nobody's place.
                s.shutdown(socket.SHUT_WR)
                while s.recv(4096):
                    pass
                s.close()
            if alarm in ground.us.log()[before:]:
                break


done()
