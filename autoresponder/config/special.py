"""Special hours of an office: from the lines of rules.yaml to core objects, and those that can never apply.

Contract: pure. What never applies is found by asking the office itself about the days that an entry names, so that
`check` says what the daemon does. Without a clock: an entry whose days are past is no mistake here (`cli.days` shows
what comes next).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from autoresponder.config import schema, times
from autoresponder.config.loader import Document, Path_
from autoresponder.config.problems import about
from autoresponder.core.calendar import DateRange, Office, Special
from autoresponder.core.conditions import DAYS
from autoresponder.errors import Problem

YEARS = range(2024, 2052)
"""In 28 years every date falls on every day of the week."""
LONG = timedelta(days=1500)
"""Of a longer range in years of its own nothing is proven."""


def special_hours(tables: Sequence[schema.Special]) -> tuple[Special, ...]:
    """The entries in their order."""
    return tuple(Special(table.date, times.special_week(table.hours)) for table in tables)


def never_applied(document: Document, offices: Mapping[Path_, Sequence[Office]]) -> Iterator[Problem]:
    """A warning for each entry that is the one that counts on no day, of every office that has it. `offices` by the
    place of their list."""
    for path, having in offices.items():
        for index in range(len(having[0].special)):
            reasons = [_idle(office, index) for office in having]
            if all(reasons):
                yield about(document, (*path, index), *reasons[0], warning=True)


def _idle(office: Office, index: int) -> tuple[str, str] | tuple[()]:
    """Why an entry never counts, and what to do; nothing where it does, or where that cannot be told."""
    entry, above, holiday = office.special[index], -1, False
    if not all(_provable(dates) for dates in entry.dates):
        return ()
    for day in _days(entry):
        found = office.special_on(day)
        if found is entry:
            return ()
        place = office.special.index(found) if found else len(office.special)
        if place < index:
            above = place
        else:
            holiday = True
    if above >= 0:
        return f"can never apply: special[{above + 1}] above it has its days", "move it up, or remove it"
    if holiday:
        return "can never apply: all of its days are holidays", "to open on a holiday name the day by itself"
    named = ", ".join(day for day, hours in zip(DAYS, entry.week, strict=True) if hours is not None)
    return f"can never apply: it names {named}, and its dates have none", "write hours: 10:00-14:00 for all of its days"


def _provable(dates: DateRange) -> bool:
    a, b = dates.first, dates.last
    return not (isinstance(a, date) and isinstance(b, date) and b - a > LONG)


def _days(entry: Special) -> Iterator[date]:
    """The days that an entry speaks of; of yearly ones those of some years."""
    for dates in entry.dates:
        a, b = dates.first, dates.last
        if isinstance(a, date) and isinstance(b, date):
            days = (a + timedelta(days=n) for n in range((b - a).days + 1))
        else:
            days = (day for year in YEARS for day in _year(year) if dates.has(day))
        yield from (day for day in days if entry.week[day.weekday()] is not None)


def _year(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))
