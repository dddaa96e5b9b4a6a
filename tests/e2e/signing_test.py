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
    run = d.health()
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
def a_certificate_that_expires_while_the_daemon_runs():
    us, ie = pair()
    past = Shim(us)
    past.set(offset=20 - DAY)
    pki_command(us, "renew", "sign", "--days", "1", env=past.env())
    hand_over(us, ie, SIGNERS)
    start(us, ie)
    first = submit(us, "IE", "before").message_id
    until("its receipt", lambda: relayed(us, first))
    until("the end of the certificate", lambda: critical(us, "nothing is signed", "expired at", "comity-pki renew"))
    until("the alarm", lambda: "ALARM: nothing is signed now, and all that is to be signed waits" in us.log())
    ours, theirs = submit(us, "IE", "ours").message_id, submit(ie, "US-OIA", "theirs").message_id
    until("what came in", lambda: arrived(us, theirs))
    assert int(peer(us)["waiting"]) == 1 and not arrived(ie, ours) and not relayed(ie, theirs)
    pki_command(us, "renew", "sign")
    hand_over(us, ie, SIGNERS)
    until("our receipt", lambda: relayed(us, ours))
    until("theirs", lambda: relayed(ie, theirs))
    until("the line", lambda: "it is signed again, and what waited leaves" in us.log())
    assert status(us)["signing"] == "ok"
    ends(us, ie)


@test
def one_that_is_superseded_with_a_parcel_in_flight():
    us, ie = pair()
    start(us, ie)
    message = in_flight(us, ie, "in flight")
    pki_command(us, "revoke", f"{us.dir}/sign.pem", "--reason", "superseded")
    hand_over(us, ie, REVOKED)
    ie.start()
    # With the old certificate it cannot even prove who it is.
    until("the refusal", lambda: critical(us, "refuses our signature", "comity-pki export"))
    pki_command(us, "renew", "sign", "--new-key")
    hand_over(us, ie, SIGNERS)
    until("the receipt", lambda: relayed(us, message))
    until("the line", lambda: us.log().count("travels anew, in epoch") == 1)
    assert ie.ctl("--json", "inbox").stdout.count("MESSAGE_RECEIVED") == 1
    later = submit(us, "IE", "later").message_id
    until("the next", lambda: relayed(us, later))
    assert not critical(us, "refuses our signature")
    ends(us, ie)


@test
def one_that_our_own_list_revokes_with_a_parcel_in_flight():
    us, ie = pair()
    shutil.copy(f"{us.dir}/sign.pem", f"{us.dir}/earlier.pem")
    identity(us, own_anchors="ca.pem", own_crl="crl.pem", own_signing_certificates="earlier.pem")
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


@test
def a_receipt_whose_certificate_was_revoked_before_it_came():
    us, ie = pair()
    start(us, ie)
    ie.process.send_signal(signal.SIGSTOP)
    message = submit(us, "IE", "in flight").message_id
    until("a parcel in flight", lambda: peer(us).get("inFlight") == 1)
    us.process.send_signal(signal.SIGSTOP)
    ie.process.send_signal(signal.SIGCONT)
    until("its arrival", lambda: arrived(ie, message))
    us.kill()
    pki_command(ie, "revoke", f"{ie.dir}/sign.pem", "--reason", "superseded")
    pki_command(ie, "renew", "sign", "--new-key")
    hand_over(ie, us, SIGNERS, REVOKED)
    us.start()
    until("the receipt", lambda: relayed(us, message))
    until("the alarm", lambda: "it refuses our signature" in ie.log())
    assert ie.ctl("--json", "inbox").stdout.count("MESSAGE_RECEIVED") == 1
    ends(us, ie)


@test
def a_clock_that_is_seven_years_ahead_at_the_signature():
    us, ie = pair()
    shim = Shim(us)
    us.start(shim.env())
    ie.start()
    until("a connection", connected(us))
    shim.set(offset=7 * 365 * DAY)
    message = submit(us, "IE", "from the future").message_id
    until("the alarm", lambda: critical(us, "nothing is signed: the wall clock: jumped", "clock confirm"))
    assert int(peer(us)["waiting"]) == 1 and not arrived(ie, message)
    shim.set()
    until("its receipt", lambda: relayed(us, message))
    assert "SIGNATURE" not in us.log() and "is refused" not in ie.log() and status(us)["signing"] == "ok"
    ends(us, ie)


@test
def a_restored_side_proves_its_place_by_a_certificate_that_was_revoked_since():
    us, ie = pair()
    start(us, ie)
    first = submit(us, "IE", "before the backup").message_id
    until("its receipt", lambda: relayed(us, first))
    us.stop()
    shutil.copytree(f"{us.dir}/store", f"{us.dir}/backup")
    us.start()
    until("a connection", connected(us))
    lost = submit(us, "IE", "after the backup").message_id
    until("its receipt", lambda: relayed(us, lost))
    us.stop()
    shutil.rmtree(f"{us.dir}/store")
    os.rename(f"{us.dir}/backup", f"{us.dir}/store")
    shutil.copy(f"{us.dir}/sign.pem", f"{us.dir}/earlier.pem")
    identity(us, own_anchors="ca.pem", own_crl="crl.pem", own_signing_certificates="earlier.pem")
    pki_command(us, "revoke", f"{us.dir}/sign.pem", "--reason", "superseded")
    pki_command(us, "renew", "sign", "--new-key")
    hand_over(us, ie, SIGNERS, REVOKED)
    us.start()
    until("what was lost", lambda: "MESSAGE_RECOVERED" in us.ctl("--json", "inbox").stdout)
    until("a connection", connected(us))
    assert lost in us.ctl("--json", "inbox").stdout
    message = submit(us, "IE", "after the restore").message_id
    until("its receipt", lambda: relayed(us, message))
    ends(us, ie)


finish()
