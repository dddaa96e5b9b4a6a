"""What a message must hold, written from PROTOCOL.md, "What a message must hold", alone: its table is read from the page.

Each sentence of the table stands here with what it asks for.
"""
import datetime
import re

from fold import read_tables

MEASURES, REPEATED, CHUNK = 64, 1000, 1_048_576


class At:
    """A field of a part: the part, what the part stands in, the value, and the index of an element."""

    def __init__(self, part, above, field, value, index=0):
        self.part, self.above, self.field, self.value, self.index = part, above, field, value, index

    def sibling(self, name):
        return getattr(self.part, name)


def there(text):
    return bool(text.strip(" \t\r\n"))


def day(text):
    try:
        return datetime.date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def in_order(at):
    first, last = day(at.sibling(at.field.replace("to_date", "from_date"))), day(at.value)
    return not first or not last or first <= last


def known(at):
    return at.value in at.part.DESCRIPTOR.fields_by_name[at.field].enum_type.values_by_number


def printable(text, most):
    return 1 <= len(text) <= most and all(" " <= c <= "~" for c in text) and text.strip(" ") == text


def file_name(text):
    return len(text.encode()) <= 255 and text not in (".", "..") and not re.search("[\x00-\x1f\x7f/]", text)


def once(values, most):
    return len(set(values)) == len(values) and all(1 <= v <= most for v in values)


def has(at):
    return at.part.HasField(at.field)


SENTENCES = {
    r"This field is mandatory; one of the values of \w+ is expected": lambda at: at.value and known(at),
    r"This field is mandatory": lambda at: there(at.value),
    r"One of the values of \w+ is expected": known,
    r"A state is expected as two capital letters of ISO 3166-1, such as IE": lambda at: re.fullmatch("[A-Z]{2}", at.value),
    r"A language is expected as two small letters of ISO 639-1, such as en": lambda at: re.fullmatch("[a-z]{2}", at.value),
    r"A day of the calendar is expected, written YYYY-MM-DD": lambda at: day(at.value),
    r"The last day must not lie before the first day": in_order,
    r"The number of a measure is expected, 1 to 64": lambda at: 1 <= at.value <= MEASURES,
    r"The number of the message that is meant is mandatory": lambda at: at.value,
    r"Measures are numbered from 1 to 64; 0 is the whole request": lambda at: at.value <= MEASURES,
    r"Measures are numbered 1, 2, 3 \.\.\. without gaps; 1 is expected": lambda at: at.value == at.index + 1,
    r"An instant after 1970, and before the year 10000, is mandatory": lambda at: 0 < at.value < 253_402_300_800_000,
    r"An instant after 1970 is mandatory": lambda at: at.value > 0,
    r"When it was approved is mandatory": lambda at: at.value > 0,
    r"A name has 1 to 32 printable ASCII characters, without a blank at either end": lambda at: printable(at.value, 32),
    r"A title has at most 200 bytes": lambda at: len(at.value.encode()) <= 200,
    r"A title is one line": lambda at: len(at.value.encode()) > 200 or not re.search("[\r\n]", at.value),
    r"Attachments are numbered from 1 to 1000; each is named once": lambda at: once(list(at.value), REPEATED),
    r"Attachments are numbered from 1 to 1000": lambda at: 1 <= at.value <= REPEATED,
    r"A SHA-256 digest of 32 bytes is expected": lambda at: len(at.value) == 32,
    r"A file name has at most 255 bytes, no '/', no control characters, and is not '\.' or '\.\.'":
        lambda at: file_name(at.value),
    r"A media type is expected \(RFC 6838\), such as application/pdf: one '/' between two parts, and no blanks":
        lambda at: re.fullmatch("[^/ \t\r\n]+/[^/ \t\r\n]+", at.value),
    r"The size in bytes is mandatory; an empty file has 0": has,
    r"An attachment has at most 64 TiB": lambda at: not has(at) or at.value <= 1 << 46,
    r"A root of 32 bytes is expected, or neither a root nor the size of chunks":
        lambda at: len(at.value) == 32 or not (at.value or at.sibling("chunk_bytes")),
    r"Chunks have 1048576 bytes": lambda at: at.value == CHUNK,
    r"What travels on a physical medium is not divided into chunks: leave their root empty":
        lambda at: not at.value or not (at.sibling("chunk_root") or at.sibling("chunk_bytes")),
    r"With reciprocity no instrument is named": lambda at: not (at.sibling("reciprocity") and at.value),
    r"An instrument is mandatory, or reciprocity": lambda at: at.sibling("reciprocity") or there(at.value),
    r"Questions are numbered from 1|Reviews of a message are numbered from 1": lambda at: at.value >= 1,
    r"A request has 1 to 64 measures": lambda at: 1 <= len(at.value) <= MEASURES,
    r"Name the persons, or give the reason why none is named":
        lambda at: len(at.value) or there(at.sibling("no_person_reason")),
    r"A follow-up names the case or the reference that it follows":
        lambda at: at.sibling("type") not in (2, 3) or there(at.sibling("case_id")) or there(at.value),
    r"The authority that prosecutes or the one that investigates is mandatory":
        lambda at: has(at) or at.part.HasField("investigating"),
    r"At least one condition is mandatory, unless `replaces` names a proposal that is retracted":
        lambda at: len(at.value) or at.sibling("replaces"),
    r"A proposal is retracted for all of its measures: leave it empty\. To go on proposing for some of them, replace it by "
    r"conditions for these": lambda at: not at.value or at.sibling("conditions") or not at.sibling("replaces"),
    r"At least one [\w ]+ is mandatory(; NEW for one that stands alone)?|At least one thing that is missing must be named|"
    r"Who approved the request is mandatory": lambda at: len(at.value),
    r"Each measure is named once": lambda at: True,  # of the list, below
    r"An instrument, or reciprocity, is mandatory|This authority is mandatory|The authority that asks is mandatory|"
    r"Subject and nature of the proceeding are mandatory|The purpose of the evidence is mandatory|"
    r"Whether consent is given is mandatory: true or false": has,
}

