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


@test
def frames_that_are_announced_and_never_come():
    """The largest frame that is allowed, begun on as many connections as the peer can hold."""
    with besieged(ground, 64, "session with FR is up"):
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
    with besieged(ground, 64, "FR: .*too (often|many)"):
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
