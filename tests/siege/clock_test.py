"""The clock goes wrong, and machines that should not meet do."""
from siege import *

YEAR = 365 * 86400


def old_ground():
    """Certificates that were valid a year ago already, and no CRL, which would not have been."""
    ground = Ground.__new__(Ground)
    grounds.append(ground)
    ground.base = tempfile.mkdtemp(dir=DIR)
    us, ie = Daemon(ground.base, "US-OIA", ["IE"]), Daemon(ground.base, "IE", ["US-OIA"])
    past = Shim(us)
    past.set(offset=-400 * 86400)
    subprocess.run([f"{TOP}/certs/comity-pki", "throwaway", ground.base, "US-OIA", "IE"], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, **past.env()})
    us.configure({"IE": None})
    ie.configure({"US-OIA": us.port})
    for d in (us, ie):
        text = re.sub(r"\n\s*crl = .*", "", open(d.config).read())
        with open(d.config, "w") as f:
            f.write(text)
    ground.us, ground.ie, ground.count = us, ie, 0
    return ground


def clock(us):
    return json.loads(us.ctl("--json", "status").stdout)["clock"]


def signing(us):
    return json.loads(us.ctl("--json", "status").stdout)["signing"]


def handed_in(witness, author, to):
    """A request of `author` is accepted, and waits."""
    message = witness.desks[author.id].submit(to.id, witness.ground.reference()).message_id
    witness.accepted.append((author.id, message))
    return witness.desks[author.id], message


@test
def the_clock_set_back_a_year_and_right_again_while_it_runs():
    ground = old_ground()
    shim = Shim(ground.us)
    ground.start(shim.env())
    with besieged(ground, 48, "ALARM: the wall clock: 87.. h behind what was recorded") as witness:
        witness.served(1)
        shim.set(offset=-YEAR)
        until("the doubt", lambda: "behind" in clock(ground.us) and "clock confirm" in signing(ground.us))
        waiting = [handed_in(witness, ground.us, ground.ie), handed_in(witness, ground.ie, ground.us)]
        witness.status()
        health = ground.us.health()
        assert health.returncode == 2 and "nothing is signed" in health.stdout, health
        assert not any(e.message_id == m and e.type == local_pb2.RELAY_ACCEPTED
                       for desk, m in waiting for e in desk.client.events)
        shim.set()
        for desk, message in waiting:
            desk.receipted(message)
        witness.served(1)
        assert signing(ground.us) == "ok"
        assert clock(ground.us) == "ok" and "the wall clock is right again" in ground.us.log()
    ground.stop()


@test
def the_clock_set_back_a_year_at_the_start():
    ground = old_ground()
    us = ground.us
    shim = Shim(us)
    ground.start(shim.env())
    witness = Witness(ground)
    witness.served(1)
    us.stop()
    shim.set(offset=-YEAR)
    before = len(us.log())
    us.start(shim.env())
    witness.status()
    assert re.search(r"ALARM: the wall clock: 87.. h behind what was recorded", us.log()[before:]), us.log()[before:]
    waiting = handed_in(witness, us, ground.ie)
    assert "behind" in clock(us) and "clock confirm" in signing(us) and ground.peer_state() != "connected"
    shim.set()
    us.stop()
    us.start(shim.env())
    ground.connected()
    waiting[0].receipted(waiting[1])
    witness.served()
    witness.nothing_lost()
    witness.close()
    ground.stop()


@test
def two_daemons_that_dial_each_other_at_once():
    ground = Ground(dial_both=True)
    us, ie = ground.us, ground.ie
    ground.start()
    with besieged(ground, 48, "session with IE is up") as witness:
        for _ in range(4):
            ie.kill()
            until("IE to be gone", lambda: ground.peer_state() != "connected")
            before = len(us.log())
            ie.start()
            ground.connected()
            witness.request(us, ie)
            witness.request(ie, us)
            ups = us.log()[before:].count("session with IE is up")
            assert 1 <= ups <= 3, ups
    ground.stop()


@test
def one_certificate_on_two_machines():
    ground = Ground(tunnels=()).start()
    us = ground.us
    base = tempfile.mkdtemp(dir=DIR)
    shutil.copytree(f"{ground.base}/FR", f"{base}/FR")
    pair = [Daemon(ground.base, "FR", ["US-OIA"]), Daemon(base, "FR", ["US-OIA"])]
    with besieged(ground, 48, "ALARM: peer FR: two machines hold its certificate: instance") as witness:
        for d in pair:
            d.configure({"US-OIA": us.port})
            d.start()
        try:
            until("the alarm of the link", lambda: "FR: connections replace each other too often" in us.log())
            # From here on whoever has the session keeps it.
            until("a session", lambda: ground.peer_state("FR") == "connected")
            before = len(us.log())
            witness.served(10)
            assert ground.peer_state("FR") == "connected"
            assert "session with FR" not in us.log()[before:], us.log()[before:]
        finally:
            for d in pair:
                d.stop()
    ground.stop()


done()
