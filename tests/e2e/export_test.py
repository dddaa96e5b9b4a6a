"""A case in one container: exported by comityctl, verified by it without a daemon, and by unzip, sha256sum and openssl;
containers that somebody has changed, or made up with a key of his own."""
import base64
import hashlib
import re
import textwrap
import xml.etree.ElementTree
import zipfile

from harness import *

ASIC = {"asic": "http://uri.etsi.org/02918/v1.2.1#", "ds": "http://www.w3.org/2000/09/xmldsig#"}
TYPE = b"application/vnd.etsi.asic-e+zip"
MANIFEST, SIGNATURE = "META-INF/ASiCManifest.xml", "META-INF/signature.p7s"

base = tempfile.mkdtemp(dir=DIR)
pki(base, "US-OIA", "IE")
us, ie = Daemon(base, "US-OIA", ["IE"]), Daemon(base, "IE", ["US-OIA"])
us.configure({"IE": ie.port})
ie.configure({"US-OIA": us.port})
us.start()
ie.start()
ANCHORS = {"US-OIA": f"{base}/US-OIA/ca.pem", "IE": f"{base}/US-OIA/peers/IE/ca.pem"}
CASE = f"{base}/case.asice"


def verify(path, *args, anchors=ANCHORS):
    """Without a daemon, a configuration, or anything in the environment."""
    named = [f"--anchors={a}={f}" for a, f in anchors.items()]
    return subprocess.run([COMITYCTL, "--socket", "/nonexistent", *args, "verify", path, *named], text=True,
                          capture_output=True, env={"PATH": os.environ["PATH"]})


def ask(reference):
    client = Client(us)
    answer = client.call(submit=local_pb2.Submit(idempotency_key=reference, submission=submission("IE", reference)))
    client.close()
    assert answer.HasField("submitted"), answer
    until("the request", lambda: ie.ctl("case", "show", reference).returncode == 0)
    assert ie.ctl("send", "acknowledgement", reference, "--set", "by=CENTRAL_AUTHORITY", "--set",
                  f"reference=IE/{reference}").returncode == 0
    until("the acknowledgement", lambda: len(json.loads(us.ctl("--json", "case", "show", reference).stdout)["messages"]) == 2)
    until("both receipts", lambda: all("relayed" in d.ctl("--json", "case", "show", reference).stdout for d in (us, ie)))


def files(path=CASE):
    with zipfile.ZipFile(path) as z:
        return {i.filename: z.read(i) for i in z.infolist()}


def container(members, path=None, compress=zipfile.ZIP_STORED):
    """As somebody else's program writes one; a list of pairs."""
    path = path or f"{base}/made.asice"
    with zipfile.ZipFile(path, "w", compress) as z:
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name), data, compress_type=compress)
    return path


def manifest_of(members):
    """The manifest as PROTOCOL.md has it, written anew."""
    kinds = {".html": "text/html", ".json": "application/json", ".p7s": "application/pkcs7-signature", "/manifest": "text/plain",
             "/receipt": "text/plain"}
    out = ['<?xml version="1.0" encoding="UTF-8"?>', '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" '
           'xmlns:ds="http://www.w3.org/2000/09/xmldsig#">',
           f'  <asic:SigReference URI="{SIGNATURE}" MimeType="application/pkcs7-signature"/>']
    for name, data in members:
        kind = next((k for end, k in kinds.items() if name.endswith(end)), "application/octet-stream")
        out += [f'  <asic:DataObjectReference URI="{name}" MimeType="{kind}">',
                '    <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>',
                f'    <ds:DigestValue>{base64.b64encode(hashlib.sha256(data).digest()).decode()}</ds:DigestValue>',
                '  </asic:DataObjectReference>']
    return ("\n".join(out + ["</asic:ASiCManifest>"]) + "\n").encode()


def signed(members, who="US-OIA"):
    """What an authority that lies can give out: its own signature over whatever it likes."""
    members = [m for m in members if m[0] != "mimetype" and not m[0].startswith("META-INF/")]
    text = manifest_of(members)
    done = subprocess.run(["openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-signer", f"{base}/{who}/sign.pem",
                           "-inkey", f"{base}/{who}/sign.key", "-outform", "DER"], input=text, capture_output=True)
    assert done.returncode == 0, done
    return container([("mimetype", TYPE), *members, (MANIFEST, text), (SIGNATURE, done.stdout)])


def refused(run, *words, status=1):
    assert run.returncode == status, run
    for w in words:
        assert w in run.stdout + run.stderr, (w, run)


