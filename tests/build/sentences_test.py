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
    while depth >= 0:
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


CONVERSION = re.compile(r"%(?:(\d+)\$)?[0-9]*(?:\.\d+)?(l*|z)([sdu])")


def values(text):
    """The values that a format takes, by their place: what is written, not how long it may be."""
    found = CONVERSION.findall(text.replace("%%", ""))
    return {int(place) if place else i + 1: (length, letter) for i, (place, length, letter) in enumerate(found)}


def unlike(path):
    """The entries whose translation takes other values than the sentence, or leaves one out."""
    plain = subprocess.run(["msgcat", "--no-wrap", path], check=True, capture_output=True, text=True).stdout
    for text, other in re.findall(r'^msgid ("(?:[^"\\]|\\.)*")\nmsgstr ("(?:[^"\\]|\\.)*")$', plain, re.M):
        text, other = ast.literal_eval(text), ast.literal_eval(other)
        if other and values(text) != values(other):
            yield text


def catalogue(path):
    plain = subprocess.run(["msgcat", "--no-wrap", path], check=True, capture_output=True, text=True).stdout
    return {ast.literal_eval(m[1]) for m in re.finditer(r'^msgid ("(?:[^"\\]|\\.)*")$', plain, re.M)}


failed = False
used = sorted(set(said()))
for po in sorted(glob.glob(f"{TOP}/config/locale/*.po")):
    name = os.path.basename(po)
    if name == "en.po":
        continue
    known = catalogue(po)
    missing = [f"{path}: {sentence}" for path, sentence in used if sentence and sentence not in known]
    failed |= bool(missing)
    print(f"{'not ok' if missing else 'ok'} - {name} has each of {len(used)} sentences")
    for line in missing:
        print(f"# {line}")
    other = list(unlike(po))
    failed |= bool(other)
    print(f"{'not ok' if other else 'ok'} - {name} takes in each translation the values of its sentence")
    for line in other:
        print(f"# {line}")
failed |= len(used) < 40
raise SystemExit(failed)
