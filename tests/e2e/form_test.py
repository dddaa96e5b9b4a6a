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
        b.type("content.request.persons[0].nationality", "ireland\t")
        assert b.find("content.request.persons[0].nationality").get_attribute("value") == "IE"
        b.type("content.request.persons[0].nationality", "I3\t")
        assert "two capital letters" in b.text('[id="content.request.persons[0].nationality?error"]')


def a_field_that_stands_twice_is_told():
    text = json.dumps(demo())
    with Browser(page()) as b:
        for twice, path in ((text.replace('"to": "IE"', '"to": "DE", "to": "IE"', 1), "to"),
                            (text.replace('"ownReference": ', '"own_reference": "older", "ownReference": ', 1), "ownReference"),
                            (text.replace('"title": ', '"title": "older", "\\u0074itle": ', 1), "content.request.title"),
                            (text.replace('"requestingState": ', '"requesting_state": "FR", "requestingState": ', 1), "content.request.requestingState"),
                            (text.replace('"givenNames": ', '"given_names": "{]}\\\\", "givenNames": ', 1), "content.request.persons[1].givenNames")):
            b.open_text(twice)
            told = b.text(".summary.bad li")
            assert any(line.startswith(path + ":") and "the last one was taken" in line for line in told.splitlines()), (path, told)
            assert len(b.all(".summary.bad li")) == (2 if "requesting_state" in twice else 1), told
        assert not (said := b.complaints()), said


def half_a_date_and_letters_among_digits_are_told():
    from selenium.webdriver import Keys
    with Browser(page()) as b:
        b.open_text(json.dumps(demo()))
        born = b.reach(b.find("content.request.persons[1].birthDate"))
        born.send_keys("0102")
        b.find("ownReference").click()
        assert "not complete" in b.text('[id="content.request.persons[1].birthDate?error"]')
        b.click("check")
        told = b.text(".summary.bad li")
        assert "birth" in told and "not complete" in told and len(b.all(".summary.bad li")) == 1, told
        assert b.text("#section-persons-count").startswith("!"), b.text("#section-persons-count")
        assert "birthDate" not in json.dumps(read(b.save())) and "half written in 1" in b.text(".status")
        born.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, "01021970")
        b.click("check")
        assert b.all(".summary.good"), b.text(".summary")
        b.add("content.request.attachments", 1)
        for id, value, error in (("size", "12 kB", "Only digits"), ("sha256", "abc", "Pairs of hexadecimal"), ("sha256", "abcd", "64 hexadecimal")):
            b.type(f"content.request.attachments[0].{id}", value)
            assert error in b.text(f'[id="content.request.attachments[0].{id}?error"]'), (id, value)


def what_is_saved_is_said_until_it_changes():
    with Browser(page()) as b:
        b.open_text(json.dumps(demo()))
        b.save()
        assert "was saved" in b.text(".status")
        b.find("ownReference").send_keys("7")
        assert b.text(".status") == "" and b.text(".unsaved") == "There are changes that are not saved."
        b.save()
        assert "was saved" in b.text(".status") and b.text(".unsaved") == ""
        b.reach(b.script("return document.getElementById('content.request.measures[0]').querySelector(':scope > div > button.quiet')")).click()
        b.wait("the change to be told", lambda: "not saved" in b.text(".unsaved"))


def the_states_and_the_instrument_stand_as_the_form_was_made_for():
    with Browser(page()) as b:
        for id in ("requestingState", "requestedState", "legalBasis.instrument", "legalBasis.version"):
            assert b.find(f"content.request.{id}").get_attribute("readonly"), id
        b.open_text(json.dumps(demo()).replace('"us-ie-2001"', '"eio-2014-41"').replace('"requestedState": "IE"', '"requestedState": "DE"'))
        told = b.text(".summary.bad li")
        assert "legalBasis.instrument" in told and "requestedState" in told and len(told.splitlines()) == 2, told
        assert b.find("content.request.requestedState").get_attribute("readonly") is None
        b.click("check")
        assert "This form is for IE" in b.text(".summary.bad") and "This form is for us-ie-2001" in b.text(".summary.bad")
        b.type("content.request.requestedState", "IE")
        b.type("content.request.legalBasis.instrument", "us-ie-2001")
        b.click("check")
        assert b.all(".summary.good"), b.text(".summary")
        # With reciprocity there is no instrument, and it comes back.
        b.type("content.request.legalBasis.reciprocity", True)
        assert "instrument" not in read(b.save())["content"]["request"]["legalBasis"]
        b.type("content.request.legalBasis.reciprocity", False)
        assert read(b.save())["content"]["request"]["legalBasis"]["instrument"] == "us-ie-2001"


