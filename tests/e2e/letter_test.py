"""Letters of what two daemons said to each other: of a request, of its answers, and the file of the case."""
import base64
import hashlib
import uuid

from harness import *

sys.path.insert(0, f"{TOP}/tests/letter")
from paper import Page, Pdf, in_order  # noqa: E402

us, ie = pair()
us.start()
ie.start()
connected(us, "IE")
HEAD = f"{DIR}/head.conf"
with open(HEAD, "w") as f:
    f.write('authority = "US-OIA"\noffice = "Head of US-OIA"\nlines = {"Its address"}\n')


def letter(daemon, *words, language="en"):
    """As PDF and as HTML."""
    for end in ("pdf", "html"):
        run = daemon.ctl("letter", *words, "--language", language, "--letterhead", HEAD, "-o", f"{DIR}/letter.{end}")
        assert run.returncode == 0, run
    return Pdf(open(f"{DIR}/letter.pdf", "rb").read()), Page(open(f"{DIR}/letter.html").read())


def shown(daemon, *words):
    run = daemon.ctl("--json", "message", "show", *words)
    assert run.returncode == 0, run
    return json.loads(run.stdout)


def say(kind, *sets):
    before = int(json.loads(us.ctl("--json", "case", "show", "paper-1").stdout)["summary"]["messages"])
    run = ie.ctl("send", kind, CASE, *(part for s in sets for part in ("--set", s)))
    assert run.returncode == 0, run
    until(f"{kind} to arrive", lambda: int(json.loads(us.ctl("--json", "case", "show", "paper-1").stdout)["summary"]["messages"]) > before)


REQUEST = submission(reference="paper-1")
client = Client(us)
accepted = client.call(submit=local_pb2.Submit(idempotency_key="k", submission=REQUEST))
client.close()
assert accepted.HasField("submitted"), accepted
CASE = accepted.submitted.case_id
until("the request to arrive", lambda: ie.ctl("case", "show", CASE).returncode == 0)


@test
def a_letter_needs_no_letterhead():
    for words in ((CASE,), (CASE, "--case-file")):
        for end in ("pdf", "html"):
            run = us.ctl("letter", *words, "-o", f"{DIR}/plain.{end}")
            assert run.returncode == 0, run


@test
def the_letter_of_the_request_has_all_of_it_and_its_proof():
    until("the receipt", lambda: shown(us, "paper-1#1", "--from", "US-OIA").get("receipt"))
    view = shown(us, "paper-1#1", "--from", "US-OIA")
    content, manifest = (base64.b64decode(view[name]) for name in ("content", "manifest"))
    wanted = ["Head of US-OIA", "Its address", "From US-OIA", "To IE (Ireland)", "Reference paper-1",
              "Request for mutual legal assistance", REQUEST.content.request.facts, "orders@example.com",
              REQUEST.content.request.measures[2].description, "Signature", "Seal", "How this letter is verified",
              view["summary"]["messageId"], hashlib.sha256(content).hexdigest(), "US-OIA to IE",
              hashlib.sha256(manifest).hexdigest(), "signed by IE", "sha256sum --check --ignore-missing manifest",
              "openssl cms -verify", "openssl cms -verify"]
    for words in (["paper-1"], [CASE], [view["summary"]["messageId"]], ["paper-1#1", "--from", "US-OIA"]):
        pdf, page = letter(us, *words)
        assert in_order(pdf.text(), wanted) is None, (words, in_order(pdf.text(), wanted), pdf.text())
        assert in_order(page.text(), wanted) is None, (words, in_order(page.text(), wanted))
        assert pdf.info()["Title"] == "Request for mutual legal assistance, US-OIA paper-1"
        assert pdf.complaints == ""


