"""Office hours and promises: tables of moments, with the two days a year when clocks change."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresponder.core.calendar import DateRange, Duration, Office, Special

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
BAR = Office(MADRID, (*(hours("09:00-17:00"),) * 4, hours("09:00-14:00", "20:00-02:00"), (), ()))
LATE = Office(MADRID, (hours("08:00-12:00", "20:00-10:00"),) * 7)
ROUND = Office(MADRID, always_open=True)
SHUT = Office(MADRID)


def special(dates: str, week: dict[int, tuple[tuple[time, time], ...]]) -> Special:
    """`12-24, 2026-06-15..2026-06-20` with hours by weekday, Monday being 0."""
    return Special(tuple(ranges(dates)), tuple(week.get(day) for day in range(7)))


def ranges(dates: str) -> Iterator[DateRange]:
    """As rules.yaml writes them."""
    for one in dates.split(", "):
        a, _, b = one.partition("..")
        yield DateRange(*(date.fromisoformat(d) if len(d) > 5 else (int(d[:2]), int(d[3:])) for d in (a, b or a)))


def every(hours: tuple[tuple[time, time], ...]) -> dict[int, tuple[tuple[time, time], ...]]:
    """The same on every day of the week."""
    return dict.fromkeys(range(7), hours)


MORNING = hours("08:00-15:00")
YEAR = Office(
    MADRID,
    (SPLIT, SPLIT, SPLIT, SPLIT, SHORT, hours("10:00-14:00"), ()),
    holiday=lambda day: "a holiday" if (day.month, day.day) in ((8, 15), (12, 6), (12, 8), (12, 25)) else "",
    special=(
        special("12-08", every(hours("11:00-13:00"))),  # open on a holiday
        special("2026-12-23..2026-12-26, 12-31", every(())),  # closed
        special("06-15..09-15", dict.fromkeys(range(5), MORNING) | {5: ()}),  # the summer, its Sundays as ever
        special("2026-12-01..2026-12-22", {6: hours("10:00-14:00")}),  # Sundays in December
        special("2026-10-24, 2027-03-27", every(hours("22:00-10:00"))),  # on duty on the nights when clocks change
        special("2026-09-16..2026-09-20, 2026-08-15", every(hours("17:00-18:00"))),
    ),
)
OWN = Office(MADRID, always_open=True, special=(special("12-24", every(())), special("12-31", every(SHORT))))


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
        # special hours
        (YEAR, "2027-06-14 18:00", "open", "2027-06-14 18:00"),  # the last day of the ordinary ones
        (YEAR, "2027-06-15 08:00", "open", "2027-06-15 08:00"),
        (YEAR, "2027-06-15 15:00", "closed", "2027-06-16 08:00"),
        (YEAR, "2027-09-15 16:00", "closed", "2027-09-16 09:00"),  # a Wednesday
        (YEAR, "2027-08-14 11:00", "closed", "2027-08-16 08:00"),  # a Saturday: closed in summer
        (YEAR, "2025-08-15 10:00", "holiday", "2025-08-18 08:00"),  # a range leaves its holidays alone
        (YEAR, "2026-08-15 16:00", "closed", "2026-08-15 17:00"),  # named by itself, further down: open that day
        (YEAR, "2026-08-15 17:30", "open", "2026-08-15 17:30"),
        (YEAR, "2026-12-08 10:00", "closed", "2026-12-08 11:00"),  # a holiday on which it opens is none
        (YEAR, "2026-12-08 12:00", "open", "2026-12-08 12:00"),
        (YEAR, "2026-12-08 13:00", "closed", "2026-12-09 09:00"),
        (YEAR, "2026-12-06 11:00", "holiday", "2026-12-07 09:00"),  # a Sunday of December, yet a holiday
        (YEAR, "2026-12-13 11:00", "open", "2026-12-13 11:00"),
        (YEAR, "2026-12-14 11:00", "open", "2026-12-14 11:00"),  # days that it does not name are as ever
        (YEAR, "2026-12-14 14:30", "closed", "2026-12-14 16:00"),
        (YEAR, "2026-11-29 11:00", "closed", "2026-11-30 09:00"),
        (YEAR, "2026-12-23 10:00", "closed", "2026-12-28 09:00"),  # closed, which is no holiday
        (YEAR, "2026-12-25 10:00", "holiday", "2026-12-28 09:00"),
        (YEAR, "2027-12-23 10:00", "open", "2027-12-23 10:00"),  # in that year only
        (YEAR, "2026-10-24 21:59", "closed", "2026-10-24 22:00"),
        (YEAR, "2026-10-25 09:59", "open", "2026-10-25 09:59"),  # a Sunday: the night before runs into it
        (YEAR, "2026-10-25 10:00", "closed", "2026-10-26 09:00"),
        (OWN, "2026-12-24 10:00", "closed", "2026-12-25 00:00"),
        (OWN, "2026-12-31 08:00", "closed", "2026-12-31 09:00"),
        (OWN, "2026-12-30 23:59", "open", "2026-12-30 23:59"),
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
        # a working day does not end in a break
        (SHOP, "2026-11-27 14:30", Duration(1, "working day"), "2026-11-30 16:00"),  # Friday: open till 15:00
        (SHOP, "2026-11-27 14:00", Duration(1, "working day"), "2026-11-30 14:00"),  # the end of the morning
        (SHOP, "2026-11-26 14:30", Duration(1, "working day"), "2026-11-27 15:00"),  # came in the break: from 16:00 on
        (SHOP, "2026-11-24 14:30", Duration(2, "working day"), "2026-11-26 16:00"),
        (SHOP, "2026-12-24 14:30", Duration(1, "working day"), "2026-12-28 16:00"),  # over a holiday
        (SHOP, "2026-12-24 18:59", Duration(2, "working day"), "2026-12-29 18:59"),
        (YEAR, "2026-12-07 10:00", Duration(1, "working day"), "2026-12-08 11:00"),  # open on a holiday, but later
        (YEAR, "2026-12-07 18:00", Duration(1, "working day"), "2026-12-08 13:00"),  # and not for long
        (YEAR, "2027-06-14 18:00", Duration(1, "working day"), "2027-06-15 15:00"),
        (YEAR, "2027-09-15 08:30", Duration(1, "working day"), "2027-09-16 09:00"),
        (YEAR, "2027-09-15 14:30", Duration(1, "working day"), "2027-09-16 16:00"),
        (YEAR, "2026-12-22 11:00", Duration(1, "working day"), "2026-12-28 11:00"),
        (YEAR, "2026-12-12 12:00", Duration(1, "working day"), "2026-12-13 12:00"),  # a Sunday in December
        (YEAR, "2027-06-14 18:30", Duration(2, "working hour"), "2027-06-15 09:30"),
        (YEAR, "2026-12-07 18:00", Duration(4, "working hour"), "2026-12-09 10:00"),
        (NIGHT, "2026-11-24 02:00", Duration(1, "working day"), "2026-11-25 02:00"),  # both nights are open then
        (NIGHT, "2026-11-24 12:00", Duration(1, "working day"), "2026-11-25 22:00"),
        (BAR, "2026-11-28 01:00", Duration(1, "working day"), "2026-11-30 09:00"),  # Friday's night: from Saturday on
        (BAR, "2026-11-26 16:30", Duration(1, "working day"), "2026-11-27 20:00"),
        (BAR, "2026-11-27 23:00", Duration(1, "working day"), "2026-11-30 17:00"),
        (LATE, "2026-11-23 09:00", Duration(4, "working hour"), "2026-11-23 21:00"),  # no hour counts twice
        (LATE, "2026-11-23 21:00", Duration(14, "working hour"), "2026-11-24 11:00"),
        (YEAR, "2026-10-24 23:00", Duration(4, "working hour"), "2026-10-25 02:00+01:00"),
        (YEAR, "2027-03-27 23:00", Duration(4, "working hour"), "2027-03-28 04:00"),
        (ROUND, "2027-03-27 02:30", Duration(1, "working day"), "2027-03-28 03:30"),  # 02:30 does not exist
        (ROUND, "2026-10-24 02:30", Duration(1, "working day"), "2026-10-25 02:30+02:00"),  # is there twice
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


def test_special_hours_say_which_they_are() -> None:
    found = YEAR.special_on(date(2027, 7, 1))
    assert found is not None
    assert [str(one) for one in found.dates] == ["06-15..09-15"]
    assert YEAR.special_on(date(2027, 7, 4)) is None  # a Sunday: not named
    assert YEAR.special_on(date(2025, 8, 15)) is None  # a holiday


CLOCK = st.integers(0, 47).map(lambda half: time(half // 2, half % 2 * 30))


@st.composite
def periods_of_a_day(draw: st.DrawFn) -> tuple[tuple[time, time], ...]:
    """The hours of one day, perhaps over midnight."""
    marks = sorted(draw(st.sets(CLOCK, max_size=5)))
    spans = [(a, b) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    return (*spans, (marks[-1], marks[0])) if len(marks) % 2 and len(marks) > 1 else tuple(spans)


@st.composite
def offices(draw: st.DrawFn) -> Office:
    """Any week, with any special hours and holidays in the winter of 2026."""
    week = st.tuples(*[periods_of_a_day()] * 7)
    dates = st.tuples(st.integers(0, 40), st.integers(0, 20)).map(
        lambda p: DateRange(date(2026, 11, 20) + timedelta(p[0]), date(2026, 11, 20) + timedelta(p[0] + p[1]))
    )
    entries = st.builds(Special, st.lists(dates, min_size=1, max_size=2).map(tuple), week)
    off = draw(st.sets(st.integers(1, 30), max_size=5))
    return Office(
        MADRID,
        draw(week),
        holiday=lambda day: "a holiday" if day.day in off else "",
        special=tuple(draw(st.lists(entries, max_size=3))),
    )


@given(offices(), st.integers(0, 40 * 48), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_any_promise_falls_due_while_somebody_is_there(office: Office, half_hours: int, amount: int) -> None:
    """No period overlaps the next; a promise in working time ends in one, or at its end, never before it was made."""
    now = at("2026-11-20 00:00") + timedelta(minutes=30 * half_hours)
    periods = list(islice(office.periods(now), 40))
    assert all(a < b <= c for (a, b), (c, _d) in pairwise(periods))
    for promise in (Duration(amount, "working day"), Duration(amount, "working hour")):
        due = office.due(now, promise)
        if due is None:
            assert not periods
        else:
            assert due >= now
            assert "open" in (office.state(due), office.state(due - timedelta(minutes=1)))
