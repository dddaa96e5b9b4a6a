"""Every sentence that the program says through a catalogue is in each of config/locale but the English one, which has
them in the program: those of form_say() and form_fill() in C, and of say() in the form's page."""
import ast
import glob
import os
import re
import subprocess

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
with open(f"{TOP}/daemon/base/time.h") as header:
    LIKE = re.search(r'#define CY_RFC3339_LIKE ("[^"]*")', header.read())[1]
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')


def arguments(text, at):
    """The arguments of a call whose opening parenthesis stands before `at`, as they are written."""
    found, depth, begin = [], 0, at
    while depth >= 0 and at < len(text):
        literal = LITERAL.match(text, at) or re.compile(r"'(?:[^'\\]|\\.)+'").match(text, at)
        if literal:
            at = literal.end()
            continue
        c = text[at]
        depth += (c in "([{") - (c in ")]}")
        if depth < 0 or (depth == 0 and c == ","):
            found.append(text[begin:at])
            begin = at + 1
        at += 1
    return found


def sentences(argument):
    """The literals of an argument, adjacent ones joined; those that it hands to another call are that one's."""
    if re.search(r"\w\(", LITERAL.sub("", argument)):
        return []
    joined = re.findall(r'(?:"(?:[^"\\]|\\.)*"\s*)+', argument)
    return ["".join(ast.literal_eval(part) for part in LITERAL.findall(piece)) for piece in joined]


def said():
    for path in sorted(glob.glob(f"{TOP}/daemon/**/*.c", recursive=True) + glob.glob(f"{TOP}/daemon/**/*.js", recursive=True)):
        with open(path) as f:
            text = f.read()
        calls = r"\b(form_say|form_fill)\(" if path.endswith(".c") else r"\b(say)\("
        for m in re.finditer(calls, text):
            place = {"form_say": 1, "form_fill": 2, "say": 0}[m[1]]
            words = arguments(text, m.end())
            for sentence in sentences(words[place]) if len(words) > place else []:
                yield os.path.relpath(path, TOP), sentence
        for m in re.finditer(r"\b(law_fault|law_must|fault_of)\(", text):
            words = arguments(text, m.end())
            for sentence in sentences(words[3].replace("CY_RFC3339_LIKE", LIKE)) if len(words) > 3 else []:
                if sentence not in ("%s", "literal"):
                    yield os.path.relpath(path, TOP), sentence


# What only administrators, operators and programs use is told in English, as comityctl(1) says.
ENGLISH = {"cmd_cursor", "cmd_export", "cmd_verify", "container", "cmd_evidence_check", "cmd_evidence_custody", "cmd_evidence_medium", "cmd_evidence_uploads",
           "cmd_health", "cmd_inbox", "cmd_resume", "cmd_stats", "cmd_status", "cmd_treaty", "cmd_treaty_diff", "health",
           "meter", "stats_table"}
CALLS = {"ctl_fail": [1], "ctl_usage": [1], "ctl_order": [2], "out_pair": [0, 1], "out_said": [0], "out_list_end": [2],
         "say": [0], "say_made": [0], "add": [1], "section": [2], "paragraph": [1]}
# What stands in several files: names of the options that describe evidence.
with open(f"{TOP}/daemon/comityctl/attach.h") as header:
    ATTACH = ast.literal_eval("(" + re.search(r"#define ATTACH_HELP\s*((?:[^\n]*\\\n)*[^\n]*)", header.read())[1].replace("\\\n", "\n") + ")")


def is_english(text):
    """It has words: no path, format or option alone."""
    return re.search(r"[A-Za-z]{2}", re.sub(r"%[.*0-9]*(?:l*|z)[a-z]", "", text)) is not None


def shown():
    """What comityctl tells officers: sentences, names of columns, and help."""
    for path in sorted(glob.glob(f"{TOP}/daemon/comityctl/*.c")):
        name = os.path.relpath(path, TOP)
        with open(path) as f:
            text = f.read()
        for m in re.finditer(r"const struct ctl_command \w+ = \{(.*?)\};", text, re.S):
            yield name, "".join(ast.literal_eval(part) for part in LITERAL.findall(m[1])[1:])
        if os.path.basename(path)[:-2] in ENGLISH:
            continue
        for m in re.finditer(rf"\b({'|'.join(CALLS)})\(", text):
            words = arguments(text, m.end())
            for place in CALLS[m[1]]:
                for sentence in sentences(words[place]) if len(words) > place else []:
                    yield name, sentence
        for m in re.finditer(r"static const char \*const (\w+)\[[^=;]*\] = \{(.*?)\};", text, re.S):
            if m[1] in ("heads", "all", "one", "several", "starts", "lapses", "statuses"):
                for sentence in LITERAL.findall(m[2]):
                    yield name, ast.literal_eval(sentence)
        for m in re.finditer(r"static const char \w*help\[\] =(.*?);\n", text, re.S):
            yield name, "".join(ATTACH if part == "ATTACH_HELP" else ast.literal_eval(part)
                                for part in re.findall(r'"(?:[^"\\]|\\.)*"|ATTACH_HELP', m[1]))


CONVERSION = re.compile(r"%(?:(\d+)\$)?[0-9]*(?:\.\d+)?(l*|z)([sdu])")


def values(text):
    """The values that a format takes, by their place: what is written, not how long it may be."""
    found = CONVERSION.findall(text.replace("%%", ""))
    return {int(place) if place else i + 1: (length, letter) for i, (place, length, letter) in enumerate(found)}


WRITTEN = r'(?:"(?:[^"\\]|\\.)*"\n)+'  # a text in a catalogue, on one line or several


def unlike(path):
    """The entries whose translation takes other values than the sentence, or leaves one out."""
    plain = subprocess.run(["msgcat", "--no-wrap", path], check=True, capture_output=True, text=True).stdout
    for text, other in re.findall(rf"^msgid ({WRITTEN})msgstr ({WRITTEN})", plain, re.M):
        text, other = ast.literal_eval(f"({text})"), ast.literal_eval(f"({other})")
        if other and values(text) != values(other):
            yield text


def catalogue(path):
    """The sentences, without what has a context."""
    plain = subprocess.run(["msgcat", "--no-wrap", path], check=True, capture_output=True, text=True).stdout
    entries = [entry for entry in plain.split("\n\n") if "\nmsgctxt " not in "\n" + entry]
    return {ast.literal_eval(f"({m[1]})") for entry in entries for m in re.finditer(rf"^msgid ({WRITTEN})", entry, re.M)}


failed = False
used = sorted(set(said()) | {(path, text) for path, text in shown() if is_english(text)})
for po in sorted(glob.glob(f"{TOP}/config/locale/*.po")):
    name = os.path.basename(po)
    if name == "en.po":
        continue
    known = catalogue(po)
    missing = [f"{path}: {sentence!r}" for path, sentence in used if sentence and sentence not in known]
    failed |= bool(missing)
    print(f"{'not ok' if missing else 'ok'} - {name} has each of {len(used)} sentences")
    for line in missing:
        print(f"# {line}")
    other = list(unlike(po))
    failed |= bool(other)
    print(f"{'not ok' if other else 'ok'} - {name} takes in each translation the values of its sentence")
    for line in other:
        print(f"# {line!r}")
failed |= len(used) < 40
raise SystemExit(failed)
