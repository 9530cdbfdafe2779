"""When: days of the week, times of the day, office hours, dates, time zones.

The contract is that of `values`; `zone` asks for the machine's time zone data as well.
"""

import re
from datetime import date, time, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from autoresponder.config.locales import SPOKEN
from autoresponder.config.values import BadValue, line, nearest, one_of, shown
from autoresponder.core.calendar import DateRange
from autoresponder.core.conditions import DAYS
from autoresponder.core.text import fold

CLOSED = "closed"
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NAMES = {name: i for i, full in enumerate(_FULL_DAYS) for name in (full, full[:3])}
_DAY_NAMES |= {"tues": 1, "thur": 3, "thurs": 3}


_DAY_GROUPS = {"weekday": "mon-fri", "weekdays": "mon-fri", "workdays": "mon-fri", "weekend": "sat-sun",
               "weekends": "sat-sun", "daily": "mon-sun", "everyday": "mon-sun"}  # fmt: skip


def _day(word: str) -> int:
    if word not in _DAY_NAMES:
        group = _DAY_GROUPS.get(word)
        step = f"write {group}" if group else _foreign_day(word) or (len(word) > 3 and nearest(word, _FULL_DAYS))
        raise BadValue(f"{shown(word)} is not a day of the week", step or one_of(DAYS))
    return _DAY_NAMES[word]


def _foreign_day(word: str) -> str:
    """The day that is called so, in full or short, in one of the other languages."""
    from babel import Locale

    wanted = fold(word).rstrip(".")
    for spoken in SPOKEN[1:]:
        names = Locale(spoken).days["format"]
        for number, full in names["wide"].items():
            known = {fold(full), fold(names["abbreviated"][number]).rstrip("."), fold(full)[:3]}
            if wanted in known | {fold(full).partition("-")[0]}:
                return f'did you mean "{DAYS[number]}"?'
    return ""


def days(value: object) -> tuple[int, ...]:
    """`mon`, `Monday`, `mon-thu`, `sat, sun`, `fri-mon` (over the weekend); Monday is 0."""
    found: list[int] = []
    for part in line(value, "mon, mon-fri or sat").casefold().split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        a = _day(first)
        b = _day(last) if dash else a
        found += [day % 7 for day in range(a, b + 1 if b >= a else b + 8)]
    return tuple(dict.fromkeys(found))


def _clock(word: str, value: object, *, end: bool = False) -> time:
    match = re.fullmatch(r"(\d{1,2})[:.h](\d{2})|(\d{1,2})h?", word.strip())
    hour, minute = (int(match[1] or match[3]), int(match[2] or 0)) if match else (99, 0)
    if end and (hour, minute) == (24, 0):
        return time(0)
    if hour > 23 or minute > 59:
        raise BadValue(f"{shown(value)}: {shown(word.strip())} is not a time of day", "such as 09:00-17:30")
    return time(hour, minute)


def time_range(value: object) -> tuple[time, time]:
    """`22:00-06:00`; over midnight when the end is earlier; an end of 24:00 is midnight."""
    found = line(value, "such as 09:00-17:30")
    parts = re.split(r"\s*[-–]\s*", found)
    if len(parts) != 2:
        raise BadValue(f"{shown(value)} is not from one time to another", "such as 09:00-17:30")
    a, b = _clock(parts[0], value), _clock(parts[1], value, end=True)
    if a == b and parts[1].strip() != "24:00":
        raise BadValue(f"{shown(value)} begins and ends at the same time", "00:00-24:00 is the whole day")
    return a, b


def period(value: object) -> tuple[time, time] | None:
    """A time range of opening hours; None for `closed`."""
    return None if value == CLOSED or value is False else time_range(value)


def week(
    table: dict[tuple[int, ...], tuple[tuple[time, time] | None, ...]],
) -> tuple[tuple[tuple[time, time], ...], ...]:
    """Opening hours by days into seven tuples, Monday first; periods sorted, touching ones joined."""
    if not table:
        raise BadValue("is empty", "such as mon-fri: 09:00-17:00; without hours the office is always open")
    return tuple(hours or () for hours in _by_day(table))


