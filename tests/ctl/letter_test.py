#!/usr/bin/python3
"""comityctl letter of drafts, without a daemon: every field of the schema, filled, stands in the letter.

    letter_test.py COMITYCTL      TAP
"""
import datetime
from collections import Counter
import gettext
import glob
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor as F

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/letter")
from paper import Page, Pdf, in_order, one_line  # noqa: E402

COMITYCTL = os.path.abspath(sys.argv[1])
DIR = tempfile.mkdtemp()
sys.path.insert(0, DIR)
subprocess.run(["protoc", f"-I{TOP}/proto", f"--python_out={DIR}", *glob.glob(f"{TOP}/proto/comity/v1/*.proto")], check=True)
local_pb2 = importlib.import_module("comity.v1.local_pb2")
case_pb2 = importlib.import_module("comity.v1.case_pb2")
types_pb2 = importlib.import_module("comity.v1.types_pb2")

ENV = {**os.environ, "COMITY_TREATIES": f"{TOP}/config/treaties", "LANG": "C", "LC_ALL": "C"}
for name in ("COMITY_LETTERHEAD", "COMITY_SOCKET"):
    ENV.pop(name, None)
INSTRUMENTS = sorted({re.search(r'^instrument = "([^"]+)"', open(f).read(), re.M)[1] for f in glob.glob(f"{TOP}/config/treaties/*.conf")})
results = []


def tap(good, name, detail=""):
    results.append(bool(good))
    print(("ok " if good else "not ok ") + name)
    if not good:
        print("# " + str(detail)[:3000].replace("\n", "\n# "))


