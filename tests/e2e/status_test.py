"""What the operator sees of real daemons: status, health, and their exit codes."""
import re
import resource
import sqlite3

from harness import *

HOUR = 3600 * 1000


def status(daemon, *options):
    run = daemon.ctl("--json", "status", *options)
    assert run.returncode == 0, run.stderr
    return json_format.Parse(run.stdout, local_pb2.Status())


def health(daemon, *options):
    run = daemon.ctl("health", *options)
    assert run.stdout.count("\n") == 1 and run.stdout.count("|") == (run.returncode != 3), run.stdout
    return run.returncode, run.stdout


def peer(daemon, *options):
    return status(daemon, *options).peers[0]


def submit(client, key, reference=None):
    return client.call(submit=local_pb2.Submit(idempotency_key=key, submission=submission(reference=reference or key)))


def connected(*daemons):
    for d in daemons:
        until(f"the link of {d.id}", lambda d=d: peer(d).state == "connected")


def with_clock(daemon, offset):
    """Start it with a wall clock of its own, that many seconds ahead; monotonic time stays."""
    daemon.shim = Shim(daemon)
    daemon.shim.set(offset=offset)
    daemon.start(daemon.shim.env())


us, ie = pair()
us.start()
ie.start()
connected(us, ie)
desk = Client(us)


@test
def a_peer_that_is_up_is_shown_with_all_that_is_known():
    assert not peer(us).HasField("round_trip_ms")
    submit(desk, "k1")
    until("a receipt", lambda: peer(us).last_receipt_ms)
    s = status(us)
    p = s.peers[0]
    assert p.peer == "IE" and p.state == "connected" and p.last_fault == "" and p.waiting == p.oldest_ms == 0
    assert s.started_ms <= p.since_ms <= p.last_receipt_ms <= s.now_ms
    assert p.HasField("round_trip_ms") and 0 <= p.round_trip_ms <= s.now_ms - p.since_ms
    assert p.HasField("clock_skew_ms") and p.crl == "ok" and s.now_ms < p.crl_due_ms < s.now_ms + 36 * 24 * HOUR
    for end, file in ((p.certificate_end_ms, f"{ie.dir}/tls.pem"), (s.tls_certificate_end_ms, f"{us.dir}/tls.pem"),
                      (s.signing_certificate_end_ms, f"{us.dir}/sign.pem")):
        said = subprocess.run(["openssl", "x509", "-in", file, "-noout", "-enddate", "-dateopt", "iso_8601"],
                              capture_output=True, text=True, check=True).stdout
        assert time.strftime("notAfter=%Y-%m-%d %H:%M:%SZ\n", time.gmtime(end / 1000)) == said
    assert s.store == s.clock == "ok" and s.messages == 1
    assert s.database_bytes == os.path.getsize(f"{us.dir}/store/comity.db")
    fs = os.statvfs(f"{us.dir}/store")
    assert s.disk_total_bytes == fs.f_blocks * fs.f_frsize and 0 < s.disk_free_bytes <= s.disk_total_bytes
    assert 0 < s.descriptors < s.descriptor_limit
    code, line = health(us, "--warn-disk", "0", "--crit-disk", "0")
    assert code == 0 and line.startswith("COMITY OK - US-OIA: 1 of 1 peers connected, 0 messages wait |"), line


@test
def the_descriptors_counted_are_those_in_use():
    before = status(us).descriptors
    clients = [Client(us) for _ in range(10)]
    assert status(us).descriptors == before + 10
    for c in clients:
        c.close()


@test
def thresholds_decide_on_disk_and_certificates():
    for option, value, word in (("disk", "100", "Disk: "), ("cert-days", "800", "Certificates: ")):
        other = ["--warn-disk", "0", "--crit-disk", "0"] if option != "disk" else []
        warned = health(us, f"--warn-{option}", value, f"--crit-{option}", "0", *other)
        assert warned[0] == 1 and "COMITY WARNING - " in warned[1] and word in warned[1], warned
        critical = health(us, f"--warn-{option}", value, f"--crit-{option}", value, *other)
        assert critical[0] == 2 and "COMITY CRITICAL - " in critical[1] and word in critical[1], critical


