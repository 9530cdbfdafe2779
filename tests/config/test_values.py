"""Every form in which a value may be written, and what it means. (What is wrong is in tests/configs.)"""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest

from autoresponder.config import values as v
from autoresponder.config.values import BadValue
from autoresponder.core.calendar import DateRange, Duration
from autoresponder.core.history import Limit
from autoresponder.core.rules import Once, Size

D, H, M = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
GOOD: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (v.span, "7 days", 7 * D),
    (v.span, "1 day", D),
    (v.span, "2d", 2 * D),
    (v.span, "12 hours", 12 * H),
    (v.span, "90 minutes", 90 * M),
    (v.span, "90min", 90 * M),
    (v.span, "1w", 7 * D),
    (v.span, "30 s", M / 2),
    (v.span, "2 Weeks", 14 * D),
    (v.duration, "1 working day", Duration(1, "working day")),
    (v.duration, "4 working hours", Duration(4, "working hour")),
    (v.duration, "2 business days", Duration(2, "working day")),
    (v.duration, "2 hours", Duration(2, "hour")),
    (v.duration, "1h", Duration(1, "hour")),
    (v.duration, "3 days", Duration(3, "day")),
    (v.once, "forever", Once("forever")),
    (v.once, "per-thread", Once("per-thread")),
    (v.once, "every-message", Once("every-message")),
    (v.once, "7 days", Once("window", 7 * D)),
    (v.limit, "3/day", Limit(3, D)),
    (v.limit, "60/hour", Limit(60, H)),
    (v.limit, "10/15 minutes", Limit(10, 15 * M)),
    (v.limit, "5 / 2 days", Limit(5, 2 * D)),
    (v.limit, "3 per day", Limit(3, D)),
    (v.limit, "none", None),
    (v.limit, False, None),
    (v.size, "> 5 MB", Size(">", 5_000_000)),
    (v.size, "<=200kB", Size("<=", 200_000)),
    (v.size, ">= 1.5 MiB", Size(">=", 1_572_864)),
    (v.size, "< 100", Size("<", 100)),
    (v.days, "mon", (0,)),
    (v.days, "Monday", (0,)),
    (v.days, "mon-thu", (0, 1, 2, 3)),
    (v.days, "sat, sun", (5, 6)),
    (v.days, "fri-mon", (4, 5, 6, 0)),
    (v.days, "sun-sun", (6,)),
    (v.time_range, "09:00-17:30", (time(9), time(17, 30))),
    (v.time_range, "22:00-06:00", (time(22), time(6))),
    (v.time_range, "9-13", (time(9), time(13))),
    (v.time_range, "00:00-24:00", (time(0), time(0))),
    (v.time_range, "9:00 – 14:00", (time(9), time(14))),
    (v.period, "closed", None),
    (v.period, False, None),
    (v.dates, "2026-12-24", DateRange(date(2026, 12, 24), date(2026, 12, 24))),
    (v.dates, "2027-08-01..2027-08-31", DateRange(date(2027, 8, 1), date(2027, 8, 31))),
    (v.dates, "12-20..01-06", DateRange((12, 20), (1, 6))),
    (v.dates, "02-29", DateRange((2, 29), (2, 29))),
    (v.dates, "2028-02-29", DateRange(date(2028, 2, 29), date(2028, 2, 29))),
    (v.colour, "#0B5FFF", "#0b5fff"),
    (v.colour, "#abc", "#aabbcc"),
    (v.address, "contact@example.com", "contact@example.com"),
    (v.alias, "@example.com", "@example.com"),
    (v.address_pattern, "a@b.example", "a@b.example"),
    (v.address_pattern, "@b.example", "@b.example"),
    (v.address_pattern, "*.b.example", "*.b.example"),
    (v.address_pattern, "*@b.example", "*@b.example"),
    (v.address_pattern, "info@*", "info@*"),
    (v.address_pattern, "@münchen.example", "@münchen.example"),
    (v.host, "imap.example.com", "imap.example.com"),
    (v.host, "localhost", "localhost"),
    (v.host, "127.0.0.1", "127.0.0.1"),
    (v.host, "::1", "::1"),
    (v.host, "imap.münchen.example", "imap.münchen.example"),
    (v.envelope, "auto", "auto"),
    (v.envelope, None, ""),
    (v.envelope, "<>", ""),
    (v.envelope, "a@b.example", "a@b.example"),
    (v.language, "es", "es"),
    (v.language, "PT-br", "pt-BR"),
    (v.language, "zh-hant", "zh-Hant"),
    (v.language, "pt_BR", "pt-BR"),
    (v.country, "es", "ES"),
    (v.template, "invoice", "invoice"),
    (v.template, False, None),
    (v.keyword, "$Answered", "$Answered"),
    (v.keyword, "\\flagged", "\\Flagged"),
    (v.header_name, "X-Ticket:", "X-Ticket"),
    (v.text, 2026, "2026"),
    (v.text, "  x\n", "  x\n"),
    (v.line, " x ", "x"),
    (v.media_type, "Image/*", "image/*"),
    (v.website, "www.example.com", "www.example.com"),
    (v.website, "https://example.com/a", "https://example.com/a"),
    (v.poll, "5 minutes", 5 * M),
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
    week = v.week({(0, 1): (evening, noon, morning), (4,): (None,)})
    assert week == ((((time(9), time(15))), evening),) * 2 + ((),) * 5


def test_time_zones() -> None:
    assert str(v.zone("Europe/Madrid")) == "Europe/Madrid"
    with pytest.raises(BadValue, match='"Madrid" is not a time zone'):
        v.zone("Madrid")
    with pytest.raises(BadValue):
        v.zone("../../etc/passwd")
