"""The small languages inside rules.yaml: amounts of time, sizes, limits, hours, dates, addresses, colours, names.

Contract: each function takes one plain value (text, whole number, true/false, list or table, as `config.loader` gives
them) and returns its meaning, or raises `BadValue` with a sentence that names the value and shows a good example. No
function looks at anything but its argument, except `zone`, which asks for the machine's time zone data.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

import regex

from autoresponder.answer.quote import MAX_LINES
from autoresponder.core.address import is_answerable
from autoresponder.core.calendar import DateRange, Duration
from autoresponder.core.history import Limit
from autoresponder.core.rules import DAYS, Once, Size, fold

CLOSED = "closed"
MAX_DAYS = 3650
MAX_TEXT = 2000


class BadValue(ValueError):
    """One value that means nothing: the sentence (to stand after the key's name) and the next step."""

    def __init__(self, sentence: str, step: str = "") -> None:
        """`sentence` goes on after "key: ", so it begins in lower case."""
        super().__init__(sentence)
        self.sentence, self.step = sentence, step


def shown(value: object) -> str:
    """A value as a sentence shows it: quoted, on one line, cut; lists and tables only by kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = " ".join(str(value).split())
    text = "".join(c if c.isprintable() else "?" for c in text)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'


def nearest(word: str, options: Iterable[str]) -> str:
    """`did you mean "x"?` for the option most like `word`, "" when none is."""
    folded = {option.casefold(): option for option in options}
    found = difflib.get_close_matches(word.casefold(), folded, 1, 0.6)
    return f'did you mean "{folded[found[0]]}"?' if found else ""


def one_of(options: Iterable[str]) -> str:
    """`use one of a, b, c`."""
    return f"use one of {', '.join(options)}"


# plain values ---------------------------------------------------------------------------------------------------------
def text(value: object, example: str = "") -> str:
    """Text that is not empty; a whole number is taken as it was written."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        quoted = f'put it in quotes: "{"true" if value else "false"}"' if isinstance(value, bool) else ""
        raise BadValue(f"must be text, not {shown(value)}", quoted or example)
    if not value.strip():
        raise BadValue("must not be empty", example)
    if len(value) > MAX_TEXT:
        raise BadValue(f"is longer than {MAX_TEXT} characters")
    return value


def line(value: object, example: str = "") -> str:
    """Text on one line without control characters, trimmed."""
    found = text(value, example).strip()
    if not all(c.isprintable() for c in found):
        raise BadValue("must be one line without control characters", example)
    return found


def flag(value: object) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    said = str(value).casefold()
    meant = "true" if said in ("yes", "on", "1", "y") else "false" if said in ("no", "off", "0", "n") else ""
    raise BadValue(f"must be true or false, not {shown(value)}", f"write {meant}" if meant else "")


def port(value: object) -> int:
    """A TCP port."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536:
        return value
    raise BadValue(f"{shown(value)} is not a port number", "IMAP: 993 or 143; SMTP: 465, 587 or 25")


def choice(value: object, options: tuple[str, ...]) -> str:
    """One of a few words."""
    found = line(value, one_of(options)).casefold()
    if found not in options:
        raise BadValue(f"{shown(value)} is not known here", nearest(found, options) or one_of(options))
    return found


def rule_name(value: object) -> str:
    """What a rule is called; also the name under which `once` remembers its answers."""
    found = line(value, "name: Invoices")
    if len(found) > 100:
        raise BadValue("is longer than 100 characters", "a short name reads better in the log")
    return found


def label(value: object) -> str:
    """The name of a mailbox: a short word."""
    found = line(value)
    if not re.fullmatch(r"[\w.-]{1,40}", found):
        raise BadValue(f"{shown(value)} cannot name a mailbox", "letters, digits, . _ - only, such as contact")
    return found


def template(value: object) -> str | None:
    """The name of a template; None (stay silent) for false."""
    if value is False:
        return None
    if value is True:
        raise BadValue("true does not say which template", "reply: acknowledgement")
    found = line(value, "reply: acknowledgement, or reply: false to stay silent")
    if found.casefold() in ("no", "off", "none", "never", "nothing"):
        raise BadValue(f"{shown(value)} names no template", "to stay silent write reply: false")
    if found.endswith(".md"):
        raise BadValue(f"{shown(value)} must be the name alone", f"reply: {found[:-3].partition('.')[0]}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", found):
        raise BadValue(f"{shown(value)} cannot name a template",
                       "letters, digits, - and _ only; reply: invoice means templates/invoice.md")  # fmt: skip
    return found


def colour(value: object) -> str:
    """`#rgb` or `#rrggbb`, lower case, as `#rrggbb`."""
    found = line(value, 'colour: "#0b5fff"').casefold()
    if not re.fullmatch(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", found):
        raise BadValue(f"{shown(value)} is not a colour", 'write it as "#0b5fff", in quotes')
    return found if len(found) == 7 else "#" + "".join(c * 2 for c in found[1:])


def website(value: object) -> str:
    """A web address, with or without https://."""
    found = line(value, "https://www.example.com")
    if not re.fullmatch(r"(?:https?://)?[^\s/:@<>\"']+\.[^\s/:@<>\"']+(?:/[^\s<>\"']*)?", found):
        raise BadValue(f"{shown(value)} is not a web address", "https://www.example.com")
    return found


# mail -----------------------------------------------------------------------------------------------------------------
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?\.?\Z")


def host(value: object) -> str:
    """A host name or an IP address (IPv6 without brackets)."""
    found = line(value, "imap.example.com")
    if "://" in found:
        raise BadValue(f"{shown(value)} must be the host name alone", "without imaps:// or the like; see security")
    if re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", found):
        return found
    if re.fullmatch(r"[^:]+:\d+", found):
        name, _, number = found.partition(":")
        raise BadValue(f"{shown(value)} has the port in it", f"write host: {name} and port: {number}")
    if "@" in found:
        raise BadValue(f"{shown(value)} is an address, not a host", "host: imap.example.com")
    if not _HOST.match(found):
        raise BadValue(f"{shown(value)} is not a host name", "imap.example.com")
    return found


def address(value: object) -> str:
    """One address, without a display name."""
    found = line(value, "contact@example.com")
    if "<" in found:
        raise BadValue(f"{shown(value)} must be the address alone", "without the name and < >")
    if not is_answerable(found) or "*" in found:
        raise BadValue(f"{shown(value)} is not an address", "such as contact@example.com")
    return found


def alias(value: object) -> str:
    """One address, or every address of a domain."""
    found = line(value, "info@example.com")
    return "@" + _domain(found[1:], value) if found.startswith("@") else address(value)


def _domain(name: str, value: object) -> str:
    if not _HOST.match(name) or "." not in name:
        raise BadValue(f"{shown(value)} is not a domain", 'such as "@example.com"')
    return name


def address_pattern(value: object) -> str:
    """`a@b.c`, `@b.c`, `*.b.c`, `*@b.c`, `info@*`."""
    found = line(value, 'such as ana@example.com or "@example.com"')
    if not found.strip("*@."):
        raise BadValue(f"{shown(value)} matches everybody", "leave the condition out")
    local, at, domain = found.rpartition("@")
    if "<" in found or "," in found or " " in found:
        raise BadValue(
            f"{shown(value)} must be one address or pattern", "write several as a list: [a@b.example, c@d.example]"
        )
    if not at:
        if not found.startswith("*."):
            hint = f'write "@{found}" for that domain, "*.{found}" for its subdomains' if "." in found else ""
            raise BadValue(f"{shown(value)} is not an address pattern", hint or 'such as "@example.com"')
        _domain(found[2:], value)
    elif domain != "*" and not _HOST.match(domain.replace("*", "x")):
        raise BadValue(f"{shown(value)} is not an address pattern", 'such as "@example.com"')
    elif local.count("@"):
        raise BadValue(f"{shown(value)} has two @", 'such as "@example.com"')
    return found


def envelope(value: object) -> str:
    """`auto`, "" for the null sender (also written null or <>), or an address."""
    if value is None or (isinstance(value, str) and value.strip() in ("", "<>", "null")):
        return ""
    return "auto" if value == "auto" else address(value)


def folder(value: object) -> str:
    """The name of an IMAP folder."""
    return line(value, "folders: [INBOX]")


def keyword(value: object) -> str:
    """An IMAP keyword (RFC 3501 flag-keyword), or \\Flagged."""
    found = line(value, "mark: Answered-automatically")
    if found.casefold() == "\\flagged":
        return "\\Flagged"
    if found.startswith("\\"):
        raise BadValue(f"{shown(value)} is the mail program's own mark", 'use a keyword of your own, or "\\Flagged"')
    if not re.fullmatch(r"[^\s(){%*\"\\\]\x00-\x20\x7f-\U0010ffff]{1,64}", found):
        ascii_only = unicodedata.normalize("NFKD", found).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^A-Za-z0-9$_.-]+", "-", ascii_only).strip("-")
        step = "ASCII letters, digits, $ - _ . only, no spaces" + (f': "{plain}"' if plain else "")
        raise BadValue(f"{shown(value)} cannot be an IMAP keyword", step)
    return found


