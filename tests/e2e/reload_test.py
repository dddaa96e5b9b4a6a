"""SIGHUP, and files that change by themselves, while the service goes on."""
import datetime
import threading

from harness import *


def edit(d, old, new):
    text = open(d.config).read()
    assert old in text, old
    with open(d.config, "w") as f:
        f.write(text.replace(old, new))


def certify(d, *command):
    """comity-pki in the directory of an authority."""
    subprocess.run([f"{TOP}/certs/comity-pki", command[0], d.dir, *command[1:]], check=True, capture_output=True)


def submit(client, reference, to="IE"):
    return client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission(to, reference)))


def cases(d):
    client, found, after = Client(d), set(), ""
    while True:
        page = client.call(list_cases=local_pb2.ListCases(limit=500, after_case_id=after)).case_list
        found |= {c.peer_reference for c in page.cases}
        if not page.more:
            client.close()
            return found
        after = page.cases[-1].case_id


def short_crl(d, seconds):
    """A CRL of d's CA that is good for some seconds."""
    conf = f"{d.dir}/short.cnf"
    with open(conf, "w") as f:
        f.write(f"[ca]\ndefault_ca=x\n[x]\ndatabase={d.dir}/db/index.txt\ncrlnumber={d.dir}/short.number\n"
                "default_md=sha256\n")
    shutil.copy(f"{d.dir}/db/crlnumber", f"{d.dir}/short.number")
    subprocess.run(["openssl", "ca", "-config", conf, "-gencrl", "-crlsec", str(seconds), "-keyfile",
                    f"{d.dir}/ca.key", "-cert", f"{d.dir}/ca.pem", "-out", f"{d.dir}/short.pem"], check=True,
                   capture_output=True)
    return f"{d.dir}/short.pem"


def short_tls(d, seconds):
    end = (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y%m%d%H%M%SZ")
    start = (datetime.datetime.utcnow() - datetime.timedelta(hours=1)).strftime("%Y%m%d%H%M%SZ")
    conf = f"{d.dir}/tls.cnf"
    with open(conf, "w") as f:
        f.write(f"[ca]\ndefault_ca=x\n[x]\ndatabase={d.dir}/tls.db\nserial={d.dir}/tls.serial\nnew_certs_dir={d.dir}\n"
                f"default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\n"
                f"subjectAltName=DNS:{d.id.lower()}.comity.invalid\nextendedKeyUsage=serverAuth,clientAuth\n"
                "keyUsage=critical,digitalSignature\nbasicConstraints=CA:FALSE\n")
    open(f"{d.dir}/tls.db", "w").close()
    with open(f"{d.dir}/tls.serial", "w") as f:
        f.write("77\n")
    run = lambda *a: subprocess.run(a, check=True, capture_output=True)
    run("openssl", "req", "-new", "-key", f"{d.dir}/tls.key", "-subj", f"/CN={d.id}", "-out", f"{d.dir}/tls.csr")
    run("openssl", "ca", "-batch", "-notext", "-config", conf, "-in", f"{d.dir}/tls.csr", "-keyfile", f"{d.dir}/ca.key",
        "-cert", f"{d.dir}/ca.pem", "-startdate", start, "-enddate", end, "-out", f"{d.dir}/tls.new")
    os.replace(f"{d.dir}/tls.new", f"{d.dir}/tls.pem")


base = tempfile.mkdtemp(dir=DIR)
pki(base, "US-OIA", "IE", "FR")
us, ie, fr = (Daemon(base, id, []) for id in ("US-OIA", "IE", "FR"))
us.configure({"IE": ie.port})
ie.configure({"US-OIA": us.port}, dial=False)
fr.configure({"US-OIA": us.port})
for d in (us, ie, fr):
    d.start()
connected(us, "IE")


@test
def a_hundred_reloads_under_load_lose_no_message_and_no_session():
    lines = {d.id: len(d.log()) for d in (us, ie)}
    done, accepted, errors = threading.Event(), [], []

    def load(name):
        try:
            client, n = Client(us), 0
            while not done.is_set():
                n += 1
                frame = submit(client, f"{name}-{n}")
                assert frame.HasField("submitted"), frame
                accepted.append(f"{name}-{n}")
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=load, args=(f"load{i}",)) for i in range(3)]
    for t in threads:
        t.start()
    try:
        for _ in range(50):
            reload(us)
            reload(ie)
    finally:
        done.set()
        for t in threads:
            t.join()
    assert not errors, errors
    arrived = until("all to arrive", lambda: len(cases(ie)) >= len(accepted) and cases(ie))
    print(f"# {len(accepted)} submissions")
    assert arrived == set(accepted) and len(accepted) >= 100
    for d in (us, ie):
        assert "session ended" not in d.log()[lines[d.id]:], d.id


@test
def an_added_peer_connects():
    here = len(us.log())
    us.configure({"IE": ie.port, "FR": None})
    reload(us)
    said(fr, "peer US-OIA: connected")
    connected(us, "FR")
    assert submit(Client(us), "to-fr", "FR").HasField("submitted")
    until("it to arrive", lambda: "to-fr" in cases(fr))
    assert "peer IE: session ended" not in us.log()[here:]


