"""Certificates, CRLs and names that look right and never work: told by --check-config, with the remedy."""
import contextlib
import re
import time

from harness import *
from issuing import CA, P256, SIGN, TLS, issue, openssl

us, ie = pair()
at_us = f"{us.dir}/peers/IE"
NAME = "subjectAltName=DNS:ie.comity.invalid"


def check():
    return subprocess.run([COMITYD, "--check-config", "--config", us.config], capture_output=True, text=True)


def refused(*sentences):
    run = check()
    assert run.returncode == 3 and all(re.search(s, run.stderr) for s in sentences), run


def fine():
    run = check()
    assert (run.returncode, run.stderr) == (0, "") and run.stdout == f"{us.config}: no problem found\n", run


def warned(*sentences):
    run = check()
    lines = run.stderr.splitlines()
    assert run.returncode == 0 and len(lines) == len(sentences), run
    assert all(line.startswith(f"warning: {us.config}:") for line in lines), run
    assert all(re.search(s, line) for s, line in zip(sentences, lines)), run
    assert run.stdout == f"{us.config}: no problem found, but see the warnings\n", run


class other:
    """For a while the file has another text."""

    def __init__(self, path, change):
        self.path, self.change = path, change

    def __enter__(self):
        with open(self.path) as f:
            self.text = f.read()
        with open(self.path, "w") as f:
            f.write(self.change(self.text))
        return self

    def __exit__(self, *_):
        with open(self.path, "w") as f:
            f.write(self.text)


def configured(old, new):
    return other(us.config, lambda text: text.replace(old, new))


@test
def what_can_work_is_not_doubted():
    fine()


@test
def a_name_that_no_certificate_can_have_is_refused():
    for name in ("dns:ie.comity.invalid.", "dns:.comity.invalid", "dns:ie..comity.invalid", "dns:ie comity", "dns:",
                 "dns:b\u00fccher.invalid", "dns:" + "a" * 64 + ".invalid", "dns:" + "a." * 127 + "invalid", "ip:ie"):
        with configured("dns:ie.comity.invalid", name):
            refused(r"option 'peer IE.names': '.*' is not a name of a certificate; dns:HOST .*without a dot at its ends")
    with configured("dns:ie.comity.invalid", "dns:xn--bcher-kva.under_score.IE.invalid"):
        fine()


@test
def a_block_that_openssl_would_pass_over_is_refused_with_its_line():
    changes = (lambda t: re.sub("(?m)^", "  ", t), "it is indented"), \
        (lambda t: t.replace("-----BEGIN", "----BEGIN", 1), "its first line is not as it has to be"), \
        (lambda t: t.replace("-----BEGIN", "\ufeff-----BEGIN", 1), "a byte order mark stands before it"), \
        (lambda t: "\n" + t.replace("-----BEGIN", "> -----BEGIN", 1), "its first line is not as it has to be")
    for path in f"{at_us}/ca.pem", f"{at_us}/crl.pem", f"{at_us}/sign.pem", f"{us.dir}/tls.pem", f"{us.dir}/sign.pem":
        for change, reason in changes:
            # The good one before it would be read, and the other would be missing without a word.
            with other(path, lambda t: t + change(t)):
                line = 1 + open(path).read().split("BEGIN")[0:2][0].count("\n")
                refused(rf"{re.escape(path)}.*line \d+: this block would be passed over: {reason}")
    # Text around the blocks is nobody's business.
    with other(f"{at_us}/ca.pem", lambda t: "The CA of Ireland\r\n\r\n" + t.replace("\n", "\r\n") + "its end: BEGIN\n"):
        fine()


def ireland(ca, anchors, tls_key=P256):
    """IE's certificates by that CA, and what US-OIA has of it."""
    issue(ie.dir, "tls", ca, 30, *TLS, NAME, key=tls_key)
    issue(ie.dir, "sign", ca, 30, *SIGN)
    with open(f"{ie.dir}/tls.pem", "a") as f:
        f.write(open(f"{ie.dir}/{ca}.pem").read())
    shutil.copy(f"{ie.dir}/sign.pem", f"{at_us}/sign.pem")
    with open(f"{at_us}/ca.pem", "w") as f:
        f.write("".join(open(f"{ie.dir}/{name}.pem").read() for name in anchors))