def header_name(value: object) -> str:
    """The name of a header field (RFC 5322 section 2.2)."""
    found = line(value, "header: {X-Ticket: true}").rstrip(":")
    if not re.fullmatch(r"[!-9;-~]{1,76}", found):
        raise BadValue(f"{shown(value)} is not the name of a header field", "such as X-Ticket")
    return found


def phrase(value: object) -> str:
    """What a text condition looks for."""
    return text(value, "subject: [invoice, factura]")


def expression(value: object) -> str:
    """A regular expression that compiles."""
    found = text(value, r"regex: '\bINV-\d+'")
    try:
        regex.compile(found, regex.IGNORECASE | regex.MULTILINE)
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        at, said = getattr(error, "pos", None), getattr(error, "msg", "") or "it is too big"
        where = f" at character {at + 1}" if isinstance(at, int) else ""
        raise BadValue(f"{shown(found)} is not a regular expression: {said}{where}",
                       "use contains: for plain text") from None  # fmt: skip
    return found


def glob(value: object) -> str:
    """A file name with `*` and `?`."""
    found = line(value, '"*.pdf"')
    if found.casefold() in ("yes", "no", "on", "off"):
        meant = "true" if found.casefold() in ("yes", "on") else "false"
        raise BadValue(f"{shown(value)} is a text here", f"write {meant}")
    if "." not in found[1:] and not set("*?") & set(found):
        bare = found.strip(".")
        raise BadValue(f"{shown(value)} would be a file's whole name", f'write "*.{bare}" or "*{bare}*"')
    return found


