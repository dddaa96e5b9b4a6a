"""health is never OK while a message is older than its threshold, however the link looks meanwhile."""
import re
import select
import threading

from harness import *


class Relay:
    """Between the two: it can cut each connection a moment after it began to carry anything."""

    def __init__(self, port):
        self.to, self.cuts, self.listener = port, False, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            caller, _ = self.listener.accept()
            threading.Thread(target=self.carry, args=(caller,), daemon=True).start()

    def carry(self, caller):
        try:
            with caller, socket.create_connection(("127.0.0.1", self.to)) as callee:
                other, end = {caller: callee, callee: caller}, time.monotonic() + 1
                while not (self.cuts and time.monotonic() > end):
                    for s in select.select([caller, callee], [], [], 0.05)[0]:
                        data = s.recv(65536)
                        if not data:
                            return
                        other[s].sendall(data)
        except OSError:
            pass


us, ie = pair()
relay = Relay(ie.port)
ie.configure({"US-OIA": us.port}, dial=False)
us.configure({"IE": relay.port})
us.start()
ie.start()
connected(us, "IE")
desk = Client(us)


def health(*options):
    return us.health("--warn-age", "0s", *options)


def peer():
    return desk.call(get_status=local_pb2.GetStatus()).status.peers[0]


def submit(reference):
    reply = desk.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission(reference=reference)))
    assert reply.HasField("submitted"), reply


def never_OK(*options, until_seen):
    """From when the message is older than the threshold until all that is to be seen was."""
    until("the message to be older than the threshold", lambda: health(*options).returncode != 0)
    seen = set()
    while not until_seen(seen):
        run = health(*options)
        assert run.returncode in (1, 2) and re.search(r"1 message waits, the oldest for \d+s", run.stdout), run
        seen.add(peer().state)


def delivered():
    until("all receipts", lambda: peer().waiting == 0)
    until("OK", lambda: health("--warn-flaps", "1000", "--crit-flaps", "1000").returncode == 0)


@test
def a_message_waits_without_a_session():
    ie.stop()
    until("the end", lambda: peer().state != "connected")
    submit("without a session")
    polls = []
    never_OK(until_seen=lambda seen: polls.append(1) or len(polls) > 10)
    ie.start()
    delivered()


@test
def a_peer_holds_a_connection_and_never_acknowledges():
    connected(us, "IE")
    ie.process.send_signal(signal.SIGSTOP)
    submit("never acknowledged")
    until("the parcel to leave", lambda: peer().in_flight == 1)
    polls = []
    never_OK(until_seen=lambda seen: polls.append(1) or len(polls) > 10)
    assert peer().in_flight == 1
    ie.process.send_signal(signal.SIGCONT)
    delivered()


@test
def a_session_comes_and_goes():
    connected(us, "IE")
    ie.process.send_signal(signal.SIGSTOP)    # what is in flight stays there
    submit("comes and goes")
    until("the parcel to leave", lambda: peer().in_flight == 1)
    shim = Shim(ie)
    shim.set(full=1)
    ie.kill()
    shim.set()
    ie.start(shim.env())
    shim.set(full=1)
    relay.cuts = True
    before = peer().flaps
    never_OK("--warn-flaps", "1000", "--crit-flaps", "1000",
             until_seen=lambda seen: len(seen) > 1 and peer().flaps > before + 2)
    assert health("--warn-age", "1d", "--crit-age", "2d", "--warn-flaps", "1").returncode == 1
    relay.cuts = False
    shim.set()
    delivered()


@test
def a_certificate_that_is_refused_is_told_at_once():
    with open(us.config) as f:
        text = f.read()
    with open(us.config, "w") as f:
        f.write(text.replace("dns:ie.comity.invalid", "dns:another.comity.invalid"))
    reload(us)
    run = until("the refusal", lambda: (r := us.health("--warn-flaps", "1000", "--crit-flaps", "1000")).returncode and r)
    assert run.returncode == 1 and re.search(r"IE: refused for \d+s: ", run.stdout), run
    with open(us.config, "w") as f:
        f.write(text)
    reload(us)
    delivered()


finish(us, ie)