@test
def an_issuing_CA_counts_without_its_root_for_TLS_and_for_signatures():
    shutil.copytree(us.dir, f"{us.dir}.kept")
    shutil.copytree(ie.dir, f"{ie.dir}.kept")
    issue(ie.dir, "root", None, 300, *CA)
    issue(ie.dir, "issuing", "root", 300, *CA)
    ireland("issuing", ["issuing"])
    with open(us.config) as f:
        text = f.read().replace('crl = "peers/IE/crl.pem"', "")
    with open(us.config, "w") as f:
        f.write(text)
    fine()
    us.start()
    ie.start()
    c = Client(ie)
    assert c.call(submit=local_pb2.Submit(idempotency_key="k", submission=submission("US-OIA", "r"))).HasField("submitted")
    c.call(subscribe=local_pb2.Subscribe(cursor="c"))
    while not any(e.type == local_pb2.RELAY_ACCEPTED for e in c.events):
        frame = c.receive()
        if frame.HasField("event"):
            c.events.append(frame.event)
    ie.stop()


OTHER_KEYS = {"RSA": ("rsa:3072",), "P-521": ("ec", "-pkeyopt", "ec_paramgen_curve:P-521"), "Ed25519": ("ed25519",),
              "brainpool": ("ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1")}


@test
def a_caller_whose_key_is_neither_P256_nor_P384_is_refused_by_that_name():
    for kind in "RSA", "P-521", "Ed25519":
        ireland("issuing", ["issuing"], OTHER_KEYS[kind])
        here = len(us.log())
        subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{us.port}", "-cert", f"{ie.dir}/tls.pem", "-key",
                        f"{ie.dir}/tls.key", "-cert_chain", f"{ie.dir}/issuing.pem", "-alpn", "comity/1"],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
        said(us, "certificate refused: IE: its key is not EC P-256 or P-384", here)
    ireland("issuing", ["issuing"], ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"))
    us.stop()
    us.start()
    ie.start()
    connected(us, "IE")
    us.stop()
    ie.stop()
    for d in us, ie:
        shutil.rmtree(d.dir)
        os.rename(f"{d.dir}.kept", d.dir)


@test
def our_own_TLS_key_is_P256_or_P384():
    for name in "tls.pem", "tls.key":
        shutil.copy(f"{us.dir}/{name}", f"{us.dir}/{name}.kept")
    for kind, key in OTHER_KEYS.items():
        issue(us.dir, "tls", None, 30, *TLS, "subjectAltName=DNS:us-oia.comity.invalid", key=key)
        refused(r"identity.*tls\.pem: the key of our TLS certificate is not EC P-256 or P-384, and no peer")
    issue(us.dir, "tls", None, 30, *TLS, "subjectAltName=DNS:us-oia.comity.invalid", key=("ec", "-pkeyopt",
                                                                                          "ec_paramgen_curve:P-384"))
    fine()
    for name in "tls.pem", "tls.key":
        os.rename(f"{us.dir}/{name}.kept", f"{us.dir}/{name}")


def make_crl(folder, ca, made, due, path):
    """An empty one; in days from now."""
    with open(f"{folder}/index", "w"), open(f"{folder}/ca.cnf", "w") as f:
        f.write(f"[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index\ndefault_md=sha256\n")
    at = lambda days: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))
    openssl("ca", "-config", f"{folder}/ca.cnf", "-gencrl", "-cert", f"{folder}/{ca}.pem", "-keyfile", f"{folder}/{ca}.key",
            "-crl_lastupdate", at(made), "-crl_nextupdate", at(due), "-out", f"{path}.new")
    os.rename(f"{path}.new", path)


def health(*limits):
    run = us.health(*limits)
    return run.returncode, run.stdout


@contextlib.contextmanager
def running(d):
    d.start()
    try:
        yield
    finally:
        d.stop()


