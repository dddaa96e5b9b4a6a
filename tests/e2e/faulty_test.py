"""One file that cannot be used, while the service goes on: its peer keeps what it had, everything else takes effect,
people are told, and it recovers by itself."""
import contextlib
import signal

from harness import *

HTML = "<html><body><h1>503 Service Unavailable</h1></body></html>\n"


def install(text, target):
    """As an administrator should: never half."""
    with open(target + ".new", "w") as f:
        f.write(text)
    os.rename(target + ".new", target)


def read(path):
    with open(path) as f:
        return f.read()


def status(d):
    return Client(d).call(get_status=local_pb2.GetStatus()).status


def peer(d, id):
    return next(p for p in status(d).peers if p.peer == id)


def connected(d, id):
    until(f"{d.id} to be connected with {id}", lambda: peer(d, id).state == "connected")


def said(d, text, since=0):
    return until(f"{d.id} to say {text!r}", lambda: text in d.log()[since:])


def health(d):
    run = d.health()
    return run.returncode, run.stdout


def revoke(d, what):
    """The new CRL of d's CA."""
    subprocess.run([f"{TOP}/certs/comity-pki", "revoke", d.dir, f"{d.dir}/{what}", "--reason", "keyCompromise"], check=True,
                   capture_output=True)
    return read(f"{d.dir}/crl.pem")


def checked(d):
    return subprocess.run([COMITYD, "--check-config", "--config", d.config], capture_output=True, text=True)


def exchanged(us, them, reference):
    """A request from them arrives here: their signature counts."""
    frame = Client(them).call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission("US-OIA", reference)))
    assert frame.HasField("submitted"), frame
    until("it to arrive", lambda: reference in {c.peer_reference for c in Client(us).call(
        list_cases=local_pb2.ListCases(limit=500)).case_list.cases})


@contextlib.contextmanager
def three(start=True, law=""):
    """US-OIA is called by IE and by FR."""
    base = tempfile.mkdtemp(dir=DIR)
    pki(base, "US-OIA", "IE", "FR")
    us, ie, fr = (Daemon(base, id, []) for id in ("US-OIA", "IE", "FR"))
    us.configure({"IE": None, "FR": None})
    if law:
        text = read(us.config).replace('name = "US-OIA" }', f'name = "US-OIA"\nstate = "US" }}\nlaw {{ {law} }}')
        for id in ("IE", "FR"):
            text = text.replace(f"peer {id} {{", f'peer {id} {{\nstate = "{id}"')
        install(text, us.config)
    for d in (ie, fr):
        d.configure({"US-OIA": us.port})
    try:
        if start:
            for d in (us, ie, fr):
                d.start()
            for d in (ie, fr):
                connected(us, d.id)
        yield us, ie, fr
    finally:
        for d in (us, ie, fr):
            d.stop()


def shall_keep(file):
    """A file of FR is rubbish, then one of IE's is revoked; then it is mended."""
    with three() as (us, ie, fr):
        path, here = f"{us.dir}/peers/FR/{file}", len(us.log())
        good = read(path)
        install(HTML, path)
        said(us, f"ALARM: peer FR: {path}", here)
        assert "what was read before stays in force" in peer(us, "FR").trust_fault, peer(us, "FR")
        code, text = health(us)
        assert code == 2 and path in text, text
        run = checked(us)
        assert run.returncode != 0 and path in run.stderr, run

        install(revoke(ie, "tls.pem"), f"{us.dir}/peers/IE/crl.pem")
        said(us, "peer IE: session ended", here)
        until("IE to be refused", lambda: peer(us, "IE").state == "refused")
        assert peer(us, "FR").state == "connected" and "peer FR: session ended" not in us.log()[here:]
        exchanged(us, fr, "while-it-is-broken")
        if file == "crl.pem":
            lines = us.log()[here:]
            us.process.send_signal(signal.SIGHUP)
            said(us, "the configuration was read again", here)
            said(us, "but for 1 fault that comityctl status shows", here)
            assert us.log()[here:].count(f"ALARM: peer FR: {path}") == 1, lines
            exchanged(us, fr, "after-a-reload")

        here = len(us.log())
        install(good, path)
        said(us, "peer FR: all files can be used again", here)
        assert peer(us, "FR").trust_fault == "" and peer(us, "FR").state == "connected"
        assert path not in health(us)[1]


