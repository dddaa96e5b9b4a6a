#!/usr/bin/python3
"""Our proto3 JSON mapping against Python's google.protobuf.json_format.

    json_equal_test.py JSON_TOOL [SEED]

Takes every message type of the schema, fills it at random, and compares both
directions; then documents that must be refused. Output is TAP.
"""
import importlib
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor as F

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULES = ("types", "case", "local", "peer")
ROUNDS = 200

INTEGERS = {
    F.TYPE_INT32: (-2**31, 2**31 - 1),
    F.TYPE_UINT32: (0, 2**32 - 1),
    F.TYPE_INT64: (-2**63, 2**63 - 1),
    F.TYPE_UINT64: (0, 2**64 - 1),
}
TEXTS = ["", "x", "Überprüfung", "\"quoted\" \\ / \b\f\n\r\t", "\x01\x1f\x7f\x80", "\u2028\u2029\ufeff\uffff",
         "\U0001f600\U0010ffff", "a" * 5000, " ", "null", "1e5", "漢字"]

results = []


def tap(good, name, detail=""):
    results.append(good)
    print(("ok " if good else "not ok ") + name)
    if not good:
        print("# " + str(detail)[:2000].replace("\n", "\n# "))


# ------------------------------------------------------------------ the tool

def ask(tool, records):
    """[(what, type, data)] -> [(good, bytes)]"""
    data = bytearray()
    for what, name, body in records:
        record = f"{what} {name}\n".encode() + body
        data += struct.pack(">I", len(record)) + record
    out = subprocess.run([tool], input=bytes(data), stdout=subprocess.PIPE, check=True).stdout
    answers, at = [], 0
    while at < len(out):
        (size,) = struct.unpack_from(">I", out, at)
        answers.append((out[at + 4:at + 5] == b"+", out[at + 5:at + 4 + size]))
        at += 4 + size
    assert len(answers) == len(records), f"{len(answers)} answers to {len(records)} records"
    return answers


# ---------------------------------------------------------- random instances

def random_value(rng, field):
    if field.type in INTEGERS:
        low, high = INTEGERS[field.type]
        return rng.choice([0, 1, low, high, rng.randint(low, high), rng.randint(0, 100), min(high, 2**53 + 1)])
    if field.type == F.TYPE_BOOL:
        return rng.random() < 0.5
    if field.type == F.TYPE_ENUM:
        known = rng.choice(field.enum_type.values).number
        return rng.choice([known, known, known, 0, 12345, -1, 2**31 - 1, -2**31])
    if field.type == F.TYPE_BYTES:
        return rng.randbytes(rng.choice([0, 1, 2, 3, 4, 32, rng.randint(5, 70), 3000]))
    if field.type == F.TYPE_STRING:
        return rng.choice(TEXTS)
    raise AssertionError(f"{field.full_name}: a type that this test does not know")


def fill(rng, message, depth=0):
    share = rng.choice([0.1, 0.4, 0.9, 1.0]) if depth == 0 else 0.5 / depth
    for field in message.DESCRIPTOR.fields:
        if rng.random() > share and not (field.containing_oneof and depth < 3 and rng.random() < 0.3):
            continue
        if field.label == F.LABEL_REPEATED:
            target = getattr(message, field.name)
            for _ in range(rng.choice([0, 1, 1, 2, 3])):
                if field.message_type:
                    fill(rng, target.add(), depth + 1)
                else:
                    target.append(random_value(rng, field))
        elif field.message_type:
            sub = getattr(message, field.name)
            sub.SetInParent()
            if rng.random() < 0.8:
                fill(rng, sub, depth + 1)
        else:
            setattr(message, field.name, random_value(rng, field))


UNKNOWN = [b"", b"\xc0\x3e\x05", b"\xc2\x3e\x03\xff\x00x", b"\xc5\x3e\x01\x02\x03\x04", b"\xc1\x3e12345678"]


# --------------------------------------------------------------- comparisons

def check_print(tool, what, indent, name, messages, raw):
    for message, (good, answer) in zip(messages, ask(tool, [(what, name, body) for body in raw])):
        expected = json.dumps(json_format.MessageToDict(message), ensure_ascii=False, indent=indent)
        if not good or answer.decode() != expected:
            return f"{answer.decode()}\n!= {expected}"
        assert json.loads(answer) == json_format.MessageToDict(message)
    return None


