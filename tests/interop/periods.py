"""Holidays, and periods counted by them, written from PROTOCOL.md, "Clocks", alone.

Holidays are unfolded by the few rules of RFC 5545 that the files use; zones are Python's own (zoneinfo).
"""
import calendar
import datetime
import re
import zoneinfo


# -------------------------------------------------------------- holidays

def unfolded(path):
    return open(path, encoding="utf-8", newline="").read().replace("\r\n", "\n").replace("\n ", "").split("\n")


def date_of(text):
    return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def by_rule(start, rule, last):
    """YEARLY with BYMONTH and BYMONTHDAY or BYDAY: all that the shipped files use."""
    parts = dict(p.split("=") for p in rule.split(";"))
    assert parts.pop("FREQ") == "YEARLY", rule
    until = date_of(parts.pop("UNTIL")) if "UNTIL" in parts else datetime.date(last, 12, 31)
    for year in range(start.year, min(until.year, last) + 1):
        month = int(parts.get("BYMONTH", start.month))
        days = range(1, calendar.monthrange(year, month)[1] + 1)
        if "BYMONTHDAY" in parts:
            wanted = [int(parts["BYMONTHDAY"])]
        elif "BYDAY" in parts:
            place, name = re.fullmatch(r"(-?\d)([A-Z]{2})", parts["BYDAY"]).groups()
            weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU").index(name)
            same = [d for d in days if datetime.date(year, month, d).weekday() == weekday]
            wanted = [same[int(place) - 1 if int(place) > 0 else int(place)]]
        else:
            wanted = [start.day]
        assert set(parts) <= {"BYMONTH", "BYMONTHDAY", "BYDAY"}, rule
        for day in (datetime.date(year, month, d) for d in wanted):
            if start <= day <= until:
                yield day


def calendar_text(path):
    days, event, first, last, weekend = set(), None, None, None, 0x60
    for line in unfolded(path):
        head, _, value = line.partition(":")
        name = head.split(";")[0]
        if name == "X-COMITY-YEARS":
            first, last = map(int, value.split("-"))
        elif name == "X-COMITY-WEEKEND":
            weekend = sum(1 << ("MO", "TU", "WE", "TH", "FR", "SA", "SU").index(d) for d in value.split(","))
        elif line == "BEGIN:VEVENT":
            event = {"RDATE": [], "EXDATE": []}
        elif line == "END:VEVENT":
            start, end = date_of(event["DTSTART"]), date_of(event.get("DTEND", "")) if "DTEND" in event else None
            each = [start] + list(by_rule(start, event["RRULE"], last) if "RRULE" in event else [])
            each += [date_of(d) for d in event["RDATE"]]
            each = set(each) - {date_of(d) for d in event["EXDATE"]}
            long = (end - start).days if end else 1
            days |= {d + datetime.timedelta(i) for d in each for i in range(long)}
            event = None
        elif event is not None and name in ("RDATE", "EXDATE"):
            event[name] += value.split(",")
        elif event is not None:
            event[name] = value
    days = sorted(d for d in days if first <= d.year <= last)
    return f"calendar {first}-{last} {weekend:02x}\n" + "".join(f"{d}\n" for d in days)


# -------------------------------------------------------------- periods

HOUR, DAY = 3_600_000, 86_400_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Place:
    """Days are numbers, from 1970-01-01."""

    def __init__(self, zone, holidays):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.off = {(datetime.date.fromisoformat(d) - EPOCH.date()).days for d in holidays.split("\n")[1:-1]}
        self.weekend = int(holidays.split(" ")[2].split("\n")[0], 16) if holidays else 0x60

    def local(self, ms):
        t = (EPOCH + datetime.timedelta(milliseconds=ms)).astimezone(self.zone).replace(tzinfo=datetime.timezone.utc)
        return (t - EPOCH) // datetime.timedelta(milliseconds=1)

    def day(self, ms):
        return self.local(ms) // DAY

    def working(self, day):
        return not self.weekend >> (day + 3) % 7 & 1 and day not in self.off

    def next_working(self, day):
        while not self.working(day):
            day += 1
        return day

    def last_ms(self, day):
        """The last instant before the clock shows a later day for good."""
        low, high = day * DAY - 2 * DAY, day * DAY + 4 * DAY    # later days only, from `high` on
        step = 15 * 60_000
        while self.day(high - step) > day:
            high -= step
        low = high - step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.day(middle) > day else (middle, high)
        return low


def span(place, unit, amount, exclude, roll, two, t):
    """Of days: the first that counts, the last one by number, where that moves to, and where to again."""
    d = place.day(t)
    first = d + exclude
    if unit == "working_day":
        counted = first - 1
        for _ in range(amount):
            counted = place.next_working(counted + 1)
    else:
        counted = first - 1 + amount * (7 if unit == "week" else 1)
    counted = max(counted, d)
    rolled = place.next_working(counted) if roll else counted
    last = rolled
    if two and (amount > 1 or unit == "week"):
        while sum(map(place.working, range(first, last + 1))) < 2:
            last = place.next_working(last + 1)
    return first, counted, rolled, last


def begin_of_hours(place, exclude, t):
    return t - place.local(t) % HOUR + HOUR if exclude else t


def due(place, unit, amount, exclude, roll, two, t):
    if unit == "hour":
        return begin_of_hours(place, exclude, t) + amount * HOUR - 1
    return place.last_ms(span(place, unit, amount, exclude, roll, two, t)[3])


def left(place, unit, amount, exclude, roll, two, t, u):
    if unit == "hour":
        begin = begin_of_hours(place, exclude, t)
        ms = max(0, begin + amount * HOUR - max(u, begin))
        return unit, -(-ms // HOUR), ms
    first, counted, rolled, last = span(place, unit, amount, exclude, roll, two, t)
    after = max(place.day(u), first - 1)
    if unit == "working_day" or last != rolled:
        return "working_day", sum(map(place.working, range(after + 1, last + 1))), 0
    return "calendar_day", max(0, counted - after), 0