def media_type(value: object) -> str:
    """A MIME type with `*`: image/*."""
    found = line(value, '"image/*"').casefold()
    if not re.fullmatch(r"[a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+", found):
        raise BadValue(f"{shown(value)} is not a MIME type", 'such as application/pdf or "image/*"')
    return found


# amounts --------------------------------------------------------------------------------------------------------------
_UNITS = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "hr": "hour", "d": "day",
          "w": "week", "wk": "week"}  # fmt: skip
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_SPAN_EXAMPLES = 'such as "7 days", "12 hours" or "90 minutes"'
_PROMISE_EXAMPLES = 'such as "4 working hours", "1 working day" or "2 days"'


def _amount(value: object, examples: str) -> tuple[int, bool, str]:
    """(how many, working, unit in full)."""
    found = line(value, examples).casefold()
    match = re.fullmatch(r"(\d{1,9})\s*(?:(working|business|office)\s+)?([^\W\d]+)\.?", found)
    if not match:
        missing = found.isdigit()
        raise BadValue(
            f"{shown(value)} lacks its unit" if missing else f"{shown(value)} is not an amount of time", examples
        )
    number, working, word = int(match[1]), bool(match[2]), match[3]
    unit = _UNITS.get(word) or _UNITS.get(word.removesuffix("s")) or word.removesuffix("s")
    if unit in ("month", "year", "mo", "y"):
        raise BadValue(f"{shown(value)}: months and years are not equally long", "write days: 1 month is about 30 days")
    if unit not in _SECONDS:
        raise BadValue(f"{shown(value)}: {shown(word)} is not a unit of time", nearest(word, _SECONDS) or examples)
    if number == 0:
        raise BadValue(f"{shown(value)} is no time at all", examples)
    if number * _SECONDS[unit] > MAX_DAYS * 86400:
        raise BadValue(f"{shown(value)} is more than ten years", examples)
    return number, working, unit


