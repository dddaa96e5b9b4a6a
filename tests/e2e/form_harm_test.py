"""The offline form and texts that mean harm: in a treaty profile, in a draft, in what is typed."""
import json
import os
import re
import shutil
import tempfile

from browser import Browser, form, tests
import harness
from harness import DIR, TOP

WORDS = ["us-ie-2001", "DISCLOSURE_SUBSCRIBER", "--from", "US", "--to", "IE", "--language", "en"]
ATTACK = "</script><script>owned = 1</script><img src=x onerror='owned = 2'><svg onload='owned = 3'>{{script}}<!--"
PAGE = None


def page():
    global PAGE
    PAGE = PAGE or form(*WORDS)
    return PAGE


def draft(**request):
    with open(f"{TOP}/contrib/demo/request.json") as file:
        whole = json.load(file)
    whole["content"]["request"].update(request)
    return whole


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def unharmed(b):
    owned, strange, scripts, fetched = b.script("""return [typeof owned, document.querySelectorAll("img, svg, iframe, object, link").length,
        document.scripts.length, performance.getEntriesByType("resource").length];""")
    assert (owned, strange, scripts, fetched) == ("undefined", 0, 5, 0), (owned, strange, scripts, fetched)
    assert not (said := b.complaints()), said


def attacked(value):
    """Every text of it means harm."""
    if isinstance(value, dict):
        return {key: attacked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [attacked(item) for item in value]
    return ATTACK if isinstance(value, str) and " " in value else value


def a_draft_that_means_harm_is_only_text():
    harmful = attacked(draft(persons=[{"role": "SUSPECT", "name": ATTACK, "givenNames": "javascript:owned=4"}]))
    harmful[ATTACK] = ATTACK
    harmful["content"]["request"]["__proto__"] = {"owned": 1}
    harmful["content"]["request"]["constructor"] = {"prototype": {"owned": 1}}
    with Browser(page()) as b:
        b.open_text(json.dumps(harmful), "x.json")
        unharmed(b)
        assert len(b.all(".summary li")) == 3, b.text(".summary")
        assert ATTACK in b.text(".summary")
        b.click("check")
        b.click("read")
        unharmed(b)
        assert ATTACK in b.script("return document.querySelector('.printed').textContent")
        assert b.script("return ({}).owned === undefined")
        b.all(".reader button")[1].click()
        saved = read(b.save())["content"]["request"]
    assert saved["persons"][0]["name"] == ATTACK and "constructor" not in saved and "__proto__" not in saved


def what_is_typed_and_a_file_that_is_chosen_are_only_text():
    folder = tempfile.mkdtemp(dir=DIR)
    name = "<img src=x onerror=owned=1>\u202egnp.pdf"
    with open(f"{folder}/{name}", "w") as file:
        file.write("x")
    with Browser(page()) as b:
        b.type("ownReference", "../../" + ATTACK)
        b.type("content.request.persons[0].name", ATTACK)
        b.find("content.request.attachments?files").send_keys(f"{folder}/{name}")
        b.wait("the file to be read", lambda: "is listed" in b.text(".status"))
        unharmed(b)
        saved = b.save()
    assert os.path.dirname(saved) == b.downloads and re.fullmatch(r"[\w.-]+\.json", os.path.basename(saved)), saved
    assert read(saved)["content"]["request"]["attachments"][0]["name"] == name


def a_profile_and_a_given_draft_that_mean_harm_are_only_text():
    treaties = tempfile.mkdtemp(dir=DIR)
    shutil.copytree(f"{TOP}/config/treaties", treaties, dirs_exist_ok=True)
    with open(f"{treaties}/us-ie-2001.conf") as file:
        text = file.read()
    text = text.replace('"Describe the evidence', '"' + ATTACK + " Describe the evidence")
    text = re.sub(r'(?s)title = "Treaty between.*?"', f'title = "{ATTACK}"', text, count=1)
    with open(f"{treaties}/us-ie-2001.conf", "w") as file:
        file.write(text)
    given = f"{treaties}/given.json"
    with open(given, "w") as file:
        json.dump(draft(facts=ATTACK + "\u2028"), file, ensure_ascii=False)
    with Browser(form(*WORDS, "--treaties", treaties, "--draft", given)) as b:
        unharmed(b)
        assert ATTACK in b.text("header") and ATTACK in b.text(".guide")
        assert b.script("return document.getElementById('content.request.facts').value") == ATTACK + "\u2028"
        assert b.find("ownReference").get_attribute("value") == "182-50013"


def the_policy_of_the_page_lets_nothing_else_run_and_reaches_no_network():
    with open(page()) as file:
        text = file.read()
    assert not re.search(r'(src|href|action)\s*=\s*["\']?(https?:)?//', text)
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function)\b\s*[(=]", text)
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|localStorage|sessionStorage|indexedDB)\b", text)
    with Browser(page()) as b:
        ran = b.driver.execute_async_script("""const done = arguments[arguments.length - 1], ran = [];
            const script = document.createElement("script");
            script.textContent = "window.injected = true";
            document.body.append(script);
            const button = document.createElement("button");
            button.setAttribute("onclick", "window.clicked = true");
            document.body.append(button);
            button.click();
            const image = new Image();
            image.src = "https://example.invalid/x.png";
            fetch("https://example.invalid/").then(() => ran.push("fetch"), () => {}).finally(() =>
                done([window.injected ?? null, window.clicked ?? null, ...ran]));""")
        assert ran == [None, None], ran
        assert sum("Content Security Policy" in line for line in b.complaints()) >= 3