@test
def our_own_CRL_is_told_before_the_peers_refuse_us():
    mine = f"{us.dir}/own-crl.pem"
    make_crl(us.dir, "ca", -30, -0.5, mine)
    with configured('signing_key = "sign.key"', 'signing_key = "sign.key"\nown_anchors = "ca.pem"\nown_crl = "own-crl.pem"'):
        warned(r"identity.*own-crl\.pem: a newer CRL was due at \d{4}-.*; peers refuse us .*comity-pki crl.*each peer")
        # The CA's certificate may stand behind ours.
        with other(f"{us.dir}/sign.pem", lambda t: t + open(f"{us.dir}/ca.pem").read()):
            warned("a newer CRL was due at ")
        with running(us):
            said(us, f"ALARM: {mine}: a newer CRL was due at ")
            for limits in (), ("--warn-crl-days", "0", "--crit-crl-days", "0"):
                code, line = health(*limits)
                assert code == 2 and "COMITY CRITICAL - Certificates: CRL OVERDUE for 12h (" in line, line
                assert "comity-pki crl" in line and " crl_days=0;" in line, line
            assert "CRITICAL: CRL OVERDUE for 12h (" in us.ctl("status").stdout
            for days, code, word in (2.5, 1, "WARNING"), (0.5, 2, "CRITICAL"), (20.5, 0, "OK"):
                make_crl(us.dir, "ca", -10, days, mine)
                told = lambda: (code, True) == (lambda c, line: (c, f"COMITY {word} - " in line))(*health())
                until(f"{word} at {days} days", told)
            assert " crl_days=20;3:;1:;0 " in health()[1], health()
            assert re.search(r"Certificates +TLS .*; signing .*; CRL 20d", us.ctl("status").stdout)
        fine()


# Root reads what is closed to it too, unless it gives that up.
CLOSED = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


@contextlib.contextmanager
def credentials(*names):
    """These files of ours are credentials that only the service sees, as while it is told to reload."""
    directory = f"{us.dir}/credentials"
    os.mkdir(directory)
    with contextlib.ExitStack() as undo:
        for name in names:
            shutil.copy(f"{us.dir}/{name}", f"{directory}/{os.path.basename(name)}")
            undo.enter_context(configured(f'"{name}"', f'"credential:{os.path.basename(name)}"'))
        os.chmod(directory, 0)
        undo.callback(shutil.rmtree, directory)
        undo.callback(os.chmod, directory, 0o700)
        yield {**os.environ, "CREDENTIALS_DIRECTORY": directory}


@test
def beside_a_credential_that_is_not_shown_all_else_is_looked_at():
    def looked(env, status, *sentences):
        run = subprocess.run([*CLOSED, COMITYD, "--check-config", "--config", us.config], capture_output=True, text=True, env=env)
        assert run.returncode == status and all(re.search(s, run.stderr) for s in sentences), run
        assert sentences or not run.stderr, run

    make_crl(us.dir, "ca", -1, 20, f"{us.dir}/own-crl.pem")
    shutil.copy(f"{us.dir}/sign.pem", f"{us.dir}/more.pem")
    more = 'signing_key = "sign.key"\nown_anchors = "ca.pem"\nown_crl = "own-crl.pem"\nown_signing_certificates = "more.pem"\n'
    with configured('signing_key = "sign.key"', more), credentials("tls.key", "sign.key") as env:
        looked(env, 0)
        for name in "tls", "sign", "ca", "own-crl", "more":
            with other(f"{us.dir}/{name}.pem", lambda _: "nothing\n"):
                looked(env, 3, rf"{name}\.pem")
        with other(f"{us.dir}/ca.pem", lambda _: open(f"{ie.dir}/ca.pem").read()):
            looked(env, 3, r"identity\.own_crl': .*own-crl\.pem: no CA certificate of US-OIA in ")
        for name, purpose in ("tls", TLS), ("sign", SIGN):
            shutil.copy(f"{us.dir}/{name}.pem", f"{us.dir}/{name}.kept")
            issue(us.dir, "past", "ca", -1, *purpose)
            os.rename(f"{us.dir}/past.pem", f"{us.dir}/{name}.pem")
            looked(env, *((0, "warning: .*our TLS certificate expired at ") if name == "tls" else
                          (3, "the signing certificate expired at ")))
            os.rename(f"{us.dir}/{name}.kept", f"{us.dir}/{name}.pem")
        looked(env, 0)
    # Certificates and CRLs may be credentials too.
    for hidden in ("tls.pem", "sign.pem"), ("ca.pem",), ("own-crl.pem", "more.pem"), \
            ("peers/IE/ca.pem",), ("peers/IE/crl.pem",), ("peers/IE/sign.pem",):
        with configured('signing_key = "sign.key"', more), credentials(*hidden) as env:
            looked(env, 0)