def span(value: object) -> timedelta:
    """`7 days`, `90 minutes`, `2d`, `1w`."""
    number, working, unit = _amount(value, _SPAN_EXAMPLES)
    if working:
        raise BadValue(f"{shown(value)}: working time cannot be counted here", _SPAN_EXAMPLES)
    return timedelta(seconds=number * _SECONDS[unit])


def duration(value: object) -> Duration:
    """`4 working hours`, `1 working day`, `2 hours`, `3 days`."""
    number, working, word = _amount(value, _PROMISE_EXAMPLES)
    unit: Any = f"working {word}" if working else word
    if unit not in get_args(Duration.__annotations__["unit"]):
        raise BadValue(f"{shown(value)} cannot be promised", _PROMISE_EXAMPLES)
    return Duration(number, unit)


def poll(value: object) -> timedelta:
    """How often a mailbox is looked at besides IDLE."""
    found = span(value)
    if not timedelta(seconds=10) <= found <= timedelta(days=1):
        raise BadValue(f"{shown(value)} is too {'often' if found.days == 0 else 'seldom'}", 'such as "5 minutes"')
    return found


def patience(value: object) -> timedelta:
    """How long a server may take for one step."""
    found = span(value)
    if found > timedelta(minutes=10):
        raise BadValue(f"{shown(value)} is too long", 'such as "1 minute"')
    return found


def once(value: object) -> Once:
    """`forever`, an amount of time, `per-thread`, `every-message`."""
    words: tuple[Literal["forever"], Literal["per-thread"], Literal["every-message"]]
    words = ("forever", "per-thread", "every-message")
    found = line(value, 'forever, "7 days", per-thread or every-message').casefold()
    for word in words:
        if found == word:
            return Once(word)
    if not found[:1].isdigit():
        others = 'use forever, per-thread, every-message or a time such as "7 days"'
        raise BadValue(f"{shown(value)} is not known here", nearest(found, words) or others)
    return Once("window", span(value))


def limit(value: object) -> Limit | None:
    """`3/day`, `60/hour`, `10/15 minutes`; false or `none` for no limit."""
    examples = "such as 3/day, 60/hour or 10/15 minutes; false for no limit"
    if value is False or (isinstance(value, str) and value.casefold() in ("none", "unlimited")):
        return None
    match = re.fullmatch(r"(\d{1,7})\s*(?:/|per)\s*(.+)", line(value, examples).casefold())
    if not match:
        raise BadValue(f"{shown(value)} is not a limit", examples)
    count, window = int(match[1]), match[2]
    if count == 0:
        raise BadValue(f"{shown(value)} would let no answer out", "to send nothing write mode: shadow")
    try:
        found = span(window if window[0].isdigit() else f"1 {window}")
    except BadValue:
        raise BadValue(f"{shown(value)} is not a limit", examples) from None
    if found > timedelta(days=31):
        raise BadValue(f"{shown(value)}: a limit looks back 31 days at most", examples)
    return Limit(count, found)


def quoted_lines(value: object) -> int:
    """`10 lines`, or the number alone; 0 for false."""
    example = "such as 10 lines; false to quote nothing"
    if value is False:
        return 0
    if value is True:
        raise BadValue("must be a number of lines", example)
    match = re.fullmatch(r"(\d{1,7})(?:\s*lines?)?", line(value, example).casefold())
    if not match or not int(match[1]):
        raise BadValue(f"{shown(value)} is not a number of lines", example)
    if int(match[1]) > MAX_LINES:
        raise BadValue(f"{shown(value)}: {MAX_LINES} lines at most are quoted", f"{MAX_LINES} lines")
    return int(match[1])


def size(value: object) -> Size:
    """`> 5 MB`: kB, MB, GB are powers of 1000, KiB, MiB, GiB of 1024."""
    examples = 'such as "> 5 MB" or "<= 200 kB"'
    found = line(value, examples)
    match = re.fullmatch(r"(<=|>=|<|>)?\s*(\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z]*)", found)
    if not match:
        raise BadValue(f"{shown(value)} is not a size", examples)
    sign, number, unit = match[1], match[2], match[3].casefold()
    factors = {"": 1, "b": 1, "bytes": 1, "octets": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9,
               "gb": 10**9, "kib": 1024, "mib": 1024**2, "gib": 1024**3}  # fmt: skip
    if unit not in factors:
        raise BadValue(f"{shown(value)}: {shown(match[3])} is not a unit of size", "use kB, MB, GB, KiB, MiB or GiB")
    if sign is None:
        raise BadValue(f"{shown(value)} does not say larger or smaller", f'write "> {found}" or "< {found}"')
    op: Any = sign
    return Size(op, int(float(number) * factors[unit]))