WHERE = {
    "`reciprocity` is false": lambda at: not at.sibling("reciprocity"),
    "`reason` is OTHER_URGENCY": lambda at: is_named(at.part, "reason", "OTHER_URGENCY"),
    "not all measures are SERVICE_OF_DOCUMENTS":
        lambda at: not at.part.measures or not all(is_named(m, "type", "SERVICE_OF_DOCUMENTS") for m in at.part.measures),
    "the measure is a HEARING_...": lambda at: is_named(at.above, "type", "HEARING_"),
    "it is any other": lambda at: not is_named(at.above, "type", "HEARING_"),
    "there is a `chunk_root`": lambda at: at.sibling("chunk_root") or at.sibling("chunk_bytes"),
    "there is `replaces` and there are no `conditions`": lambda at: at.sibling("replaces") and not at.sibling("conditions"),
    "`partial` is false": lambda at: not at.sibling("partial"),
    "`partial` is true": lambda at: at.sibling("partial"),
    "`outcome` is PARTIALLY_EXECUTED or NOT_EXECUTED":
        lambda at: is_named(at.part, "outcome", "PARTIALLY_EXECUTED", "NOT_EXECUTED"),
    "`ground` is TREATY_SPECIFIC": lambda at: is_named(at.above, "ground", "TREATY_SPECIFIC"),
    "`state` is REJECTED": lambda at: is_named(at.part, "state", "REJECTED"),
    "`reliance` is REPEATED": lambda at: is_named(at.part, "reliance", "REPEATED"),
    "`fate` is neither ARRIVED nor WANTED": lambda at: not is_named(at.part, "fate", "ARRIVED", "WANTED"),
}
OUTSIDE = ("HearingParticulars", "Code")  # parts that must be there because of what they stand in