@test
def the_commands_of_the_letter_verify_the_message():
    _, page = letter(us, "paper-1")
    lines = [text for text in page.texts if text.startswith("comityctl message show")][0].splitlines()
    script = "\n".join(line.replace("comityctl message", f"{' '.join(us.ctl_command())} message") for line in lines)
    place = tempfile.mkdtemp(dir=DIR)
    # The trust anchors are those of the signer: ours of the manifest, the peer's of the receipt.
    script = script.replace("ANCHORS.pem", f"{os.path.dirname(us.dir)}/US-OIA/ca.pem", 1)
    script = script.replace("ANCHORS.pem", f"{os.path.dirname(us.dir)}/IE/ca.pem")
    run = subprocess.run(["sh", "-e", "-c", script], cwd=place, capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.count(": OK") >= 2 and run.stderr.count("Verification successful") == 2, run


@test
def answers_are_letters_of_the_other_authority():
    say("acknowledgement", "by=CENTRAL_AUTHORITY", "reference=MLA/1", "receivingAuthority.name=The Dublin office")
    say("extension", "reason=The provider asked for time.", "estimateDate=2027-03-01")
    say("refusal", "refusals[0].measure=3", "refusals[0].ground=INSUFFICIENT_NEXUS", "refusals[0].article=4",
        "refusals[0].reason=A link is not shown.")
    kinds = {m["kindName"]: m for m in json.loads(us.ctl("--json", "case", "show", "paper-1").stdout)["messages"]}
    for kind, wanted in (("acknowledgement", ["The Dublin office", "From IE", "To US-OIA", "Reference MLA/1", "Your reference paper-1",
                                              "In the matter", "Treaty between", "Acknowledgement of receipt"]),
                         ("extension", ["From IE", "Extension", "The provider asked for time.", "1 March 2027", "Signature"]),
                         ("refusal", ["From IE", "Refusal", "Measures refused", "A link is not shown.", "Consultation took place no", "Signature"])):
        for daemon in (us, ie):
            pdf, page = letter(daemon, kinds[kind]["messageId"])
            assert in_order(pdf.text(), wanted) is None, (kind, in_order(pdf.text(), wanted), pdf.text())
            assert in_order(page.text(), wanted) is None, (kind, in_order(page.text(), wanted))
            assert "Head of US-OIA" not in pdf.text(), "the letterhead is that of another authority"


@test
def the_file_of_the_case_has_the_time_line_and_every_message():
    view = json.loads(us.ctl("--json", "case", "show", "paper-1").stdout)
    pdf, page = letter(us, "paper-1", "--case-file")
    wanted = ["Head of US-OIA", "Case file", CASE, "paper-1", "MLA/1", "Where the measures stand", "Disclosure of subscriber information",
              "Time line", "US-OIA", "Request for mutual legal assistance, no. 1", "Refusal", REQUEST.content.request.facts,
              "A link is not shown.", "How these messages are verified"]
    for text in (pdf.text(), page.text()):
        assert in_order(text, wanted) is None, (in_order(text, wanted), text)
        assert text.count("SHA-256 of the message") == len(view["messages"]) >= 4
        assert all(m["messageId"] in text for m in view["messages"])
    pdf, _ = letter(ie, "MLA/1", "--case-file", language="fr")
    assert in_order(pdf.text(), ["Dossier", "MLA/1", "Chronologie", "Refus"]) is None, pdf.text()


@test
def what_a_peer_writes_does_no_harm_in_its_letter():
    evil = "Refused\u202edesufer\u202c</style></dd><script>alert(1)</script><img src=x onerror=alert(1)>\x07."
    shown_as = r"Refused\u{202e}desufer\u{202c}</style></dd><script>alert(1)</script><img src=x onerror=alert(1)>\x07."
    say("note", f"text={evil}")
    note = json.loads(us.ctl("--json", "case", "show", "paper-1").stdout)["messages"][-1]
    for words in ([note["messageId"]], ["paper-1", "--case-file"]):
        pdf, page = letter(us, *words)
        assert shown_as.replace(" ", "") in pdf.text().replace(" ", ""), pdf.text()
        assert shown_as in page.text() and "\u202e" not in pdf.text() + page.text()
        assert not {"script", "img"} & {tag for tag, _ in page.tags} and page.open == []
        assert not any(name in ("src", "href", "style") or name.startswith("on") for _, a in page.tags for name in a)
        assert any(a.get("content", "").startswith("default-src 'none'") for tag, a in page.tags if tag == "meta")


@test
def what_is_not_there_is_told():
    for word, code in (("nothing-of-this-name", 5), (str(uuid.uuid4()).replace("-4", "-7", 1), 5), ("paper-1#99", 5)):
        run = us.ctl("letter", word, "-o", f"{DIR}/none.pdf")
        assert run.returncode == code and not os.path.exists(f"{DIR}/none.pdf"), run


finish(us, ie)
