"""How much: time, promises, `once`, limits, lines, octets. The contract is that of `values`."""

import re
from datetime import timedelta
from typing import Any, Literal, get_args

from autoresponder.answer.quote import MAX_LINES
from autoresponder.config.values import BadValue, line, nearest, shown
from autoresponder.core.calendar import Duration
from autoresponder.core.conditions import Size
from autoresponder.core.history import Limit
from autoresponder.core.rules import Once

MAX_DAYS = 3650
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
