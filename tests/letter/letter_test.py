#!/usr/bin/python3
"""Letters as PDF and as HTML, read by others: poppler's tools and Python's html.parser.

    letter_test.py LETTER_TOOL

Output is TAP. A script for which this machine has no font is skipped, and said.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

from paper import Page, Pdf, in_order, one_line

TOOL = os.path.abspath(sys.argv[1])

results = []


def tap(good, name, detail=""):
    results.append(bool(good))
    print(("ok " if good else "not ok ") + name)
    if not good:
        print("# " + str(detail)[:2000].replace("\n", "\n# "))


def skip(name, why):
    print(f"ok {name} # SKIP {why}")


def description(blocks, **more):
    return {"language": "en", "title": "A letter", "author": "An office", "subject": "Assistance", "reference": "REF-1",
            "at_ms": 1795500000123, "office": "An office", "lines": ["A street", "A town"], "blocks": blocks, **more}


def run(kind, letter, env=None):
    return subprocess.run([TOOL, kind], input=json.dumps(letter).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=env and {**os.environ, **env})


def written(kind, letter):
    done = run(kind, letter)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pdf_of(letter):
    return Pdf(written("pdf", letter))


WORDS = "Between March and December a group imported goods by parcel post and sold them, for money, to buyers in the city. "
PLAIN = [
    ["field", 0, "To", "Central Authority\nDublin"], ["title", "Request for assistance"], ["text", 0, "We ask as follows."],
    ["heading", 1, "Legal basis", "Article 4"], ["field", 0, "Instrument", "us-ie-2001", "Article 1"],
    ["field", 0, "Facts", WORDS * 60, "Article 4(2)(b)"], ["heading", 2, "Person 1", ""], ["field", 0, "Name", "Doe"],
    ["heading", 3, "Identifiers", ""], ["table", 1, ["Kind", "Value"], [1, 2], [["email", "a@example.com"], ["iban", "IE12"]]],
    ["field", 2, "Deep", "within"], ["signature"], ["page"], ["heading", 1, "Verification", ""],
    ["code", 0, "sha256sum --check manifest"], ["note", 0, "So far."],
]
PLAIN_TEXTS = ["An office", "A street", "A town", "To", "Central Authority Dublin", "Request for assistance",
               "We ask as follows.", "Legal basis", "Article 4", "Instrument", "Article 1", "us-ie-2001", "Facts",
               "Article 4(2)(b)", WORDS * 60, "Person 1", "Name", "Doe", "Identifiers", "Kind", "Value", "email",
               "a@example.com", "iban", "IE12", "Deep", "within", "Place and date", "Signature", "Name and office", "Seal",
               "Verification", "sha256sum --check manifest", "So far."]


def a_letter_as_pdf():
    pdf = pdf_of(description(PLAIN, language="fr"))
    info = pdf.info()
    tap(info.get("Title") == "A letter" and info.get("Author") == "An office" and info.get("Subject") == "Assistance"
        and info.get("Keywords") == "REF-1", "pdf: title, author, subject and reference describe the file", info)
    tap(re.match(r"Tue Nov 24 06:00:00 2026 UTC", info.get("CreationDate", "")), "pdf: it is dated as the letter", info)
    tap(info.get("Tagged") == "yes", "pdf: it is tagged", info)
    tap("(A4)" in info.get("Page size", ""), "pdf: the paper is A4", info)
    if b"\ntrailer\n" in pdf.data:
        tap(b"/Lang (fr)" in pdf.data, "pdf: it says its language")
    else:
        skip("pdf: it says its language", f"{info['Producer']} writes its catalog in another way")
    fonts = [line.split()[-5:-2] for line in pdf.say("pdffonts").splitlines()[2:]]
    tap(fonts and all(f == ["yes", "yes", "yes"] for f in fonts), "pdf: every font is in it, cut down, with its Unicode", fonts)
    missed = in_order(pdf.text(), PLAIN_TEXTS)
    tap(missed is None, "pdf: every text is found, in order", missed)
    pages = pdf.pages()
    ends = [page.splitlines()[-1] for page in pages]
    tap(len(pages) == int(info["Pages"]) > 2 and ends == [f"REF-1 Page {i + 1} of {len(pages)}" for i in range(len(pages))],
        "pdf: each page has the reference and its number", ends)
    tap(pages[-1].startswith("Verification"), "pdf: a page begins where one was asked for", pages[-1])
    outline = pdf.say("pdftohtml", "-xml", "-i", "-stdout")
    outline = re.findall(r"<item[^>]*>(.*?)</item>", outline[outline.find("<outline>"):])
    tap(outline == ["Legal basis", "Person 1", "Identifiers", "Verification"], "pdf: the headings are its outline", outline)
    tree = re.findall(r"^ *(\w+)", pdf.say("pdfinfo", "-struct"), re.M)
    tap(tree[0] == "Document" and {"H1", "H2", "H3", "H4", "P", "L", "LI", "Lbl", "LBody", "Table", "TR", "TH", "TD", "Code"}
        <= set(tree), "pdf: the tags say what is a heading, a list, a table", tree)
    tap(pdf.data == written("pdf", description(PLAIN, language="fr")), "pdf: the same letter is the same file")
    tap(pdf.complaints == "", "pdf: poppler has no complaint", pdf.complaints)


def fields_of_a_later_schema():
    for n in (0, 12):
        said = Page(written("html", description([["unknown", n]])).decode()).text()
        tap(("Not shown: 12 fields of a later version of the schema" in said) == (n > 0),
            f"html: {n} fields that this program does not know are told", said)


def drawn(pdf, page=1):
    """The picture of a page: width, height, bytes of grey."""
    data = subprocess.run(["pdftoppm", "-r", "50", "-gray", "-f", str(page), "-l", str(page), pdf.file.name],
                          stdout=subprocess.PIPE, check=True).stdout
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
    return int(head[1]), int(head[2]), data[head.end():]


def margins_are_white():
    """Nothing runs over the edge, however long."""
    pdf = pdf_of(description([["title", "t" * 300], ["heading", 1, "h" * 300, "n" * 300], ["field", 3, "l" * 200, "v" * 4096, "a" * 99],
                           ["table", 3, ["x" * 90] * 6, [1] * 6, [["y" * 400] * 6]], ["code", 3, "c" * 500]],
                          reference="REF-" + "r" * 500, office="o" * 300, lines=["l" * 300]))
    for page in range(1, len(pdf.pages()) + 1):
        width, height, grey = drawn(pdf, page)
        edge = [grey[y * width + x] for y in range(height) for x in (*range(30), *range(width - 22, width))]
        tap(min(edge) > 250 and min(grey) < 60, f"pdf: page {page} of endless words is written on, and its margins are not")


def long_ones():
    letter = description([x for i in range(10000) for x in (["heading", 2, f"Person {i}", ""], ["field", 0, "Name", f"Name-{i}."])])
    pdf = pdf_of(letter)
    missed = in_order(pdf.text(), [f"Name-{i}." for i in range(10000)])
    tap(missed is None, "pdf: ten thousand persons are all there", missed)
    missed = in_order(Page(written("html", letter).decode()).text(), [f"Name-{i}." for i in range(10000)])
    tap(missed is None, "html: and so they are", missed)
    for name, value in (("a word of 128 KB", "x" * 131072), ("128 KB of words", "word and more " * 9362),
                        ("a name of 4 KB", "Ñame" * 819)):
        text = pdf_of(description([["field", 0, "Value", value], ["field", 0, "After", "the end"]])).text()
        found = text[text.index("Value") + 5:text.index("After")]
        tap(re.sub(r"[\s\u200b]", "", found) == re.sub(r"\s", "", value), f"pdf: {name} is whole, over pages")
    pdf = pdf_of(description([["field", 0, "Value", "word and more " * 3000], *[["text", 0, f"Text {i}."] for i in range(99)]]))
    words = re.findall(r'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">([^<]*)<', pdf.say("pdftotext", "-bbox", "-"))
    low = [text for _, bottom, text in words if float(bottom) > 773]
    tap(low == [w for i in range(len(pdf.pages())) for w in f"REF-1 Page {i + 1} of {len(pdf.pages())}".split()],
        "pdf: only reference and number stand below the text of a page", low[:30])
    rows = [[f"row-{i}", "x"] for i in range(200)]
    pages = pdf_of(description([["table", 0, ["First", "Second"], [1, 1], rows]])).pages()
    tap(len(pages) > 3 and all("First Second" in one_line([page]) for page in pages), "pdf: a table has its headings on each page")
    cell = "cell " * 3000
    text = pdf_of(description([["table", 0, ["First", "Second"], [1, 1], [[cell, "b"]]]])).text()
    tap(text.count("cell") == 3000, "pdf: a cell may be longer than a page", text.count("cell"))


NAMES = {"Arabic": ("محمد بن عبد الله", "ar"), "Devanagari": ("राजेश कुमार शर्मा", "hi"), "Han": ("王小明", "zh"),
         "Cyrillic": ("Иванов Сергей Петрович", "ru"), "Hebrew": ("דוד כהן", "he"), "Greek": ("Γεώργιος", "el")}


def scripts():
    for script, (name, language) in NAMES.items():
        blocks = [["field", 0, "Name", name], ["text", 0, f"Heard was {name}, in March."]]
        page = Page(written("html", description(blocks)).decode())
        tap(page.texts.count(name) == 1 and ("dd", {"dir": "auto"}) in page.tags, f"html: a name in {script} stands as it is written")
        if not subprocess.run(["fc-list", f":lang={language}"], stdout=subprocess.PIPE).stdout:
            skip(f"pdf: a name in {script}", f"no font for {language} is installed")
            continue
        text = pdf_of(description(blocks)).say("pdftotext", "-")
        # poppler sets marks of direction around what runs from the right.
        text = re.sub("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", "", text)
        tap(text.count(name) == 2, f"pdf: a name in {script} is found as it is written", text)


def right_to_left():
    """In such a language the columns go from the right, and the margins stay what they are."""
    letter = description([["field", 0, "To", "Dublin"]], language="ar")
    page = Page(written("html", letter).decode())
    tap(("html", {"lang": "ar", "dir": "rtl"}) in page.tags, "html: a language from the right says so")
    places = dict(re.findall(r'<word xMin="([\d.]+)"[^>]*>(\w+)</word>', pdf_of(letter).say("pdftotext", "-bbox", "-")))
    places = {word: float(x) for x, word in places.items()}
    tap(places["To"] > places["Dublin"] > 200, "pdf: labels stand at the right", places)


def policy_of(page):
    """Allows the one style that the page has."""
    css = page[page.index("<style>") + 7:page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def harmless():
    evil = "a\u202eb\u2066c\x07d\x1b[31me\ue000f\U000e0041g\u0378h"
    shown = r"a\u{202e}b\u{2066}c\x07d\x1b[31me\u{e000}f\u{e0041}g\u{378}h"
    blocks = [["field", 0, "Name " + evil, evil, evil], ["heading", 1, evil, evil], ["table", 0, [evil], [1], [[evil]]],
              ["title", evil], ["code", 0, evil]]
    letter = description(blocks, title=evil, author=evil, subject=evil, office=evil, lines=[evil], reference=evil)
    done = run("pdf", letter)
    text = pdf_of(letter).say("pdftotext", "-raw", "-")
    tap(re.sub(r"\s", "", text).count(re.sub(r"\s", "", shown)) >= 11, "pdf: what turns or hides a text is shown as a mark", text)
    tap(not re.search("[\u202a-\u202e\u2066-\u2069\x07\x1b\ue000]", text), "pdf: and is nowhere itself", text)
    page = written("html", letter).decode()
    tap(Page(page).text().count(shown) >= 11 and not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\ue000]", page),
        "html: the same")
    evil = "</style></title><script>alert(1)</script><img src=x onerror=a>\"' } @import url(//x.invalid); \\"
    letter = description([["field", 0, evil, evil, evil], ["heading", 1, evil, evil], ["table", 0, [evil], [1], [[evil]]],
                          ["title", evil], ["code", 0, evil], ["text", 0, evil]],
                         title=evil, author=evil, subject=evil, office=evil, lines=[evil], reference=evil, content=evil)
    page = written("html", letter).decode()
    parsed = Page(page)
    tap({t for t, _ in parsed.tags} <= {"html", "head", "meta", "title", "style", "body", "header", "div", "main", "h1", "h2",
                                        "small", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "p", "pre"}
        and not parsed.open, "html: what looks like tags is text", {t for t, _ in parsed.tags})
    # Of the title, the headings, the table and so on.
    tap(parsed.text().count(one_line([evil])) == 13, "html: and it is all there", parsed.text().count(one_line([evil])))
    css = page[page.index("<style>"):page.index("</style>")]
    tap(css.count("@import") == 0 and "</style>\n</head>" in page, "html: a reference does not end the string of the style", css[-600:])
    tap(not any(name.startswith("on") or name in ("src", "href", "style") for _, a in parsed.tags for name in a)
        and ("meta", {"http-equiv": "Content-Security-Policy", "content": policy_of(page)}) in parsed.tags,
        "html: nothing runs, nothing comes from elsewhere, and no style counts but its own", page[:600])


def a_letter_as_html():
    page = Page(written("html", description(PLAIN, language="fr", content="de")).decode())
    missed = in_order(page.text(), ["A letter", *PLAIN_TEXTS])
    tap(missed is None, "html: every text is found, in order", missed)
    tap(("html", {"lang": "fr", "dir": "ltr"}) in page.tags, "html: it says its language")
    levels = [int(t[1]) for t, _ in page.tags if re.match(r"h\d$", t)]
    tap(levels == [1, 2, 3, 4, 2], "html: the headings go down by one", levels)
    page = Page(written("html", description([["field", 0, "Facts", "Tatsachen", "", True]], content="de")).decode())
    tap(("dd", {"lang": "de", "dir": "auto"}) in page.tags, "html: what is in another language says so", page.tags)


def missing_font():
    """A machine that has only fonts without a script says so, and writes nothing."""
    with tempfile.TemporaryDirectory() as place:
        os.mkdir(f"{place}/fonts")
        os.symlink("/usr/share/fonts/truetype/dejavu", f"{place}/fonts/dejavu")
        with open(f"{place}/fonts.conf", "w") as f:
            f.write(f"<fontconfig><dir>{place}/fonts</dir><cachedir>{place}/cache</cachedir></fontconfig>")
        env = {"FONTCONFIG_FILE": f"{place}/fonts.conf"}
        for text, script, package in (("王小明", "Han", "fonts-noto-cjk"), ("राजेश", "Devanagari", "fonts-noto-core"),
                                      ("\U0001f680", "Common", "fonts-noto-color-emoji")):
            done = run("pdf", description([["field", 0, "Name", "x" + text]]), env)
            said = done.stderr.decode()
            tap(done.returncode == 1 and not done.stdout and f"script {script}," in said and f"package {package} " in said
                and f"U+{ord(text[0]):04X}" in said, f"pdf: without a font for {script} it says which is missing", said)
        done = run("pdf", description([["field", 0, "Name", "Doe"]]), env)
        tap(done.returncode == 0, "pdf: with another font than the usual one a letter is written all the same", done.stderr)


a_letter_as_pdf()
a_letter_as_html()
fields_of_a_later_schema()
margins_are_white()
long_ones()
scripts()
right_to_left()
harmless()
missing_font()
print(f"1..{len(results)}")
sys.exit(not all(results))
