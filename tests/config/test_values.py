"""Every form in which a value may be written, and what it means. (What is wrong is in tests/configs.)"""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest

from autoresponder.config import amounts, locales, patterns, postal, times, values
from autoresponder.config.values import BadValue
from autoresponder.core.calendar import DateRange, Duration
from autoresponder.core.conditions import Size
from autoresponder.core.history import Limit
from autoresponder.core.rules import Once

D, H, M = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
GOOD: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (amounts.span, "7 days", 7 * D),
    (amounts.span, "1 day", D),
    (amounts.span, "2d", 2 * D),
    (amounts.span, "12 hours", 12 * H),
    (amounts.span, "90 minutes", 90 * M),
    (amounts.span, "90min", 90 * M),
    (amounts.span, "1w", 7 * D),
    (amounts.span, "30 s", M / 2),
    (amounts.span, "2 Weeks", 14 * D),
    (amounts.duration, "1 working day", Duration(1, "working day")),
    (amounts.duration, "4 working hours", Duration(4, "working hour")),
    (amounts.duration, "2 business days", Duration(2, "working day")),
    (amounts.duration, "2 hours", Duration(2, "hour")),
    (amounts.duration, "1h", Duration(1, "hour")),
    (amounts.duration, "3 days", Duration(3, "day")),
    (amounts.once, "forever", Once("forever")),
    (amounts.once, "per-thread", Once("per-thread")),
    (amounts.once, "every-message", Once("every-message")),
    (amounts.once, "7 days", Once("window", 7 * D)),
    (amounts.limit, "3/day", Limit(3, D)),
    (amounts.limit, "60/hour", Limit(60, H)),
    (amounts.limit, "10/15 minutes", Limit(10, 15 * M)),
    (amounts.limit, "5 / 2 days", Limit(5, 2 * D)),
    (amounts.limit, "3 per day", Limit(3, D)),
    (amounts.limit, "none", None),
    (amounts.limit, False, None),
    (amounts.size, "> 5 MB", Size(">", 5_000_000)),
    (amounts.size, "<=200kB", Size("<=", 200_000)),
    (amounts.size, ">= 1.5 MiB", Size(">=", 1_572_864)),
    (amounts.size, "< 100", Size("<", 100)),
    (times.days, "mon", (0,)),
    (times.days, "Monday", (0,)),
    (times.days, "mon-thu", (0, 1, 2, 3)),
    (times.days, "sat, sun", (5, 6)),
    (times.days, "fri-mon", (4, 5, 6, 0)),
    (times.days, "sun-sun", (6,)),
    (times.time_range, "09:00-17:30", (time(9), time(17, 30))),
    (times.time_range, "22:00-06:00", (time(22), time(6))),
    (times.time_range, "9-13", (time(9), time(13))),
    (times.time_range, "00:00-24:00", (time(0), time(0))),
    (times.time_range, "9:00 – 14:00", (time(9), time(14))),
    (times.period, "closed", None),
    (times.period, False, None),
    (times.dates, "2026-12-24", DateRange(date(2026, 12, 24), date(2026, 12, 24))),
    (times.dates, "2027-08-01..2027-08-31", DateRange(date(2027, 8, 1), date(2027, 8, 31))),
    (times.dates, "12-20..01-06", DateRange((12, 20), (1, 6))),
    (times.dates, "02-29", DateRange((2, 29), (2, 29))),
    (times.dates, "2028-02-29", DateRange(date(2028, 2, 29), date(2028, 2, 29))),
    (values.colour, "#0B5FFF", "#0b5fff"),
    (values.colour, "#abc", "#aabbcc"),
    (postal.address, "contact@example.com", "contact@example.com"),
    (postal.alias, "@example.com", "@example.com"),
    (patterns.address_pattern, "a@b.example", "a@b.example"),
    (patterns.address_pattern, "@b.example", "@b.example"),
    (patterns.address_pattern, "*.b.example", "*.b.example"),
    (patterns.address_pattern, "*@b.example", "*@b.example"),
    (patterns.address_pattern, "info@*", "info@*"),
    (patterns.address_pattern, "@münchen.example", "@münchen.example"),
    (postal.host, "imap.example.com", "imap.example.com"),
    (postal.host, "localhost", "localhost"),
    (postal.host, "127.0.0.1", "127.0.0.1"),
    (postal.host, "::1", "::1"),
    (postal.host, "imap.münchen.example", "imap.münchen.example"),
    (postal.envelope, "auto", "auto"),
    (postal.envelope, None, ""),
    (postal.envelope, "<>", ""),
    (postal.envelope, "a@b.example", "a@b.example"),
    (locales.language, "es", "es"),
    (locales.language, "PT-br", "pt-BR"),
    (locales.language, "zh-hant", "zh-Hant"),
    (locales.language, "pt_BR", "pt-BR"),
    (locales.country, "es", "ES"),
    (values.template, "invoice", "invoice"),
    (values.template, False, None),
    (postal.keyword, "$Answered", "$Answered"),
    (postal.keyword, "\\flagged", "\\Flagged"),
    (patterns.header_name, "X-Ticket:", "X-Ticket"),
    (values.text, 2026, "2026"),
    (values.text, "  x\n", "  x\n"),
    (values.line, " x ", "x"),
    (patterns.media_type, "Image/*", "image/*"),
    (values.website, "www.example.com", "www.example.com"),
    (values.website, "https://example.com/a", "https://example.com/a"),
    (amounts.poll, "5 minutes", 5 * M),
]


@pytest.mark.parametrize(("parse", "written", "meant"), GOOD, ids=[f"{p.__name__}-{w}" for p, w, _ in GOOD])
def test_means(parse: Callable[[Any], Any], written: Any, meant: Any) -> None:
    assert parse(written) == meant


@pytest.mark.parametrize("parse", sorted({p for p, _, _ in GOOD}, key=lambda p: p.__name__), ids=lambda p: p.__name__)
@pytest.mark.parametrize(
    "value", [None, True, [], {}, 7, "", " ", "\x00", "a\nb", "?" * 5000, "-", "..", "/", "@", "1/", "> "]
)
def test_nonsense_is_a_bad_value_or_a_value_never_anything_else(parse: Callable[[Any], Any], value: Any) -> None:
    try:
        parse(value)
    except BadValue as error:
        assert error.sentence
        assert error.sentence.isprintable()
        assert len(error.sentence) < 200


def test_the_week_is_sorted_and_touching_periods_are_joined() -> None:
    morning, noon, evening = (time(9), time(12)), (time(12), time(15)), (time(17), time(0))
    week = times.week({(0, 1): (evening, noon, morning), (4,): (None,)})
    assert week == ((((time(9), time(15))), evening),) * 2 + ((),) * 5


def test_time_zones() -> None:
    assert str(times.zone("Europe/Madrid")) == "Europe/Madrid"
    with pytest.raises(BadValue, match='"Madrid" is not a time zone'):
        times.zone("Madrid")
    with pytest.raises(BadValue):
        times.zone("../../etc/passwd")