@test
def a_crl_that_is_a_web_page_does_not_keep_a_revoked_certificate_of_another_peer_connected():
    shall_keep("crl.pem")


@test
def broken_anchors_keep_nothing_else_from_taking_effect():
    shall_keep("ca.pem")


@test
def broken_signing_certificates_keep_nothing_else_from_taking_effect():
    shall_keep("sign.pem")


@test
def a_start_goes_on_without_a_peer_whose_file_is_broken_and_takes_it_once_it_is_mended():
    for file in ("crl.pem", "ca.pem", "sign.pem"):
        with three(start=False) as (us, ie, fr):
            path = f"{us.dir}/peers/FR/{file}"
            good = read(path)
            if file == "ca.pem":
                os.unlink(path)
            else:
                install(HTML, path)
            for d in (us, ie, fr):
                d.start()
            connected(us, "IE")
            exchanged(us, ie, "from-ie")
            said(us, f"ALARM: peer FR: {path}")
            assert "nobody is taken for this peer until it is corrected" in peer(us, "FR").trust_fault
            code, text = health(us)
            assert code == 2 and path in text, text
            said(fr, "peer US-OIA: cannot connect")
            said(us, "it has a name of FR, whose files here cannot be used")
            assert peer(us, "FR").state != "connected" and "no CA of FR" not in us.log()
            install(good, path)
            connected(us, "FR")
            exchanged(us, fr, "from-fr")
            assert peer(us, "FR").trust_fault == "" and path not in health(us)[1]


@test
def our_own_broken_key_keeps_no_revocation_from_taking_effect():
    for file in ("tls.key", "sign.key"):
        with three() as (us, ie, fr):
            path, here = f"{us.dir}/{file}", len(us.log())
            good = read(path)
            install(HTML, path)
            os.chmod(path, 0o600)
            said(us, "ALARM: our own files: " + path, here)
            assert path in status(us).trust_fault and health(us)[0] == 2 and path in health(us)[1]
            install(revoke(ie, "tls.pem"), f"{us.dir}/peers/IE/crl.pem")
            until("IE to be refused", lambda: peer(us, "IE").state == "refused")
            exchanged(us, fr, "by-the-old-key")
            install(good, path)
            os.chmod(path, 0o600)
            said(us, "our own files: all files can be used again", here)
            assert status(us).trust_fault == "" and path not in health(us)[1]


@test
def a_broken_treaty_profile_keeps_no_revocation_from_taking_effect():
    treaties = tempfile.mkdtemp(dir=DIR)
    for name in sorted(os.listdir(f"{TOP}/config/treaties"))[:2]:
        shutil.copy(f"{TOP}/config/treaties/{name}", treaties)
    path = f"{treaties}/{sorted(os.listdir(treaties))[0]}"
    good = read(path)
    with three(law=f'treaties = "{treaties}"') as (us, ie, fr):
        here = len(us.log())
        install(HTML, path)
        install(revoke(ie, "tls.pem"), f"{us.dir}/peers/IE/crl.pem")
        us.process.send_signal(signal.SIGHUP)
        said(us, "the configuration was read again", here)
        until("IE to be refused", lambda: peer(us, "IE").state == "refused")
        said(us, f"ALARM: {path}", here)
        assert "of before stay in force" in status(us).law_fault
        assert status(us).treaty_profiles == 2 and health(us)[0] == 2 and path in health(us)[1]
        us.stop()
        us.start()
        assert status(us).treaty_profiles == 1 and "what cannot be read is left out" in status(us).law_fault
        connected(us, "FR")
        here = len(us.log())
        install(good, path)
        us.process.send_signal(signal.SIGHUP)
        said(us, "the configuration was read again", here)
        assert status(us).treaty_profiles == 2 and status(us).law_fault == "" and path not in health(us)[1]


@test
def a_long_fault_is_cut_between_two_characters():
    # Whatever the number of bytes before them: one of the two is cut within a letter of two bytes.
    for before in ("", "x"):
        treaties = f"{tempfile.mkdtemp(dir=DIR)}/{before}{'é' * 100}/{'é' * 100}"
        os.makedirs(treaties)
        install(HTML, f"{treaties}/broken.conf")
        with three(law=f'treaties = "{treaties}"') as (us, ie, fr):
            assert "éé" in status(us).law_fault and "what cannot be read is left out" in status(us).law_fault


finish()
