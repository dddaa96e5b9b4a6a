"""The offline form in a real browser: filled in, saved, checked, handed in, opened again."""
import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile

from browser import Browser, form, tests
import harness
from harness import COMITYCTL, DIR, TOP

WORDS = ["us-ie-2001", "DISCLOSURE_SUBSCRIBER", "DISCLOSURE_TRAFFIC", "DISCLOSURE_CONTENT", "--from", "US", "--to", "IE",
         "--language", "en"]
PAGE = None


def page():
    global PAGE
    PAGE = PAGE or form(*WORDS)
    return PAGE


def demo():
    """The request of the demonstration, with the differing term acknowledged."""
    text = subprocess.run(["sed", "-Ef", f"{TOP}/contrib/demo/acknowledge.sed", f"{TOP}/contrib/demo/request.json"],
                          capture_output=True, text=True, check=True).stdout
    return json.loads(text)


def instants(value):
    """Instants in one spelling."""
    if isinstance(value, dict):
        return {key: harness.milliseconds({key: inner})[key] if key == "atMs" else instants(inner)
                for key, inner in value.items()}
    return [instants(item) for item in value] if isinstance(value, list) else value


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def check(path, *options):
    return subprocess.run([COMITYCTL, "check", path, *options], capture_output=True, text=True)


def what_the_demo_asks_for_is_filled_in_saved_complete_and_accepted():
    request = demo()
    acknowledged = request["content"]["request"].pop("atomWarnings")
    with Browser(page()) as b:
        b.fill("", request)
        for warning in acknowledged:
            b.wait("the differing term to be shown", lambda: b.has(f"terms.{warning['atom']}"))
            b.type(f"terms.{warning['atom']}", warning["acknowledgedBy"])
        b.click("check")
        b.wait("the check to find nothing", lambda: b.all(".summary.good") or b.all(".summary.bad"))
        assert not b.all(".summary.bad"), b.text(".summary")
        saved = b.save()
        assert not (said := b.complaints()), said
    assert os.path.basename(saved) == "182-50013.json", saved
    assert instants(read(saved)) == instants(demo())
    done = check(saved)
    assert done.returncode == 0 and ": complete" in done.stdout, done.stdout + done.stderr
    us, ie = harness.pair()
    try:
        us.start()
        done = us.ctl("submit", saved)
        assert done.returncode == 0 and "on stable storage" in done.stdout, done.stdout + done.stderr
    finally:
        harness.until("the daemon to end", lambda: us.stop() is not None)


def a_draft_that_was_saved_is_opened_and_saved_as_the_same_file():
    with Browser(page()) as b:
        b.open(f"{TOP}/contrib/demo/request.json")
        first = b.save()
        b.open(first)
        second = b.save()
        with open(first, "rb") as one, open(second, "rb") as two:
            assert one.read() == two.read()
        assert read(first) == read(f"{TOP}/contrib/demo/request.json")


def every_template_opens_without_a_fault_and_its_gaps_are_empty():
    with Browser(page()) as b:
        for measure in ("DISCLOSURE_SUBSCRIBER", "DISCLOSURE_CONTENT"):
            text = subprocess.run([COMITYCTL, "template", measure], capture_output=True, text=True, check=True).stdout
            b.open_text(text)
            assert not b.all(".summary"), b.text(".summary")
            assert "FILL IN" in b.text(".status")
            assert "FILL IN" not in json.dumps(read(b.save()))


def a_draft_of_another_version_is_told_field_by_field():
    draft = demo()
    request = draft["content"]["request"]
    request["legalBasis"]["version"] = "2"
    request["title"] = 7
    request["persons"][0]["shoeSize"] = "44"
    request["measures"][1]["type"] = "TELEPATHY"
    request["urgency"]["untilDate"] = "2027-02-30"
    request["offences"] = {"name": "no list"}
    request["proceeding"]["stage"] = None
    draft["colour"] = "red"
    with Browser(page()) as b:
        b.open_text(json.dumps(draft))
        told = b.text(".summary.bad li")
        for path, said in (("colour", "red"), ("content.request.title", "7"), ("content.request.persons[0].shoeSize", "44"),
                           ("content.request.measures[1].type", "TELEPATHY"), ("content.request.urgency.untilDate", "2027-02-30"),
                           ("content.request.offences", "no list"), ("content.request.legalBasis.version", "2")):
            assert re.search(re.escape(path) + r":.*" + re.escape(said), told), (path, told)
        assert len(b.all(".summary.bad li")) == 7, told
        saved = read(b.save())
        assert saved["content"]["request"]["legalBasis"]["version"] == "2" and "colour" not in saved
        b.click("check")
        assert "version" in b.text(".summary.bad").lower()
        b.open_text('{"content": {"withdrawal": {"reason": "x"}}}')
        assert "another kind of message" in b.text(".summary.bad")
        for text, sentence in (("not a draft", "no JSON"), ("[1]", "no draft"), ("null", "no draft"), ('{"to": ', "no JSON")):
            b.open_text(text)
            assert sentence in b.text(".summary.bad"), (text, b.text(".summary"))
        assert not (said := b.complaints()), said


