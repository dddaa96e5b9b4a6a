"""Those who are nobody's peer: everything before TLS has shown who calls."""
from siege import *

many_descriptors()
ground = Ground().start()
us = ground.us


def stranger(n=2):
    s = socket.socket()
    s.bind((f"127.0.0.{n}", 0))
    s.settimeout(DEADLINE)
    s.connect(("127.0.0.1", us.port))
    return s


def client_hello():
    """The first flight of a TLS client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["comity/1"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


@test
def half_open_handshakes_by_the_hundred_while_a_true_peer_connects():
    hello = client_hello()
    with besieged(ground, 48, r"refused a connection from 127\.0\.0\.\d+"):
        held = []
        for i in range(400):
            s = stranger(2 + i % 50)
            if i % 2:
                s.sendall(hello)         # and never goes on
            held.append(s)
        ground.true_peer_connects()
        for s in held:
            s.close()


@test
def slow_handshakes_by_the_hundred_while_a_true_peer_connects():
    hello = client_hello()
    stop = threading.Event()

    def trickle():
        held = [[stranger(2 + i % 50), 0] for i in range(200)]
        while not stop.wait(0.05):
            for i, (s, at) in enumerate(held):
                try:
                    s.send(hello[at:at + 1])
                    held[i][1] = (at + 1) % len(hello)
                except OSError:          # it was turned away: comes again
                    s.close()
                    held[i] = [stranger(2 + i % 50), 0]
        for s, _ in held:
            s.close()

    with besieged(ground, 48, r"refused a connection from 127\.0\.0\.\d+"):
        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            ground.true_peer_connects()
        finally:
            stop.set()
            thread.join()


@test
def ten_thousand_connections_from_one_address_while_a_true_peer_connects():
    made = []

    def flood():
        held = []
        for i in range(10_000):
            held.append(stranger(9))
            made.append(i)
            if len(held) > 200:
                held.pop(0).close()
        for s in held:
            s.close()

    with besieged(ground, 48, r"refused a connection from 127\.0\.0\.9"):
        thread = threading.Thread(target=flood)
        thread.start()
        while thread.is_alive():
            ground.true_peer_connects()
        thread.join()
        assert len(made) == 10_000


@test
def descriptors_exhausted_and_free_again():
    with besieged(ground, 48, r"refused a connection from 127\.0\.0\.9:\d+: too few open files",
                  watch=False) as witness:       # a new local client waits until there are some
        pid = us.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        held = []
        try:
            for spare in (*range(12), *range(30, 70, 2), 2):
                used = max(int(n) for n in os.listdir(f"/proc/{pid}/fd"))
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1 + spare, limits[1]))
                # Some take what is left, then a peer comes, whose session needs a dozen.
                held += [stranger(9) for _ in range(4)]
                for _ in range(2):
                    with contextlib.suppress(OSError):
                        held.append(ground.raw_tls())
                        held[-1].sendall(GREETING)
                # Who is connected already is served: the true peer and the local clients.
                witness.request(us, ground.ie)
                witness.request(ground.ie, us)
                assert witness.desks["US-OIA"].client.call(get_status=local_pb2.GetStatus()).HasField("status")
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        for s in held:
            s.close()
        ground.true_peer_connects()


done()