def only_a_new_line_ends_a_comment():
    facts = "one\u2028// two\u2028three\u2029//four"
    with Browser(page()) as b:
        b.open_text("// a comment\n" + json.dumps(draft(facts=facts), ensure_ascii=False, indent=2) + "\n  // another", "x.json")
        unharmed(b)
        saved = read(b.save())["content"]["request"]
    assert saved["facts"] == facts, saved["facts"]


def marks_that_turn_the_writing_are_shown_and_turn_nothing():
    evil = "John\u202egnp.Doe\u0007\u2066"
    arabic = "محمد عبد الله"
    with Browser(page()) as b:
        b.open_text(json.dumps(draft(persons=[{"role": "WITNESS", "name": evil}, {"role": "WITNESS", "name": arabic},
                                              {"role": "WITNESS", "name": "Иван"}]), ensure_ascii=False))
        shown = b.text("[id='content.request.persons[0]'] > summary")
        assert "John\\u{202e}gnp.Doe\\u{7}\\u{2066}" in shown, shown
        assert "\\u{202e}" in b.text("[id='content.request.persons[0].name?means']")
        assert not b.find("content.request.persons[1].name?means").is_displayed()
        directions = b.script("""return [0, 1, 2].map(i => document.getElementById(`content.request.persons[${i}].name`))
            .flatMap(e => [getComputedStyle(e).direction, getComputedStyle(e.closest("details").querySelector("button.quiet")).direction]);""")
        assert directions == ["ltr", "ltr", "rtl", "ltr", "ltr", "ltr"], directions
        # The number of a person stands before the name, whatever its direction.
        order = b.script("""const s = document.getElementById("content.request.persons[1]").querySelector("summary");
            return s.children[0].getBoundingClientRect().right <= s.children[1].getBoundingClientRect().left;""")
        assert order is True
        b.click("check")
        b.click("read")
        text = b.script("return document.querySelector('.printed').textContent")
        assert arabic in text and "\\u{202e}" in text and "\u202e" not in text and "\u0007" not in text
        b.all(".reader button")[1].click()
        saved = read(b.save())["content"]["request"]["persons"]
    assert [person["name"] for person in saved] == [evil, arabic, "Иван"]


def a_page_with_something_unsaved_asks_before_it_is_left():
    with Browser(page()) as b:
        event = "const e = new Event('beforeunload', { cancelable: true }); dispatchEvent(e); return e.defaultPrevented;"
        assert b.script(event) is False
        b.type("to", "IE")
        assert b.script(event) is True
        b.save()
        assert b.script(event) is False
        b.type("to", "US")
        b.find("open-file").send_keys(f"{TOP}/contrib/demo/request.json")
        alert = b.question()
        assert "lost" in alert.text
        alert.dismiss()
        assert b.find("to").get_attribute("value") == "US"


if __name__ == "__main__":
    tests([a_draft_that_means_harm_is_only_text,
           what_is_typed_and_a_file_that_is_chosen_are_only_text,
           a_profile_and_a_given_draft_that_mean_harm_are_only_text,
           the_policy_of_the_page_lets_nothing_else_run_and_reaches_no_network,
           only_a_new_line_ends_a_comment,
           marks_that_turn_the_writing_are_shown_and_turn_nothing,
           a_page_with_something_unsaved_asks_before_it_is_left])
