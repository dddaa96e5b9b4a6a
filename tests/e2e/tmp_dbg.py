"""A signature at a bad moment: each time from the fault to the recovery, and nothing is lost or said twice."""
import json
import shutil
import signal
import subprocess

from harness import *

DAY = 86400


def submit(d, to, reference):
    client = Client(d)
    reply = client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission(to, reference)))
    client.close()
    assert reply.HasField("submitted"), reply
    return reply.submitted


def relayed(d, message):
    return any(e.get("messageId") == message and e["type"] == "RELAY_ACCEPTED"
               for e in map(json.loads, d.ctl("--json", "inbox").stdout.splitlines()))


def arrived(d, message):
    return message in d.ctl("--json", "inbox").stdout


def status(d):
    return json.loads(d.ctl("--json", "status").stdout)


def peer(d):
    return status(d)["peers"][0]


def connected(d):
    return lambda: peer(d)["state"] == "connected"


def critical(d, *words):
    """`health` says so, with the reason and the remedy."""
    run = d.ctl("health")
    return run.returncode == 2 and all(w in run.stdout for w in words)


def identity(d, **files):
    """Options of the section identity beside those that every daemon of these tests has."""
    lines = "".join(f'  {option} = "{file}"\n' for option, file in files.items())
    text = open(d.config).read().replace('  signing_key = "sign.key"\n', '  signing_key = "sign.key"\n' + lines)
    with open(d.config, "w") as f:
        f.write(text)


def pki_command(d, *args, env=None):
    subprocess.run([f"{TOP}/certs/comity-pki", args[0], d.dir, *args[1:]], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, **(env or {})})


def hand_over(d, to, *names):
    """What comity-pki export would bring the peer: its files are exchanged in one step each."""
    for name, as_name in names:
        target = f"{to.dir}/peers/{d.id}/{as_name}"
        shutil.copy(f"{d.dir}/{name}", target + ".new")
        os.rename(target + ".new", target)


SIGNERS, REVOKED = ("sign-all.pem", "sign.pem"), ("crl.pem", "crl.pem")


def start(us, ie):
    us.start()
    ie.start()
    until("a connection", connected(us))


def ends(us, ie):
    for d in (us, ie):
        assert d.stop() == 0


def in_flight(us, ie, reference):
    """A message in a parcel that is stored here, has left, and is not held there: that process is dead."""
    ie.process.send_signal(signal.SIGSTOP)
    message = submit(us, "IE", reference).message_id
    until("a parcel in flight", lambda: peer(us).get("inFlight") == 1)
    ie.kill()
    return message


@test
def one_that_our_own_list_revokes_with_a_parcel_in_flight():
    us, ie = pair()
    global us3, ie3; us3, ie3 = us, ie
    identity(us, own_anchors="ca.pem", own_crl="crl.pem")
    start(us, ie)
    message = in_flight(us, ie, "in flight")
    pki_command(us, "revoke", f"{us.dir}/sign.pem", "--reason", "superseded")
    until("the alarm", lambda: critical(us, "our signing certificate is revoked", "comity-pki renew"))
    second = submit(us, "IE", "second").message_id
    pki_command(us, "renew", "sign", "--new-key")
    hand_over(us, ie, SIGNERS, REVOKED)
    before = len(ie.log())
    ie.start()
    for m in (message, second):
        until("the receipts", lambda m=m: relayed(us, m))
    # Nothing was tried that the other side would refuse.
    assert "is refused" not in ie.log()[before:] and "refuses our signature" not in us.log()
    ends(us, ie)


print(us3.log()[-3000:]); print("=====IE", ie3.log()[-3000:]); finish()
