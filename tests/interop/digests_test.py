#!/usr/bin/python3
"""Digests of calendars, zones and profiles, for all that is shipped, and periods counted, written from PROTOCOL.md,
"Clocks", alone; and what comityd and comityctl make of the same.

usage: digests_test.py COMITYD COMITYCTL

Zones are Python's own (zoneinfo), and a treaty's file is read by the few lines below.
"""
import datetime
import glob
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import zoneinfo

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from harness import *  # noqa: E402
import peer as P  # noqa: E402
from periods import DAY, Place, calendar_text, due, left  # noqa: E402

P.load_protocol(f"{TOP}/proto", f"{DIR}/gen")
LISTS = {"parties", "admitted", "measures", "met_by", "suspended_by", "codes", "categories", "needs", "side", "actions"}


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


# -------------------------------------------------------------- zones

def zone_text(name):
    """All changes from 1970 to 2100: found by halving, as zoneinfo names no list of them."""
    zone, utc = zoneinfo.ZoneInfo(name), datetime.timezone.utc
    epoch = datetime.datetime(1970, 1, 1, tzinfo=utc)

    def offset(s):
        return round((epoch + datetime.timedelta(seconds=s)).astimezone(zone).utcoffset().total_seconds())
    end, step = int((datetime.datetime(2101, 1, 1, tzinfo=utc) - epoch).total_seconds()), 12 * 3600
    text, before = f"zone {name}\n0 {offset(0)}\n", offset(0)
    for at in range(0, end, step):
        while offset(at + step) != before:
            low, high = at, at + step  # the first second with another offset lies in (low, high]
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            before = offset(high)
            text += f"{high * 1000} {before}\n"
            at = high
    return text


# -------------------------------------------------------------- profiles

def tokens(text):
    for m in re.finditer(r'#[^\n]*|"((?:[^"\\]|\\.)*)"|([{}=,])|([^\s{}=,"#]+)', text):
        if m[1] is not None:
            # libconfuse joins lines at a backslash; a line break in a text is one blank, with what is around it.
            yield "text", re.sub(r"\s*\n\s*", " ", re.sub(r"\\(.)", r"\1", m[1]))
        elif m[2]:
            yield "sign", m[2]
        elif m[3]:
            yield "text", m[3]


def section(items):
    """[(name, title, value)]: a text, a list of texts, or a section."""
    found = []
    for kind, name in items:
        if (kind, name) == ("sign", "}"):
            break
        kind, word = next(items)
        title = None
        if kind == "text":
            title = word
            kind, word = next(items)
        if word == "{":
            found.append((name, title, section(items)))
            continue
        assert word == "=", (name, word)
        kind, value = next(items)
        if (kind, value) == ("sign", "{"):
            value = []
            for kind, word in items:
                if (kind, word) == ("sign", "}"):
                    break
                if kind == "text":
                    value.append(word)
        found.append((name, title, value))
    return found


class Section:
    def __init__(self, items):
        self.items = items

    def get(self, name, default=""):
        return next((v for n, _, v in self.items if n == name), default)

    def each(self, name):
        return [(t, Section(v)) for n, t, v in self.items if n == name]


class Form:
    def __init__(self):
        self.lines = []

    def say(self, path, value):
        if value == "" or value is None or value is False:
            return
        value = "yes" if value is True else str(value)
        value = re.sub(r"[\x00-\x1f\x7f\\]", lambda m: f"\\x{ord(m[0]):02x}", value)
        self.lines.append(f"{path} = {value}\n".encode())

    def all(self, path, s, *names):
        for name in names:
            self.say(f"{path}{name}", s.get(name))

    def verified(self, path, s):
        self.say(path + "verified", "yes" if s.get("verified") in ("true", "yes", "on") else "no")

    def source(self, path, s):
        self.all(path, s, "article", "note")
        if s.get("article"):
            self.verified(path, s)

    def measures(self, path, names):
        for name in names:
            self.say(f"{path}measure.{name}", True)


def parties(f, root):
    listed = [("", p) for p in root.get("parties", [])]
    listed += [(side, p) for side, s in root.each("side") for p in s.get("parties", [])]
    for side, words in listed:
        if words == "others":
            f.say("party.others", True)
            continue
        state, _, since = words.partition(" from ")
        f.say(f"party.{state}", True)
        f.say(f"party.{state}.side", side)
        f.say(f"party.{state}.from", since)


def clock(f, name, s):
    path = f"clock.{name}."
    f.all(path, s, "obligation", "obliged", "obliged_role", "per", "only", "start", "amount", "unit", "rule", "ladder")
    f.say(path + "force", s.get("force", "binding"))
    f.say(path + "on_lapse", s.get("on_lapse", "record_only"))
    f.measures(path, s.get("measures", []))
    for option in ("met_by", "suspended_by"):
        for word in s.get(option, []):
            f.say(f"{path}{option}.{word}", True)
    f.source(path, s)
    for _, x in s.each("extension"):
        f.say(path + "extension", True)
        f.all(path + "extension.", x, "amount", "unit")
        for word in x.get("needs", []):
            f.say(f"{path}extension.needs.{word}", True)
        f.source(path + "extension.", x)