@test
def what_has_to_be_done_about_a_peer_stands_before_what_has_not():
    issue(ie.dir, "late", None, 30, *CA)
    kept = [f"{at_us}/{name}.pem" for name in ("ca", "sign", "crl")]
    for path in kept:
        shutil.copy(path, f"{path}.kept")
    issue(ie.dir, "good", "late", 30, *SIGN)
    shutil.copy(f"{ie.dir}/good.pem", f"{at_us}/sign.pem")
    shutil.copy(f"{ie.dir}/late.pem", f"{at_us}/ca.pem")
    make_crl(ie.dir, "late", -30, -0.5, f"{at_us}/crl.pem")
    with running(us):
        assert "COMITY WARNING - IE: its CRL was due 12h ago" in health()[1], health()
    for path in kept:
        os.rename(f"{path}.kept", path)
    fine()


@test
def what_is_out_of_date_is_a_warning():

    for name in "tls.pem", "tls.key":
        shutil.copy(f"{us.dir}/{name}", f"{us.dir}/{name}.kept")
    issue(us.dir, "tls", None, -1, *TLS, "subjectAltName=DNS:us-oia.comity.invalid")
    warned(r"identity.*tls\.pem: our TLS certificate expired at \d{4}-.*, and no peer takes it; renew it")
    for name in "tls.pem", "tls.key":
        os.rename(f"{us.dir}/{name}.kept", f"{us.dir}/{name}")
    issue(ie.dir, "old", None, 30, *CA)
    issue(ie.dir, "past", None, -1, *CA)
    issue(ie.dir, "expired", "old", -1, *SIGN)
    kept = [f"{at_us}/{name}.pem" for name in ("ca", "sign", "crl")]
    for path in kept:
        shutil.copy(path, f"{path}.kept")
    with configured('crl = "peers/IE/crl.pem"', ""):
        for names, anchors in (["expired"], ["old"]), (["expired", "expired"], ["old"]):
            for target, parts in ("sign", names), ("ca", anchors):
                with open(f"{at_us}/{target}.pem", "w") as f:
                    f.write("".join(open(f"{ie.dir}/{part}.pem").read() for part in parts))
            warned(r"peer IE.*sign\.pem: every signing certificate of IE has expired or is revoked; ask IE for its sign-all")
        issue(ie.dir, "good", "past", 30, *SIGN)
        shutil.copy(f"{ie.dir}/good.pem", f"{at_us}/sign.pem")
        shutil.copy(f"{ie.dir}/past.pem", f"{at_us}/ca.pem")
        warned(r"peer IE.*ca\.pem: the CA of IE expired at .*; ask IE for its ca\.pem", r"every signing certificate of IE")
    issue(ie.dir, "good", "old", 30, *SIGN)
    shutil.copy(f"{ie.dir}/good.pem", f"{at_us}/sign.pem")
    shutil.copy(f"{ie.dir}/old.pem", f"{at_us}/ca.pem")
    make_crl(ie.dir, "old", -30, -2, f"{at_us}/crl.pem")
    warned(r"peer IE.*crl\.pem: the CRL of IE has expired, and its grace too, at \d{4}-\d\d-\d\dT.*; ask IE for its CRL")
    make_crl(ie.dir, "old", -30, -0.5, f"{at_us}/crl.pem")
    warned(r"peer IE.*crl\.pem: a newer CRL of IE is due, and without it IE is refused from \d{4}-.*Z on; ask IE for its CRL")
    for path in kept:
        os.rename(f"{path}.kept", path)
    fine()


@test
def a_port_in_use_is_a_warning_unless_it_is_our_own():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", us.port))
        taken.listen()
        warned(rf"listen.*cannot listen on '127.0.0.1:{us.port}': Address already in use; free the port")
    with running(us), socket.socket() as taken:
        fine()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with configured(f"127.0.0.1:{us.port}", f"127.0.0.1:{port}"):
            warned(rf"listen.*cannot listen on '127.0.0.1:{port}': Address already in use; free the port.* running service")
        with configured(f"127.0.0.1:{us.port}", f"127.0.0.1:{free_port()}"):
            fine()


@test
def nobody_who_gets_what_comes_in_is_a_warning():
    for cases in "", "cases = own":
        with configured("cases = all", cases):
            warned("client.*no client gets what other authorities ask for: give a submitter 'cases = all'")
    with configured("role = submitter", "role = operator"):
        warned("client.*no client gets what other authorities ask for")