def what_is_missing_is_said_at_its_field_and_leads_there():
    with Browser(page()) as b:
        b.click("check")
        links = b.all(".summary.bad li a")
        assert len(links) > 15, len(links)
        assert b.script("return document.activeElement.className") == "summary bad"
        for i in range(len(links)):
            link = b.all(".summary.bad li a")[i]
            label = link.text.split(" › ")[-1]
            link.click()
            name = b.script("const e = document.activeElement; return [e.labels?.[0], e.closest('fieldset'), e]"
                            ".map(one => one?.textContent ?? '').join(' ');")
            assert label.rstrip(" 0123456789") in name, (label, name)
        b.find("to").send_keys("IE\t")
        assert not b.find("to?error").is_displayed()
        b.find("to").clear()
        b.find("ownReference").click()
        assert b.find("to?error").is_displayed() and b.find("to").get_attribute("aria-invalid") == "true"
        b.type("content.request.requestedState", "ireland\t")
        assert b.find("content.request.requestedState").get_attribute("value") == "IE"
        b.type("content.request.requestedState", "I3\t")
        assert "Two capital letters" in b.text('[id="content.request.requestedState?error"]')


def files_are_listed_by_name_size_and_digest():
    folder = tempfile.mkdtemp(dir=DIR)
    contents = {"empty.bin": b"", "53.txt": b"x" * 53, "55.txt": b"y" * 55, "56.txt": b"z" * 56, "64.txt": b"a" * 64,
                "119.txt": b"b" * 119, "long.pdf": bytes(range(256)) * 40000}
    for name, data in contents.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
    with Browser(page()) as b:
        b.find("content.request.attachments?files").send_keys("\n".join(f"{folder}/{name}" for name in contents))
        b.wait("all files to be read", lambda: "long.pdf is listed" in b.text(".status"))
        b.find("content.request.attachments?files").send_keys(f"{folder}/53.txt")
        b.wait("the file to be known", lambda: "listed already" in b.text(".status"))
        listed = read(b.save())["content"]["request"]["attachments"]
        own = b.script("""return crypto.subtle.digest("SHA-256", new Uint8Array([1, 2, 3])).then(d => hexOf(new Uint8Array(d)) ===
                hexOf((() => { const s = new Sha256(); s.update(new Uint8Array([1, 2, 3])); return s.end(); })()));""")
        assert own is True
    assert [item["name"] for item in listed] == list(contents)
    for item in listed:
        data = contents[item["name"]]
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        assert (item["size"], item["sha256"]) == (str(len(data)), digest), item
    assert listed[-1]["mediaType"] == "application/pdf" and listed[1]["mediaType"] == "text/plain"


def a_file_that_is_listed_and_handed_over_is_one_attachment():
    folder = tempfile.mkdtemp(dir=DIR)
    for name in ("plan.txt", "other.txt"):
        with open(f"{folder}/{name}", "w") as file:
            file.write(name * 1000)
    with Browser(page()) as b:
        b.open_text(json.dumps(demo()))
        b.find("content.request.attachments?files").send_keys(f"{folder}/plan.txt")
        b.wait("the file to be read", lambda: "is listed" in b.text(".status"))
        b.fill("content.request.attachments[0].exhibit", "4")
        saved = b.save()
    us, ie = harness.pair()
    try:
        us.start()
        done = us.ctl("submit", saved, "--attach", f"{folder}/plan.txt", "--attach", f"{folder}/other.txt", "--category", "map")
        assert done.returncode == 0, done.stderr
        message = re.search(r"^Message +(\S+)", done.stdout, re.M).group(1)
        view = harness.Client(us).call(show_message=harness.local_pb2.ShowMessage(message_id=message)).message_view
        listed = view.message.content.request.attachments
        assert [(a.name, a.exhibit, a.data_category) for a in listed] == [("plan.txt", "4", "map"), ("other.txt", "", "map")], listed
        assert all(a.chunk_root and a.media_type == "text/plain" for a in listed[:1]) and listed[1].chunk_root, listed
        # It was changed since it was listed.
        with open(f"{folder}/plan.txt", "a") as file:
            file.write("!")
        done = us.ctl("submit", saved, "--attach", f"{folder}/plan.txt", "--same-reference")
        assert done.returncode == 4 and "plan.txt" in done.stderr and "another SHA-256" in done.stderr, done.stderr
    finally:
        us.stop()