@test
def a_faulty_configuration_leaves_the_old_one_in_force_and_a_faulty_file_what_it_had():
    good, here = open(us.config).read(), len(us.log())
    edit(us, 'role = submitter', 'role = sumbitter')
    edit(us, 'names = { "dns:fr.comity.invalid" }', 'names = { "fr" }')
    line = open(us.config).read().split("\n").index("role = sumbitter") + 1
    lines = reload(us, REFUSED)
    assert f"{us.config}:{line}: option 'client desk.role'" in lines, lines
    assert "option 'peer FR.names'" in lines, lines
    # Who looks later is told as well, by whatever changes of keys and CRLs in between, until a good one is taken.
    changed = f"{us.dir}/peers/FR/crl.pem has changed"
    install(f"{us.dir}/peers/FR/crl.pem", f"{us.dir}/peers/FR/crl.pem")
    until("the CRL to be read again", lambda: changed in us.log()[here:])
    run = us.health()
    assert run.returncode == 2, run
    for text in (run.stdout, us.ctl("status").stdout):
        assert f"{us.config}:{line}: option 'client desk.role'" in text and "the one of before" in text, text
    # Files that cannot be used are all named too, and keep nothing else from being taken; more in faulty_test.py.
    with open(us.config, "w") as f:
        f.write(good)
    for peer in ("FR", "IE"):
        shutil.copy(f"{us.dir}/peers/{peer}/ca.pem", f"{us.dir}/{peer}.keep")
        with open(f"{us.dir}/peers/{peer}/ca.pem", "w") as f:
            f.write("rubbish\n")
    lines = reload(us)
    for peer in ("FR", "IE"):
        said(us, f"ALARM: peer {peer}: {us.dir}/peers/{peer}/ca.pem: ", here)
        install(f"{us.dir}/{peer}.keep", f"{us.dir}/peers/{peer}/ca.pem")
    for peer in ("FR", "IE"):
        assert state(us, peer) == "connected"
    assert "session ended" not in us.log()[here:]
    reload(us)
    assert us.health().returncode == 0 and "onfiguration" not in us.ctl("status").stdout


@test
def what_needs_a_restart_is_named_and_the_rest_takes_effect():
    good = open(us.config).read()
    edit(us, 'store { dir = "store" }', 'store { dir = "other" }')
    edit(us, 'path = "local.sock"', 'path = "other.sock"')
    edit(us, "name = \"US-OIA\" }", "name = \"US-OIA\" }\nlog { level = debug }")
    lines = reload(us)
    for option in ("store.dir", "local.path"):
        assert f"the option {option} has changed, but takes effect at a restart only" in lines, lines
    assert not os.path.exists(f"{us.dir}/other.sock") and Client(us)
    edit(us, 'id = "US-OIA"', 'id = "US-OTHER"')
    assert "another authority is another service" in reload(us, REFUSED)
    with open(us.config, "w") as f:
        f.write(good)
    reload(us)


@test
def a_client_is_added_and_removed():
    me = pwd.getpwuid(os.getuid()).pw_name
    desk, good = Client(us), open(us.config).read()
    edit(us, "client desk {", f'client clerk {{ user = "{me}"\nrole = operator }}\nclient desk {{')
    reload(us)
    clerk = Client(us, client="clerk")
    assert clerk.call(get_status=local_pb2.GetStatus()).HasField("status")
    assert submit(desk, "desk-goes-on").HasField("submitted")
    with open(us.config, "w") as f:
        f.write(good)
    reload(us)
    assert clerk.receive().error.code == types_pb2.NOT_ALLOWED
    try:
        clerk.receive()
        raise AssertionError("it is still connected")
    except ConnectionError:
        pass
    assert submit(desk, "desk-still").HasField("submitted")
    # Another role means another connection.
    edit(us, "role = submitter", "role = operator")
    reload(us)
    assert desk.receive().error.code == types_pb2.NOT_ALLOWED
    with open(us.config, "w") as f:
        f.write(good)
    reload(us)


@test
def a_user_may_be_any_of_many_clients_but_says_which():
    """Neither the first nor the last section of the file counts for more."""
    me = pwd.getpwuid(os.getuid()).pw_name
    good = open(us.config).read()
    clerks = [f"clerk{i}" for i in range(20)]
    for order in (clerks, clerks[::-1]):
        with open(us.config, "w") as f:
            f.write(good + "".join(f'client {c} {{ user = "{me}"\nrole = operator }}\n' for c in order))
        reload(us)
        held = [Client(us, client=c) for c in clerks]
        for clerk in held:
            assert clerk.call(get_status=local_pb2.GetStatus()).HasField("status")
        reload(us)      # and each stays connected
        for clerk in held:
            assert clerk.call(get_status=local_pb2.GetStatus()).HasField("status")
            clerk.close()
        nobody = Client(us)
        answer = nobody.call(hello=local_pb2.LocalHello(version=1)).error
        assert answer.code == types_pb2.NOT_ALLOWED and "name one" in answer.text, answer
        nobody.close()
    with open(us.config, "w") as f:
        f.write(good)
    reload(us)