@test
def a_place_whose_directory_is_not_there_is_told_before_the_start():
    for option, what in ("store { dir = ", "store"), ("run_dir = ", "internal sockets"):
        with other(us.config, lambda t: re.sub(f'{option}"[^"]*"', f'{option}"/nope/x"', t)):
            refused(rf"/nope: No such file or directory; the directory above the {what} must exist; run mkdir -p /nope")
    for folder, why in ("/nope", "No such file or directory"), (us.config, "Not a directory"), \
            (f"{us.dir}/store-of-another", "No such file or directory"):
        with other(us.config, lambda t: t + f'evidence {{ dir = "{folder}/x" }}\n'):
            refused(f"evidence.dir': {folder}: {why}; the directory above the evidence must exist")
    for option, what in ("orders", "list of orders"), ("key", "store's key"):
        with configured('store { dir = "store" ', f'store {{ dir = "store"\n{option} = "/nope/x" '):
            refused(f"store.{option}': /nope: No such file or directory; the directory above the {what} must exist")
    # That of the store is made first.
    for name in "new", "new/":
        with configured('store { dir = "store" ', f'store {{ dir = "{name}"\nkey = "new/key" '):
            with other(us.config, lambda t: t + 'evidence { dir = "new/evidence" }\n'):
                fine()
    with configured('path = "local.sock"', 'path = "/nope/local.sock"'):
        warned(r"local\.path.*/nope: No such file or directory; the directory of the local socket must exist; run mkdir")
    with configured('path = "local.sock"', 'path = "/run/nope/local.sock"'):
        fine()


@test
def the_anchors_of_another_CA_are_not_taken_for_a_wrong_CRL():
    with other(f"{at_us}/ca.pem", lambda _: open(f"{us.dir}/ca.pem").read()):
        refused(r"crl\.pem: no CA certificate of IE in .*ca\.pem has signed this CRL, which is of the CA '.*IE.*'; "
                "compare the fingerprint of the CA with IE: where it is right, ask for the CRL again, else for the CA's cert")


@test
def a_key_that_is_indented_is_told_with_its_line():
    for name in "tls.key", "sign.key":
        with other(f"{us.dir}/{name}", lambda t: re.sub("(?m)^", "  ", t)):
            refused(rf"{name}: line 1: this block would be passed over: it is indented")


@test
def a_problem_with_a_file_stands_at_the_option_that_names_it():
    identity = 'signing_key = "sign.key"'
    with configured(identity, f'{identity}\nown_anchors = "ca.pem"\nown_crl = "crl.pem"\n'
                              'own_signing_certificates = "more.pem"\n'):
        make_crl(us.dir, "ca", -1, 20, f"{us.dir}/crl.pem")
        shutil.copy(f"{us.dir}/sign.pem", f"{us.dir}/more.pem")
        lines = open(us.config).read().split("\n")
        files = [(f"{us.dir}/{name}", f"identity.{option}") for name, option in (
            ("tls.pem", "tls_certificate"), ("tls.key", "tls_key"), ("sign.pem", "signing_certificate"),
            ("sign.key", "signing_key"), ("ca.pem", "own_anchors"), ("crl.pem", "own_crl"),
            ("more.pem", "own_signing_certificates"))]
        files += [(f"{at_us}/{name}.pem", f"peer IE.{option}") for name, option in (
            ("ca", "anchors"), ("crl", "crl"), ("sign", "signing_certificates"))]
        fine()
        for path, option in files:
            line = max(n for n, text in enumerate(lines, 1) if re.match(rf" *{option.split('.')[1]} =", text))
            with other(path, lambda _: "nothing\n"):
                refused(rf"(?m)^{re.escape(us.config)}:{line}: option '{option}': ")
        line = max(n for n, text in enumerate(lines, 1) if "own_crl" in text)
        make_crl(us.dir, "ca", -30, -0.5, f"{us.dir}/crl.pem")
        warned(rf"^warning: {re.escape(us.config)}:{line}: option 'identity.own_crl': .*a newer CRL was due")


@test
def neither_client_nor_peer_is_a_warning():
    with other(us.config, lambda t: re.sub(r"client desk \{.*?\}", "", t, flags=re.S)):
        warned(r"client.*there is no client, and nobody can hand in or read anything; add a section")
    with other(us.config, lambda t: re.sub(r"peer IE \{.*", "", t, flags=re.S)):
        warned(r"peer.*there is no peer, and nobody to exchange anything with; add a section")


finish(us, ie)