def ten_thousand_persons_do_not_hang():
    draft = demo()
    draft["content"]["request"]["persons"] = [{"role": "WITNESS", "name": f"Person {n}"} for n in range(10000)]
    with Browser(page()) as b:
        b.open_text(json.dumps(draft))
        assert len(b.all("details.item")) < 100
        b.click("check")
        assert "At most 1000" in b.text(".summary.bad")
        b.script("focusIn('content.request.persons[9999].name')")
        assert b.script("return document.activeElement.value") == "Person 9999"
        b.find("content.request.persons[9999].name").send_keys(" the last")
        assert read(b.save())["content"]["request"]["persons"][9999]["name"] == "Person 9999 the last"
        b.click("read")
        assert "Person 9999 the last" in b.script("return document.querySelector('.printed').textContent")


def what_is_written_is_read_and_printed():
    with Browser(page()) as b:
        b.open(f"{TOP}/contrib/demo/request.json")
        b.click("read")
        text = b.script("return document.querySelector('.printed').textContent")
        pdf = base64.b64decode(b.cdp("Page.printToPDF")["data"])
        assert not b.find("save").is_displayed()
    leaves = []

    def walk(value):
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(inner)
        if isinstance(value, str) and not re.fullmatch(r"[A-Z_]{3,}|[a-z_]+|[0-9T:Z-]{8,}", value):
            leaves.append(value)
    walk(read(f"{TOP}/contrib/demo/request.json"))
    assert len(leaves) > 40
    for leaf in leaves:
        assert leaf in text, leaf
    assert pdf.startswith(b"%PDF") and len(pdf) > 20000


def a_measure_is_added_and_taken_away_and_they_are_numbered_anew():
    with Browser(page()) as b:
        b.add("content.request.measures", 4)
        b.type("content.request.measures[3].type", "DISCLOSURE_CONTENT")
        b.type("content.request.measures[3].description", "the fourth")
        remove = b.script("return document.getElementById('content.request.measures[0]').querySelector(':scope > div > button.quiet')")
        b.reach(remove).click()
        assert "removed" in b.text(".status")
        measures = read(b.save())["content"]["request"]["measures"]
    assert [m["measure"] for m in measures] == [1, 2, 3]
    assert [m["type"] for m in measures] == ["DISCLOSURE_TRAFFIC", "DISCLOSURE_CONTENT", "DISCLOSURE_CONTENT"]
    assert measures[2]["description"] == "the fourth"


def the_command_says_what_it_cannot_do():
    def form_fails(code, sentence, *words):
        done = subprocess.run([COMITYCTL, "form", *words], capture_output=True, text=True)
        assert done.returncode == code and sentence in done.stderr, (words, done.returncode, done.stderr)
    states = ["--from", "US", "--to", "IE"]
    bad = f"{DIR}/bad.json"
    form_fails(2, "--from STATE", "us-ie-2001", "PRESERVATION", "--to", "IE")
    form_fails(2, "two capital letters", "us-ie-2001", "PRESERVATION", "--from", "us", "--to", "IE")
    form_fails(5, "did you mean 'us-ie-2001'", "us-ie-2002", "PRESERVATION", *states)
    form_fails(5, "did you mean 'PRESERVATION'", "us-ie-2001", "PRESERVATIN", *states)
    form_fails(5, "does not admit INTERCEPTION", "us-ie-2001", "INTERCEPTION", *states)
    form_fails(2, "stands alone", "eio-2014-41", "INTERCEPTION_NOTIFICATION", "INTERCEPTION", "--from", "FR", "--to", "DE")
    form_fails(2, "no catalogue for the language 'xx'", "us-ie-2001", "PRESERVATION", *states, "--language", "xx")
    for text, told in (("{", "bad.json: line 1"), ('{"to": "IE", "to": "DE"}', "bad.json: line 1: the same field stands twice"),
                       ("[]", "bad.json: expected an object in {}"), ('{"to": Doe}', "bad.json: line 1: this is no value")):
        with open(bad, "w") as file:
            file.write(text)
        form_fails(4, told, "us-ie-2001", "PRESERVATION", *states, "--draft", bad)


if __name__ == "__main__":
    tests([what_the_demo_asks_for_is_filled_in_saved_complete_and_accepted,
           a_draft_that_was_saved_is_opened_and_saved_as_the_same_file,
           every_template_opens_without_a_fault_and_its_gaps_are_empty,
           a_draft_of_another_version_is_told_field_by_field,
           what_is_missing_is_said_at_its_field_and_leads_there,
           files_are_listed_by_name_size_and_digest,
           a_file_that_is_listed_and_handed_over_is_one_attachment,
           ten_thousand_persons_do_not_hang,
           what_is_written_is_read_and_printed,
           a_measure_is_added_and_taken_away_and_they_are_numbered_anew,
           the_command_says_what_it_cannot_do])