@test
def a_renewed_certificate_with_overlap_keeps_the_session():
    lines = {d.id: len(d.log()) for d in (us, ie)}
    certify(ie, "renew", "sign", "--new-key")
    certify(ie, "renew", "tls", "--new-key")
    # The peer knows the new one before it is used.
    install(f"{ie.dir}/sign-all.pem", f"{us.dir}/peers/IE/sign.pem")
    reload(us)
    reload(ie)
    assert submit(Client(us), "renewed").HasField("submitted")
    until("it to arrive", lambda: "renewed" in cases(ie))
    client = Client(us)
    client.call(subscribe=local_pb2.Subscribe(cursor="renewed"))
    while not any(e.type == local_pb2.RELAY_ACCEPTED and e.own_reference == "renewed" for e in client.events):
        frame = client.receive()
        if frame.HasField("event"):
            client.events.append(frame.event)
    for d in (us, ie):
        assert "session ended" not in d.log()[lines[d.id]:], d.id


@test
def a_key_open_to_others_is_not_taken_until_it_is_closed():
    """The rule of the start holds when a changed file is read again by itself."""
    for key in ("sign.key", "tls.key"):
        here = len(us.log())
        os.chmod(f"{us.dir}/{key}", 0o644)
        said(us, f"/{key}: the key is open to others (mode 0644)", here)
        said(us, "what was read before stays in force", here)
        assert submit(Client(us), f"open-{key}").HasField("submitted")
        until("it to arrive", lambda: f"open-{key}" in cases(ie))
        here = len(us.log())
        os.chmod(f"{us.dir}/{key}", 0o600)
        said(us, "keys, certificates and CRLs were read again", here)


@test
def a_new_crl_drops_the_revoked_peer_by_itself_and_only_that():
    here = len(us.log())
    certify(fr, "revoke", f"{fr.dir}/tls.pem")
    install(f"{fr.dir}/crl.pem", f"{us.dir}/peers/FR/crl.pem")
    # No SIGHUP.
    said(us, "ALARM: peer FR: certificate refused: FR: certificate revoked", here)
    said(us, "peer FR: session ended", here)
    until("FR to be refused", lambda: state(us, "FR") == "refused")
    assert state(us, "IE") == "connected" and "peer IE: session ended" not in us.log()[here:]


@test
def a_removed_peer_is_dropped_and_refused():
    here, there = len(us.log()), len(ie.log())
    us.configure({"FR": None})
    reload(us)
    said(us, "peer IE: session ended", here)
    said(ie, "peer US-OIA: session ended: the peer said goodbye: SHUTDOWN", there)
    assert state(us, "IE") is None
    frame = submit(Client(us), "to-nobody")
    assert "submission.to" in [f.field for f in frame.error.faults], frame
    here = len(us.log())
    us.configure({"FR": None, "IE": ie.port})
    reload(us)
    connected(us, "IE")
    assert submit(Client(us), "again").HasField("submitted")
    until("it to arrive", lambda: "again" in cases(ie))


@test
def a_crl_that_grows_stale_drops_the_live_peer_after_its_grace():
    edit(us, 'crl = "peers/IE/crl.pem"', 'crl = "peers/IE/crl.pem"\n  crl_grace = "4s"')
    crl = short_crl(ie, 6)
    install(crl, f"{us.dir}/peers/IE/crl.pem")
    here = len(us.log())
    reload(us)
    said(us, "peer IE: the CRL has passed its nextUpdate", here)
    assert state(us, "IE") == "connected"
    said(us, "ALARM: peer IE: certificate refused: IE: the CRL has expired, and its grace too", here)
    until("IE to be gone", lambda: state(us, "IE") != "connected")
    install(f"{ie.dir}/crl.pem", f"{us.dir}/peers/IE/crl.pem")
    connected(us, "IE")


@test
def a_certificate_that_expires_ends_the_live_session():
    # Our own clock decides: IE shows a certificate that ends within seconds.
    ie.stop()
    short_tls(ie, 8)
    ie.start()
    connected(us, "IE")
    said(us, "ALARM: peer IE: certificate refused: IE: certificate has expired", 0)
    until("IE to be refused", lambda: state(us, "IE") != "connected")


@test
def a_message_to_a_peer_that_was_removed_is_given_up_in_order():
    fr.stop()
    assert submit(Client(us), "given-up", "FR").HasField("submitted")
    accepted = time.time()
    us.stop()
    until("it to be old enough for the check at the start", lambda: time.time() > accepted + 1.1)
    # Only the store knows FR after this start.
    us.configure({"IE": ie.port})
    edit(us, "delivery {", 'delivery { undelivered_after = "1s"')
    us.start()
    client = Client(us)
    client.call(subscribe=local_pb2.Subscribe(cursor="given-up"))
    while not any(e.type == local_pb2.RELAY_FAILED and e.own_reference == "given-up" for e in client.events):
        frame = client.receive()
        if frame.HasField("event"):
            client.events.append(frame.event)


finish(us, ie, fr)