def check_parse(tool, rng, name, messages):
    texts = []
    for message in messages:
        texts.append(json_format.MessageToJson(
            message,
            preserving_proto_field_name=rng.random() < 0.3,
            use_integers_for_enums=rng.random() < 0.2,
            including_default_value_fields=rng.random() < 0.2,
            indent=rng.choice([None, 2]),
            ensure_ascii=rng.random() < 0.5))
    for message, text, (good, answer) in zip(
            messages, texts, ask(tool, [("parse", name, text.encode()) for text in texts])):
        if not good:
            return f"{answer.decode()}\n{text}"
        again = type(message)()
        again.ParseFromString(answer)
        if again != message or json_format.MessageToDict(again) != json_format.MessageToDict(message):
            return f"{json_format.MessageToJson(again)}\n!= {text}"
    return None


def check_type(tool, rng, cls):
    name = cls.DESCRIPTOR.full_name
    messages, raw = [cls()], [b""]
    for _ in range(ROUNDS):
        message = cls()
        fill(rng, message)
        messages.append(message)
        raw.append(message.SerializeToString() + rng.choice(UNKNOWN))
    fault = check_print(tool, "print", None, name, messages, raw)
    tap(fault is None, f"{name} prints as in Python", fault)
    fault = check_print(tool, "pretty", 2, name, messages, raw)
    tap(fault is None, f"{name} prints indented as in Python", fault)
    fault = check_parse(tool, rng, name, messages)
    tap(fault is None, f"{name} parses what Python prints", fault)


# ------------------------------------------------- documents one at a time

# (type, document): both sides take it, and to the same message.
TAKEN = [
    ("Message", '{"format": 5}'),
    ("Message", '{"format": "5"}'),
    ("Message", '{"format": "+5"}'),
    ("Message", '{"format": "007"}'),
    ("Message", '{"format": 5.0}'),
    ("Message", '{"format": 1e2}'),
    ("Message", '{"format": -0}'),
    ("Message", '{"format": -0.0}'),
    ("Message", '{"format": 4294967295}'),
    ("Message", '{"format": 4294967295.0}'),
    ("Message", '{"format": null}'),
    ("Message", '{"createdMs": "-9223372036854775808"}'),
    ("Message", '{"createdMs": -9223372036854775808}'),
    ("Message", '{"createdMs": 9223372036854775807}'),
    ("Message", '{"created_ms": 1e18}'),
    ("Message", '{"nonce": "+/+/"}'),
    ("Message", '{"nonce": "-_-_"}'),
    ("Message", '{"nonce": "AQ"}'),
    ("Message", '{"nonce": "AQ="}'),
    ("Message", '{"nonce": "AQ=="}'),
    ("Message", '{"nonce": "AQI"}'),
    ("Message", '{"nonce": "AR=="}'),
    ("Message", '{"nonce": ""}'),
    ("Message", '{"priority": "HIGH", "authorSide": 2}'),
    ("Message", '{"priority": "3"}'),
    ("Message", '{"priority": 77}'),
    ("Message", '{"priority": -77}'),
    ("Message", '{"priority": 3.0}'),
    ("Message", '{"priority": "PRIORITY_UNSPECIFIED"}'),
    ("Message", '{"ownReference": "\\ud83d\\ude00 \\u00fc \\/"}'),
    ("Message", '{"critical": []}'),
    ("Message", '{"critical": null}'),
    ("Message", '{"critical": ["", "a"]}'),
    ("Message", '{"content": null}'),
    ("Message", '{"content": {}}'),
    ("Message", '{"content": {"request": null, "note": {}}}'),
    ("Message", ' \n{ "content" :\t{"note":{"text":""}}}\r\n '),
    ("Attachment", '{"size": 0}'),
    ("Attachment", '{"size": "18446744073709551615"}'),
    ("Attachment", '{"size": null}'),
    ("CustodyParticulars", '{"consent": false}'),
    ("Withdrawal", '{"measures": [1, "2", 3.0, 0]}'),
]

