"""Lists of revoked certificates, each from the fault to the recovery: IE has an issuing CA below a
root, and US-OIA is given both."""
import datetime

from harness import *
from issuing import CA, SIGN, TLS, openssl
from issuing import issue as issue_in

base = tempfile.mkdtemp(dir=DIR)
pki(base, "US-OIA", "IE")
us, ie = Daemon(base, "US-OIA", ["IE"]), Daemon(base, "IE", ["US-OIA"])
at_us = f"{us.dir}/peers/IE"


def issue(name, ca, days, *extensions):
    issue_in(ie.dir, name, ca, days, *extensions)


def issue_leaves(ca):
    """IE's own certificates, with that CA's below, and what US-OIA pins."""
    issue("tls", ca, 30, *TLS, "subjectAltName=DNS:ie.comity.invalid")
    issue("sign", ca, 30, *SIGN)
    with open(f"{ie.dir}/tls.pem", "a") as f:
        f.write(open(f"{ie.dir}/{ca}.pem").read())
    shutil.copy(f"{ie.dir}/sign.pem", f"{at_us}/sign.pem")
    with open(f"{at_us}/ca.pem", "w") as f:
        f.write(open(f"{ie.dir}/{ca}.pem").read() + open(f"{ie.dir}/root.pem").read())


def crl(ca, number, revoked=(), hours_ago=1, delta_of=None):
    """The PEM text of a list."""
    when = datetime.datetime.utcnow() - datetime.timedelta(hours=hours_ago)
    stamp = lambda t: t.strftime("%Y%m%d%H%M%SZ")
    work = f"{ie.dir}/list"
    with open(f"{work}.index", "w") as f:
        for name in revoked:
            serial = openssl("x509", "-in", f"{ie.dir}/{name}.pem", "-noout", "-serial").strip().split("=")[1]
            f.write(f"R\t{stamp(when + datetime.timedelta(days=300))[2:]}\t{stamp(when)[2:]}\t{serial}\tunknown\t/CN={name}\n")
    with open(f"{work}.number", "w") as f:
        f.write(f"{number:02}\n")
    with open(f"{work}.cnf", "w") as f:
        f.write(f"[ca]\ndefault_ca=x\n[x]\ndatabase={work}.index\ncrlnumber={work}.number\ndefault_md=sha256\n"
                f"crl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n")
        if delta_of is not None:
            f.write(f"2.5.29.27=critical,ASN1:INTEGER:{delta_of}\n")
    openssl("ca", "-config", f"{work}.cnf", "-gencrl", "-cert", f"{ie.dir}/{ca}.pem", "-keyfile", f"{ie.dir}/{ca}.key",
            "-crl_lastupdate", stamp(when), "-crl_nextupdate", stamp(when + datetime.timedelta(days=30)),
            "-out", f"{work}.pem")
    return open(f"{work}.pem").read()


def give(*lists):
    """US-OIA gets these, in one file."""
    with open(f"{at_us}/crl.pem.new", "w") as f:
        f.write("".join(lists))
    os.rename(f"{at_us}/crl.pem.new", f"{at_us}/crl.pem")


def revoked(act):
    """`act` ends the session, and IE cannot come back."""
    here = len(us.log())
    act()
    said(us, "ALARM: peer IE: certificate refused: IE: certificate revoked", here)
    until("IE to be refused", lambda: state(us, "IE") == "refused")


issue("root", None, 300, *CA)
issue("issuing", "root", 300, *CA)
issue_leaves("issuing")
nobody, root_nobody = crl("issuing", 1, hours_ago=9), crl("root", 1)
give(nobody, root_nobody)
us.configure({"IE": None})
ie.configure({"US-OIA": us.port})
us.start()
ie.start()
connected(us, "IE")


@test
def the_newest_of_two_lists_revokes_and_restores_in_whatever_order():
    for old_first in True, False:
        order = (lambda *two: two) if old_first else (lambda *two: two[::-1])
        revoked(lambda: give(*order(nobody, crl("issuing", 2, ["tls"], hours_ago=8))))
        # The certificate was on hold, and is released.
        give(*order(crl("issuing", 2, ["tls"], hours_ago=8), crl("issuing", 3, hours_ago=7)))
        connected(us, "IE")
        give(nobody)
        reload(us)


@test
def a_delta_list_is_refused_and_does_not_restore_what_was_revoked():
    complete = crl("issuing", 4, ["tls"], hours_ago=6)
    here = len(us.log())
    give(complete, crl("issuing", 5, hours_ago=5, delta_of=4))
    said(us, "the file holds a delta CRL", here)
    assert state(us, "IE") == "connected"
    revoked(lambda: give(complete))
    # The delta cannot bring it back.
    here = len(us.log())
    give(complete, crl("issuing", 5, hours_ago=5, delta_of=4))
    said(us, "the file holds a delta CRL", here)
    assert state(us, "IE") != "connected"
    give(crl("issuing", 6, hours_ago=4))
    connected(us, "IE")


@test
def a_revoked_issuing_CA_is_refused_until_another_one_has_issued():
    good = crl("issuing", 7, hours_ago=3)
    revoked(lambda: give(good, crl("root", 2, ["issuing"])))
    ie.stop()
    issue("issuing-2", "root", 300, *CA)
    issue_leaves("issuing-2")
    give(crl("issuing-2", 1), crl("root", 3, ["issuing"], hours_ago=0))
    reload(us)
    ie.start()
    connected(us, "IE")
    client = Client(ie)
    assert client.call(submit=local_pb2.Submit(idempotency_key="k", submission=submission("US-OIA", "r"))).HasField(
        "submitted")
    client.call(subscribe=local_pb2.Subscribe(cursor="c"))
    while not any(e.type == local_pb2.RELAY_ACCEPTED for e in client.events):
        frame = client.receive()
        if frame.HasField("event"):
            client.events.append(frame.event)


finish(us, ie)