ask("182-1")
ask("182-2")
EXPORTED = us.ctl("export", "182-1", "-o", CASE)
assert EXPORTED.returncode == 0, EXPORTED
FILES = files()
FOLDER = {who: next(n for n in FILES if n.startswith(f"parcels/{who}.")).split("/")[1] for who in ANCHORS}


@test
def a_container_is_verified_without_a_daemon():
    assert "2 messages" in EXPORTED.stdout, EXPORTED
    run = verify(CASE)
    assert "Remark" not in run.stdout and run.returncode == 0 and "Given out by US-OIA" in run.stdout and "verified: 2 messages" in run.stdout, run
    said = json.loads(verify(CASE, "--json").stdout)
    assert said["verified"] and said["givenOutBy"] == "US-OIA" and not said["faults"], said
    assert [(m["author"], m["kind"], m["receipt"]) for m in said["messages"]] == \
        [("US-OIA", "request", "accepted"), ("IE", "acknowledgement", "accepted")], said
    for m in said["messages"]:
        data = next(d for n, d in FILES.items() if n.endswith("/" + m["id"]))
        assert hashlib.sha256(data).hexdigest() == m["sha256"]
    # The other side gives out the same proof.
    other = f"{base}/other.asice"
    assert ie.ctl("export", "182-1", "-o", other).returncode == 0
    assert json.loads(verify(other, "--json").stdout)["messages"] == said["messages"]
    assert {n: d for n, d in files(other).items() if n.startswith("parcels/")} == \
        {n: d for n, d in FILES.items() if n.startswith("parcels/")}


@test
def it_is_a_container_as_the_standard_has_it():
    raw = open(CASE, "rb").read()
    # EN 319 162-1, A.1: mimetype first, stored, without an extra field.
    assert raw[30:38] == b"mimetype" and raw[38:38 + len(TYPE)] == TYPE and raw[28:30] == b"\0\0", raw[:80]
    tree = xml.etree.ElementTree.fromstring(FILES[MANIFEST])
    assert tree.find("asic:SigReference", ASIC).get("URI") == SIGNATURE
    named = {}
    for r in tree.findall("asic:DataObjectReference", ASIC):
        assert r.find("ds:DigestMethod", ASIC).get("Algorithm") == "http://www.w3.org/2001/04/xmlenc#sha256"
        named[r.get("URI")] = base64.b64decode(r.find("ds:DigestValue", ASIC).text)
    assert named == {n: hashlib.sha256(d).digest() for n, d in FILES.items() if n != "mimetype" and not n.startswith("META-INF")}
    assert FILES[MANIFEST] == manifest_of([(n, FILES[n]) for n in named])


@test
def unzip_sha256sum_and_openssl_verify_it():
    out = tempfile.mkdtemp(dir=DIR)
    with zipfile.ZipFile(CASE) as z:
        z.extractall(out)

    def cms(folder, text, who, signature=None):
        run = subprocess.run(["openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", signature or f"{text}.p7s",
                              "-content", text, "-CAfile", ANCHORS[who], "-purpose", "smimesign", "-out", "/dev/null"],
                             cwd=folder, capture_output=True, text=True)
        assert run.returncode == 0, run
    cms(out, MANIFEST, "US-OIA", SIGNATURE)
    for who, other in (("US-OIA", "IE"), ("IE", "US-OIA")):
        folder = f"{out}/parcels/{FOLDER[who]}"
        cms(folder, "manifest", who)
        cms(folder, "receipt", other)
        for text in ("manifest", "receipt"):
            run = subprocess.run(["sha256sum", "--check", "--ignore-missing", text], cwd=folder, capture_output=True, text=True)
            assert run.returncode == 0 and run.stdout.count(": OK") == 1, run
        digest = hashlib.sha256(open(f"{folder}/manifest", "rb").read()).hexdigest()
        assert f"# parcel {digest}\n" in open(f"{folder}/receipt").read()