# Both sides refuse it; the path that our error names.
REFUSED = [
    ("Message", '', "line 1"),
    ("Message", '{', "line 1"),
    ("Message", '{"format": 5', "line 1"),
    ("Message", '{"format": 5}}', "line 1"),
    ("Message", '{"format": 5,}', "line 1"),
    ("Message", "{'format': 5}", "line 1"),
    ("Message", '{format: 5}', "line 1"),
    ("Message", '{"format": 05}', "line 1"),
    ("Message", '{"format": +5}', "line 1"),
    ("Message", '{"format": .5}', "line 1"),
    ("Message", '{"format": 0x5}', "line 1"),
    ("Message", '{"format": NaN}', "line 1"),
    ("Message", '{"format": Infinity}', "line 1"),
    ("Message", '{"format": 1e400}', "line 1"),
    ("Message", '{\n"format": 1,\n"format": 2}', "line 3"),
    ("Message", '{"content": {"note": {"text": "a", "text": "a"}}}', "line 1"),
    ("Message", '{"ownReference": "\n"}', "line 1"),
    ("Message", '{"ownReference": "\\x"}', "line 1"),
    ("Message", '{"ownReference": "\\ud83d"}', "line 1"),
    ("Message", '{"ownReference": "\\ude00\\ud83d"}', "line 1"),
    ("Message", '\ufeff{}', "line 1"),
    ("Message", '{} // no', "line 1"),
    ("Message", '[1]', ""),
    ("Message", '"x"', ""),
    ("Message", '5', ""),
    ("Message", 'true', ""),
    ("Message", 'null', ""),
    ("Message", '{"nosuch": 1}', "nosuch"),
    ("Message", '{"Format": 1}', "Format"),
    ("Message", '{"created_Ms": 1}', "created_Ms"),
    ("Message", '{"": 1}', ""),
    ("Message", '{"[comity.v1.x]": 1}', "[comity.v1.x]"),
    ("Message", '{"content": {"request": {"measures": [{}, {"kind": 1}]}}}', "content.request.measures[1].kind"),
    ("Message", '{"content": {"request": {"measures": [{"type": "NOSUCH"}]}}}', "content.request.measures[0].type"),
    ("Message", '{"content": {"request": {}, "note": {}}}', "content.note"),
    ("Message", '{"content": []  , "format": [1]}', "content"),
    ("Message", '{"content": [1]}', "content"),
    ("Message", '{"content": 5}', "content"),
    ("Message", '{"format": true}', "format"),
    ("Message", '{"format": "x"}', "format"),
    ("Message", '{"format": ""}', "format"),
    ("Message", '{"format": " 5"}', "format"),
    ("Message", '{"format": "1.0"}', "format"),
    ("Message", '{"format": "1e2"}', "format"),
    ("Message", '{"format": "0x5"}', "format"),
    ("Message", '{"format": 1.5}', "format"),
    ("Message", '{"format": -1}', "format"),
    ("Message", '{"format": 4294967296}', "format"),
    ("Message", '{"format": "4294967296"}', "format"),
    ("Message", '{"format": 4294967296.0}', "format"),
    ("Message", '{"format": 1e300}', "format"),
    ("Message", '{"format": [5]}', "format"),
    ("Message", '{"format": {}}', "format"),
    ("Message", '{"createdMs": "9223372036854775808"}', "createdMs"),
    ("Message", '{"createdMs": 9223372036854775808}', "line 1"),
    ("Message", '{"createdMs": 9.3e18}', "createdMs"),
    ("Message", '{"createdMs": "-9223372036854775809"}', "createdMs"),
    ("Attachment", '{"size": "18446744073709551616"}', "size"),
    ("Attachment", '{"size": "-1"}', "size"),
    ("Message", '{"id": 5}', "id"),
    ("Message", '{"id": true}', "id"),
    ("Message", '{"id": ["x"]}', "id"),
    ("Message", '{"nonce": "A"}', "nonce"),
    ("Message", '{"nonce": "AAAAA"}', "nonce"),
    ("Message", '{"nonce": 5}', "nonce"),
    ("Message", '{"priority": "high"}', "priority"),
    ("Message", '{"priority": ""}', "priority"),
    ("Message", '{"priority": 2147483648}', "priority"),
    ("Message", '{"priority": []}', "priority"),
    ("Message", '{"critical": "x"}', "critical"),
    ("Message", '{"critical": {}}', "critical"),
    ("Message", '{"critical": ["a", null]}', "critical[1]"),
    ("Message", '{"critical": ["a", 5]}', "critical[1]"),
    ("Message", '{"critical": [["a"]]}', "critical[0]"),
    ("Withdrawal", '{"measures": [1, -1]}', "measures[1]"),
    ("Withdrawal", '{"measures": 1}', "measures"),
    ("CustodyParticulars", '{"consent": "true"}', "consent"),
    ("CustodyParticulars", '{"consent": 1}', "consent"),
]

# Python takes it and we refuse: json.h says why.
STRICTER = [
    ("Message", '{"ownReference": "a\\u0000b"}', "ownReference"),
    ("Message", '{"createdMs": "1", "created_ms": "1"}', "created_ms"),
    ("Message", '{"nonce": "A Q=="}', "nonce"),
    ("Message", '{"nonce": "AQ==="}', "nonce"),
    ("Message", '{"format": "1_0"}', "format"),
    ("Message", '{"format": "\\t5"}', "format"),
    ("Message", '{"priority": true}', "priority"),
    ("Message", '{"priority": 1.5}', "priority"),
    ("Message", '[]', ""),
    ("Message", '""', ""),
    ("Attachment", '{"size": 18446744073709551615}', "line 1"),
    ("Message", '{"critical": [' + ",".join(['"x"'] * 1001) + ']}', "critical"),
    ("Message", '{"ownReference": "' + "x" * (128 * 1024 + 1) + '"}', "ownReference"),
]