@test
def the_status_does_not_wait_for_a_commit():
    lock = sqlite3.connect(f"{us.dir}/store/comity.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    waiting = desk.send(submit=local_pb2.Submit(idempotency_key="k2", submission=submission(reference="k2")))
    # The commit is in flight as long as the lock is there; each answer comes before its end.
    for _ in range(5):
        assert status(us).messages == 1
    assert us.ctl("peer", "list").returncode == 0
    lock.execute("ROLLBACK")
    lock.close()
    frame = desk.receive()
    assert frame.correlation == waiting and frame.HasField("submitted"), frame
    until("both messages", lambda: status(us).messages == 2)


@test
def a_peer_that_is_down_is_shown_with_what_waits_for_it():
    until("all receipts", lambda: peer(us).waiting == 0)
    ie.stop()
    until("the end", lambda: peer(us).state == "disconnected")
    submit(desk, "k3")
    submit(desk, "k4")
    until("a reason", lambda: "Connection refused" in peer(us).last_fault)
    s = status(us)
    p = s.peers[0]
    assert p.waiting == 2 and p.since_ms <= p.oldest_ms <= s.now_ms
    screen = us.ctl("status").stdout
    assert "2 messages wait, the oldest for " in screen and "disconnected for " in screen, screen
    quiet = ("--warn-disk", "0", "--crit-disk", "0")
    assert health(us, *quiet)[0] == 0
    until("an age", lambda: health(us, *quiet, "--warn-age", "0")[0] == 1)
    code, line = health(us, *quiet, "--warn-down", "0", "--crit-down", "0")
    assert code == 2 and "COMITY CRITICAL - IE: disconnected for " in line and "2 messages wait" in line, line
    ie.start()
    connected(us)
    until("all delivered", lambda: peer(us).waiting == 0)
    assert peer(us).since_ms >= p.since_ms and peer(us).last_fault == ""


@test
def a_store_that_cannot_commit_is_critical_until_it_can():
    size = os.path.getsize(f"{us.dir}/store/comity.db-wal")
    before = resource.prlimit(us.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    frame = submit(desk, "k5")
    assert frame.error.code == types_pb2.UNAVAILABLE, frame
    code, line = health(us)
    assert code == 2 and line.startswith("COMITY CRITICAL - Store: ") and f"{us.dir}/store" in line, line
    assert "Store             CRITICAL: " in us.ctl("status").stdout
    resource.prlimit(us.process.pid, resource.RLIMIT_FSIZE, before)
    assert submit(desk, "k5").HasField("submitted")
    assert status(us).store == "ok"


@test
def an_operator_sees_the_same_and_never_content():
    us.stop()
    us.extra = f'client watch {{ user = "{pwd.getpwuid(os.getuid()).pw_name}"\nrole = operator }}'
    us.configure({"IE": ie.port})
    us.start()
    s = status(us, "--client", "watch")
    assert s.messages == 5 and len(s.peers) == 1
    assert health(us, "--client", "watch", "--warn-disk", "0", "--crit-disk", "0")[0] == 0
    code, line = health(us)
    assert code == 3 and line.startswith("COMITY UNKNOWN - ") and "name one (comityctl --client NAME)" in line, line
    us.stop()
    us.extra = ""
    us.configure({"IE": ie.port})


@test
def a_daemon_that_cannot_be_asked_is_unknown():
    code, line = health(us)
    assert code == 3 and line.startswith("COMITY UNKNOWN - ") and us.socket in line, line


@test
def a_clock_that_is_wrong_is_told_on_both_sides():
    ie.stop()
    with_clock(ie, 100)
    us.start()
    connected(us, ie)
    assert 90000 < peer(us).clock_skew_ms < 110000 and -110000 < peer(ie).clock_skew_ms < -90000
    code, line = health(us, "--warn-disk", "0", "--crit-disk", "0")
    assert code == 1 and "IE: its clock is 1m ahead of ours" in line, line
    assert status(ie).clock == "ok"


@test
def a_clock_set_back_by_a_year_is_not_trusted_and_service_goes_on():
    ie.shim.set(offset=-365 * 24 * 3600)
    assert "behind what was recorded" in status(ie).clock
    code, line = health(ie)
    assert code == 2 and re.search("Clock: not trusted: 87(59|60) h behind what was recorded", line), line
    ie.shim.set(offset=100)
    assert status(ie).clock == "ok"
    ie.shim.set(offset=3 * 3600)
    assert "jumped" in status(ie).clock and "ahead" in status(ie).clock
    ie.stop()


@test
def a_certificate_near_its_end_and_a_stale_crl_are_told():
    certs = f"{TOP}/certs/comity-pki"
    for words in (("renew", ie.dir, "tls", "--days", "5"), ("crl", ie.dir, "--days", "1")):
        subprocess.run([certs, *words], check=True, capture_output=True)
    shutil.copy(f"{ie.dir}/crl.pem", f"{us.dir}/peers/IE/crl.pem")
    us.stop()
    us.start()
    ie.start()
    connected(us, ie)
    assert 4 * 24 * HOUR < peer(us).certificate_end_ms - status(us).now_ms <= 5 * 24 * HOUR
    quiet = ("--warn-disk", "0", "--crit-disk", "0")
    assert health(us, *quiet)[0] == 2 and "IE: its certificate has 4 days left" in health(us, *quiet)[1]
    assert health(ie, *quiet)[0] == 2 and "Certificates: TLS 4d" in health(ie, *quiet)[1]
    us.stop()
    # Two days on the CRL is due, and within its grace the peer is still served.
    with open(us.config) as f:
        text = f.read().replace("crl = ", 'crl_grace = "30d"\n  crl = ')
    with open(us.config, "w") as f:
        f.write(text)
    with_clock(us, 2 * 24 * 3600)
    connected(us)
    assert peer(us).crl == "stale" and peer(us).crl_due_ms < status(us).now_ms
    assert "IE: " in health(us, *quiet)[1] and "its CRL was due " in health(us, *quiet)[1]
    us.stop()


@test
def a_revoked_certificate_is_shown_as_refused_on_both_sides():
    subprocess.run([f"{TOP}/certs/comity-pki", "revoke", ie.dir, f"{ie.dir}/tls.pem"], check=True, capture_output=True)
    shutil.copy(f"{ie.dir}/crl.pem", f"{us.dir}/peers/IE/crl.pem")
    us.start()
    for d, words in ((us, "certificate refused: IE: certificate revoked"), (ie, "refused")):
        until(f"the refusal at {d.id}", lambda d=d: peer(d).state == "refused")
        assert words in peer(d).last_fault, peer(d).last_fault
        screen = d.ctl("status").stdout
        assert "refused for " in screen and " 0 of 1 connected" in screen, screen


finish(us, ie)