def ctl(*arguments, **more):
    return subprocess.run([COMITYCTL, "--socket", f"{DIR}/none.sock", *arguments], env={**ENV, **more}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def draft(submission):
    with open(f"{DIR}/draft.json", "w") as f:
        f.write(submission if isinstance(submission, str) else json_format.MessageToJson(submission))
    return f"{DIR}/draft.json"


def letter(submission, *options, **more):
    """Both forms of the letter, as they are read."""
    file = draft(submission)
    for end in ("pdf", "html"):
        done = ctl("letter", file, "-o", f"{DIR}/letter.{end}", *options, **more)
        assert done.returncode == 0, done
    return Pdf(open(f"{DIR}/letter.pdf", "rb").read()), Page(open(f"{DIR}/letter.html").read())


def labels():
    plain = subprocess.run(["msgcat", "--no-wrap", f"{TOP}/config/locale/en.po"], check=True, capture_output=True, text=True).stdout
    return {context: json.loads(text) for context, text in
            re.findall(r'^msgctxt "([^"]+)"\nmsgid "label"\nmsgstr ("(?:[^"\\]|\\.)*")$', plain, re.M)}


LABELS = labels()


def label(context):
    return LABELS[context]


class Filler:
    """Fills every field of a message, each with a value of its own, and remembers how people read it."""

    def __init__(self, **fixed):
        self.n, self.fixed, self.wanted, self.chosen = 0, fixed, [], []

    def next(self):
        self.n += 1
        return self.n

    def value(self, f, path):
        n = self.next()
        if f.type == F.TYPE_STRING and f.name in self.fixed:
            return self.fixed[f.name]
        if f.type == F.TYPE_STRING and f.name.endswith("_date"):
            day = datetime.date(1990, 1, 1) + datetime.timedelta(n)
            self.wanted.append((path, f"{day.day} {day:%B} {day.year}"))
            return day.isoformat()
        if f.type == F.TYPE_STRING:
            self.wanted.append((path, f"value-{n}-of-{f.name}."))
            return f"value-{n}-of-{f.name}."
        if f.type == F.TYPE_BYTES:
            data = bytes([n % 256, n // 256]) * 16
            self.wanted.append((path, data.hex()))
            return data
        if f.type == F.TYPE_ENUM:
            value = f.enum_type.values[1 + n % (len(f.enum_type.values) - 1)]
            self.chosen.append((path, label(f"{f.containing_type.name}.{f.name}"), label(f"{f.enum_type.name}.{value.name}")))
            return value.number
        if f.type == F.TYPE_BOOL:
            self.chosen.append((path, label(f"{f.containing_type.name}.{f.name}"), "yes"))
            return True
        if f.type == F.TYPE_INT64:
            at = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=100001 * n)
            self.wanted.append((path, f"{at.day} {at:%B} {at.year}, {at:%H:%M:%S} UTC"))
            return int(at.timestamp() * 1000)
        self.wanted.append((path, str(100000 + n)))
        return 100000 + n

    def fill(self, m, path=""):
        for f in m.DESCRIPTOR.fields:
            here = f"{path}.{f.name}".lstrip(".")
            if f.containing_oneof is not None and f.containing_oneof.name == "kind":
                continue
            if f.type == F.TYPE_MESSAGE and f.label == F.LABEL_REPEATED:
                for i in range(2):
                    self.fill(getattr(m, f.name).add(), f"{here}[{i}]")
            elif f.type == F.TYPE_MESSAGE:
                getattr(m, f.name).SetInParent()
                self.fill(getattr(m, f.name), here)
            elif f.label == F.LABEL_REPEATED:
                getattr(m, f.name).extend([self.value(f, f"{here}[0]"), self.value(f, f"{here}[1]")])
            else:
                setattr(m, f.name, self.value(f, here))


def bare(text):
    """Without what lines and thousands put between."""
    return re.sub(r"[\s,\u202f\u00a0]", "", text)


def filled(kind, **fixed):
    s = local_pb2.Submission()
    filler = Filler(**fixed)
    filler.fill(s.content.__getattribute__(kind), f"content.{kind}")
    getattr(s.content, kind).SetInParent()
    s.to, s.own_reference = "IE", "REF-77"
    return s, filler


def unchosen(page, filler):
    """Choices and switches that the letter does not say, as often as they were set, in a field with their label."""
    often = Counter((name, value) for _, name, value in filler.chosen)
    said = {(name, value): sum(text.count(value) for label, text in page.fields if label == name) for name, value in often}
    return [(name, value, said[name, value], n) for (name, value), n in often.items() if said[name, value] < n]


def missing(text, filler):
    text = bare(text)
    return [(path, value) for path, value in filler.wanted if bare(value) not in text]


STATES = {"requesting_state": "US", "requested_state": "IE", "nationality": "FR", "state": "DE", "language": "en", "languages": "en"}


def every_field_under_every_instrument():
    for instrument in INSTRUMENTS:
        s, filler = filled("request", instrument=instrument, version="1", **STATES)
        pdf, page = letter(s)
        tap(len(filler.wanted) > 180 and not missing(pdf.text(), filler),
            f"pdf: every field of a request under {instrument} stands in the letter", missing(pdf.text(), filler))
        tap(not missing(page.text(), filler), f"html: and so it does under {instrument}", missing(page.text(), filler))
        tap(len(filler.chosen) > 20 and not unchosen(page, filler),
            f"every choice and every switch stands at its label under {instrument}", unchosen(page, filler))
        said = in_order(bare(pdf.text()), map(bare, page.texts[1:]))
        tap(said is None, f"pdf says under {instrument} all that the page says, labels and choices included, in one order", said)


def every_kind():
    kinds = [f.name for f in case_pb2.Content.DESCRIPTOR.oneofs_by_name["kind"].fields]
    for kind in kinds:
        s, filler = filled(kind, **STATES)
        pdf, page = letter(s)
        tap(len(kinds) > 30 and not missing(pdf.text(), filler) and not missing(page.text(), filler),
            f"every field of a {kind.replace('_', ' ')} stands in its letter",
            (missing(pdf.text(), filler), missing(page.text(), filler)))
        said = in_order(bare(pdf.text()), map(bare, page.texts[1:]))
        tap(not unchosen(page, filler) and said is None, f"and so do its choices and switches: {kind}", (unchosen(page, filler), said))


def request():
    """That of the demo; Python's protobuf knows no instants of RFC 3339."""
    text = re.sub(r'"(\d{4}-\d\d-\d\dT[^"]*)Z"',
                  lambda m: str(int(datetime.datetime.fromisoformat(m[1] + "+00:00").timestamp() * 1000)),
                  open(f"{TOP}/contrib/demo/request.json").read())
    return json_format.Parse(text, local_pb2.Submission())


def the_request_of_the_demo():
    r = request()
    pdf, page = letter(r)
    info, text = pdf.info(), pdf.text()
    tap(info["Title"] == "Request for mutual legal assistance, 182-50013 (draft)" and info["Tagged"] == "yes"
        and info["Subject"] == "Request for mutual legal assistance", "a letter says what it is", info)
    wanted = ["Office of International Affairs", "Washington, D.C.", "To IE (Ireland)", "Reference 182-50013",
              "Treaty between the Government of the United States of America", "Request for mutual legal assistance",
              "Requesting state United States (US)", "Language of the request Article 4* English (en)",
              r.content.request.facts, "Doe", r.content.request.measures[1].description, "Article 4*",
              "1 March 2025", "Signature", "What is still wrong with this draft", "login_ip_log"]
    tap(in_order(text, wanted) is None, "of the demo's request, in the instrument's order with its articles", in_order(text, wanted))
    tap("was not verified against the primary text" in text and "not reviewed by a lawyer" in text,
        "and what nobody has verified is said")
    feet = [p.rstrip().splitlines()[-1] for p in pdf.pages()]
    tap(feet == [f"182-50013 (draft) Page {i + 1} of {len(feet)}" for i in range(len(feet))], "each page has the reference", feet)
    tap(all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in pdf.say("pdffonts").splitlines()[2:]), "all fonts are in it")
    tap(pdf.complaints == "", "poppler has no complaint", pdf.complaints)
    tap(in_order(page.text(), wanted) is None, "the page says the same", in_order(page.text(), wanted))


def in_french():
    pdf, page = letter(request(), "--language", "fr")
    wanted = ["Office of International Affairs", "À IE (Irlande)", "Demande d’entraide judiciaire", "États-Unis (US)",
              request().content.request.facts, "15 décembre 2025", "Lieu et date", "Sceau"]
    for form, text in (("pdf", pdf.text()), ("html", page.text())):
        tap(in_order(text, wanted) is None, f"{form}: a letter in French", in_order(text, wanted))
    tap((b"/Lang (fr)" in pdf.data or b"\ntrailer\n" not in pdf.data) and ("html", {"lang": "fr", "dir": "ltr"}) in page.tags, "which says so")
    tap(pdf.pages()[0].rstrip().splitlines()[-1].endswith(f"Page 1 sur {len(pdf.pages())}"), "also at the foot of its pages",
        pdf.pages()[0])
    tap(("dd", {"lang": "en", "dir": "auto"}) in page.tags, "what was written in another language says that")
    english = re.search(r"\b(Not stated|Missing:|Page \d+ of|Signature and|draft\b)", pdf.text())
    tap(english is None, "no word of the letter itself is English", english)
    done = ctl("letter", draft(request()), "-o", f"{DIR}/x.pdf", "--language", "tlh")
    tap(done.returncode == 2 and "tlh" in done.stderr, "a language without a catalogue is refused", done)
    done = ctl("letter", draft(request()), "-o", f"{DIR}/x.pdf", LC_ALL="fr_FR.UTF-8")
    tap(done.returncode == 0 and "Demande" in done.stdout, "without the option it is that of the environment", done)


def what_is_missing():
    s = local_pb2.Submission(to="IE", own_reference="R")
    s.content.request.title = "Nearly nothing"
    s.content.request.legal_basis.instrument = "us-ie-2001"
    pdf, page = letter(s)
    for text in (pdf.text(), page.text()):
        tap(text.count("Missing: this is mandatory") >= 5 and "Facts" in text and "What is still wrong" in text,
            "what is mandatory and empty is said to be missing", text)


def letterheads():
    def head(text):
        with open(f"{DIR}/head.conf", "w") as f:
            f.write(text)
        return f"{DIR}/head.conf"

    good = head('authority = "US-OIA"\noffice = "An Office of Ours"\nlines = {"Second line", "Third line"}\n')
    pdf, page = letter(request(), "--letterhead", good)
    tap(pdf.text().startswith("An Office of Ours Second line Third line To IE"), "the letterhead is that of its file", pdf.text())
    tap(page.texts[1:4] == ["An Office of Ours", "Second line", "Third line"], "on the page too", page.texts[:6])
    pdf, _ = letter(request(), COMITY_LETTERHEAD=good)
    tap(pdf.text().startswith("An Office of Ours"), "COMITY_LETTERHEAD names it as well")
    for text, said in (('office = "x"\n', "'authority': it is missing"), ('authority = "us"\noffice = "x"\n', "'us' is no authority id"),
                       ('authority = "US"\n', "'office': it is missing"), ('authority = "US"\noffice = "x"\nlogo = "y"\n', "logo"),
                       ('authority = "US"\noffice = "x"\nlines = {' + '"l", ' * 10 + '"l"}\n', "there are 11; at most 10")):
        done = ctl("letter", draft(request()), "-o", f"{DIR}/x.pdf", "--letterhead", head(text))
        tap(done.returncode == 4 and said in done.stderr and "head.conf:" in done.stderr, f"a wrong one is told: {said}", done.stderr)
    done = ctl("letter", draft(request()), "-o", f"{DIR}/x.pdf", "--letterhead", f"{DIR}/none")
    tap(done.returncode == 4 and "--letterhead" in done.stderr, "and so is one that is not there", done.stderr)


def names():
    r = request()
    names = {"محمد بن عبد الله": "ar", "राजेश कुमार शर्मा": "hi", "王小明": "zh", "Иванов Сергей": "ru"}
    del r.content.request.persons[:]
    for name in names:
        r.content.request.persons.add(role=case_pb2.SUSPECT, name=name)
    r.content.request.persons.add(role=case_pb2.SUSPECT, name="turned\u202eeman\u202c")
    lacking = [code for code in names.values() if not subprocess.run(["fc-list", f":lang={code}"], stdout=subprocess.PIPE).stdout]
    if lacking:
        print(f"ok names in four scripts # SKIP no font is installed for {', '.join(lacking)}")
        return
    pdf, page = letter(r)
    text = re.sub("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", "", pdf.say("pdftotext", "-"))
    tap(all(name in text and name in page.text() for name in names), "names in four scripts stand as they were written", text)
    tap(r"turned\u{202e}eman\u{202c}" in text and r"turned\u{202e}eman\u{202c}" in page.text(), "one that turns the text is marked")
    r.content.request.persons[0].name = "Ñ" * 2048
    pdf, _ = letter(r)
    tap("Ñ" * 2048 in bare(pdf.text()), "a name of 4 KB is whole")


def many_persons():
    r = request()
    for i in range(998):
        r.content.request.persons.add(role=case_pb2.WITNESS, name=f"Witness-{i}.")
    pdf, page = letter(r)
    wanted = [f"Witness-{i}." for i in range(998)]
    tap(in_order(pdf.text(), wanted) is None and in_order(page.text(), wanted) is None, "a thousand persons are all there")
    for i in range(9000):
        r.content.request.persons.add(role=case_pb2.WITNESS, name="W")
    done = ctl("letter", draft(r), "-o", f"{DIR}/x.pdf")
    tap(done.returncode == 4 and "persons" in done.stderr and "1000" in done.stderr.replace(",", ""),
        "ten thousand are more than a message takes, which is said", done.stderr)


def wrong_ones():
    file = draft(request())
    for arguments, code, said in (
            ((file,), 2, "-o requires a file"), ((file, "-o", f"{DIR}/y.doc"), 2, ".pdf or .html"),
            (("-o", f"{DIR}/y.pdf"), 2, "requires an argument"), ((file, "-o"), 2, "requires a value"),
            ((f"{DIR}/none.json", "-o", f"{DIR}/y.pdf"), 4, "none.json: No such file"),
            (("REF/1", "-o", f"{DIR}/y.pdf"), 3, "none.sock")):
        done = ctl("letter", *arguments)
        tap(done.returncode == code and said in done.stderr and not os.path.exists(f"{DIR}/y.pdf"),
            f"exit {code}, and nothing is written: {said}", done)
    for text, said in (('{"content": {"request": {"titel": "x"}}}', "content.request.titel: unknown field: did you mean 'title'"),
                       ("{", "line 1"), ("{}", "it says nothing")):
        done = ctl("letter", draft(text), "-o", f"{DIR}/y.pdf")
        tap(done.returncode == 4 and said in done.stderr and not os.path.exists(f"{DIR}/y.pdf"),
            f"a file that is wrong is told: {said}", done)
    file = draft(request())
    os.symlink(f"{DIR}/victim", f"{DIR}/link.pdf")
    done = ctl("letter", file, "-o", f"{DIR}/link.pdf")
    tap(done.returncode == 4 and not os.path.exists(f"{DIR}/victim"), "a link is not followed", done.stderr)
    for end in ("pdf", "html"):
        with open(f"{DIR}/old.{end}", "w") as f:
            f.write("an older letter")
        os.chmod(f"{DIR}/old.{end}", 0o664)
        with open(f"{DIR}/old.{end}") as reader:
            done = ctl("letter", file, "-o", f"{DIR}/old.{end}")
            tap(done.returncode == 0 and os.stat(f"{DIR}/old.{end}").st_mode & 0o777 == 0o600 and reader.read() == "an older letter",
                f"{end}: a letter takes the place of an older file at once, and nobody else may read it", done)
    with open(file) as f:
        done = subprocess.run([COMITYCTL, "letter", "-", "-o", f"{DIR}/stdin.html"], stdin=f, env=ENV, stdout=subprocess.PIPE)
    tap(done.returncode == 0 and os.stat(f"{DIR}/stdin.html").st_mode & 0o777 == 0o600, "a draft comes from standard input; "
        "the letter is the caller's alone", done)


def what_is_wrong_with_a_draft_is_told_to_the_last():
    many = json.loads(json_format.MessageToJson(request()))
    many["content"]["request"].update(facts="FILL IN", persons=[{"role": "SUSPECT"} for _ in range(100)])
    for paper in letter(json.dumps(many)):
        text = paper.text()
        tap("this still says 'FILL IN'" in text, "a letter tells what of its draft was not filled in", text)
        tap("There are more, which are not listed here." in text, "a letter tells that there are more faults", text)


def faults_are_in_the_language_of_the_letter():
    r = request()
    r.content.request.title = "x" * 600
    r.content.request.measures[0].wanted_by_date = "2001-02-03"
    del r.content.request.persons[:]
    file = draft(r)
    done = ctl("check", file, "--language", "fr")
    tap(done.returncode == 4 and "Un intitulé compte au plus" in done.stdout and "est antérieur au" in done.stdout
        and "son délai est passé dès qu’il commence" in done.stdout, "check says faults with values in French", done)
    _, page = letter(r, "--language", "fr")
    tap("Un intitulé compte au plus" in page.text() and "A title has" not in page.text(), "and so does the letter", page.text()[-3000:])


def every_word_is_in_french():
    """Sentences of the letter that the catalogue lacks would stand in English among French ones."""
    with open(f"{DIR}/fr.mo", "wb") as f:
        subprocess.run(["msgfmt", "-o", "-", f"{TOP}/config/locale/fr.po"], stdout=f, check=True)
    with open(f"{DIR}/fr.mo", "rb") as f:
        french = gettext.GNUTranslations(f)
    text = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    asks = rf"\b(?:letter_say|letter_pair|digest|begin|form_say|form_fill)\((?:&?[lwj]\b)[^;\"]*?{text}(?:\s*:\s*{text})?"
    said = set()
    for path in glob.glob(f"{TOP}/daemon/letter/*.c") + glob.glob(f"{TOP}/daemon/comityctl/*letter*.c"):
        with open(path) as f:
            source = f.read()
        found = [literal for match in re.findall(asks, source) for literal in match if literal]
        said |= {"".join(json.loads(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', literal)) for literal in found}
        for heads in re.findall(r"heads\[\] = \{([^}]*)\}", source):
            said |= {json.loads(head) for head in re.findall(r'"[^"]*"', heads)}
    lacking = sorted(s for s in said if french.gettext(s) == s and s not in french._catalog)
    tap(len(said) > 80 and not lacking, "every sentence of a letter is in the French catalogue", lacking)


every_word_is_in_french()
every_field_under_every_instrument()
every_kind()
the_request_of_the_demo()
in_french()
what_is_missing()
letterheads()
names()
many_persons()
wrong_ones()
faults_are_in_the_language_of_the_letter()
what_is_wrong_with_a_draft_is_told_to_the_last()
subprocess.run(["rm", "-rf", DIR])
print(f"1..{len(results)}")
sys.exit(not all(results))