# time -----------------------------------------------------------------------------------------------------------------
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
    for spoken in _SPOKEN[1:]:
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


# languages and countries ----------------------------------------------------------------------------------------------
def language(value: object) -> str:
    """A language tag: es, pt-BR, zh-Hant."""
    found = line(value, "such as es or pt-BR")
    known = _names("languages")
    match = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?", found)
    if not match or match[1].casefold() not in known:
        raise BadValue(
            f"{shown(value)} is not a language", _by_name(found, "languages", known) or "such as es or pt-BR"
        )
    return "-".join(filter(None, (match[1].lower(), (match[2] or "").title(), (match[3] or "").upper())))


def language_or_name(value: object) -> str:
    """A language as a customer list has it: es, `Spanish`, `español`, `Español (España)`; the tag."""
    try:
        return language(value)
    except BadValue:
        found = re.fullmatch(r"([^()]+?)(?: ?\(([^()]+)\))?", line(value))
        code = found and _called(found[1], "languages")
        place = found and found[2] and _called(found[2], "territories")
        if not code or (found and found[2] and not place):
            raise
        return language(f"{code}-{place}" if place and "_" not in code else code)


def _called(word: str, kind: str) -> str:
    """The code of the language or country that is called so, with or without accents, in its own language or one of
    `_SPOKEN`, or of the country that has this code; "" for none."""
    folded = fold(word)
    if kind == "languages" and folded in _ALSO:
        return _ALSO[folded]
    if kind == "territories" and word in _names(kind):
        return word
    for spoken in _SPOKEN:
        if code := _by_folded_name(kind, spoken).get(folded):
            return code
    own = (code for code in _AUTONYMS if kind == "languages" and _by_folded_name(kind, code).get(folded) == code)
    return next(own, "")


@lru_cache(maxsize=64)
def _by_folded_name(kind: str, spoken: str) -> dict[str, str]:
    return {fold(name): code for code, name in _names(kind, spoken).items()}


def country(value: object) -> str:
    """An ISO 3166 country code."""
    found = line(value, "country: ES")
    known = {code: name for code, name in _names("territories").items() if len(code) == 2 and code.isalpha()}
    if found.upper() not in known:
        raise BadValue(
            f"{shown(value)} is not a country code", _by_name(found, "territories", known) or "two letters, such as ES"
        )
    return found.upper()


_SPOKEN = ("en", "es", "de", "fr", "it", "pt", "nl", "pl", "ca", "gl", "eu", "ro")
"""In which people may call a language or country by its name."""
_AUTONYMS = ("sv", "da", "nb", "no", "nn", "fi", "is", "cs", "sk", "hu", "sl", "hr", "sr", "bs", "bg", "uk", "ru", "be",
             "lt", "lv", "et", "el", "tr", "sq", "mk", "ga", "cy", "mt", "ar", "he", "fa", "hi", "ja", "zh", "ko", "th",
             "vi", "id", "ms")  # fmt: skip
"""Languages that may be called as they call themselves."""
_ALSO = {
    "castellano": "es",
    "castella": "es",
    "castelan": "es",
    "castilian": "es",
    "valenciano": "ca",
    "valencia": "ca",
}
"""What Spain calls its languages, folded."""


def _names(kind: str, spoken: str = "en") -> dict[str, str]:
    from babel import Locale  # costs a file read, and only these two kinds of key need it

    return dict(getattr(Locale(spoken), kind))


def _by_name(word: str, kind: str, known: dict[str, str]) -> str:
    """The code of the language or country that is called so, or nearly so in English."""
    folded = word.casefold()
    if kind == "territories" and folded == "uk":
        return 'did you mean "GB"?'
    for spoken in _SPOKEN:
        names = {name.casefold(): code for code, name in _names(kind, spoken).items() if code in known}
        if folded in names:
            return f'did you mean "{names[folded]}"?'
    names = {name.casefold(): code for code, name in known.items()}
    found = difflib.get_close_matches(folded, names, 1, 0.8)
    return f'did you mean "{names[found[0]]}"?' if found else ""
