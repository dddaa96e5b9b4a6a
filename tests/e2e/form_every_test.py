"""Every field of the schema, filled, in the offline form and in what it saves, for each instrument."""
import base64
import json
import os
import re
import subprocess

from browser import Browser, form, tests
import harness
from harness import COMITYCTL, TOP, local_pb2


def instruments():
    names = sorted(name[:-5] for name in os.listdir(f"{TOP}/config/treaties") if name.endswith(".conf"))
    for name in names:
        shown = json.loads(subprocess.run([COMITYCTL, "treaty", "show", name, "--json"], capture_output=True, text=True,
                                          check=True).stdout)
        yield name, [measure for measure in admitted(shown) if measure != "INTERCEPTION_NOTIFICATION"]


def admitted(profile):
    """The types of measure, wherever the profile's JSON has them."""
    text = json.dumps(profile)
    types = harness.types_pb2.MeasureType.keys()
    return [name for name in types[1:] if re.search(rf"\b{name}\b", text)]


class Full:
    """A message with something in every field."""

    def __init__(self, measure):
        self.measure, self.n, self.leaves = measure, 0, {}

    def value(self, field, path):
        self.n += 1
        if field.message_type:
            return self.message(field.message_type, path)
        if field.enum_type:
            value = self.measure if field.enum_type.name == "MeasureType" else field.enum_type.values[1].name
        elif field.type == field.TYPE_BOOL:
            value = True
        elif field.type == field.TYPE_BYTES:
            value = base64.b64encode(bytes([self.n % 256] * 32)).decode()
        elif field.name.endswith("_ms"):
            value = f"2026-11-23T10:{self.n % 60:02}:00Z"
        elif field.name.endswith("_date"):
            value = f"2026-{1 + self.n % 12:02}-{1 + self.n % 28:02}"
        elif field.type == field.TYPE_STRING:
            value = f"{field.name}-{self.n}"
        else:
            value = str(self.n) if field.type == field.TYPE_UINT64 else self.n
        self.leaves[path] = value
        return value

    def message(self, descriptor, path=""):
        out = {}
        for field in descriptor.fields:
            if descriptor.name == "Content" and field.name != "request":
                continue
            many = field.label == field.LABEL_REPEATED
            at = f"{path}.{field.json_name}" if path else field.json_name
            one = self.value(field, f"{at}[0]" if many else at)
            out[field.json_name] = [one] if many else one
        return out


def every_field_that_is_filled_is_seen_and_saved_for_each_instrument():
    seen = 0
    with Browser() as browser:
        for name, measures in instruments():
            page = form(name, measures[0], "--from", "US", "--to", "IE", "--language", "en")
            full = Full(measures[0])
            draft, leaves = full.message(local_pb2.Submission.DESCRIPTOR), full.leaves
            draft["content"]["request"]["measures"][0]["measure"] = 1
            browser.driver.get(f"file://{page}")
            browser.open_text(json.dumps(draft))
            told = browser.text(".summary li")
            # What the form was made for, and the draft says otherwise.
            fixed = ("requestingState", "requestedState", "legalBasis.instrument", "legalBasis.version")
            assert len(told.splitlines()) == len(fixed) and all(f"{one}: This form is for" in told for one in fixed), (name, told)
            saved = browser.save()
            with open(saved) as file:
                assert json.load(file) == draft, name
            shown = browser.script("""return Array.from(document.querySelectorAll("input, textarea, select"), e =>
                [e.id, e.type === "checkbox" ? String(e.checked) : e.value]);""")
            by_id = dict(shown)
            values = " ".join(value for _, value in shown)
            for path, value in leaves.items():
                last = path.split(".")[-1]
                if last in ("caseRef", "chunkBytes", "chunkRoot", "measure") or ".ours." in path or ".theirs." in path:
                    continue        # the program writes these
                plain = re.sub(r"\[0\]$", "", path)
                on_page = by_id.get(plain, by_id.get(path))
                expected = base64.b64decode(value).hex() if last == "sha256" else str(value).lower() if value is True else str(value)
                assert ".atomWarnings[" in path or on_page is not None, (name, path)
                if path.endswith(".atomWarnings[0].atom"):
                    values += browser.text("main legend")
                assert expected.rstrip("Z")[:16] in values or on_page == expected, (name, path, expected, on_page)
                seen += 1
            browser.click("read")
            text = browser.script("return document.querySelector('.printed').textContent")
            for path, value in leaves.items():
                if isinstance(value, str) and re.fullmatch(r"[a-z_]+-\d+", value):
                    assert value in text, (name, path)
            assert not (said := browser.complaints()), said
    assert seen > 17 * 100, seen