@test
def the_page_verifies_it_word_for_word():
    page = open(f"{TOP}/proto/VERIFY.md").read()
    work = tempfile.mkdtemp(dir=DIR)
    shutil.copy(CASE, f"{work}/case.asice")
    for name, who in (("us", "US-OIA"), ("ie", "IE")):
        shutil.copy(ANCHORS[who], f"{work}/{name}.pem")
    with open(f"{work}/files.py", "w") as f:
        f.write(re.search("```python\n(.*?)```", page, re.S).group(1))
    blocks = [textwrap.dedent(b) for b in re.findall(r"(?:^    .*\n)+", re.sub("```.*?```", "", page, flags=re.S), re.M)]
    assert len(blocks) == 5, blocks
    request = next(m["id"] for m in json.loads(verify(CASE, "--json").stdout)["messages"] if m["kind"] == "request")
    blocks[4] = f"ln -s {TOP}/proto proto; " + blocks[4].replace("FOLDER", FOLDER["US-OIA"]).replace("ID", request)
    # Nothing of ours is on the way: neither the programs nor their environment.
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks)], cwd=work, text=True, capture_output=True,
                         env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    assert run.returncode == 0, run
    assert run.stderr.count("CMS Verification successful") + run.stdout.count("CMS Verification successful") == 3, run
    assert "# parcel" in run.stdout and f"{request}: OK" in run.stdout and f'id: "{request}"' in run.stdout, run
    # And the script notices what was changed.
    for name, data in (("case.html", b"another"), ("added.txt", b"more")):
        with open(f"{work}/container/{name}", "wb") as f:
            f.write(data)
    bad = subprocess.run(["/usr/bin/python3", "../files.py", "."], cwd=f"{work}/container", text=True, capture_output=True)
    assert bad.returncode == 1 and "case.html: CHANGED" in bad.stdout and "added.txt: PUT IN LATER" in bad.stdout, bad