def is_named(part, field, *names):
    value = part.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(getattr(part, field))
    return value is not None and any(value.name == n or (n.endswith("_") and value.name.startswith(n)) for n in names)


def rules(cell):
    """The rules of a row: where they hold, whether the field may be empty, and what they ask for."""
    sentence = re.compile("(?:Where ([^:]+): )?(May be empty[.] )?(?:" + "|".join(
        f"(?P<s{i}>{s})" for i, s in enumerate(SENTENCES)) + r")\. ?")
    tests, out, at = list(SENTENCES.values()), [], 0
    while at < len(cell):
        m = sentence.match(cell, at)
        assert m, f"the page says what this file does not know: {cell[at:]!r}"
        i = next(i for i in range(len(tests)) if m[f"s{i}"] is not None)
        out.append((WHERE[m[1]] if m[1] else None, m[2] is not None, tests[i]))
        at = m.end()
    return out


class Checks:
    def __init__(self, path):
        tables = read_tables(path)
        self.passed_over = {cells[0].strip("`") for cells in tables["parts without checks"]}
        self.of = {}  # of each part: field, whether of its elements, and the rules
        for name, cell in tables["checks"]:
            part, field, element = re.fullmatch(r"`(\w+)\.(\w+)(\[\])?`", name).groups()
            if part != "Content":
                self.of.setdefault(part, []).append((field, element is not None, rules(cell),
                                                     "Each measure is named once" in cell))

    def faults(self, content):
        """The fields of a content that have faults."""
        found, kind = set(), content.WhichOneof("kind")
        if kind is None:
            return {"kind"}
        self.look(getattr(content, kind), content, kind, found)
        return found

    def look(self, part, above, path, found):
        for field, of_elements, told, each_once in self.of.get(part.DESCRIPTOR.name, ()):
            value = getattr(part, field)
            if of_elements:
                for i, element in enumerate(value):
                    if self.breaks(told, At(part, above, field, element, i)) or (each_once and element in value[:i]):
                        found.add(f"{path}.{field}[{i}]")
                continue
            index = int(re.search(r"\[(\d+)\]$", path)[1]) if path.endswith("]") else 0
            if self.breaks(told, At(part, above, field, value, index)):
                found.add(f"{path}.{field}")
            if each_once and value in [getattr(sister, field) for sister in self.sisters(above, path)[:index]]:
                found.add(f"{path}.{field}")
        for f in part.DESCRIPTOR.fields:
            if f.message_type is None or f"{part.DESCRIPTOR.name}.{f.name}" in self.passed_over:
                continue
            if f.label == f.LABEL_REPEATED:
                for i, element in enumerate(getattr(part, f.name)):
                    self.look(element, part, f"{path}.{f.name}[{i}]", found)
            elif part.HasField(f.name):
                self.look(getattr(part, f.name), part, f"{path}.{f.name}", found)
            elif f.message_type.name in OUTSIDE:
                self.look_outside(getattr(part, f.name), part, f"{path}.{f.name}", found)

    def look_outside(self, part, above, path, found):
        """A part that is not there: rules of what it stands in."""
        for field, _, told, _ in self.of[part.DESCRIPTOR.name]:
            wheres = [rule for rule in told if rule[0] is not None and not rule[1]]
            if self.breaks(wheres, At(part, above, field, getattr(part, field))):
                found.add(f"{path}.{field}")

    @staticmethod
    def sisters(above, path):
        """The elements of the list in which the part of this path stands."""
        return getattr(above, re.search(r"(\w+)\[\d+\]$", path)[1])

    @staticmethod
    def breaks(told, at):
        for where, may_be_empty, test in told:
            if where is not None and not where(at):
                continue
            if may_be_empty and not at.value:
                continue
            if not test(at):
                return True
        return False