def special_week(
    hours: dict[tuple[int, ...], tuple[tuple[time, time] | None, ...]] | tuple[tuple[time, time] | None, ...],
) -> tuple[tuple[tuple[time, time], ...] | None, ...]:
    """Hours of some days of the week, None for those not named; or the same for all seven."""
    if not isinstance(hours, dict):
        return (tuple(_joined(sorted(p for p in hours if p is not None), "a day")),) * 7
    if not hours:
        raise BadValue("is empty", "such as mon-fri: 08:00-15:00, or 10:00-14:00, or closed")
    return _by_day(hours)


def _by_day(
    table: dict[tuple[int, ...], tuple[tuple[time, time] | None, ...]],
) -> tuple[tuple[tuple[time, time], ...] | None, ...]:
    found: dict[int, list[tuple[time, time]]] = {}
    for named, periods in table.items():
        for day in named:
            if day in found:
                raise BadValue(f"{DAYS[day]} is given twice", "name each day once")
            found[day] = sorted(p for p in periods if p is not None)
    return tuple(tuple(_joined(found[day], DAYS[day])) if day in found else None for day in range(7))


def _joined(periods: list[tuple[time, time]], day: str) -> list[tuple[time, time]]:
    joined: list[tuple[time, time]] = []
    for begins, ends in periods:
        if joined:
            a, b = joined[-1]
            if b <= a or begins < b:
                raise BadValue(f"the hours of {day} overlap", "such as mon-thu: [09:00-14:00, 16:00-19:00]")
            if begins == b:
                joined[-1] = (a, ends)
                continue
        joined.append((begins, ends))
    return joined


_DATE_EXAMPLES = "such as 2026-12-24, 2027-08-01..2027-08-31 or, every year, 12-20..01-06"


def _date(word: str, value: object) -> date | tuple[int, int]:
    match = re.fullmatch(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})", word.strip())
    if not match:
        raise BadValue(f"{shown(value)} is not a date", _date_step(str(value)) or _DATE_EXAMPLES)
    month, day = int(match[2]), int(match[3])
    try:
        checked = date(int(match[1] or 2000), month, day)  # 2000 was a leap year: 02-29 is a good yearly date
    except ValueError:
        reason = f": {match[1]} is no leap year" if (month, day) == (2, 29) else ""
        step = "write year-month-day or month-day"
        if month > 12 >= day and month <= 31:
            step = f"the month comes first: {match[1] + '-' if match[1] else ''}{day:02}-{month:02}"
        raise BadValue(f"the date {shown(word)} does not exist{reason}", step) from None
    return checked if match[1] else (month, day)


def _date_step(text: str) -> str:
    """How dates that are written as people write them would be right; "" where that is not sure."""
    if found := re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", text):
        day, month = int(found[1]), int(found[2])
        return f"write {found[3]}-{month:02}-{day:02}" if month <= 12 < day <= 31 else "write year-month-day"
    one = r"(?:\d{4}-)?\d{1,2}-\d{1,2}"
    if found := re.fullmatch(rf"({one})\s*(?:\.{{3,}}|[-–—/…]|[^\W\d]{{1,6}})\s*({one})", text.strip()):
        return f"write {found[1]}..{found[2]}"
    return ""


def dates(value: object) -> DateRange:
    """`2026-12-24`, `2027-08-01..2027-08-31`, every year `12-20..01-06` (over New Year) or `02-29`."""
    found = line(value, _DATE_EXAMPLES)
    first, dots, last = found.partition("..")
    a = _date(first, value)
    b = _date(last, value) if dots else a
    if isinstance(a, tuple) != isinstance(b, tuple):
        raise BadValue(f"{shown(value)} has a year on one side only", _DATE_EXAMPLES)
    if isinstance(a, date) and isinstance(b, date) and a > b:
        raise BadValue(f"{shown(value)} ends before it begins", f"write {last.strip()}..{first.strip()}")
    return DateRange(a, b)


def zone(value: object) -> tzinfo:
    """An IANA time zone."""
    found = line(value, "timezone: Europe/Madrid")
    try:
        return ZoneInfo(found)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        known = available_timezones()
    if not known:
        raise BadValue("this machine has no time zone data", "install the package tzdata")
    city = [name for name in known if name.casefold().endswith("/" + found.casefold().replace(" ", "_"))]
    hint = f'did you mean "{min(city)}"?' if city else nearest(found, known)
    raise BadValue(f"{shown(value)} is not a time zone", hint or "such as Europe/Madrid")