@test
def a_changed_byte_anywhere_is_noticed():
    raw = open(CASE, "rb").read()
    at = {0, 1, len(raw) - 1, *range(7, len(raw), len(raw) // 60)}
    for p in sorted(at):
        with open(f"{base}/flipped.asice", "wb") as f:
            f.write(raw[:p] + bytes([raw[p] ^ 1]) + raw[p + 1:])
        run = verify(f"{base}/flipped.asice")
        # What changes no file, as a date of the ZIP file around them, is told as well.
        assert run.returncode in (1, 4) or "Remark: the ZIP file" in run.stdout, (p, run)


@test
def what_was_changed_is_named():
    request = next(n for n in FILES if n.endswith(".json") and n.startswith("parcels/US"))
    for name, data in ((request, FILES[request].replace(b"US-OIA", b"US-OIB")), ("case.html", b"<p>another page")):
        refused(verify(container([(n, data if n == name else d) for n, d in FILES.items()])), name, "not what was signed")
    refused(verify(container([(n, d) for n, d in FILES.items() if n != request])), MANIFEST, "a file was taken out")
    refused(verify(container([*FILES.items(), ("more.txt", b"x")])), "more.txt", "put in later")


@test
def an_authority_that_gives_it_out_cannot_change_what_the_other_said():
    theirs = f"parcels/{FOLDER['IE']}/"
    message = next(n for n in FILES if n.startswith(theirs) and re.fullmatch(r"[0-9a-f-]{36}", n[len(theirs):]))
    # A message in other words.
    refused(verify(signed([(n, d + b"\x52\x01x" if n == message else d) for n, d in FILES.items()])), message, "SHA-256")
    # A message that no manifest names.
    more = theirs + message[-36:-1] + ("0" if message[-1] != "0" else "1")
    refused(verify(signed([*FILES.items(), (more, FILES[message])])), more, "proves nothing")
    # A manifest of its own, signed by itself.
    text = FILES[theirs + "manifest"].replace(b"# sequence 1", b"# sequence 2")
    refused(verify(signed([(n, text if n == theirs + "manifest" else d) for n, d in FILES.items()])), theirs + "manifest", "IE has not signed it")
    # A receipt for another message, which the other side did sign.
    second = f"{base}/second.asice"
    assert us.ctl("export", "182-2", "-o", second).returncode == 0
    others = files(second)
    folder = next(n for n in others if n.startswith("parcels/US-OIA.")).rsplit("/", 1)[0]
    ours = f"parcels/{FOLDER['US-OIA']}/"
    swapped = {**FILES, ours + "receipt": others[folder + "/receipt"], ours + "receipt.p7s": others[folder + "/receipt.p7s"]}
    refused(verify(signed(swapped.items())), ours + "receipt", "another parcel")
    # Who has the first side's key alone cannot speak for the other.
    refused(verify(signed(FILES.items(), "IE"), anchors={"US-OIA": ANCHORS["US-OIA"]}), SIGNATURE)


@test
def anchors_decide():
    refused(verify(CASE, anchors={"US-OIA": ANCHORS["US-OIA"]}), "whose anchors were not given: --anchors IE=")
    refused(verify(CASE, anchors={"US-OIA": ANCHORS["IE"], "IE": ANCHORS["US-OIA"]}), "has not signed it")
    refused(verify(CASE, anchors={}), "--anchors AUTHORITY=FILE.pem", status=2)
    refused(verify(CASE, anchors={"US-OIA": "/nonexistent"}), "/nonexistent", status=4)
    refused(verify(CASE, anchors={"US-OIA": f"{base}/US-OIA/sign.key"}), "no certificate", status=4)
    # The CRL counts where it stands beside them.
    both = f"{base}/with-crl.pem"
    with open(both, "w") as f:
        f.write(open(ANCHORS["IE"]).read() + open(f"{base}/US-OIA/peers/IE/crl.pem").read())
    assert verify(CASE, anchors={**ANCHORS, "IE": both}).returncode == 0
    # What was signed after the certificate was revoked is refused; a CRL alone behind the certificate decides that.
    copy = f"{base}/revoking"
    shutil.copytree(f"{base}/IE", copy, ignore=shutil.ignore_patterns("*.sock", "run", "store", "log"))
    done = subprocess.run([f"{TOP}/certs/comity-pki", "revoke", copy, f"{copy}/sign.pem"], capture_output=True, text=True)
    assert done.returncode == 0, done
    with open(both, "w") as f:
        f.write(open(ANCHORS["IE"]).read() + open(f"{copy}/crl.pem").read())
    assert verify(signed(FILES.items(), "IE")).returncode == 0
    refused(verify(signed(FILES.items(), "IE"), anchors={**ANCHORS, "IE": both}), SIGNATURE, "revoked by then")


@test
def what_is_no_container_is_refused():
    members = list(FILES.items())
    for bad, word in (("../evil", "chooses"), ("/etc/evil", "chooses"), ("a/../../evil", "chooses"), ("a\\b", "chooses")):
        refused(verify(container([*members, (bad, b"x")])), word, status=4)
    refused(verify(container(members[1:])), "mimetype", status=4)
    refused(verify(container([("mimetype", b"application/zip"), *members[1:]])), "mimetype", status=4)
    refused(verify(container([(n, d) for n, d in members if n != SIGNATURE])), SIGNATURE, status=4)
    refused(verify(container([*members, ("META-INF/signature2.p7s", b"x")])), "META-INF", status=4)
    with_two = container([*members, ("case.json", b"{}")])
    refused(verify(with_two), "", status=4)
    # A bomb: a gigabyte of zeros in a megabyte.
    refused(verify(container([*members, ("zeros", bytes(1 << 28))], compress=zipfile.ZIP_DEFLATED)), "compressed", status=4)
    # A length that is not there.
    raw = bytearray(open(CASE, "rb").read())
    for name in (b"case.html",):
        at = raw.rfind(name) - 46
        raw[at + 20:at + 28] = (1 << 31).to_bytes(4, "little") * 2
        open(f"{base}/lies.asice", "wb").write(raw)
        refused(verify(f"{base}/lies.asice"), status=4)
    for data in (b"", b"no container", open(CASE, "rb").read()[:-30]):
        open(f"{base}/none.asice", "wb").write(data)
        refused(verify(f"{base}/none.asice"), "none.asice", status=4)


@test
def one_message_alone_is_exported_with_its_proof():
    for word in ("182-1#1", next(iter(json.loads(verify(CASE, "--json").stdout)["messages"]))["id"]):
        run = us.ctl("export", word, "--from", "US-OIA", "-o", f"{base}/one.asice") if "#" in word else us.ctl("export", word, "-o", f"{base}/one.asice")
        assert run.returncode == 0 and "1 message with its proof" in run.stdout, run
        assert "message.html" in files(f"{base}/one.asice")
        said = json.loads(verify(f"{base}/one.asice", "--json").stdout)
        assert said["verified"] and [m["kind"] for m in said["messages"]] == ["request"], said
    refused(us.ctl("export", "nothing", "-o", f"{base}/none2.asice"), status=5)
    assert not os.path.exists(f"{base}/none2.asice")
    refused(us.ctl("export", "182-1", "-o", f"{base}/case.zip"), ".asice", status=2)


@test
def who_had_it_signed_is_on_record():
    hex = hashlib.sha256(FILES[MANIFEST]).hexdigest()
    us.stop()
    rows = sqlite3.connect(f"{us.dir}/store/comity.db").execute("SELECT * FROM leaf").fetchall()
    assert any(f"exported US-OIA {hex} desk".encode() in v for row in rows for v in row if isinstance(v, bytes)), hex


finish(us, ie)