def ladder(f, name, s):
    units = {"h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
    for place, (rung, r) in enumerate(s.each("rung"), 1):
        path = f"ladder.{name}.{rung}."
        f.say(path + "place", place)
        f.all(path, r, "role")
        when = r.get("at")
        m = re.fullmatch(r"(\d+)%|(?:due|breach)?\s*([+-])?(\d+)([hdw])|(due|breach)", when)
        assert m, when
        if m[1]:
            f.say(path + "share", m[1])
        else:
            f.say(path + ("before_ms" if m[2] == "-" else "after_ms"), int(m[3] or 0) * units.get(m[4], 0))
        for word in r.get("side", []):
            f.say(f"{path}side.{word}", True)
        for word in r.get("actions", []):
            f.say(f"{path}action.{word}", True)


def profile_text(path):
    root, f = Section(section(iter(tokens(open(path, encoding="utf-8").read())))), Form()
    f.all("", root, "instrument", "version", "title", "citation", "source", "note", "status", "effective_from",
          "effective_to")
    f.verified("", root)
    parties(f, root)
    for _, s in root.each("measures"):
        f.measures("admitted.", s.get("admitted", []))
        f.source("admitted.", s)
    for name, s in root.each("rule"):
        f.all(f"rule.{name}.", s, "title", "exclude_event", "roll_over", "two_working", "note")
        f.verified(f"rule.{name}.", s)
    for name, s in root.each("requirement"):
        f.all(f"requirement.{name}.", s, "field", "why")
        f.measures(f"requirement.{name}.", s.get("measures", []))
        f.source(f"requirement.{name}.", s)
    for state, terms in root.each("terms"):
        for atom, s in terms.each("atom"):
            at = f"terms.{state}.{atom}."
            f.all(at, s, "category", "threshold", "definition")
            f.source(at, s)
    for name, s in root.each("clock"):
        clock(f, name, s)
    for name, s in root.each("ground"):
        f.source(f"ground.{name}." if name in P.types.RefusalGround.keys() else f"ground.TREATY_SPECIFIC.{name}.", s)
    for name, s in root.each("condition"):
        f.say(f"condition.{name}.text", s.get("text"))
        f.source(f"condition.{name}.", s)
    for name, word, option in (("languages", "code", "codes"), ("sensitive", "category", "categories")):
        for _, s in root.each(name):
            for value in s.get(option, []):
                f.say(f"{name}.{word}.{value}", True)
            f.source(f"{name}.", s)
    for _, s in root.each("retention"):
        f.all("retention.", s, "amount", "unit")
        f.source("retention.", s)
    for _, s in root.each("first_use"):
        f.say("first_use", True)
        f.source("first_use.", s)
    for name, s in root.each("ladder"):
        ladder(f, name, s)
    return b"".join(sorted(f.lines)).decode()


# -------------------------------------------------------------- against ours

CTL = sys.argv[2] if len(sys.argv) > 2 else f"{TOP}/build/bin/comityctl"


def of_comityd(zones, periods=""):
    """Digests by (what, name), and what it says of each period."""
    tool = f"{os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[1])))}/tests/digests"
    out = subprocess.run([tool, f"{TOP}/config/calendars", *zones], input=periods, capture_output=True, text=True,
                         check=True).stdout
    lines = [line.split() for line in out.splitlines()]
    return {tuple(l[:2]): l[2] for l in lines if l[0] in ("calendar", "zone")}, [l for l in lines if len(l) == 4]


@test
def the_holidays_of_all_shipped_calendars_have_the_digest_of_the_page():
    ours, _ = of_comityd([])
    assert len(ours) >= 13
    for (_, name), digest in ours.items():
        assert sha256(calendar_text(f"{TOP}/config/calendars/{name}.ics")) == digest, name


@test
def the_offsets_of_zones_have_the_digest_of_the_page():
    zones = ["UTC", "Europe/Dublin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
             "Europe/London", "Africa/Casablanca", "America/Nuuk", "Pacific/Apia"]
    ours, _ = of_comityd(zones)
    for name in zones:
        assert sha256(zone_text(name)) == ours["zone", name], name


@test
def the_canonical_forms_of_all_shipped_profiles_are_those_of_the_page():
    files = sorted(glob.glob(f"{TOP}/config/treaties/*.conf") + glob.glob(f"{TOP}/tests/fixtures/treaties/*.conf"))
    assert len(files) >= 18
    for path in files:
        out = subprocess.run([CTL, "--json", "treaty", "check", path], capture_output=True, text=True, check=False).stdout
        ours = json.loads(out.splitlines()[0])["digest"]
        assert sha256(profile_text(path)) == ours, f"{path}: {sha256(profile_text(path))} {ours}"


@test
def periods_are_counted_as_the_page_says():
    numbers = random.Random(17)
    zones = ["UTC", "Europe/Dublin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]
    calendars = ["IE", "US", "IN", "-"]
    places = {(z, c): Place(z, "" if c == "-" else calendar_text(f"{TOP}/config/calendars/{c}.ics"))
              for z in zones for c in calendars}
    start, end = 1_577_836_800_000, 2_082_758_400_000  # 2020 to 2035
    asked = []
    for _ in range(4000):
        t = numbers.randrange(start, end)
        u = t + numbers.randrange(-2 * DAY, 100 * DAY)
        asked.append((numbers.choice(zones), numbers.choice(calendars),
                      numbers.choice(("hour", "calendar_day", "working_day", "week")), numbers.randrange(1, 90),
                      *(numbers.randrange(2) for _ in range(3)), t, u))
        if numbers.randrange(3) == 0:
            asked[-1] = (*asked[-1][:3], numbers.randrange(1, 4), *asked[-1][4:])
    _, ours = of_comityd(zones, "".join(" ".join(map(str, a)) + "\n" for a in asked))
    assert len(ours) == len(asked)
    for a, got in zip(asked, ours):
        place, rule, t, u = places[a[:2]], a[2:7], a[7], a[8]
        want = [str(due(place, *rule, t)), *map(str, left(place, *rule, t, u))]
        assert want == got, f"{a}: {want} {got}"


finish()
