"""Office hours and promises: tables of moments, with the two days a year when clocks change."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from autoresponder.core.calendar import Duration, Office

MADRID = ZoneInfo("Europe/Madrid")


def hours(*spans: str) -> tuple[tuple[time, time], ...]:
    """`09:00-14:00` as the calendar wants it."""
    return tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in (s.split("-") for s in spans))


SPLIT, SHORT = hours("09:00-14:00", "16:00-19:00"), hours("09:00-15:00")
SHOP = Office(
    MADRID,
    (SPLIT, SPLIT, SPLIT, SPLIT, SHORT, (), ()),
    holiday=lambda day: "Christmas" if (day.month, day.day) == (12, 25) else "",
)
NIGHT = Office(MADRID, (hours("22:00-06:00"),) * 7)
ROUND = Office(MADRID, always_open=True)
SHUT = Office(MADRID)


def at(text: str) -> datetime:
    """A moment in Madrid."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


@pytest.mark.parametrize(
    ("office", "now", "state", "opens"),
    [
        (SHOP, "2026-11-23 10:00", "open", "2026-11-23 10:00"),  # a Monday
        (SHOP, "2026-11-23 09:00", "open", "2026-11-23 09:00"),  # the first moment counts
        (SHOP, "2026-11-23 14:00", "closed", "2026-11-23 16:00"),  # the last one does not
        (SHOP, "2026-11-23 15:00", "closed", "2026-11-23 16:00"),
        (SHOP, "2026-11-27 15:30", "closed", "2026-11-30 09:00"),  # Friday afternoon
        (SHOP, "2026-12-25 10:00", "holiday", "2026-12-28 09:00"),
        (NIGHT, "2026-11-23 23:00", "open", "2026-11-23 23:00"),
        (NIGHT, "2026-11-24 05:59", "open", "2026-11-24 05:59"),  # yesterday's night
        (NIGHT, "2026-11-24 06:00", "closed", "2026-11-24 22:00"),
        (ROUND, "2026-01-01 00:00", "open", "2026-01-01 00:00"),
        (SHUT, "2026-11-23 10:00", "closed", None),
    ],
)
def test_state_and_next_opening(office: Office, now: str, state: str, opens: str | None) -> None:
    assert office.state(at(now)) == state
    assert office.next_open(at(now)) == (at(opens) if opens else None)


@pytest.mark.parametrize(
    ("office", "now", "promise", "due"),
    [
        (SHOP, "2026-11-23 10:00", Duration(4, "working hour"), "2026-11-23 14:00"),
        (SHOP, "2026-11-23 11:00", Duration(4, "working hour"), "2026-11-23 17:00"),  # over lunch
        (SHOP, "2026-11-27 14:00", Duration(2, "working hour"), "2026-11-30 10:00"),  # over the weekend
        (SHOP, "2026-11-28 12:00", Duration(1, "working hour"), "2026-11-30 10:00"),  # a Saturday
        (SHOP, "2026-12-24 18:00", Duration(2, "working hour"), "2026-12-28 10:00"),  # over Christmas
        (SHOP, "2026-11-23 10:00", Duration(1, "working day"), "2026-11-24 10:00"),
        (SHOP, "2026-11-26 18:30", Duration(1, "working day"), "2026-11-27 15:00"),  # Friday closes early
        (SHOP, "2026-11-27 20:00", Duration(1, "working day"), "2026-12-01 09:00"),  # counts from Monday's opening
        (SHOP, "2026-11-23 10:00", Duration(2, "hour"), "2026-11-23 12:00"),
        (SHOP, "2026-11-23 10:00", Duration(1, "week"), "2026-11-30 10:00"),
        # clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00
        (NIGHT, "2026-03-28 23:00", Duration(4, "working hour"), "2026-03-29 04:00"),
        (NIGHT, "2026-10-24 23:00", Duration(4, "working hour"), "2026-10-25 02:00+01:00"),
        (SHUT, "2026-11-23 10:00", Duration(1, "working day"), None),
        (SHUT, "2026-11-23 10:00", Duration(1, "working hour"), None),
    ],
)
def test_due(office: Office, now: str, promise: Duration, due: str | None) -> None:
    found = office.due(at(now), promise)
    if due is None:
        assert found is None
    else:
        moment = datetime.fromisoformat(due)
        assert found is not None  # compared in UTC: Python holds no repeated hour equal to one of another zone
        assert found.astimezone(UTC) == (moment if moment.tzinfo else moment.replace(tzinfo=MADRID)).astimezone(UTC)
        assert found.tzinfo is MADRID


def test_the_29th_of_february_is_a_day_like_others() -> None:
    office = Office(MADRID, (SHORT,) * 7)
    assert office.due(at("2028-02-28 10:00"), Duration(1, "working day")) == at("2028-02-29 10:00")


def test_the_end_of_time_ends() -> None:
    office = Office(MADRID, (SHORT,) * 7, holiday=lambda day: "closed" if day.year > 2030 else "")
    assert office.next_open(datetime(9999, 12, 30, tzinfo=MADRID)) is None
    assert office.hours(date(9999, 12, 31)) == ()