# Between which two states each instrument is tried; it is in force between them, or binds nobody yet.
STATES = {"cets-224": ("FR", "NL"), "eio-2014-41": ("FR", "DE"), "e-evidence-2023-1543": ("FR", "DE"),
          "e-evidence-2023-1543-enforcement": ("FR", "DE"), "ece-1957": ("FR", "DE"), "eu-mla-2000": ("FR", "DE"),
          "eu-uk-tca": ("GB", "FR"), "eu-us-2003": ("US", "FR"), "harare": ("GB", "IN"), "reg-2018-1805": ("FR", "DE")}


def answer(browser, path):
    """Go where a fault leads, and write something there that has the right form."""
    browser.script("focusIn(arguments[0])", path)
    id, tag, sort, kind = browser.script("const e = document.activeElement; return [e.id, e.tagName, e.type, e.className]")
    assert id or tag == "BUTTON", (path, tag, sort, kind)
    if tag == "BUTTON" or sort == "checkbox":
        browser.driver.switch_to.active_element.click()
    elif tag == "SELECT":
        browser.type(id, browser.script("return document.activeElement.options[1].value"))
    else:
        browser.type(id, {"date": "2026-03-04", "datetime-local": "2026-11-23T10:00:00Z", "of-bytes": "ab" * 32, "of-size": "3"}
                     .get(kind if kind in ("of-bytes", "of-size") else sort, "IE" if id == "to" else "Text"))


def is_at(field, path):
    """A field in the spelling of the schema, and a path in that of the page."""
    return field.replace("_", "").lower().startswith(re.sub(r"\[\d+\]$", "", path).lower())


def what_the_page_finds_complete_the_command_finds_complete():
    tried = 0
    with Browser() as browser:
        for name, measures in instruments():
            for measure in sorted({measures[-1], next((m for m in ("HEARING_WITNESS", "PRESERVATION") if m in measures), measures[0])}):
                asks, asked = STATES.get(name, ("US", "IE"))
                page = form(name, measure, "--from", asks, "--to", asked, "--language", "en")
                browser.script("unsaved = false")
                browser.driver.get(f"file://{page}")
                for _ in range(4):      # an answer may bring more questions
                    browser.click("check")
                    faults = browser.script("""return [...looks.values()].flatMap(look => look.faults)
                        .filter(fault => !fault.text.includes("not in force")).map(fault => fault.path)""")
                    for path in faults:
                        answer(browser, path)
                    if not faults:
                        break
                assert not faults, (name, measure, browser.text(".summary"))
                doubts = browser.script("return [...looks.values()].flatMap(look => look.doubts).map(doubt => doubt.path)")
                done = subprocess.run([COMITYCTL, "check", browser.save(), "--date", "2027-03-01", "--json"], capture_output=True, text=True)
                faults = [fault for fault in json.loads(done.stdout).get("faults", []) if "not in force" not in fault["text"]]
                assert not [fault for fault in faults if not any(is_at(fault["field"], doubt) for doubt in doubts)], (name, measure, faults, doubts)
                tried += 1
    assert tried > 20, tried


if __name__ == "__main__":
    tests([every_field_that_is_filled_is_seen_and_saved_for_each_instrument,
           what_the_page_finds_complete_the_command_finds_complete])
