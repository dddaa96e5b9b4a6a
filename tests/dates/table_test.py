"""tests/dates/table counted once more, by Python's time zones and dateutil's recurrence
rules: shares nothing with the daemon but the table and the calendars. Also: Easter in
config/calendars by dateutil's computus, and the moving holidays by plain arithmetic."""
import re
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from dateutil.easter import easter
from dateutil.rrule import rrulestr

TOP = Path(__file__).resolve().parents[2]
WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
FEASTS = {  # days after Easter Sunday
    -2: {"Good Friday", "Karfreitag", "Goede Vrijdag", "Sexta-Feira Santa", "Paixão de Cristo"},
    0: {"Domingo de Páscoa"},
    1: {"Easter Monday", "Lundi de Pâques", "Ostermontag", "Lunedì dell'Angelo", "Tweede paasdag"},
    39: {"Ascension", "Christi Himmelfahrt", "Hemelvaartsdag"},
    50: {"Lundi de Pentecôte", "Pfingstmontag", "Tweede pinksterdag"},
    60: {"Corpo de Deus", "Fronleichnam"},
}
results = []


def tell(ok, name, why=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why and ok else ""))
    if not ok:
        print(f"# {why}")


def day(text):
    return datetime.strptime(text, "%Y%m%d").date()


def calendar(path):
    """{date: name} and the years covered."""
    text = re.sub(r"\r?\n[ \t]", "", path.read_bytes().decode())
    first, last = map(int, re.search(r"X-COMITY-YEARS:(\d+)-(\d+)", text).groups())
    days = {}
    for event in re.findall(r"BEGIN:VEVENT(.*?)END:VEVENT", text, re.S):
        props = {}
        for line in event.split("\n"):
            if ":" in line:
                key, value = line.strip().split(":", 1)
                props[key.split(";")[0]] = value.replace("\\,", ",")
        start = day(props["DTSTART"])
        found = {start} | {day(d) for d in props.get("RDATE", "").split(",") if d}
        if "RRULE" in props:
            rule = rrulestr(props["RRULE"], dtstart=datetime.combine(start, datetime.min.time()))
            found |= {d.date() for d in rule.between(datetime(first, 1, 1), datetime(last, 12, 31), inc=True)}
        found -= {day(d) for d in props.get("EXDATE", "").split(",") if d}
        for d in found:
            assert first <= d.year <= last, (path, d)
            assert d not in days, (path, d)
            days[d] = props["SUMMARY"]
    return days, range(first, last + 1)


CALENDARS = {p.stem: calendar(p) for p in sorted((TOP / "config/calendars").glob("*.ics"))}


def due(rule, amount, unit, name, zone, start):
    """The due instant (UTC, exclusive), and whether holidays that matter are unknown."""
    days, years = CALENDARS.get(name, ({}, range(0)))
    tz = ZoneInfo(zone)

    def off(d):
        return d.weekday() >= 5 or d in days

    if unit == "hour":
        local = start.astimezone(tz)
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return start - past + timedelta(hours=amount + 1), False
    event = start.astimezone(tz).date()
    end = event
    if unit == "working day":
        left = amount
        while left:
            end += timedelta(1)
            left -= not off(end)
    else:
        end += timedelta(amount * (7 if unit == "week" else 1))
    if rule != "plain":
        while off(end):
            end += timedelta(1)
    if rule == "eu" and (amount > 1 or unit == "week"):
        while sum(not off(event + timedelta(i)) for i in range(1, (end - event).days + 1)) < 2 or off(end):
            end += timedelta(1)
    # The last instant whose local date is `end`, searched for in UTC, by halves.
    low = datetime.combine(end, datetime.min.time(), timezone.utc) - timedelta(days=2)
    last = None
    for minutes in range(0, 5 * 24 * 60):
        t = low + timedelta(minutes=minutes)
        if t.astimezone(tz).date() == end:
            last = t
    unknown = unit == "working day" or rule != "plain"
    return last + timedelta(minutes=1), unknown and not (event.year in years and end.year in years)


def instant(text):
    weekday, at = text.split(" ", 1)
    t = datetime.strptime(at, "%Y-%m-%d %H:%M %z")
    assert WEEKDAYS[t.weekday()] == weekday, f"{text}: it is a {WEEKDAYS[t.weekday()]}"
    return t


def row(text):
    what, where, when, _ = [part.strip() for part in text.split("|", 3)]
    rule, amount, unit = re.fullmatch(r"(eu|ets|plain) (\d+) (hour|day|week|working day)s?", what).groups()
    name, zone = where.split()
    start, expected = map(instant, when.split(" -> "))
    for t in (start, expected):
        assert t.utcoffset() == t.astimezone(ZoneInfo(zone)).utcoffset(), f"{t}: the offset is another"
    got, unknown = due(rule, int(amount), unit, name.rstrip("?"), zone, start)
    got -= timedelta(minutes=1)
    assert got == expected, f"counted {got.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %z}"
    warned = name.endswith("?") or (name == "-" and unit != "hour" and rule != "plain")
    assert unknown == warned, "a warning about the calendar is missing, or too much"


lines = [l for l in (TOP / "tests/dates/table").read_text().splitlines() if l and not l.startswith("#")]
for line in lines:
    try:
        row(line)
        tell(True, line.replace("#", "No."))
    except AssertionError as e:
        tell(False, line, str(e))
tell(len(lines) >= 60, "sixty computations and more", f"{len(lines)}")

for name, (days, years) in CALENDARS.items():
    wrong = []
    for offset, names in FEASTS.items():
        for feast in names & set(days.values()):
            got = sorted(d for d, n in days.items() if n == feast)
            if got != [easter(y) + timedelta(offset) for y in years]:
                wrong.append(feast)
    tell(not wrong, f"moving feasts of {name} by the date of Easter", ", ".join(wrong))

ireland = CALENDARS["IE"][0]
brigid = [date(y, 2, 1) if date(y, 2, 1).weekday() == 4 else
          next(d for d in (date(y, 2, i) for i in range(1, 8)) if d.weekday() == 0) for y in range(2023, 2037)]
tell(brigid == sorted(d for d, n in ireland.items() if n == "St Brigid's Day"), "St Brigid's Day by its rule")
fixed = [(1, 1, 2020, "New Year's Day"), (6, 19, 2021, "Juneteenth National Independence Day"),
         (7, 4, 2020, "Independence Day"), (11, 11, 2020, "Veterans Day"), (12, 25, 2020, "Christmas Day")]
for month, number, since, name in fixed:
    observed = [date(y, month, number) for y in range(since, 2038)]
    observed = [d + timedelta({5: -1, 6: 1}.get(d.weekday(), 0)) for d in observed]
    observed = [d for d in observed if 2020 <= d.year <= 2036]
    tell(observed == sorted(d for d, n in CALENDARS["US"][0].items() if n == name), f"{name} as observed")
sys.exit(not all(results))