# We take it as people write it, unlike Python: json.h says so. What it stands for, in milliseconds.
INSTANTS = [
    ("2025-11-23T10:00:00Z", 1763892000000),
    ("2025-11-23T11:00:00.250+01:00", 1763892000250),
    ("", 0),
]


def python_parse(cls, text):
    try:
        return json_format.Parse(text, cls())
    except (json_format.ParseError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def short(text):
    return (text if len(text) < 80 else text[:80] + "...").encode("unicode_escape").decode()


def check_documents(tool, classes):
    def one(name, text):
        return ask(tool, [("parse", "comity.v1." + name, text.encode())])[0]

    for name, text in TAKEN:
        good, answer = one(name, text)
        expected = python_parse(classes[name], text)
        same = good and expected is not None and classes[name].FromString(answer) == expected
        tap(same, f"both take {name} {short(text)}", f"{answer} {expected}")
    for kind, cases in (("both refuse", REFUSED), ("we refuse, unlike Python,", STRICTER)):
        for name, text, field in cases:
            good, answer = one(name, text)
            python = python_parse(classes[name], text)
            told = answer.decode().split(": ", 1)
            fine = not good and told[0] == field and told[1] != "" and (python is None) == (kind == "both refuse")
            tap(fine, f"{kind} {name} {short(text)}", f"{good} {answer} {python}")
    for text, ms in INSTANTS:
        good, answer = one("Message", json.dumps({"createdMs": text}))
        tap(good and classes["Message"].FromString(answer).created_ms == ms, f"an instant is taken as '{text}'", answer)
        for name, field in ("PeerStatus", "roundTripMs"), ("Attachment", "size"):
            good, answer = one(name, json.dumps({field: text}))
            tap(not good, f"and what is no instant is not: {field}", answer)
    for data in (b'{"ownReference": "\xff"}', b'{"ownReference": "\xed\xa0\x80"}', b'\xff'):
        good, answer = ask(tool, [("parse", "comity.v1.Message", data)])[0]
        tap(not good, f"text that is not UTF-8 is refused: {data}", answer)
    good, answer = one("Message", '{"priority": "nosuch"}')
    tap(answer == b"priority: unknown Priority. Expected one of LOW, NORMAL, HIGH, EMERGENCY",
        "a wrong name of an enum is answered with the names that exist", answer)
    good, answer = one("Message", "[" * 100000)
    tap(not good, "a document that nests a hundred thousand deep is refused", answer)


def check_altered(tool, rng, classes):
    """What we take of altered documents, Python takes to the same message."""
    pieces = ['"', "{", "}", "[", "]", ",", ":", "0", "1", "-", ".", "e5", "null", "true", "\\", "\\u00e4", "_", " ",
              '""', "{}", "[]", '"5"', "99999999999"]
    texts = []
    cls = classes["Message"]
    while len(texts) < 5000:
        message = cls()
        fill(rng, message)
        text = json_format.MessageToJson(message, indent=None)
        if not 10 < len(text) < 3000:
            continue
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(pieces + [""]) + text[at + rng.randint(0, 2):]
        texts.append(text)
    taken, fault = 0, None
    for text, (good, answer) in zip(texts, ask(tool, [("parse", "comity.v1.Message", t.encode()) for t in texts])):
        expected = python_parse(cls, text)
        if good:
            taken += 1
            if expected is None or cls.FromString(answer) != expected:
                fault = f"{text}\n{expected}"
    tap(fault is None and 100 < taken < 4900, "altered documents are taken as Python takes them, or refused",
        f"{taken} taken\n{fault}")


def main():
    tool = os.path.abspath(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261123
    print(f"# seed {seed}")
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        protos = [f"comity/v1/{m}.proto" for m in MODULES]
        subprocess.run(["protoc", "-I" + os.path.join(ROOT, "proto"), "--python_out=" + folder] + protos, check=True)
        sys.path.insert(0, folder)
        classes = {}
        for m in MODULES:
            module = importlib.import_module(f"comity.v1.{m}_pb2")
            for name in module.DESCRIPTOR.message_types_by_name:
                classes[name] = getattr(module, name)
        for name in sorted(classes):
            check_type(tool, rng, classes[name])
        check_documents(tool, classes)
        check_altered(tool, rng, classes)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