def each_measure_has_the_help_of_its_type():
    def helps(b, i):
        return b.script("return Array.from(document.getElementById(arguments[0]).closest('.row').querySelectorAll('.help'), p => p.textContent).join(' ')",
                        f"content.request.measures[{i}].description")
    with Browser(form("us-ie-2001", "HEARING_WITNESS", "SEARCH_AND_SEIZURE", *WORDS[-6:])) as b:
        first, second = helps(b, 0), helps(b, 1)
        assert first != second and len(first) > 60 and len(second) > 60, (first, second)
        b.type("content.request.measures[1].type", "HEARING_WITNESS")
        assert helps(b, 1) == first


def what_another_choice_makes_mandatory_is_marked_at_once():
    def must(b, id):
        return b.script("return document.getElementById(arguments[0]).closest('.row').querySelector('.must').checkVisibility()", id)
    with Browser(page()) as b:
        b.open_text(json.dumps(demo()))
        text = "content.request.urgency.text"
        assert not must(b, text)
        b.type("content.request.urgency.reason", "OTHER_URGENCY")
        b.reach(b.find(text)).clear()
        b.wait("the mark", lambda: must(b, text))
        b.click("check")
        assert "Urgency" in b.text(".summary.bad li"), b.text(".summary")
        assert must(b, "content.request.facts")
        b.add("content.request.links", 2)
        b.type("content.request.links[1].type", "FOLLOW_UP_MLA")
        b.click("check")
        assert "reference" in b.text(".summary.bad li").lower(), b.text(".summary")


def sections_and_their_total_agree_with_what_is_missing():
    with Browser(page()) as b:
        for draft in ("{}", json.dumps(demo())):
            b.open_text(draft)
            b.click("check")
            counts = [one.text for one in b.all(".count")]
            wanted = sum(int(one.split("/")[1]) - int(one.split("/")[0]) for one in counts if "/" in one)
            assert wanted == len(b.all(".summary.bad li")), (counts, b.text(".summary"))
            assert len([one for one in counts if one == "✓"]) == len(counts) - len([one for one in counts if "/" in one])
        b.type("content.request.persons[1].nationality", "Ireland?")
        b.click("check")
        assert b.text("#section-persons-count") == "! 1" and "to be corrected: 1" in b.text("nav.side > .help")
        b.type("content.request.measures[1].period.toDate", "2025-01-01")
        b.click("check")
        assert "last day" in b.text(".summary.bad") and len(b.all(".summary.bad li")) == 2


def days_on_the_wrong_side_of_today_are_told():
    with Browser(page()) as b:
        b.open_text(json.dumps(demo()))
        b.type("content.request.urgency.untilDate", "2001-01-15")
        assert "has passed" in b.text('[id="content.request.urgency.untilDate?means"]')
        b.click("check")
        assert b.all(".summary.good") and "has passed" in b.text(".summary.good"), b.text(".summary")


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
    form_fails(2, "both US", "us-ie-2001", "PRESERVATION", "--from", "US", "--to", "US")
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
           a_field_that_stands_twice_is_told,
           half_a_date_and_letters_among_digits_are_told,
           what_is_saved_is_said_until_it_changes,
           the_states_and_the_instrument_stand_as_the_form_was_made_for,
           each_measure_has_the_help_of_its_type,
           what_another_choice_makes_mandatory_is_marked_at_once,
           sections_and_their_total_agree_with_what_is_missing,
           days_on_the_wrong_side_of_today_are_told,
           files_are_listed_by_name_size_and_digest,
           a_file_that_is_listed_and_handed_over_is_one_attachment,
           ten_thousand_persons_do_not_hang,
           what_is_written_is_read_and_printed,
           a_measure_is_added_and_taken_away_and_they_are_numbered_anew,
           the_command_says_what_it_cannot_do])
