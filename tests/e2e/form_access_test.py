"""The offline form for everybody: by keyboard, in a screen reader, on a small screen, in strong and weak light."""
import json
import os
import re
import subprocess

from browser import Browser, form, tests
import harness
from harness import TOP

WORDS = ["us-ie-2001", "DISCLOSURE_SUBSCRIBER", "HEARING_WITNESS", "--from", "US", "--to", "IE"]
PAGES = {}


def page(language="en"):
    if language not in PAGES:
        PAGES[language] = form(*WORDS, "--language", language)
    return PAGES[language]


def opened(b):
    """Everything that is closed, open, and the demonstration's request in it."""
    b.open(f"{TOP}/contrib/demo/request.json")
    b.script("for (const closed of document.querySelectorAll('details')) closed.open = true")


def tree(b):
    """What a screen reader gets: (role, name, properties) in the order of the page."""
    nodes = b.cdp("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}
    out = []

    def walk(node):
        if not node.get("ignored"):
            out.append((node.get("role", {}).get("value", ""), node.get("name", {}).get("value", ""),
                        {p["name"]: p["value"].get("value") for p in node.get("properties", [])},
                        node.get("description", {}).get("value", "")))
        for child in node.get("childIds", []):
            if child in by_id:
                walk(by_id[child])
    walk(nodes[0])
    return out


CONTROLS = {"textbox", "combobox", "checkbox", "button", "link", "spinbutton", "Date", "DateTime", "InputTime",
            "DisclosureTriangle", "listbox", "radio", "menuitem", "progressbar", "group", "toolbar", "navigation"}


def every_control_has_a_name_and_headings_come_in_order():
    for language in ("en", "fr"):
        with Browser(page(language)) as b:
            opened(b)
            b.click("check")
            nodes = tree(b)
            nameless = [node for node in nodes if node[0] in CONTROLS and not node[1].strip() and node[0] != "group"]
            assert not nameless, nameless
            assert sum(node[0] in ("textbox", "combobox") for node in nodes) > 60
            levels = [int(node[2]["level"]) for node in nodes if node[0] == "heading"]
            assert levels[0] == 1 and levels.count(1) == 1 and len(levels) > 20, levels
            assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels
            names = [node[1] for node in nodes if node[0] == "heading"]
            assert all(names), names
            # What is mandatory is said, and so is what helps.
            title = [node for node in nodes if node[0] == "textbox" and node[2].get("required")]
            assert len(title) > 20
            assert b.script("return document.documentElement.lang") == language
            roles = {node[0] for node in nodes}
            assert {"main", "navigation", "banner"} <= roles, roles


def what_helps_and_what_is_wrong_is_tied_to_its_control():
    with Browser(page()) as b:
        b.click("check")
        broken = b.script("""return Array.from(document.querySelectorAll("[aria-describedby], [aria-labelledby], label[for]"))
            .flatMap(e => ["aria-describedby", "aria-labelledby", "for"].flatMap(a => (e.getAttribute(a) ?? "").split(" ").filter(Boolean)))
            .filter(id => document.getElementById(id) === null);""")
        assert broken == [], broken
        twice = b.script("""const ids = Array.from(document.querySelectorAll("[id]"), e => e.id);
            return ids.filter((id, i) => ids.indexOf(id) !== i);""")
        assert twice == [], twice
        purpose = b.script("""return document.getElementById("content.request.purpose.purpose").getAttribute("aria-describedby")
            .split(" ").map(id => document.getElementById(id).textContent).join(" ");""")
        assert "Article 4" in purpose, purpose
        b.find("to").send_keys("x")
        b.find("to").clear()
        b.find("ownReference").click()
        described = b.script("return document.getElementById('to').getAttribute('aria-describedby')")
        assert "to?error" in described and b.find("to?error").text


CONTRAST = """
    const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const parse = text => (text.match(/[0-9.]+/g) ?? []).map(Number);
    const ground = e => {
        for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length === 3 || c[3] === 1)
                return c;
        }
        return [255, 255, 255];
    };
    const low = [];
    let seen = 0;
    const judge = (e, color, least) => {
        const [a, b] = [luminance(parse(color)), luminance(ground(e))].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
        seen++;
        if (ratio < least)
            low.push([e.outerHTML.slice(0, 120), color, ratio]);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const e = walker.currentNode.parentElement;
        if (walker.currentNode.textContent.trim() && e.checkVisibility() && !e.closest("script, .unseen, [disabled], option, datalist"))
            judge(e, getComputedStyle(e).color, 4.5);
    }
    for (const e of document.querySelectorAll("input, textarea, select"))
        if (e.checkVisibility() && !e.closest(".unseen"))
            judge(e.parentElement, getComputedStyle(e).borderTopColor, 3), judge(e, getComputedStyle(e).color, 4.5);
    return [seen, low];"""


def contrast_is_at_least_four_and_a_half():
    with Browser(page()) as b:
        opened(b)
        b.click("check")
        b.find("to").clear()
        b.find("ownReference").click()
        for view in ("form", "read"):
            seen, low = b.script(CONTRAST)
            assert seen > (200 if view == "form" else 60) and low == [], (view, seen, low[:5])
            if view == "form":
                b.click("read")


def nothing_is_wider_than_a_small_screen():
    long = "n" * 4096
    for language in ("en", "fr"):
        for width in (360, 320, 1280):
            with Browser(page(language), width=width, height=740) as b:
                opened(b)
                b.fill("content.request.persons[0].name", long)
                for view in ("form", "read"):
                    inner, outer = b.script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
                    wide = b.script("""return Array.from(document.querySelectorAll("body *"), e => [e, e.getBoundingClientRect()])
                        .filter(([e, box]) => box.right > document.documentElement.clientWidth + 1 && box.width && !e.closest(".unseen, .skip"))
                        .map(([e]) => e.outerHTML.slice(0, 100));""")
                    assert inner <= outer and not wide, (language, width, view, inner, outer, wide[:5])
                    if view == "form":
                        b.click("read")


def controls_are_large_enough_to_hit_and_do_not_lie_on_each_other():
    with Browser(page(), width=360, height=740) as b:
        opened(b)
        small = b.script("""return Array.from(document.querySelectorAll("button, input, select, textarea"))
            .filter(e => e.checkVisibility() && !e.closest(".unseen")).map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
            .filter(([, box]) => box.width < 20 || box.height < 20).map(([e]) => e);""")
        assert small == [], small
        crossed = b.script("""const all = Array.from(document.querySelectorAll("main button, main input, main select, main textarea"))
            .filter(e => e.checkVisibility() && !e.closest(".unseen")).map(e => [e, e.getBoundingClientRect()]);
            return all.flatMap(([e, a], i) => all.slice(i + 1).filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 &&
                a.top < b.bottom - 1 && b.top < a.bottom - 1).map(([f]) => e.id + " " + f.id));""")
        assert crossed == [], crossed[:5]


def all_of_it_is_reached_and_shown_by_the_keyboard():
    from selenium.webdriver import ActionChains, Keys
    with Browser(page()) as b:
        b.script("document.body.focus()")
        seen, faint = [], []
        for _ in range(500):
            ActionChains(b.driver).send_keys(Keys.TAB).perform()
            id, shown, ends = b.script("""const e = document.activeElement, style = getComputedStyle(e);
                return [e.id || e.textContent.slice(0, 40), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
                    e === document.body];""")
            if ends or (seen and id == seen[0] and len(seen) > 50):
                break
            seen.append(id)
            faint += [] if shown else [id]
        assert not faint, faint
        wanted = b.script("""return Array.from(document.querySelectorAll("main input, main select, main textarea"))
            .filter(e => e.checkVisibility()).map(e => e.id);""")
        assert len(wanted) > 30 and set(wanted) <= set(seen), set(wanted) - set(seen)
        assert {"check", "save", "open", "read"} <= set(seen)
        # A closed part is opened, an element added and the draft saved, without a mouse.
        more = b.script("return document.getElementById('content.request.urgency').querySelector('summary')")
        more.send_keys(Keys.ENTER)
        b.find("content.request.urgency.reason").send_keys("Some")
        assert b.find("content.request.urgency.reason").get_attribute("value") == "CUSTODY"
        add = b.script("return document.querySelector(\"button.add[data-list='content.request.persons']\")")
        add.send_keys(Keys.ENTER)
        assert b.script("return document.activeElement.id") == "content.request.persons[1].role"
        before = b.script("return scrollY")
        b.find("save").send_keys(Keys.ENTER)
        b.wait("the draft to be saved", lambda: "was saved" in b.text(".status"))
        assert b.script("return scrollY") == before


def texts_of_the_page_are_in_the_language_asked_for():
    with Browser(page("fr")) as b:
        b.click("check")
        words = json.loads(b.script("return document.getElementById('words').textContent"))
        same = [english for english, french in words.items() if english == french and len(english.split()) > 1 and english != "{label} {n}"]
        assert same == [], same
        lost = [(english, french) for english, french in words.items()
                if sorted(re.findall(r"\{\w+\}", english)) != sorted(re.findall(r"\{\w+\}", french))]
        assert lost == [], lost
        assert "obligatoire" in b.text("main"), b.text("main")[:300]
    done = subprocess.run([harness.COMITYCTL, "form", *WORDS], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "fr_FR.UTF-8"})
    assert '<html lang="fr">' in done.stdout


if __name__ == "__main__":
    tests([every_control_has_a_name_and_headings_come_in_order,
           what_helps_and_what_is_wrong_is_tied_to_its_control,
           contrast_is_at_least_four_and_a_half,
           nothing_is_wider_than_a_small_screen,
           controls_are_large_enough_to_hit_and_do_not_lie_on_each_other,
           all_of_it_is_reached_and_shown_by_the_keyboard,
           texts_of_the_page_are_in_the_language_asked_for])
